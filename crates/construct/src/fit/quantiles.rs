//! Quantiles over patches: exact ones in one pass or two, and those that the reference estimates.

use ndarray::Axis;
use patchweave_transform::{ChannelQuantiles, FinePixelCounts, OpenQuantiles, PixelCounts};

use super::statistic::{ChannelStatistics, FittedStatistics};
use super::walk::{Look, Roles, States, Walk};
use crate::{ConstructError, PatchRole};

/// Lists of levels, lower and upper ones, as [`PixelCounts::open_quantiles`] takes them.
type Levels<'a> = [&'a [f64]; 2];

/// Counts all pixels, and where that is not enough, counts those in question once more.
///
/// Counts do not depend on the order of patches, so every thread counts what it gets.
pub(super) fn exact(walk: &Walk<'_>, levels: Levels<'_>) -> Result<FittedStatistics, ConstructError> {
    let states = States::new(|| Ok(Roles::NONE));
    let per_channel = walk.options.per_channel;
    let n_bytes = count_bytes(walk)?;
    each_patch(walk, (&states, n_bytes), |counts: &mut Roles<PixelCounts>, look| {
        for (role, block) in look.blocks() {
            let counts = match counts.of(role) {
                Some(counts) => counts,
                empty => empty.insert(PixelCounts::new(block.len_of(Axis(0)), per_channel)?),
            };
            counts.update(block)?;
            if !counts.is_finite() {
                return Err(look.not_finite(role));
            }
        }
        Ok(())
    })?;
    let mut all = Roles::NONE;
    for next in states.into_all() {
        all.merge(next, |all, next| all.merge(&next))?;
    }
    let open = all.try_map(|counts| counts.open_quantiles(&levels))?;
    let fine = look_closer(walk, &open, n_bytes)?;
    let quantiles = |open: &Option<OpenQuantiles>, fine: &Option<FinePixelCounts>| {
        let (Some(open), Some(fine)) = (open, fine) else { return Ok::<_, ConstructError>(None) };
        let mut lists = open.quantiles(fine)?.into_iter();
        Ok(lists.next().zip(lists.next()).map(|(first, second)| ChannelStatistics { first, second }))
    };
    let input = quantiles(&open.input, &fine.input)?;
    let target = quantiles(&open.target, &fine.target)?;
    Ok(FittedStatistics { input, target, n_patches: walk.n_patches() })
}

/// The second pass, for those roles that need one; for the others counts of nothing.
fn look_closer(
    walk: &Walk<'_>,
    open: &Roles<OpenQuantiles>,
    n_bytes: usize,
) -> Result<Roles<FinePixelCounts>, ConstructError> {
    let empty = || {
        let counts = |open: &Option<OpenQuantiles>| open.as_ref().map(OpenQuantiles::counts).transpose();
        Ok::<_, ConstructError>(Roles { input: counts(&open.input)?, target: counts(&open.target)? })
    };
    let needs = |open: &Option<OpenQuantiles>| open.as_ref().is_some_and(OpenQuantiles::needs_second_pass);
    let needs_pass = |role| match role {
        PatchRole::Input => needs(&open.input),
        PatchRole::Target => needs(&open.target),
    };
    if !needs_pass(PatchRole::Input) && !needs_pass(PatchRole::Target) {
        return empty();
    }
    let states = States::new(empty);
    each_patch(walk, (&states, n_bytes), |counts: &mut Roles<FinePixelCounts>, look| {
        for (role, block) in look.blocks().filter(|(role, _)| needs_pass(*role)) {
            if let Some(counts) = counts.of(role) {
                counts.update(block);
            }
        }
        Ok(())
    })?;
    let mut all = empty()?;
    for next in states.into_all() {
        all.merge(next, |all, next| {
            all.merge(&next);
            Ok::<_, ConstructError>(())
        })?;
    }
    Ok(all)
}

/// The estimate of the reference, which depends on the order of patches: they are made side by side, as many at a
/// time as the budget holds, and counted one after the other.
pub(super) fn streaming(
    walk: &Walk<'_>,
    [lower, upper]: Levels<'_>,
) -> Result<FittedStatistics, ConstructError> {
    let options = walk.options;
    let states = States::new(|| Ok(()));
    let mut quantiles = Roles::<ChannelQuantiles>::NONE;
    for group in walk.groups() {
        let mut first = group.start;
        while first < group.end {
            let portion = first..walk.portion_end(first..group.end)?;
            first = portion.end;
            let tasks = walk.group(portion, (&states, 0), |(), idle, places| {
                places
                    .map(|place| {
                        walk.look_at(place, idle, |look| look.check_finite())?;
                        Ok(idle.take_sample())
                    })
                    .collect::<Result<Vec<_>, ConstructError>>()
            })?;
            for sample in tasks.into_iter().flatten().flatten() {
                for (role, block) in Roles::wanted(&sample, walk.constr, options).blocks() {
                    let n_channels = block.len_of(Axis(0));
                    let new = || ChannelQuantiles::new(n_channels, options.per_channel);
                    quantiles.of(role).get_or_insert_with(new).update(block)?;
                }
            }
        }
    }
    let found = |quantiles: ChannelQuantiles| {
        let first = quantiles.quantiles(lower)?;
        let second = quantiles.quantiles(upper)?;
        Ok::<_, ConstructError>(ChannelStatistics { first, second })
    };
    let Roles { input, target } = quantiles.try_map(found)?;
    Ok(FittedStatistics { input, target, n_patches: walk.n_patches() })
}

/// Shows all patches to the states of threads.
fn each_patch<S: Send>(
    walk: &Walk<'_>,
    states: (&States<'_, S>, usize),
    look: impl Fn(&mut S, &Look<'_>) -> Result<(), ConstructError> + Sync,
) -> Result<(), ConstructError> {
    for group in walk.groups() {
        walk.group(group, states, |state, idle, mut places| {
            places.try_for_each(|place| walk.look_at(place, idle, |seen| look(state, seen)))
        })?;
    }
    Ok(())
}

/// Bytes that the counts of one thread take.
fn count_bytes(walk: &Walk<'_>) -> Result<usize, ConstructError> {
    let layout = walk.constr.layout(walk.index(0))?;
    let n_lists = |n_channels: usize| if walk.options.per_channel { n_channels } else { 1 };
    let of_input = Some(layout.input).filter(|_| walk.options.with_input);
    let of_target = layout.target.filter(|_| walk.options.with_target);
    let n_lists = [of_input, of_target].into_iter().flatten().map(|block| n_lists(block.n_channels));
    let n_lists = n_lists.fold(0, usize::saturating_add);
    Ok(n_lists.saturating_mul(PixelCounts::BYTES_PER_LIST))
}
