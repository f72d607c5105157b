//! Quantiles over patches: exact ones in one pass or two, and those that the reference estimates.

use ndarray::{ArrayView4, Axis};
use patchweave_transform::{ChannelQuantiles, FinePixelCounts, OpenQuantiles, PixelCounts};

use super::walk::{Look, States, Walk};
use super::{ChannelStatistics, FittedStatistics};
use crate::{ConstructError, PatchRole, Sample};

/// Lists of levels, lower and upper ones, as [`PixelCounts::open_quantiles`] takes them.
type Levels<'a> = [&'a [f64]; 2];

/// Counts all pixels, and where that is not enough, counts those in question once more.
///
/// Counts do not depend on the order of patches, so every thread counts what it gets.
pub(super) fn exact(walk: &Walk<'_>, levels: Levels<'_>) -> Result<FittedStatistics, ConstructError> {
    let states = States::new(|| Ok(Roles { input: None, target: None }));
    let per_channel = walk.options.per_channel;
    let n_bytes = count_bytes(walk)?;
    each_patch(walk, (&states, n_bytes), |counts: &mut Roles<PixelCounts>, look| {
        let count = |counts: &mut Option<PixelCounts>, block: ArrayView4<'_, f32>, role| {
            let counts = match counts {
                Some(counts) => counts,
                None => counts.insert(PixelCounts::new(block.len_of(Axis(0)), per_channel)?),
            };
            counts.update(block)?;
            if counts.is_finite() { Ok(()) } else { Err(look.not_finite(role)) }
        };
        count(&mut counts.input, look.input, PatchRole::Input)?;
        look.target.map_or(Ok(()), |target| count(&mut counts.target, target, PatchRole::Target))
    })?;
    let open = states.into_all().into_iter().try_fold(
        Roles::<PixelCounts> { input: None, target: None },
        |mut all, next| {
            for (all, next) in [(&mut all.input, next.input), (&mut all.target, next.target)] {
                match (all, next) {
                    (Some(all), Some(next)) => all.merge(&next)?,
                    (all @ None, next) => *all = next,
                    (Some(_), None) => {}
                }
            }
            Ok::<_, ConstructError>(all)
        },
    )?;
    let open_role = |counts: Option<PixelCounts>| {
        counts.map(|counts| Ok::<_, ConstructError>(counts.open_quantiles(&levels)?)).transpose()
    };
    let (input, target) = (open_role(open.input)?, open_role(open.target)?);
    let open = Roles { input, target };
    let fine = look_closer(walk, &open, n_bytes)?;
    let quantiles = |open: &Option<OpenQuantiles>, fine: &Option<FinePixelCounts>| {
        let (Some(open), Some(fine)) = (open, fine) else { return Ok::<_, ConstructError>(None) };
        let mut lists = open.quantiles(fine)?.into_iter();
        Ok(lists.next().zip(lists.next()).map(|(first, second)| ChannelStatistics { first, second }))
    };
    let input = quantiles(&open.input, &fine.input)?.ok_or(ConstructError::NoPatches)?;
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
    let (of_input, of_target) = (needs(&open.input), needs(&open.target));
    if !of_input && !of_target {
        return empty();
    }
    let states = States::new(empty);
    each_patch(walk, (&states, n_bytes), |counts: &mut Roles<FinePixelCounts>, look| {
        if let Some(counts) = counts.input.as_mut().filter(|_| of_input) {
            counts.update(look.input);
        }
        if let (Some(counts), Some(target)) = (counts.target.as_mut().filter(|_| of_target), look.target) {
            counts.update(target);
        }
        Ok(())
    })?;
    let mut all = states.into_all().into_iter();
    let mut first = all.next().map_or_else(empty, Ok)?;
    for next in all {
        for (all, next) in [(&mut first.input, &next.input), (&mut first.target, &next.target)] {
            if let (Some(all), Some(next)) = (all, next) {
                all.merge(next);
            }
        }
    }
    Ok(first)
}

/// The estimate of the reference, which depends on the order of patches: they are made side by side, as many at a
/// time as the budget holds, and counted one after the other.
pub(super) fn streaming(
    walk: &Walk<'_>,
    [lower, upper]: Levels<'_>,
) -> Result<FittedStatistics, ConstructError> {
    let options = walk.options;
    let states = States::new(|| Ok(()));
    let mut quantiles = Roles::<ChannelQuantiles> { input: None, target: None };
    for round in walk.rounds() {
        let mut first = round.start;
        while first < round.end {
            let portion = first..walk.portion_end(first..round.end)?;
            first = portion.end;
            let tasks = walk.round(portion, (&states, 0), |(), idle, places| {
                places
                    .map(|place| {
                        walk.look_at(place, idle, |look| look.check_finite())?;
                        Ok(idle.take().map(|(_, sample)| sample))
                    })
                    .collect::<Result<Vec<_>, ConstructError>>()
            })?;
            for Sample { input, target } in tasks.into_iter().flatten().flatten() {
                let add = |quantiles: &mut Option<ChannelQuantiles>, block: ArrayView4<'_, f32>| {
                    let n_channels = block.len_of(Axis(0));
                    let quantiles = quantiles
                        .get_or_insert_with(|| ChannelQuantiles::new(n_channels, options.per_channel));
                    quantiles.update(block)
                };
                add(&mut quantiles.input, walk.constr.principal_input(input.view()))?;
                if let Some(target) = target.filter(|_| options.with_target) {
                    add(&mut quantiles.target, target.view())?;
                }
            }
        }
    }
    let found = |quantiles: ChannelQuantiles| {
        let (first, second) = (quantiles.quantiles(lower)?, quantiles.quantiles(upper)?);
        Ok::<_, ConstructError>(ChannelStatistics { first, second })
    };
    let input = found(quantiles.input.ok_or(ConstructError::NoPatches)?)?;
    let target = quantiles.target.map(found).transpose()?;
    Ok(FittedStatistics { input, target, n_patches: walk.n_patches() })
}

/// Something for the input, and for the target where there is one.
struct Roles<T> {
    input: Option<T>,
    target: Option<T>,
}

/// Shows all patches to the states of threads.
fn each_patch<S: Send>(
    walk: &Walk<'_>,
    states: (&States<'_, S>, usize),
    look: impl Fn(&mut S, &Look<'_>) -> Result<(), ConstructError> + Sync,
) -> Result<(), ConstructError> {
    for round in walk.rounds() {
        walk.round(round, states, |state, idle, mut places| {
            places.try_for_each(|place| walk.look_at(place, idle, |seen| look(state, seen)))
        })?;
    }
    Ok(())
}

/// Bytes that the counts of one thread take.
fn count_bytes(walk: &Walk<'_>) -> Result<usize, ConstructError> {
    let layout = walk.constr.layout(walk.index(0))?;
    let n_lists = |n_channels: usize| if walk.options.per_channel { n_channels } else { 1 };
    let of_target = layout.target.filter(|_| walk.options.with_target);
    let n_lists = n_lists(layout.input.n_channels)
        .saturating_add(of_target.map_or(0, |target| n_lists(target.n_channels)));
    Ok(n_lists.saturating_mul(PixelCounts::BYTES_PER_LIST))
}
