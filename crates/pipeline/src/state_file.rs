//! The file that says where loading stands, for a run that goes on from there.

use std::io;
use std::path::Path;

use patchweave_files::{BadPath, check_path, read_file};
use patchweave_loader::LoaderState;
use patchweave_sink::write_file_atomically;

use crate::PipelineError;

/// A state has a few numbers; larger files are something else.
const MAX_BYTES: u64 = 1 << 16;

/// Reads where loading stands; nothing if there is no such file.
///
/// # Errors
/// [`PipelineError::State`] for a file that says something else, [`PipelineError::Io`] if it cannot be read.
pub fn read_state(path: &Path) -> Result<Option<LoaderState>, PipelineError> {
    let failed = |source| PipelineError::Io { action: "read", path: path.to_owned(), source };
    match check_path(path) {
        Err(BadPath::Missing { .. }) => return Ok(None),
        checked => checked.map_err(|problem| failed(io::Error::other(problem)))?,
    }
    let bytes = read_file(path, MAX_BYTES).map_err(failed)?;
    let state = serde_json::from_slice(&bytes);
    state.map(Some).map_err(|source| PipelineError::State { path: path.to_owned(), source })
}

/// Writes where loading stands: the file has this state or, after a failure, the one it had before.
///
/// ```
/// use patchweave_loader::LoaderState;
/// use patchweave_pipeline::{read_state, write_state};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("state.json");
/// assert_eq!(read_state(&path)?, None);
/// let state = LoaderState { epoch: 1, next_batch: 7, seed: 42, n_batches: 10, settings: u64::MAX };
/// write_state(&path, &state)?;
/// assert_eq!(read_state(&path)?, Some(state));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PipelineError::Sink`] if it cannot be written.
pub fn write_state(path: &Path, state: &LoaderState) -> Result<(), PipelineError> {
    let failed = |source| PipelineError::State { path: path.to_owned(), source };
    let text = serde_json::to_string_pretty(state).map_err(failed)?;
    Ok(write_file_atomically(path, format!("{text}\n").as_bytes())?)
}
