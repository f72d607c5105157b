//! Tiles that an earlier process has filled because they could not be read, and that can be read now.

use std::collections::BTreeSet;

use patchweave_construct::{PatchConstrExt, Sample, Scratch};
use patchweave_geometry::RegionSpec;
use patchweave_predict::AnewTile;
use patchweave_sink::Journal;

use crate::bad_tiles::{UnreadTile, noted};
use crate::result_jobs::job;
use crate::{PipelineError, Prediction};

/// What was filled and can be read now.
#[derive(Default)]
pub(crate) struct Renewed {
    /// The tiles, whose units are written anew.
    pub tiles: Vec<AnewTile>,
    /// The same, as they were noted.
    notes: BTreeSet<Place>,
    /// Those that results hold which have their names: with this reason.
    stay: Vec<UnreadTile>,
}

/// Where a tile is: its image, its sample, its start.
type Place = (usize, usize, Vec<i64>);

fn place_of(tile: &UnreadTile) -> Place {
    (tile.data_idx, tile.sample_idx, tile.start.clone())
}

impl Renewed {
    /// Tries to read what was noted as filled, as long as `goes_on` says so.
    pub fn find(
        prediction: &Prediction,
        journal: &Journal,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Self, PipelineError> {
        let mut renewed = Renewed::default();
        for tile in noted(journal)?.into_iter().filter(|tile| !tile.of_statistics) {
            if !goes_on() {
                return Err(PipelineError::Interrupted);
            }
            let Some(found) = read_again(prediction, &tile)? else { continue };
            let finished = finished(prediction, journal, tile.data_idx)?;
            if finished.is_empty() {
                renewed.notes.insert(place_of(&tile));
            } else {
                let reason = format!(
                    "{}; it can be read now, but {} had been finished with what was filled: predict the image again, with --overwrite",
                    tile.reason,
                    finished.join(" and ")
                );
                renewed.stay.push(UnreadTile { reason, ..tile });
            }
            renewed.tiles.push(found);
        }
        Ok(renewed)
    }

    /// How many tiles no result holds as filled any more.
    pub fn n_tiles(&self) -> usize {
        self.notes.len()
    }

    /// What is to be told of tiles that were filled: not those that are predicted now, but for those that could not be read this
    /// time, `failed`, either.
    pub fn told(&self, mut noted: Vec<UnreadTile>, failed: &[UnreadTile]) -> Vec<UnreadTile> {
        let failed: BTreeSet<Place> = failed.iter().map(place_of).collect();
        noted.retain(|tile| !self.notes.contains(&place_of(tile)) || failed.contains(&place_of(tile)));
        for tile in &mut noted {
            if let Some(stays) = self.stay.iter().find(|stays| place_of(stays) == place_of(tile)) {
                tile.clone_from(stays);
            }
        }
        noted
    }
}

/// The tile, if it can be read.
fn read_again(prediction: &Prediction, tile: &UnreadTile) -> Result<Option<AnewTile>, PipelineError> {
    let dataset = &prediction.dataset;
    let indices = dataset.constr().patch_indices(tile.data_idx)?;
    for (tile_idx, index) in indices.iter().enumerate() {
        let patch = match dataset.locate(index, 0)? {
            Some(RegionSpec::Tile(tile)) => tile.patch,
            Some(RegionSpec::Patch(patch)) => patch,
            _ => continue,
        };
        if patch.sample_idx != tile.sample_idx || patch.coords.as_slice() != tile.start {
            continue;
        }
        let mut sample = Sample::zeros(&dataset.layout(index)?)?;
        let read = dataset.write(index, 0, &mut Scratch::default(), sample.view_mut());
        return Ok(read.is_ok().then_some(AnewTile { data_idx: tile.data_idx, tile_idx }));
    }
    Ok(None)
}

/// The results of an image that are not made anew, because they have their names or are about to get them.
fn finished(
    prediction: &Prediction,
    journal: &Journal,
    data_idx: usize,
) -> Result<Vec<String>, PipelineError> {
    let mut finished = Vec::new();
    for (_, image, result, output) in prediction.targets().filter(|(other, ..)| *other == data_idx) {
        let is_open = match job(prediction, journal, (image, result, output))? {
            Some(job) => !job.is_complete()?,
            None => prediction.form_of(image, result)?.is_none(),
        };
        if !is_open {
            finished.push(prediction.path(&image.name, &result.label, output).display().to_string());
        }
    }
    Ok(finished)
}
