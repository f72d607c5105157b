//! What else could be done about reading, and how many chunks it would decode.

use patchweave_loader::{Forecast, Loader, LoaderError, LoaderOptions, Order};

use super::setup::Setup;
use super::verdict::{Alternative, Change};
use crate::Failure;
use crate::forecast::{all_chunk_bytes, decodes_of};

const MIB: u64 = 1 << 20;

/// No larger cache is advised, in MiB.
const MOST_MIB: u64 = 4096;

/// The first patches of a loader, or its epoch where that has fewer, as they come in its order.
pub(super) fn forecast_of(loader: &Loader, n_patches: usize, cache_bytes: u64) -> Result<Forecast, Failure> {
    let max_patches = Some(n_patches.clamp(1, loader.n_patches().max(1)));
    let loader = loader.with_options(LoaderOptions { max_patches, ..*loader.options() })?;
    Ok(loader.forecast(0, cache_bytes)?)
}

/// What could be changed about reading: the chunk-aware order before larger caches, smaller ones before larger ones.
pub(super) fn changes(setup: &Setup, epoch: &Forecast) -> Result<Vec<Change>, Failure> {
    let loader = &setup.loader;
    let budget = setup.cache.budget();
    let mut found = Vec::new();
    match loader.options().order {
        Order::Shuffled | Order::Grouped => {
            let change = Change::ChunkAware { window: setup.window() };
            match setup.changed(change) {
                Ok(_) => found.push(change),
                // Only making a patch tells where it comes from, so that no order can go by chunks.
                Err(LoaderError::NoPlaces) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // Its columns are as wide as the cache allows, so that the stream would be another one.
        Order::ChunkAware(_) => return Ok(found),
        _ => {}
    }
    let all = all_chunk_bytes(epoch);
    let mut mib = 64.max((budget / MIB + 1).next_power_of_two());
    let mut room = budget;
    while all > room as f64 && mib <= MOST_MIB {
        found.push(Change::CacheMib(mib));
        (mib, room) = (mib * 2, mib * MIB);
    }
    Ok(found)
}

/// A change, and the chunks that it would have decoded for `n_made` patches, if `gain` times as many are made in the same
/// time from an empty cache.
pub(super) fn alternative(
    setup: &Setup,
    change: Change,
    n_made: f64,
    gain: f64,
) -> Result<Alternative, Failure> {
    let cache_bytes = match change {
        Change::CacheMib(mib) => mib.saturating_mul(MIB),
        _ => setup.cache.budget(),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is cut off at the ends")]
    let n_patches = (n_made * gain).ceil() as usize;
    let forecast = forecast_of(&setup.changed(change)?, n_patches, cache_bytes)?;
    let n_decodes = decodes_of(&forecast, cache_bytes, n_made * gain) / gain;
    Ok(Alternative { change, n_decodes })
}
