//! Tiles that could not be read, and what became of their images.

use std::path::PathBuf;

use patchweave_geometry::{Extent, PatchSpec, PerAxis, Region};
use patchweave_predict::BadTile;
use patchweave_sink::{Journal, SinkError};
use patchweave_stack::with_causes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{OutputFolder, PipelineError};

/// The file that tells of them.
pub(crate) const REPORT: &str = "left_out.json";

/// A tile that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Whether it could be read later, and was predicted anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_renewed: bool,
    /// Whether its image was given up because a model wants statistics of all of it, whatever becomes of other tiles.
    #[serde(default)]
    pub of_statistics: bool,
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
            is_renewed: false,
            of_statistics: bad.of_statistics,
        }
    }

    /// Where the tile lies.
    pub(crate) fn region(&self) -> Option<Region> {
        Region::new(PerAxis::new(&self.start).ok()?, Extent::new(&self.size).ok()?).ok()
    }

    /// Notes it in a journal before anything is written that it has a part in.
    pub(crate) fn note(&self, journal: &Journal) -> Result<(), SinkError> {
        let UnreadTile { data_idx, sample_idx, start, .. } = self;
        let start: Vec<String> = start.iter().map(i64::to_string).collect();
        let name = format!("{data_idx:08}-{sample_idx:06}-{}.json", start.join("_"));
        journal.note(&name, &serde_json::to_vec(self).unwrap_or_default())
    }
}

/// The tiles that were noted in a journal, by whomever.
pub(crate) fn noted(journal: &Journal) -> Result<Vec<UnreadTile>, SinkError> {
    let notes = journal.noted()?;
    let mut tiles: Vec<UnreadTile> =
        notes.iter().filter_map(|note| serde_json::from_slice(note).ok()).collect();
    tiles.sort();
    Ok(tiles)
}

/// Removes what an earlier prediction in a folder has told of tiles that it could not read.
///
/// # Errors
/// [`PipelineError::Sink`].
pub fn remove_left_out(output: &OutputFolder) -> Result<(), PipelineError> {
    output.remove(REPORT)
}

/// Writes which tiles could not be read, as JSON: what became of their images (`skip` or `fill`), and the tiles; and, where there
/// are some, results of images that were left out that stand in the folder because an earlier run has written them.
///
/// # Errors
/// [`PipelineError::Sink`].
pub fn write_left_out(
    output: &OutputFolder,
    on_failure: &str,
    tiles: &[UnreadTile],
    earlier: &[PathBuf],
) -> Result<PathBuf, PipelineError> {
    let mut report = json!({ "on_failure": on_failure, "tiles": tiles });
    if !earlier.is_empty() {
        let earlier: Vec<String> = earlier.iter().map(|path| path.display().to_string()).collect();
        report["earlier_results"] = json!(earlier);
    }
    output.write(REPORT, format!("{report:#}\n").as_bytes())
}
