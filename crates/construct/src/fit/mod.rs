//! Statistics of a data set, computed over its patches or over whole images.

mod blocks;
mod statistic;

use patchweave_patching::{PatchRng, Permutation};
use patchweave_transform::PatchMeans;
use rayon::prelude::*;

use crate::{BasicPatchConstr, ConstructError, PatchConstr, PatchExtractor, PatchRole, Sample, SampleLayout};
use blocks::Blocks;
use statistic::Seen;

pub use statistic::{ChannelStatistics, Statistic};

/// Patches that one task handles; also the granularity of merging, so results do not depend on threads.
const PATCHES_PER_TASK: usize = 8;

/// Tasks between two looks at the standard error, and the most whose results are held at once.
const TASKS_PER_ROUND: usize = 32;

/// What to compute and how.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// What is computed.
    pub statistic: Statistic,
    /// One entry per channel, or one over all channels.
    pub per_channel: bool,
    /// Compute the statistics of targets as well, if there are any.
    pub with_target: bool,
    /// Seed of the patches that are looked at.
    pub seed: u64,
    /// Stop as soon as the standard error of every mean is at most this part of its standard deviation; only
    /// for [`Statistic::MeanStd`]. Patches are then looked at in random order.
    pub tolerance: Option<f64>,
    /// Bytes that a sample may have; every thread holds one.
    pub max_sample_bytes: usize,
}

/// What [`fit`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedStatistics {
    /// Of the input; where it has several scales, of the native one.
    pub input: ChannelStatistics,
    /// Of the target, if there is one and it was asked for.
    pub target: Option<ChannelStatistics>,
    /// How many patches were looked at.
    pub n_patches: usize,
}

/// Statistics over all patches of the first epoch, unnormalised and not augmented, in `f64`.
///
/// Runs on the caller's rayon pool; the result is the same bit for bit for any number of threads, and memory is
/// that of one patch per thread, for quantiles that of 256 patches.
///
/// `keep_going` is asked before every few patches and may end the work by `false`.
///
/// # Errors
/// [`ConstructError::NoPatches`] without patches, [`ConstructError::Tolerance`], [`ConstructError::TooLarge`],
/// [`ConstructError::NotFinite`], [`ConstructError::Interrupted`], otherwise what the constructor reports.
pub fn fit(
    constr: &dyn PatchConstr,
    options: &FitOptions,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<FittedStatistics, ConstructError> {
    let n_patches = constr.n_patches();
    if n_patches == 0 {
        return Err(ConstructError::NoPatches);
    }
    if let Some(tolerance) = options.tolerance
        && !(options.statistic == Statistic::MeanStd && tolerance > 0.0 && tolerance.is_finite())
    {
        return Err(ConstructError::Tolerance { tolerance });
    }
    let order = options.tolerance.map(|_| Permutation::new(n_patches, options.seed, 0));
    let index = |place: usize| order.as_ref().map_or(place, |order| order.at(place));
    let fitting = Fitting { constr, options, keep_going };
    let mut all: Option<Seen> = None;
    let mut done = 0;
    while done < n_patches {
        let round = (done + PATCHES_PER_TASK * TASKS_PER_ROUND).min(n_patches);
        let tasks: Vec<Seen> = (done..round)
            .step_by(PATCHES_PER_TASK)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map_init(Idle::default, |idle, first| {
                let places = first..(first + PATCHES_PER_TASK).min(round);
                fitting.look_at(places.map(index), idle)
            })
            .collect::<Result<_, _>>()?;
        for task in tasks {
            match &mut all {
                None => all = Some(task),
                Some(all) => all.merge(task),
            }
        }
        done = round;
        if let (Some(tolerance), Some(all)) = (options.tolerance, &all)
            && all.is_known_to(tolerance)
        {
            break;
        }
    }
    let all = all.ok_or(ConstructError::NoPatches)?;
    let (input, target) = all.statistics(&options.statistic, options.per_channel)?;
    Ok(FittedStatistics { input, target, n_patches: done })
}

/// Statistics over every pixel of whole images, each counted once, in `f64`; block by block.
///
/// `channels` selects channels of the input, `None` means all; `options.seed` plays no part.
///
/// # Errors
/// As [`fit`], and [`ConstructError::TargetCount`], [`ConstructError::TargetShape`] or
/// [`ConstructError::Channels`] if the images do not fit together.
pub fn fit_images(
    input: PatchExtractor,
    target: Option<PatchExtractor>,
    channels: Option<Vec<usize>>,
    options: &FitOptions,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<FittedStatistics, ConstructError> {
    let blocks = Blocks::new(&input)?;
    let target = target.filter(|_| options.with_target);
    let constr = BasicPatchConstr::new(blocks, input, target, channels)?;
    fit(&constr, options, keep_going)
}

/// Memory of the last sample for the next one, if that has the same shape.
type Idle = Option<(SampleLayout, Sample)>;

/// What tasks share.
struct Fitting<'a> {
    constr: &'a dyn PatchConstr,
    options: &'a FitOptions,
    keep_going: &'a (dyn Fn() -> bool + Sync),
}

impl Fitting<'_> {
    fn look_at(&self, indices: impl Iterator<Item = usize>, idle: &mut Idle) -> Result<Seen, ConstructError> {
        let mut seen: Option<Seen> = None;
        for index in indices {
            if !(self.keep_going)() {
                return Err(ConstructError::Interrupted);
            }
            let layout = self.constr.layout(index)?;
            let (needed, limit) = (layout.n_bytes(), self.options.max_sample_bytes);
            if needed > limit {
                return Err(ConstructError::TooLarge { index, needed, limit });
            }
            let mut rng = PatchRng::for_patch(self.options.seed, 0, index);
            let mut sample = match idle.take() {
                Some((known, sample)) if known == layout => sample,
                _ => Sample::zeros(&layout)?,
            };
            let spec = self.constr.construct_into(index, &mut rng, sample.view_mut())?;
            let native = self.constr.principal_input(sample.input.view());
            let target = sample.target.as_ref().filter(|_| self.options.with_target);
            let not_finite = |patch_role, role| ConstructError::NotFinite {
                source_name: self
                    .constr
                    .metadata(patch_role, &spec)
                    .map(|image| image.source.clone())
                    .unwrap_or_default(),
                role,
                index,
            };
            let seen = seen.get_or_insert_with(|| Seen::new(self.options));
            if !seen.input.update(native) {
                return Err(not_finite(PatchRole::Input, "input"));
            }
            if let Some(target) = target
                && !seen
                    .target
                    .get_or_insert_with(|| statistic::Role::new(self.options))
                    .update(target.view())
            {
                return Err(not_finite(PatchRole::Target, "target"));
            }
            *idle = Some((layout, sample));
        }
        seen.ok_or(ConstructError::NoPatches)
    }
}

/// Whether every mean is known well enough.
fn is_known(means: &[PatchMeans], stds: &[f64], tolerance: f64) -> bool {
    means.iter().zip(stds).all(|(mean, std)| mean.standard_error() <= tolerance * std)
}
