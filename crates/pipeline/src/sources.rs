//! The strategies of a training: one for every source that patches are drawn from.

use std::sync::Arc;

use patchweave_config::{Background, DataPlan, MaskFilterPlan, PatchFilterPlan, PatchingPlan};
use patchweave_construct::{PatchExtractor, thin_out_background, weight_maps};
use patchweave_loader::on_threads;
use patchweave_patching::{
    FixedRandomPatching, Patching, RandomPatching, SequentialPatching, StratifiedPatching, WeightedPatching,
};
use patchweave_transform::{FilterError, MaskFilter, MaxFilter, MeanStdFilter, PatchFilter, ShannonFilter};

use crate::selection::{Centres, Thinning};
use crate::tiling::{given_tiling, patching};
use crate::{KeepGoing, Notice, PipelineError};

/// A strategy that validation patches may be split off, if it is stratified.
#[derive(Clone)]
pub(crate) enum Strategy {
    Stratified(StratifiedPatching),
    Other(Arc<dyn Patching>),
}

impl Strategy {
    /// The strategy as an object.
    pub fn shared(&self) -> Arc<dyn Patching> {
        match self {
            Strategy::Stratified(patching) => Arc::new(patching.clone()),
            Strategy::Other(patching) => Arc::clone(patching),
        }
    }
}

/// What a source is drawn by besides its own images.
#[derive(Default)]
pub(crate) struct Guides {
    pub masks: Option<PatchExtractor>,
    pub weights: Option<PatchExtractor>,
}

/// The strategy of a plan for the images of a source; notes what thresholds, filters and maps leave of them.
pub(crate) fn strategy(
    data: &DataPlan,
    images: &PatchExtractor,
    guides: &Guides,
    notices: &mut Vec<Notice>,
    keep_going: KeepGoing<'_>,
) -> Result<Strategy, PipelineError> {
    let shapes = images.shapes();
    let n_threads = data.n_threads(&data.train_loader);
    Ok(match data.patching {
        PatchingPlan::Stratified { patch_size, seed } => {
            let mut stratified = StratifiedPatching::new(shapes, patch_size)?.with_seed(seed);
            let mut thin_out = |thinning: Thinning<'_>, images: &PatchExtractor, channel: usize| {
                let Thinning { filter, probability, .. } = thinning;
                let found = on_threads(n_threads, || {
                    thin_out_background(&mut stratified, images, channel, filter, probability, keep_going)
                })??;
                thinning.check(&found, stratified.n_patches(), images, notices)
            };
            if let Some(plan) = &data.patch_filter {
                let filter = &patch_filter(plan)?;
                let probability = plan.filtered_patch_prob;
                thin_out(Thinning { name: "patch_filter", filter, probability }, images, plan.ref_channel)?;
            }
            if let (Some(masks), Some(plan)) = (&guides.masks, &data.mask_filter) {
                let filter = &mask_filter(plan)?;
                let probability = plan.filtered_patch_prob;
                thin_out(Thinning { name: "mask_filter", filter, probability }, masks, plan.ref_channel)?;
            }
            Strategy::Stratified(stratified)
        }
        PatchingPlan::Weighted { patch_size, seed, share } => {
            let maps = guides.weights.as_ref().ok_or(PipelineError::NoWeights)?;
            let found = on_threads(n_threads, || weight_maps(maps, 0, f64::from, keep_going))??;
            Centres::weights(share).check(&found, maps, notices)?;
            let weights = found.into_iter().map(|map| map.weights).collect();
            Strategy::Other(Arc::new(
                WeightedPatching::new(shapes, patch_size, weights, share)?.with_seed(seed),
            ))
        }
        PatchingPlan::Foreground { patch_size, seed, threshold, ref_channel, share } => {
            let is_foreground = |pixel: f32| if f64::from(pixel) > threshold { 1.0 } else { 0.0 };
            let found =
                on_threads(n_threads, || weight_maps(images, ref_channel, is_foreground, keep_going))??;
            Centres::foreground(threshold, share).check(&found, images, notices)?;
            let weights = found.into_iter().map(|map| map.weights).collect();
            Strategy::Other(Arc::new(
                WeightedPatching::new(shapes, patch_size, weights, share)?.with_seed(seed),
            ))
        }
        PatchingPlan::Random { patch_size, seed } => {
            Strategy::Other(Arc::new(RandomPatching::new(shapes, patch_size)?.with_seed(seed)))
        }
        PatchingPlan::FixedRandom { patch_size, seed } => {
            Strategy::Other(Arc::new(FixedRandomPatching::new(shapes, patch_size, seed)?))
        }
        PatchingPlan::Sequential { patch_size, overlaps } => {
            Strategy::Other(Arc::new(SequentialPatching::new(shapes, patch_size, Some(overlaps))?))
        }
        PatchingPlan::Tiling(ref plan) => Strategy::Other(patching(&given_tiling(plan), shapes)?),
    })
}

fn patch_filter(plan: &PatchFilterPlan) -> Result<PatchFilter, FilterError> {
    Ok(match plan.background {
        Background::Max { threshold, coverage } => MaxFilter::new(threshold, coverage)?.into(),
        Background::MeanStd { mean_threshold, std_threshold } => {
            MeanStdFilter::new(mean_threshold, std_threshold)?.into()
        }
        Background::Shannon { threshold } => ShannonFilter::new(threshold)?.into(),
    })
}

fn mask_filter(plan: &MaskFilterPlan) -> Result<PatchFilter, FilterError> {
    Ok(MaskFilter::new(plan.coverage)?.into())
}
