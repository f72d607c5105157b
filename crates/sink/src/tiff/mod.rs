//! The TIFF format: directories first, then all pixels. Uncompressed strips are written where they stay, all else is put
//! together at the end.

mod assemble;
mod describe;
mod directories;
mod encoded;
mod in_place;
mod metadata;
mod ome;
mod ome_uuid;
mod options;
mod packing;
mod pages;
mod pieces;
mod plan;
mod predictor;
mod unit_files;

use std::fs::File;
use std::path::Path;

use patchweave_geometry::Axis;

use crate::{ImageSpec, LevelAxes, OutputKind, SinkError, SinkFormat, UnitStore, Work};
use describe::Description;
use encoded::EncodedRows;
use in_place::rows;
pub use options::{BigTiff, TiffLayout, TiffMetadata, TiffOptions, TiffPredictor};
use pages::Pages;
use plan::Plan;

/// One TIFF file with the array in its own axes, stored in C order, in the byte order of the machine.
///
/// Pages are the last two axes, or, if the last axis is `C`, the last three with the channels as samples
/// of a pixel: RGB for three channels of uint8 or uint16, otherwise gray with extra samples. Truth values
/// are stored as uint8. Smaller levels are SubIFDs of every page; they get smaller within pages, never along `Z`. Without
/// other settings pages are uncompressed strips, those of pyramids deflated tiles; files beyond 4 GiB become BigTIFF, and
/// `T`, `Z` and `C` in this order before `YX`, none of size 1, make an ImageJ hyperstack if the pixel type is one that
/// ImageJ has (uint8, uint16, float32). All other files carry their axes and shape as JSON, in the form that tifffile calls
/// shaped, or OME-XML. Its settings are [`TiffOptions`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiff;

impl SinkFormat for Tiff {
    fn name(&self) -> &str {
        plan::NAME
    }

    fn endings(&self) -> &[&str] {
        &["tiff", "tif"]
    }

    fn output(&self) -> OutputKind {
        OutputKind::File
    }

    fn settle(&self, spec: ImageSpec) -> ImageSpec {
        let axes = spec.layout.axes().as_slice();
        let samples = usize::from(axes.last() == Some(&Axis::C));
        let leading = &axes[..axes.len().saturating_sub(2 + samples)];
        match spec.level_axes {
            // A page has a smaller copy of its own; several pages have none in common.
            LevelAxes::Auto if leading.contains(&Axis::Z) => ImageSpec { level_axes: LevelAxes::Yx, ..spec },
            _ => spec,
        }
    }

    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
        Plan::new(target, spec).map(drop)
    }

    fn prepare(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let plan = Plan::new(work.target(), spec)?;
        match plan.levels.first() {
            Some(pages) if plan.is_in_place() => prepare_in_place(work, spec, &plan, pages),
            _ => Ok(()),
        }
    }

    fn level(&self, work: &Work, spec: &ImageSpec, level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
        let plan = Plan::new(work.target(), spec)?;
        if plan.is_in_place() {
            return Ok(Box::new(rows(work, spec)?));
        }
        Ok(Box::new(EncodedRows::open(work, spec, &plan, level)?))
    }

    fn assemble(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let plan = Plan::new(work.target(), spec)?;
        if plan.is_in_place() { Ok(()) } else { assemble::assemble(work, spec, &plan) }
    }
}

/// Writes the directories, and makes room for the pixels behind them.
fn prepare_in_place(work: &Work, spec: &ImageSpec, plan: &Plan, pages: &Pages) -> Result<(), SinkError> {
    let description = Description::new(work.target(), spec, plan.metadata);
    let is_big = plan.is_big(work.target(), description.text.len(), pages.n_bytes())?;
    let mut file = File::create(work.output()).map_err(|source| work.failed("create", source))?;
    let strips = |_, page_idx| Ok(pages.strips(page_idx).collect());
    let pixels_start =
        directories::write(&mut file, plan, &description, is_big, strips).map_err(|source| {
            SinkError::Encoder {
                action: "write the TIFF directories of",
                path: work.target().into(),
                source: source.into(),
            }
        })?;
    file.set_len(pixels_start + pages.n_bytes()).map_err(|source| work.failed("write", source))?;
    work.put(in_place::PIXELS_START, &pixels_start.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, SeekFrom};

    use patchweave_geometry::ArrayLayout;
    use patchweave_pixel::{PixelType, TypedArray};
    use tiff::decoder::{ChunkType, Decoder};

    use super::*;

    /// Nothing but the last unit is written; the rest is a hole.
    #[test]
    fn files_beyond_four_gibibytes_are_bigtiff() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.tif");
        let layout = ArrayLayout::new("ZYX".parse().unwrap(), &[5, 1 << 15, 1 << 15]).unwrap();
        let spec = ImageSpec::new(layout, PixelType::U8);
        let work = Work::new(&path, folder.path(), spec.durability);
        Tiff.prepare(&work, &spec).unwrap();
        let units = Tiff.level(&work, &spec, 0).unwrap();
        let last_idx = units.units().n_units() - 1;
        let last = units.units().unit(last_idx).unwrap();
        let ones = TypedArray::U8(ndarray::ArrayD::ones(last.size.clone()));
        units.write(last_idx, &last, &ones.view()).unwrap();
        assert_eq!(units.read(last_idx, &last).unwrap(), Some(ones));
        Tiff.assemble(&work, &spec).unwrap();

        let mut file = File::open(work.output()).unwrap();
        assert!(file.metadata().unwrap().len() > 5 << 30);
        let mut header = [0; 8];
        file.read_exact(&mut header).unwrap();
        assert_eq!(header[2..], [43_u16, 8, 0].map(u16::to_ne_bytes).concat());
        let mut byte = [0];
        file.seek(SeekFrom::End(-1)).unwrap();
        file.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [1]);
        file.rewind().unwrap();
        let mut decoder = Decoder::new(file).unwrap();
        decoder.seek_to_image(4).unwrap();
        assert!(!decoder.more_images());
        assert_eq!((decoder.get_chunk_type(), decoder.strip_count().unwrap()), (ChunkType::Strip, 1 << 12));
        let strips: Vec<u32> = vec![0, (1 << 12) - 1];
        let sums = strips.into_iter().map(|strip_idx| {
            let mut strip = decoder.read_chunk(strip_idx).unwrap();
            strip.as_buffer(0).as_bytes().iter().map(|pixel| usize::from(*pixel)).sum::<usize>()
        });
        assert_eq!(sums.collect::<Vec<_>>(), [0, 1 << 18]);
    }
}
