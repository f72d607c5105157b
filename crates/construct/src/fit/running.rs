//! Statistics that are sums or extremes: one pass over the patches, merged in the order of tasks.

use ndarray::{ArrayView4, Axis};
use patchweave_transform::{ChannelExtremes, ChannelMoments, PatchScatter};

use super::statistic::{ChannelStatistics, FittedStatistics, Statistic};
use super::walk::{Idle, Roles, States, Walk};
use crate::ConstructError;

/// Means and deviations, or extremes; means may end as soon as they are known to the tolerance.
pub(super) fn running(walk: &Walk<'_>) -> Result<FittedStatistics, ConstructError> {
    let options = walk.options;
    let kind = Kind {
        per_channel: options.per_channel,
        is_extremes: options.statistic == Statistic::MinMax,
        with_scatter: options.tolerance.is_some(),
    };
    let states = States::new(|| Ok(()));
    let mut all = Seen::NONE;
    let mut n_patches = 0;
    for group in walk.groups() {
        n_patches = group.end;
        let tasks = walk.group(group, (&states, 0), |(), idle, places| {
            let mut seen = Seen::NONE;
            for place in places {
                see(walk, kind, place, idle, &mut seen)?;
            }
            Ok(seen)
        })?;
        for task in tasks {
            all.merge(task, |all, next| {
                all.merge(&next);
                Ok::<_, ConstructError>(())
            })?;
        }
        let is_known = |seen: &Running, tolerance| seen.is_known_to(tolerance, options.per_channel);
        if let Some(tolerance) = options.tolerance
            && [&all.input, &all.target].into_iter().flatten().all(|seen| is_known(seen, tolerance))
        {
            break;
        }
    }
    let [input, target] =
        [all.input, all.target].map(|seen| seen.map(|seen| seen.statistics(options.per_channel)));
    Ok(FittedStatistics { input, target, n_patches })
}

fn see(
    walk: &Walk<'_>,
    kind: Kind,
    place: usize,
    idle: &mut Idle,
    seen: &mut Seen,
) -> Result<(), ConstructError> {
    walk.look_at(place, idle, |look| {
        for (role, block) in look.blocks() {
            let seen = seen.of(role).get_or_insert_with(|| Running::new(kind, block.len_of(Axis(0))));
            if !seen.update(block, kind.per_channel) {
                return Err(look.not_finite(role));
            }
        }
        Ok(())
    })
}

#[derive(Debug, Clone, Copy)]
struct Kind {
    per_channel: bool,
    is_extremes: bool,
    with_scatter: bool,
}

/// What was seen of inputs and targets.
type Seen = Roles<Running>;

/// What was seen of one role.
enum Running {
    /// The scatter of patches as well, where it is asked for.
    Moments(ChannelMoments, Vec<PatchScatter>),
    Extremes(ChannelExtremes),
}

impl Running {
    fn new(kind: Kind, n_channels: usize) -> Self {
        if kind.is_extremes {
            return Running::Extremes(ChannelExtremes::new(n_channels));
        }
        let n_scatters = match (kind.with_scatter, kind.per_channel) {
            (false, _) => 0,
            (true, true) => n_channels,
            (true, false) => 1,
        };
        Running::Moments(ChannelMoments::new(n_channels), vec![PatchScatter::default(); n_scatters])
    }

    /// Adds a block `CZYX`; whether all its values are finite numbers.
    fn update(&mut self, block: ArrayView4<'_, f32>, per_channel: bool) -> bool {
        match self {
            Running::Moments(moments, scatters) if scatters.is_empty() => {
                moments.update(block);
                moments.is_finite()
            }
            Running::Moments(moments, scatters) => {
                let mut own = ChannelMoments::new(block.len_of(Axis(0)));
                own.update(block);
                let values = own.means(per_channel).into_iter().zip(own.stds(per_channel));
                scatters.iter_mut().zip(values).for_each(|(scatter, (mean, std))| scatter.push(mean, std));
                moments.merge(&own);
                moments.is_finite()
            }
            Running::Extremes(extremes) => {
                extremes.update(block);
                extremes.is_finite()
            }
        }
    }

    /// Adds what a later task has seen.
    fn merge(&mut self, next: &Running) {
        match (self, next) {
            (Running::Moments(all, scatters), Running::Moments(next, next_scatters)) => {
                all.merge(next);
                scatters.iter_mut().zip(next_scatters).for_each(|(scatter, next)| scatter.merge(next));
            }
            (Running::Extremes(all), Running::Extremes(next)) => all.merge(next),
            _ => {}
        }
    }

    /// Whether the standard errors of every mean and deviation are at most `tolerance` deviations.
    fn is_known_to(&self, tolerance: f64, per_channel: bool) -> bool {
        let Running::Moments(moments, scatters) = self else { return false };
        scatters.iter().zip(moments.stds(per_channel)).all(|(scatter, std)| {
            scatter.mean_error() <= tolerance * std && scatter.std_error() <= tolerance * std
        })
    }

    fn statistics(self, per_channel: bool) -> ChannelStatistics {
        let (first, second) = match self {
            Running::Moments(moments, _) => (moments.means(per_channel), moments.stds(per_channel)),
            Running::Extremes(extremes) => (extremes.lows(per_channel), extremes.highs(per_channel)),
        };
        ChannelStatistics { first, second }
    }
}
