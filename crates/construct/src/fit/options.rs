//! What to compute over patches, and within which bounds.

use super::statistic::Statistic;

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
