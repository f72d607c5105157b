//! Statistics of a data set, computed over its patches or over whole images.

mod blocks;
mod quantiles;
mod running;
mod statistic;
mod walk;

use crate::{BasicPatchConstr, ConstructError, PatchConstr, PatchExtractor};
use blocks::Blocks;
use walk::Walk;

pub use statistic::{ChannelStatistics, QuantileMethod, Statistic};

/// Blocks of whole images take at most this part of the budget, so that several threads have work.
const BLOCKS_IN_BUDGET: usize = 8;

/// What to compute and how.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// What is computed.
    pub statistic: Statistic,
    /// One entry per channel, or one over all channels.
    pub per_channel: bool,
    /// Compute the statistics of inputs. Where they are not wanted, inputs may hold anything.
    pub with_input: bool,
    /// Compute the statistics of targets, if there are any. Where they are not wanted, targets may hold anything.
    pub with_target: bool,
    /// Seed of the patches that are looked at.
    pub seed: u64,
    /// Stop as soon as the standard errors of every mean and of every standard deviation are at most this part
    /// of the standard deviation; only for [`Statistic::MeanStd`]. Patches are then looked at in random order,
    /// at least 256 of them.
    ///
    /// The errors are told by how patches differ that were seen, so they hold where patches that were not seen
    /// are of the same kinds: means and deviations are then off by more than twice the tolerance about once in
    /// twenty times. Where all pixels seen are the same, all patches are looked at.
    pub tolerance: Option<f64>,
    /// Bytes of samples and of counts that are held at a time, over all threads: where samples are large, fewer
    /// threads work. A single sample may not have more; the counts of one thread, up to 2 MiB for each list of
    /// pixels that has quantiles of its own, are taken in any case.
    pub max_bytes: usize,
}

/// What [`fit`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedStatistics {
    /// Of the input, if it was asked for; where it has several scales, of the native one.
    pub input: Option<ChannelStatistics>,
    /// Of the target, if there is one and it was asked for.
    pub target: Option<ChannelStatistics>,
    /// How many patches were looked at.
    pub n_patches: usize,
}

/// Statistics over all patches of the first epoch, unnormalised and not augmented, in `f64`.
///
/// Runs on the caller's rayon pool; the result is the same bit for bit for any number of threads, and memory
/// stays within [`FitOptions::max_bytes`]. Exact quantiles of other pixels than small integers make all patches
/// twice.
///
/// `keep_going` is asked before every patch and may end the work by `false`.
///
/// # Errors
/// [`ConstructError::NoPatches`] without patches, [`ConstructError::Tolerance`], [`ConstructError::TooLarge`],
/// [`ConstructError::NotFinite`], [`ConstructError::OutOfMemory`], [`ConstructError::Interrupted`], otherwise what
/// the constructor and counting report.
pub fn fit(
    constr: &dyn PatchConstr,
    options: &FitOptions,
    keep_going: &(dyn Fn() -> bool + Sync),
) -> Result<FittedStatistics, ConstructError> {
    let walk = Walk::new(constr, options, keep_going)?;
    if let Some(tolerance) = options.tolerance
        && !(options.statistic == Statistic::MeanStd && tolerance > 0.0 && tolerance.is_finite())
    {
        return Err(ConstructError::Tolerance { tolerance });
    }
    match &options.statistic {
        Statistic::MeanStd | Statistic::MinMax => running::running(&walk),
        Statistic::Quantile { lower, upper, method: QuantileMethod::Exact } => {
            quantiles::exact(&walk, [lower, upper])
        }
        Statistic::Quantile { lower, upper, method: QuantileMethod::Streaming } => {
            quantiles::streaming(&walk, [lower, upper])
        }
    }
}

/// Statistics over every pixel of whole images, each counted once, in `f64`; block by block.
///
/// `channels` selects channels of the input, `None` means all; `options.seed` plays no part. A block is a chunk,
/// or a part of one that takes an eighth of [`FitOptions::max_bytes`].
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
    let target = target.filter(|_| options.with_target);
    let of_first = |images: &PatchExtractor| images.shapes().first().map_or(1, |shape| shape.n_channels);
    let n_channels = channels.as_ref().map_or_else(|| of_first(&input), Vec::len);
    let n_channels = n_channels.saturating_add(target.as_ref().map_or(0, of_first));
    let bytes_per_pixel = n_channels.saturating_mul(size_of::<f32>()).max(1);
    let blocks = Blocks::new(&input, options.max_bytes / BLOCKS_IN_BUDGET / bytes_per_pixel)?;
    let constr = BasicPatchConstr::new(blocks, input, target, channels)?;
    fit(&constr, options, keep_going)
}
