//! The file that says where loading stands, for a run that goes on from there.

use std::io;
use std::path::Path;

use patchweave_files::{BadPath, check_path, read_file};
use patchweave_loader::LoaderState;
use patchweave_sink::{Durability, write_file_atomically};
use serde_json::Value;

use crate::PipelineError;

/// The format of states that do not name one.
const FIRST_FORMAT: u64 = 1;

/// A state has a few numbers; larger files are something else.
const MAX_BYTES: u64 = 1 << 16;

/// Reads where loading stands; nothing if there is no such file.
///
/// # Errors
/// [`PipelineError::State`] for a file that says something else, [`PipelineError::StateFormat`] for one that another version
/// wrote, [`PipelineError::Io`] if it cannot be read.
pub fn read_state(path: &Path) -> Result<Option<LoaderState>, PipelineError> {
    let failed = |source| PipelineError::Io { action: "read", path: path.to_owned(), source };
    match check_path(path) {
        Err(BadPath::Missing { .. }) => return Ok(None),
        checked => checked.map_err(|problem| failed(io::Error::other(problem)))?,
    }
    let bytes = read_file(path, MAX_BYTES).map_err(failed)?;
    let damaged = |source| PipelineError::State { path: path.to_owned(), source };
    // A state of another format is no damaged file.
    let written: Value = serde_json::from_slice(&bytes).map_err(damaged)?;
    let format = written.get("format").map_or(Some(FIRST_FORMAT), Value::as_u64);
    if let (Some(got), true) = (format, written.get("next_batch").is_some())
        && got != LoaderState::FORMAT
    {
        let path = path.to_owned();
        let expected = LoaderState::FORMAT;
        return Err(PipelineError::StateFormat { path, got, expected });
    }
    serde_json::from_value(written).map(Some).map_err(damaged)
}

/// Writes where loading stands: the file has this state or, after a failure, the one it had before.
///
/// ```
/// use patchweave_loader::{LoaderState, StreamPrint};
/// use patchweave_pipeline::{read_state, write_state};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("state.json");
/// assert_eq!(read_state(&path)?, None);
/// let stream = StreamPrint { images: u64::MAX, ..StreamPrint::default() };
/// let format = LoaderState::FORMAT;
/// let state = LoaderState { format, epoch: 1, next_batch: 7, seed: 42, n_batches: 10, stream };
/// write_state(&path, &state, patchweave_sink::Durability::Full)?;
/// assert_eq!(read_state(&path)?, Some(state));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PipelineError::Sink`] if it cannot be written.
pub fn write_state(path: &Path, state: &LoaderState, durability: Durability) -> Result<(), PipelineError> {
    let failed = |source| PipelineError::State { path: path.to_owned(), source };
    let text = serde_json::to_string_pretty(state).map_err(failed)?;
    Ok(write_file_atomically(path, format!("{text}\n").as_bytes(), durability)?)
}
