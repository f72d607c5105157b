//! The OME-Zarr format: one array per level and position along `S`, whose chunks or shards are the units.

mod array;
mod compressor;
mod decided;
mod groups;
mod labels;
mod metadata;
mod object;
mod options;
mod plain;
mod plan;
mod plate;
mod units;
mod work_store;
mod zipped;

use std::path::Path;

use patchweave_geometry::{ArrayLayout, Axis};

use crate::{ImageSpec, OutputKind, SinkError, SinkFormat, UnitStore, Work};
use decided::{Decided, layout_error};
use groups::{write_group, write_json};
pub(crate) use labels::list;
pub use options::{OmeZarrOptions, OmeZarrVersion, Sharding};
pub(crate) use plain::ZarrArray;
pub use plain::ZarrArrayOptions;
pub(crate) use plate::PlateGroups;
use units::ZarrUnits;
pub(crate) use zipped::{OmeZarrZip, store_in_zip};

/// The name of the format.
pub(crate) const NAME: &str = "ome_zarr";

/// A folder with an OME-Zarr image of version 0.5 or 0.4, its axes in the order `TCZYX`; several samples `S` become a
/// collection of images `0`, `1`, … (`bioformats2raw.layout`).
///
/// Chunks of 0.5 are packed into shards of up to 16 MiB; chunks that hold nothing but 0 are not stored. Its settings are
/// [`OmeZarrOptions`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct OmeZarr;

impl SinkFormat for OmeZarr {
    fn name(&self) -> &str {
        NAME
    }

    fn endings(&self) -> &[&str] {
        &["ome.zarr", "zarr"]
    }

    fn output(&self) -> OutputKind {
        OutputKind::Store
    }

    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
        decided_of(target, spec).map(drop)
    }

    fn prepare(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let decided = decided_of(work.target(), spec)?;
        let version = decided.options.version;
        let is_beside_image =
            work.target().parent().is_some_and(|folder| folder.file_name() == Some("labels".as_ref()));
        let image = metadata::image(spec, &decided.axes, version, is_beside_image);
        match spec.layout.size_of(Axis::S) {
            None => write_group(work, "", version, &image)?,
            Some(n_images) => {
                write_group(work, "", version, &metadata::collection(version))?;
                for s in 0..n_images {
                    write_group(work, &format!("{s}/"), version, &image)?;
                }
            }
        }
        for (image, level) in
            images(spec).flat_map(|image| (0..spec.levels).map(move |at| (image.clone(), at)))
        {
            let (name, json) = decided.array(work.target(), spec, level)?;
            write_json(work, &format!("{image}{level}/{name}"), &json)?;
        }
        Ok(())
    }

    fn level(&self, work: &Work, spec: &ImageSpec, level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
        let decided = decided_of(work.target(), spec)?;
        let (_, json) = decided.array(work.target(), spec, level)?;
        let layout = spec.level_layout(level).map_err(layout_error(work.target()))?;
        let paths: Vec<String> = images(spec).map(|image| format!("/{image}{level}")).collect();
        let units = ZarrUnits::open(work, &layout, spec.pixel_type, &json, &paths, &decided)?;
        Ok(Box::new(units))
    }

    fn assemble(&self, _work: &Work, _spec: &ImageSpec) -> Result<(), SinkError> {
        Ok(())
    }
}

fn decided_of(path: &Path, spec: &ImageSpec) -> Result<Decided, SinkError> {
    Decided::new(path, spec, spec.format_options(path, NAME)?, written_axes(&spec.layout))
}

/// Where the images of a collection are, or the only one, below the root.
fn images(spec: &ImageSpec) -> impl Iterator<Item = String> + use<> {
    let n_images = spec.layout.size_of(Axis::S);
    (0..n_images.unwrap_or(1)).map(move |s| if n_images.is_some() { format!("{s}/") } else { String::new() })
}

/// The axes of one image in the order that OME-Zarr requires.
fn written_axes(layout: &ArrayLayout) -> Vec<Axis> {
    Axis::ALL.into_iter().filter(|&axis| axis != Axis::S && layout.axes().contains(axis)).collect()
}
