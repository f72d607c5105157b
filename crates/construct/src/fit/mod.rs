//! Statistics of a data set, computed over its patches or over whole images.

mod blocks;
mod options;
mod quantiles;
mod running;
mod statistic;
mod walk;

use crate::{BasicPatchConstr, ConstructError, PatchConstr, PatchExtractor};
use blocks::Blocks;
use walk::Walk;

pub use options::FitOptions;
pub use statistic::{ChannelStatistics, FittedStatistics, QuantileMethod, Statistic};

/// Blocks of whole images take at most this part of the budget, so that several threads have work.
const BLOCKS_IN_BUDGET: usize = 8;

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
