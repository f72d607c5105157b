//! A Zarr array without OME metadata, somewhere in a store.

use std::path::Path;

use patchweave_geometry::Axis;
use serde::Deserialize;
use serde_json::Map;

use super::decided::{Decided, layout_error};
use super::groups::{write_group, write_json};
use super::options::{OmeZarrOptions, OmeZarrVersion, Sharding};
use super::units::ZarrUnits;
use crate::refusals::one_level;
use crate::{ImageSpec, OutputKind, SinkError, SinkFormat, UnitStore, Work};

/// The name of the format.
const NAME: &str = "zarr_array";

/// Chunks that are chosen have so many pixels along `Y` and `X`.
const CHUNK_SIDE: usize = 128;

/// The settings of a plain Zarr array, in [`ImageSpec::options`](crate::ImageSpec::options) under their names.
///
/// ```
/// assert_eq!(patchweave_sink::ZarrArrayOptions::default().array, "");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZarrArrayOptions {
    /// Where the array is in the store (`array`: such as `"group/image"`); at its root by default.
    pub array: String,
    /// Which version is written (`version`): that of Zarr on which this one of OME-Zarr is based, 3 or 2.
    pub version: OmeZarrVersion,
    /// Whether chunks that hold nothing but 0 are stored (`store_empty`).
    pub store_empty: bool,
}

/// A folder with one Zarr array of version 3 or 2 and groups above it, in the axes of the image, which must be in the
/// order `STCZYX`. Its settings are [`ZarrArrayOptions`].
///
/// Chunks have at most 128 pixels along `Y` and `X` and one along other axes, unless they are given; shards are only made
/// if they are given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ZarrArray;

/// An array and its place.
struct Placed {
    /// The names of the groups above it and its own.
    names: Vec<String>,
    decided: Decided,
}

impl Placed {
    fn new(path: &Path, spec: &ImageSpec) -> Result<Self, SinkError> {
        let options: ZarrArrayOptions = spec.format_options(path, NAME)?;
        let unfit = |got: String, expected: String| SinkError::Unfit { path: path.into(), got, expected };
        let axes = spec.layout.axes();
        if !axes.is_canonical() {
            return Err(unfit(format!("axes {axes}"), format!("{} for a Zarr array", axes.to_canonical())));
        }
        one_level(path, spec)?;
        let names: Vec<String> = options.array.split('/').map(str::to_owned).collect();
        let names = if options.array.is_empty() { Vec::new() } else { names };
        if let Some(name) = names.iter().find(|name| !is_node_name(name)) {
            let got = format!("the name {name:?} in the array {:?}", options.array);
            return Err(unfit(got, "names of letters, digits, . - and _ with / between them".into()));
        }
        let zarr = OmeZarrOptions {
            version: options.version,
            sharding: Sharding::None,
            store_empty: options.store_empty,
        };
        let chosen = spec.chunks.is_none().then(|| {
            let side = |axis: &Axis| if matches!(axis, Axis::Y | Axis::X) { CHUNK_SIDE } else { 1 };
            axes.as_slice().iter().map(side).collect()
        });
        let chunks = spec.chunks.clone().or(chosen);
        let spec = ImageSpec { chunks, ..spec.clone() };
        Ok(Placed { names, decided: Decided::new(path, &spec, zarr, axes.as_slice().to_vec())? })
    }

    /// What the names of files of the array start with.
    fn prefix(&self) -> String {
        self.names.iter().map(|name| format!("{name}/")).collect()
    }
}

/// Whether a node may be called so on every file system; names with two underscores are reserved.
fn is_node_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_metadata = name == "zarr.json" || name.starts_with('.');
    !name.is_empty() && name.chars().all(is_plain) && !is_metadata && !name.starts_with("__")
}

impl SinkFormat for ZarrArray {
    fn name(&self) -> &str {
        NAME
    }

    fn endings(&self) -> &[&str] {
        &[]
    }

    fn output(&self) -> OutputKind {
        OutputKind::Store
    }

    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
        Placed::new(target, spec).map(drop)
    }

    fn prepare(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let placed = Placed::new(work.target(), spec)?;
        let version = placed.decided.options.version;
        let mut group = String::new();
        for name in &placed.names {
            write_group(work, &group, version, &Map::new())?;
            group = format!("{group}{name}/");
        }
        let (name, json) = placed.decided.array(work.target(), spec, 0)?;
        write_json(work, &format!("{group}{name}"), &json)
    }

    fn level(&self, work: &Work, spec: &ImageSpec, level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
        let placed = Placed::new(work.target(), spec)?;
        let (_, json) = placed.decided.array(work.target(), spec, level)?;
        let layout = spec.level_layout(level).map_err(layout_error(work.target()))?;
        let path = format!("/{}", placed.prefix().trim_end_matches('/'));
        let units = ZarrUnits::open(work, &layout, spec.pixel_type, &json, &[path], &placed.decided)?;
        Ok(Box::new(units))
    }

    fn assemble(&self, _work: &Work, _spec: &ImageSpec) -> Result<(), SinkError> {
        Ok(())
    }
}
