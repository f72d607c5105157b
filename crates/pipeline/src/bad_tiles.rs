//! Tiles that could not be read, and what became of their images.

use std::path::{Path, PathBuf};

use patchweave_geometry::PatchSpec;
use patchweave_predict::BadTile;
use patchweave_sink::{Durability, write_file_atomically};
use patchweave_stack::with_causes;
use serde_json::{Value, json};

use crate::PipelineError;

/// The file that tells of them.
pub(crate) const REPORT: &str = "left_out.json";

/// A tile that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadTile {
    /// The image of the prediction, by its place.
    pub data_idx: usize,
    /// The source of the image.
    pub image: String,
    /// The position along the axes `S` and `T`.
    pub sample_idx: usize,
    /// Where the tile starts, `(Z)YX`.
    pub start: Vec<i64>,
    /// Its size, `(Z)YX`.
    pub size: Vec<usize>,
    /// Why it could not be read.
    pub reason: String,
}

impl UnreadTile {
    pub(crate) fn of(bad: BadTile<'_>) -> Self {
        let PatchSpec { sample_idx, coords, patch_size, .. } = bad.tile.patch;
        UnreadTile {
            data_idx: bad.data_idx,
            image: bad.image.to_owned(),
            sample_idx,
            start: coords.as_slice().to_vec(),
            size: patch_size.as_slice().to_vec(),
            reason: with_causes(bad.error),
        }
    }

    fn to_json(&self) -> Value {
        let UnreadTile { image, sample_idx, start, size, reason, .. } = self;
        json!({ "image": image, "sample": sample_idx, "start": start, "size": size, "reason": reason })
    }
}

/// Writes which tiles could not be read, as JSON: what became of their images (`skip` or `fill`), and the tiles.
///
/// # Errors
/// [`PipelineError::Sink`].
pub fn write_left_out(
    folder: &Path,
    on_failure: &str,
    tiles: &[UnreadTile],
    durability: Durability,
) -> Result<PathBuf, PipelineError> {
    let path = folder.join(REPORT);
    let tiles: Vec<Value> = tiles.iter().map(UnreadTile::to_json).collect();
    let report = json!({ "on_failure": on_failure, "tiles": tiles });
    write_file_atomically(&path, format!("{report:#}\n").as_bytes(), durability)?;
    Ok(path)
}
