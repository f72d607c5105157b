//! What is computed over patches: the running results of a task, and what becomes of them.

use ndarray::{Array4, ArrayView4, Axis};
use patchweave_transform::{ChannelExtremes, ChannelMoments, ChannelQuantiles, PatchMeans};

use super::{FitOptions, is_known};
use crate::ConstructError;

/// A pair of statistics for every channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Statistic {
    /// Mean and population standard deviation.
    MeanStd,
    /// Smallest and largest value.
    MinMax,
    /// Two quantiles, by a histogram that grows with the values it sees; one level for all channels or one for
    /// each.
    Quantile {
        /// Levels of the lower values, 0 to 1.
        lower: Vec<f64>,
        /// Levels of the upper values, 0 to 1.
        upper: Vec<f64>,
    },
}

/// The two numbers of every channel, or one pair over all channels, in raw intensity units.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelStatistics {
    /// Means, or lower limits.
    pub first: Vec<f64>,
    /// Standard deviations, or upper limits.
    pub second: Vec<f64>,
}

/// What was seen of inputs and targets.
pub(super) struct Seen {
    pub input: Role,
    pub target: Option<Role>,
}

/// What was seen of one role.
pub(super) struct Role {
    running: Option<Running>,
    per_channel: bool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Moments { with_error: bool },
    Extremes,
    Blocks,
}

enum Running {
    Moments(ChannelMoments),
    /// Also the means of patches, channel by channel.
    Means(ChannelMoments, Vec<PatchMeans>),
    Extremes(ChannelExtremes),
    /// Bins depend on the order in which values come, so a task hands its patches on.
    Blocks(Vec<Array4<f32>>),
    Quantiles(ChannelQuantiles),
}

impl Seen {
    pub fn new(options: &FitOptions) -> Self {
        Seen { input: Role::new(options), target: None }
    }

    pub fn merge(&mut self, next: Seen) {
        self.input.merge(next.input);
        match (&mut self.target, next.target) {
            (Some(target), Some(next)) => target.merge(next),
            (target @ None, next) => *target = next,
            (Some(_), None) => {}
        }
    }

    /// Whether the standard error of every mean is below `tolerance` standard deviations.
    pub fn is_known_to(&self, tolerance: f64) -> bool {
        [Some(&self.input), self.target.as_ref()].into_iter().flatten().all(|role| match &role.running {
            Some(Running::Means(moments, means)) => {
                is_known(means, &moments.stds(role.per_channel), tolerance)
            }
            _ => false,
        })
    }

    pub fn statistics(
        self,
        statistic: &Statistic,
        per_channel: bool,
    ) -> Result<(ChannelStatistics, Option<ChannelStatistics>), ConstructError> {
        let input = self.input.statistics(statistic, per_channel)?;
        let target = self.target.map(|target| target.statistics(statistic, per_channel)).transpose()?;
        Ok((input, target))
    }
}

impl Role {
    pub fn new(options: &FitOptions) -> Self {
        let kind = match &options.statistic {
            Statistic::MeanStd => Kind::Moments { with_error: options.tolerance.is_some() },
            Statistic::MinMax => Kind::Extremes,
            Statistic::Quantile { .. } => Kind::Blocks,
        };
        Role { running: None, per_channel: options.per_channel, kind }
    }

    /// Adds a block `CZYX`; whether all its values are finite numbers.
    pub fn update(&mut self, block: ArrayView4<'_, f32>) -> bool {
        let n_channels = block.len_of(Axis(0));
        let running = self.running.get_or_insert_with(|| match self.kind {
            Kind::Moments { with_error: false } => Running::Moments(ChannelMoments::new(n_channels)),
            Kind::Moments { with_error: true } => {
                let n_means = if self.per_channel { n_channels } else { 1 };
                Running::Means(ChannelMoments::new(n_channels), vec![PatchMeans::default(); n_means])
            }
            Kind::Extremes => Running::Extremes(ChannelExtremes::new(n_channels)),
            Kind::Blocks => Running::Blocks(Vec::new()),
        });
        match running {
            Running::Moments(moments) => {
                moments.update(block);
                moments.is_finite()
            }
            Running::Means(moments, means) => {
                let mut own = ChannelMoments::new(n_channels);
                own.update(block);
                for (mean, own) in means.iter_mut().zip(own.means(self.per_channel)) {
                    mean.push(own);
                }
                moments.merge(&own);
                moments.is_finite()
            }
            Running::Extremes(extremes) => {
                extremes.update(block);
                extremes.is_finite()
            }
            Running::Blocks(blocks) => {
                let is_finite = block.iter().all(|value| value.is_finite());
                blocks.push(block.to_owned());
                is_finite
            }
            Running::Quantiles(quantiles) => {
                quantiles.update(block);
                quantiles.is_finite()
            }
        }
    }

    /// Adds what a later task has seen.
    pub fn merge(&mut self, next: Role) {
        match (&mut self.running, next.running) {
            (running @ None, next) => *running = next,
            (Some(Running::Moments(all)), Some(Running::Moments(next))) => all.merge(&next),
            (Some(Running::Means(all, means)), Some(Running::Means(next, next_means))) => {
                all.merge(&next);
                means.iter_mut().zip(&next_means).for_each(|(mean, next)| mean.merge(next));
            }
            (Some(Running::Extremes(all)), Some(Running::Extremes(next))) => all.merge(&next),
            (Some(running), Some(Running::Blocks(blocks))) => {
                let mut quantiles =
                    Running::count(std::mem::replace(running, Running::Blocks(Vec::new())), self.per_channel);
                if let Running::Quantiles(quantiles) = &mut quantiles {
                    blocks.iter().for_each(|block| quantiles.update(block.view()));
                }
                *running = quantiles;
            }
            _ => {}
        }
    }

    fn statistics(
        self,
        statistic: &Statistic,
        per_channel: bool,
    ) -> Result<ChannelStatistics, ConstructError> {
        let running = self.running.ok_or(ConstructError::NoPatches)?;
        let (first, second) = match (Running::count(running, per_channel), statistic) {
            (Running::Moments(moments) | Running::Means(moments, _), _) => {
                (moments.means(per_channel), moments.stds(per_channel))
            }
            (Running::Extremes(extremes), _) => (extremes.lows(per_channel), extremes.highs(per_channel)),
            (Running::Quantiles(quantiles), Statistic::Quantile { lower, upper }) => {
                (quantiles.quantiles(lower)?, quantiles.quantiles(upper)?)
            }
            (Running::Quantiles(_) | Running::Blocks(_), _) => return Err(ConstructError::NoPatches),
        };
        Ok(ChannelStatistics { first, second })
    }
}

impl Running {
    /// Counts patches that were only collected, in their order.
    fn count(running: Running, per_channel: bool) -> Running {
        let Running::Blocks(blocks) = running else { return running };
        let n_channels = blocks.first().map_or(0, |block| block.len_of(Axis(0)));
        let mut quantiles = ChannelQuantiles::new(n_channels, per_channel);
        blocks.iter().for_each(|block| quantiles.update(block.view()));
        Running::Quantiles(quantiles)
    }
}
