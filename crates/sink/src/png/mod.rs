//! The PNG format: rows that are written in place beside the file, and encoded at the end.

mod encode;
mod plane;

use std::path::Path;

use crate::flat_file::{FlatFile, make_file, n_pixel_bytes};
use crate::refusals::{no_options, one_level};
use crate::unit_grid::leading_rows;
use crate::{ImageSpec, OutputKind, SinkError, SinkFormat, UnitStore, Work};
use plane::Plane;

/// The name of the format.
const NAME: &str = "png";

/// Uncompressed pixels, until they are encoded.
const PIXELS: &str = "pixels";

/// One PNG file with one plane of uint8 or uint16: gray, or with 3 channels RGB, with 4 RGBA, with 2 gray and alpha.
///
/// Truth values become one bit each, without channels. Rows are `Y` and channels lie side by side, whatever the order
/// of the axes; other axes have size 1. Compression is `auto` or `deflate` of level 1 to 9, or `none`. It has one level,
/// no chunks, and says nothing of axes or pixel sizes. Pixels are encoded row by row at the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Png;

impl SinkFormat for Png {
    fn name(&self) -> &str {
        NAME
    }

    fn endings(&self) -> &[&str] {
        &["png"]
    }

    fn output(&self) -> OutputKind {
        OutputKind::File
    }

    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
        one_level(target, spec)?;
        no_options(target, spec, NAME)?;
        encode::deflate(target, spec)?;
        Plane::new(target, spec).map(drop)
    }

    fn prepare(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let plane = Plane::new(work.target(), spec)?;
        let n_bytes = n_pixel_bytes(work.target(), &plane.layout, spec.pixel_type)?;
        work.put(PIXELS, &[])?;
        make_file(work, &work.file(PIXELS), &[], n_bytes)
    }

    fn level(&self, work: &Work, spec: &ImageSpec, _level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
        let plane = Plane::new(work.target(), spec)?;
        let rows = leading_rows(plane.layout.shape(), spec.pixel_type);
        Ok(Box::new(FlatFile::new(work, work.file(PIXELS), plane.layout, &rows, spec.pixel_type, 0)?))
    }

    fn assemble(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let plane = Plane::new(work.target(), spec)?;
        let deflate = encode::deflate(work.target(), spec)?;
        encode::encode(work, &work.file(PIXELS), &plane, deflate)
    }
}
