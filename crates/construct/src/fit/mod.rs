//! Statistics of a data set, computed over its patches.

use patchweave_patching::PatchRng;
use patchweave_transform::ChannelMoments;
use rayon::prelude::*;

use crate::{ConstructError, PatchConstr, PatchConstrExt, PatchRole};

/// Patches that one task handles; also the granularity of merging, so results do not depend on threads.
const PATCHES_PER_TASK: usize = 8;

/// What to compute and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FitOptions {
    /// One entry per channel, or one over all channels.
    pub per_channel: bool,
    /// Compute the statistics of targets as well, if there are any.
    pub with_target: bool,
    /// Seed of the patches that are looked at.
    pub seed: u64,
    /// Bytes that a sample may have; every thread holds one.
    pub max_sample_bytes: usize,
}

/// Means and standard deviations of inputs and targets.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanStdStatistics {
    /// Mean of every input channel, or one over all of them.
    pub input_means: Vec<f64>,
    /// Population standard deviations, likewise.
    pub input_stds: Vec<f64>,
    /// Means of the target, empty without target.
    pub target_means: Vec<f64>,
    /// Population standard deviations of the target, empty without target.
    pub target_stds: Vec<f64>,
}

/// Mean and population standard deviation over all patches of the first epoch, unnormalised and not
/// augmented, in `f64`.
///
/// Runs on the caller's rayon pool; the result is the same bit for bit for any number of threads, and
/// memory is that of one patch per thread.
///
/// `keep_going` is asked before every few patches and may end the work by `false`.
///
/// # Errors
/// [`ConstructError::NoPatches`] without patches, [`ConstructError::TooLarge`], [`ConstructError::NotFinite`],
/// [`ConstructError::Interrupted`], otherwise what the constructor reports.
pub fn fit_mean_std(
    constr: &dyn PatchConstr,
    options: &FitOptions,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<MeanStdStatistics, ConstructError> {
    let n_patches = constr.n_patches();
    if n_patches == 0 {
        return Err(ConstructError::NoPatches);
    }
    let tasks: Vec<Moments> = (0..n_patches.div_ceil(PATCHES_PER_TASK))
        .into_par_iter()
        .map(|task| {
            if !keep_going() {
                return Err(ConstructError::Interrupted);
            }
            let first = task * PATCHES_PER_TASK;
            moments(constr, options, first..(first + PATCHES_PER_TASK).min(n_patches))
        })
        .collect::<Result<_, _>>()?;
    let all = tasks.into_iter().reduce(|mut all, next| {
        all.input.merge(&next.input);
        if let (Some(all), Some(next)) = (&mut all.target, &next.target) {
            all.merge(next);
        }
        all
    });
    let Moments { input, target } = all.ok_or(ConstructError::NoPatches)?;
    let of_target = |f: fn(&ChannelMoments, bool) -> Vec<f64>| {
        target.as_ref().map_or_else(Vec::new, |target| f(target, options.per_channel))
    };
    Ok(MeanStdStatistics {
        input_means: input.means(options.per_channel),
        input_stds: input.stds(options.per_channel),
        target_means: of_target(ChannelMoments::means),
        target_stds: of_target(ChannelMoments::stds),
    })
}

struct Moments {
    input: ChannelMoments,
    target: Option<ChannelMoments>,
}

fn moments(
    constr: &dyn PatchConstr,
    options: &FitOptions,
    indices: std::ops::Range<usize>,
) -> Result<Moments, ConstructError> {
    let mut seen: Option<Moments> = None;
    for index in indices {
        let mut rng = PatchRng::for_patch(options.seed, 0, index);
        let (needed, limit) = (constr.layout(index)?.n_bytes(), options.max_sample_bytes);
        if needed > limit {
            return Err(ConstructError::TooLarge { index, needed, limit });
        }
        let (sample, spec) = constr.construct_patch(index, &mut rng)?;
        let input = constr.principal_input(sample.input.view());
        let target = sample.target.as_ref().filter(|_| options.with_target);
        let seen = seen.get_or_insert_with(|| Moments {
            input: ChannelMoments::new(input.shape()[0]),
            target: target.map(|target| ChannelMoments::new(target.shape()[0])),
        });
        seen.input.update(input);
        if let (Some(moments), Some(target)) = (&mut seen.target, target) {
            moments.update(target.view());
        }
        let not_finite = |patch_role, role| ConstructError::NotFinite {
            source_name: constr
                .metadata(patch_role, &spec)
                .map(|image| image.source.clone())
                .unwrap_or_default(),
            role,
            index,
        };
        if !seen.input.is_finite() {
            return Err(not_finite(PatchRole::Input, "input"));
        }
        if seen.target.as_ref().is_some_and(|target| !target.is_finite()) {
            return Err(not_finite(PatchRole::Target, "target"));
        }
    }
    seen.ok_or(ConstructError::NoPatches)
}
