//! Units that were written one by one, put together into a file: directories, then all strips or tiles, level by level.
//!
//! Memory holds the table of a page, never pixels.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

use super::describe::Description;
use super::directories;
use super::encoded::EncodedRows;
use super::plan::Plan;
use crate::{ImageSpec, SinkError, Work};

/// Writes the whole file.
pub(crate) fn assemble(work: &Work, spec: &ImageSpec, plan: &Plan) -> Result<(), SinkError> {
    let levels = (0..plan.levels.len()).map(|level| EncodedRows::open(work, spec, plan, level));
    let levels: Vec<EncodedRows> = levels.collect::<Result<_, _>>()?;
    let failed = |source: io::Error| work.failed("put together", source);
    let mut starts = Vec::with_capacity(levels.len());
    let mut n_bytes = 0;
    for level in &levels {
        starts.push(n_bytes);
        n_bytes += level.n_bytes().map_err(failed)?;
    }
    let description = Description::new(work.target(), spec, plan.metadata);
    let is_big = plan.is_big(work.target(), description.text.len(), n_bytes)?;
    let mut file = File::create(work.output()).map_err(|source| work.failed("create", source))?;
    let pieces = |level: usize, page_idx| levels[level].places(page_idx, &mut starts[level]);
    let pixels_start =
        directories::write(&mut file, plan, &description, is_big, pieces).map_err(|source| {
            SinkError::Encoder {
                action: "write the TIFF directories of",
                path: work.target().into(),
                source: source.into(),
            }
        })?;
    file.seek(SeekFrom::Start(pixels_start)).map_err(failed)?;
    levels.iter().try_for_each(|level| level.copy(&mut file)).map_err(failed)
}
