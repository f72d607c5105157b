//! Tiles that an earlier process has filled because they could not be read, and that can be read now.

use std::collections::{BTreeMap, BTreeSet};

use patchweave_construct::{PatchConstrExt, Sample, Scratch};
use patchweave_geometry::{PatchSpec, RegionSpec};
use patchweave_predict::AnewTile;
use patchweave_sink::Journal;
use patchweave_stack::ImageStackExt;

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
        let mut noted_of = BTreeMap::<usize, BTreeMap<Place, UnreadTile>>::new();
        for tile in noted(journal)?.into_iter().filter(|tile| !tile.of_statistics) {
            noted_of.entry(tile.data_idx).or_default().insert(place_of(&tile), tile);
        }
        let mut renewed = Renewed::default();
        for (data_idx, mut noted) in noted_of {
            let finished = finished(prediction, journal, data_idx)?;
            let indices = prediction.dataset.constr().patch_indices(data_idx)?;
            for (tile_idx, index) in indices.iter().enumerate() {
                let Some(place) = place_in(prediction, data_idx, index)? else { continue };
                let Some(tile) = noted.remove(&place) else { continue };
                if !goes_on() {
                    return Err(PipelineError::Interrupted);
                }
                if can_be_read(prediction, data_idx, index)? {
                    renewed.add(tile, &finished, journal)?;
                    renewed.tiles.push(AnewTile { data_idx, tile_idx });
                }
            }
        }
        Ok(renewed)
    }

    /// Takes a tile that can be read again.
    fn add(&mut self, tile: UnreadTile, finished: &[String], journal: &Journal) -> Result<(), PipelineError> {
        // What was finished since it was first predicted anew holds what it should.
        if finished.is_empty() || tile.is_renewed {
            let tile = UnreadTile { is_renewed: true, ..tile };
            tile.note(journal)?;
            self.notes.insert(place_of(&tile));
            return Ok(());
        }
        let reason = format!(
            "{}; it can be read now, but {} had been finished with what was filled: predict the image again, with --overwrite",
            tile.reason,
            finished.join(" and ")
        );
        self.stay.push(UnreadTile { reason, ..tile });
        Ok(())
    }

    /// How many tiles no result holds as filled any more, if these could not be read after all and these images were given up.
    pub fn n_tiles(&self, failed: &[UnreadTile], given_up: &BTreeSet<usize>) -> usize {
        let failed: BTreeSet<Place> = failed.iter().map(place_of).collect();
        self.notes.iter().filter(|place| !failed.contains(*place) && !given_up.contains(&place.0)).count()
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

/// Where a tile of an image is.
fn place_in(prediction: &Prediction, data_idx: usize, index: usize) -> Result<Option<Place>, PipelineError> {
    let place = |patch: PatchSpec| (data_idx, patch.sample_idx, patch.coords.as_slice().to_vec());
    Ok(patch_of(prediction, index)?.map(place))
}

fn patch_of(prediction: &Prediction, index: usize) -> Result<Option<PatchSpec>, PipelineError> {
    Ok(match prediction.dataset.locate(index, 0)? {
        Some(RegionSpec::Tile(tile)) => Some(tile.patch),
        Some(RegionSpec::Patch(patch)) => Some(patch),
        _ => None,
    })
}

/// Whether a tile can be read where its mask has something, and the mask where there is one.
fn can_be_read(prediction: &Prediction, data_idx: usize, index: usize) -> Result<bool, PipelineError> {
    let dataset = &prediction.dataset;
    let mut sample = Sample::zeros(&dataset.layout(index)?)?;
    let mask = prediction.images.get(data_idx).and_then(|image| image.mask.as_ref());
    if let (Some((mask, _)), Some(patch)) = (mask, patch_of(prediction, index)?) {
        match mask.read_patch(patch.sample_idx, None, &patch.region()) {
            Err(_) => return Ok(false),
            // It is left out, and its pixels are not read.
            Ok(of_tile) if of_tile.iter().all(|pixel| *pixel == 0.0) => return Ok(true),
            Ok(_) => {}
        }
    }
    Ok(dataset.write(index, 0, &mut Scratch::default(), sample.view_mut()).is_ok())
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
