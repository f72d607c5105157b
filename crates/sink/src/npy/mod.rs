//! The NPY format: a header, then all pixels in C order, written in place.

mod header;

use std::path::Path;

use crate::flat_file::{FlatFile, make_file, n_pixel_bytes};
use crate::refusals::{no_options, one_level, uncompressed};
use crate::unit_grid::leading_rows;
use crate::{ImageSpec, OutputKind, SinkError, SinkFormat, UnitStore, Work};

/// The name of the format.
const NAME: &str = "npy";

/// One NumPy file of version 1.0 with the array in its own axes, in C order and little endian; all pixel types.
///
/// It has one level, no compression and no chunks, and says nothing of axes or pixel sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Npy;

impl SinkFormat for Npy {
    fn name(&self) -> &str {
        NAME
    }

    fn endings(&self) -> &[&str] {
        &["npy"]
    }

    fn output(&self) -> OutputKind {
        OutputKind::File
    }

    fn check(&self, target: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
        one_level(target, spec)?;
        uncompressed(target, spec)?;
        no_options(target, spec, NAME)?;
        n_pixel_bytes(target, &spec.layout, spec.pixel_type).map(drop)
    }

    fn prepare(&self, work: &Work, spec: &ImageSpec) -> Result<(), SinkError> {
        let n_bytes = n_pixel_bytes(work.target(), &spec.layout, spec.pixel_type)?;
        make_file(work, &work.output(), &header::header(spec), n_bytes)
    }

    fn level(&self, work: &Work, spec: &ImageSpec, _level: usize) -> Result<Box<dyn UnitStore>, SinkError> {
        let start = header::header(spec).len() as u64;
        let rows = leading_rows(spec.layout.shape(), spec.pixel_type);
        Ok(Box::new(FlatFile::new(work, work.output(), spec.layout.clone(), &rows, spec.pixel_type, start)?))
    }

    fn assemble(&self, _work: &Work, _spec: &ImageSpec) -> Result<(), SinkError> {
        Ok(())
    }
}
