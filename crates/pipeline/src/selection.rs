//! What thresholds, filters, masks and weights leave of the images: told where they leave nothing of some, refused where
//! they leave nothing at all.

use patchweave_config::{DataPlan, OrderPlan};
use patchweave_construct::{BackgroundCells, PatchExtractor, WeightMap};
use patchweave_patching::PatchIndices;
use patchweave_transform::{PatchFilter, Seen};

use crate::{Notice, PipelineError};

/// What patches are centred on, and where it is configured.
pub(crate) struct Centres {
    /// The key of the threshold, or of the maps.
    pub key: &'static str,
    /// What counts, as in `above threshold 100`.
    pub wanted: String,
    /// What would be accepted where nothing counts.
    pub expected: &'static str,
    /// The share of patches that are centred.
    pub share: f64,
}

impl Centres {
    /// Those of foreground.
    pub fn foreground(threshold: f64, share: f64) -> Self {
        let expected = "a threshold below the pixels of foreground";
        let wanted = format!("above threshold {threshold}");
        Centres { key: "data_config.patching.threshold", wanted, expected, share }
    }

    /// Those of maps of weights.
    pub fn weights(share: f64) -> Self {
        let expected = "maps with weights above 0";
        Centres { key: "train.weights", wanted: "above 0".to_owned(), expected, share }
    }

    /// Refuses maps that centre no patch although all are to be centred, and notes samples without anything to centre on.
    pub fn check(
        &self,
        maps: &[WeightMap],
        images: &PatchExtractor,
        notices: &mut Vec<Notice>,
    ) -> Result<(), PipelineError> {
        let is_empty = |map: &&WeightMap| map.weights.total() <= 0.0;
        let empty: Vec<&WeightMap> = maps.iter().filter(is_empty).collect();
        let Some(first) = empty.first() else { return Ok(()) };
        let largest = empty.iter().map(|map| map.largest).fold(f32::NEG_INFINITY, f32::max);
        let wanted = &self.wanted;
        if empty.len() < maps.len() {
            let which = some_of(empty.len(), maps.len(), images);
            let name = name_of(images, first.data_idx, first.sample_idx);
            let message = format!(
                "{which} have no pixel {wanted}, so that their patches are drawn anywhere; the first is {name}: {}",
                largest_pixel(first.largest)
            );
            notices.push(Notice::new(self.key, message));
            return Ok(());
        }
        let found =
            format!("no pixel of {} is {wanted}: {}", all_of(maps.len(), images), largest_pixel(largest));
        if self.share < 1.0 {
            notices.push(Notice::new(self.key, format!("{found}; all patches are drawn anywhere")));
            return Ok(());
        }
        let key = self.key.to_owned();
        let expected = self.expected.to_owned();
        Err(PipelineError::Unusable { key, found, expected })
    }
}

/// A filter, where it is configured, and how often background is drawn.
pub(crate) struct Thinning<'a> {
    /// `patch_filter` or `mask_filter`.
    pub name: &'static str,
    pub filter: &'a PatchFilter,
    pub probability: f64,
}

impl Thinning<'_> {
    fn key(&self) -> String {
        format!("data_config.{}", self.name)
    }

    /// Notes samples that are background as a whole, and refuses a filter that leaves no patch.
    pub fn check(
        &self,
        found: &[BackgroundCells],
        n_patches_left: usize,
        images: &PatchExtractor,
        notices: &mut Vec<Notice>,
    ) -> Result<(), PipelineError> {
        let Thinning { name, filter, probability } = self;
        let all: Vec<&BackgroundCells> = found.iter().filter(|sample| sample.is_all()).collect();
        let seen = |samples: &[&BackgroundCells]| {
            let seen = samples.iter().filter_map(|sample| sample.seen).reduce(Seen::largest);
            seen.map_or_else(String::new, |seen| format!("; {seen}"))
        };
        if n_patches_left == 0 {
            let every: Vec<&BackgroundCells> = found.iter().collect();
            let which = match all.len() == found.len() {
                true => format!("all of {}", all_of(found.len(), images)),
                false => "all that is left".to_owned(),
            };
            let found = format!(
                "{name} {filter} takes {which} for background, and with filtered_patch_prob {probability} no patch is left{}",
                seen(&every)
            );
            let expected = "lower thresholds, or a filtered_patch_prob above 0".to_owned();
            return Err(PipelineError::Unusable { key: self.key(), found, expected });
        }
        let Some(first) = all.first() else { return Ok(()) };
        let consequence = match *probability {
            0.0 => "no patch comes from them".to_owned(),
            probability => format!("their patches are drawn {probability} times as often as others"),
        };
        let message = if all.len() == found.len() {
            let which = all_of(found.len(), images);
            format!("{name} {filter} takes all of {which} for background{}; {consequence}", seen(&all))
        } else {
            let which = some_of(all.len(), found.len(), images);
            let first_name = name_of(images, first.data_idx, first.sample_idx);
            format!(
                "{name} {filter} takes {which} for background as a whole, {consequence}; the first is {first_name}{}",
                seen(&[*first]).replacen(';', ":", 1)
            )
        };
        notices.push(Notice::new(self.key(), message));
        Ok(())
    }
}

/// Notes images of which no patch has a weight, and refuses weights of an order that are all 0.
pub(crate) fn check_order_weights<'a>(
    order: OrderPlan,
    weights: &[f64],
    patches_of: impl Fn(usize) -> Option<&'a PatchIndices>,
    maps: &PatchExtractor,
    notices: &mut Vec<Notice>,
) -> Result<(), PipelineError> {
    let key = if order == OrderPlan::Foreground { "train.mask" } else { "train.weights" };
    let of = |index: usize| weights.get(index).copied().unwrap_or(0.0);
    if weights.iter().all(|weight| *weight <= 0.0) {
        let found = format!(
            "order {}: no pixel of {} is above 0 in any of the {} patches",
            order.name(),
            all_of(maps.shapes().len(), maps),
            weights.len()
        );
        let expected = "pixels above 0 in some patches".to_owned();
        return Err(PipelineError::Unusable { key: key.to_owned(), found, expected });
    }
    let n_images = maps.shapes().len();
    let is_empty = |data_idx: &usize| {
        patches_of(*data_idx).is_some_and(|indices| indices.iter().all(|index| of(index) <= 0.0))
    };
    let empty: Vec<usize> = (0..n_images).filter(is_empty).collect();
    if let Some(&first) = empty.first() {
        let name = maps.info(first).map_or("", |info| info.source.as_str());
        let message = format!(
            "{} of {n_images} images have no pixel above 0 in a patch, so that none of their patches is drawn; the first is {name}",
            empty.len()
        );
        notices.push(Notice::new(key, message));
    }
    Ok(())
}

/// A number of validation patches that the training images cannot give.
pub(crate) fn too_many_validation_patches(got: &str, data: &DataPlan, cause: &str) -> PipelineError {
    let filtered = if data.patch_filter.is_some() { " after data_config.patch_filter" } else { "" };
    PipelineError::Unusable {
        key: "data_config.n_val_patches".to_owned(),
        found: format!("got {got}{filtered}: {cause}"),
        expected: "fewer, images for validation, or smaller patches".to_owned(),
    }
}

fn largest_pixel(largest: f32) -> String {
    match largest {
        f32::NEG_INFINITY => "no pixel is a number".to_owned(),
        largest => format!("the largest pixel is {largest}"),
    }
}

fn has_samples(images: &PatchExtractor) -> bool {
    images.shapes().iter().any(|shape| shape.n_samples != 1)
}

/// `2 of 5 images`, or samples where images have several.
fn some_of(n: usize, n_all: usize, images: &PatchExtractor) -> String {
    format!("{n} of {n_all} {}", if has_samples(images) { "samples" } else { "images" })
}

/// `the image a.tif`, `the 5 images`.
fn all_of(n: usize, images: &PatchExtractor) -> String {
    match (n, images.shapes().len()) {
        (_, 1) => format!("the image {}", images.info(0).map_or("", |info| info.source.as_str())),
        (_, n_images) => format!("the {n_images} images"),
    }
}

fn name_of(images: &PatchExtractor, data_idx: usize, sample_idx: usize) -> String {
    let source = images.info(data_idx).map_or("", |info| info.source.as_str());
    if has_samples(images) { format!("sample {sample_idx} of {source}") } else { source.to_owned() }
}
