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

/// What could be changed, and the chunks that it would have decoded for the first `n_made` patches from an empty cache; the
/// chunk-aware order before larger caches, smaller ones before larger ones.
pub(super) fn alternatives(setup: &Setup, n_made: usize) -> Result<Vec<Alternative>, Failure> {
    let (loader, budget) = (&setup.loader, setup.cache.budget());
    let alternative = |change, loader: &Loader, cache_bytes| -> Result<Alternative, Failure> {
        let forecast = forecast_of(loader, n_made, cache_bytes)?;
        Ok(Alternative { change, n_decodes: decodes_of(&forecast, cache_bytes, n_made as f64) })
    };
    let mut found = Vec::new();
    if matches!(loader.options().order, Order::Shuffled | Order::Grouped) {
        let change = Change::ChunkAware { window: setup.window()? };
        match setup.changed(change) {
            Ok(changed) => found.push(alternative(change, &changed, budget)?),
            // Only making a patch tells where it comes from, so that no order can go by chunks.
            Err(LoaderError::NoPlaces) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // An order that divides the cache among columns cannot use more of it.
    if matches!(loader.options().order, Order::ChunkAware(_)) {
        return Ok(found);
    }
    let all = all_chunk_bytes(&loader.forecast(0, budget)?);
    let mut mib = 64.max((budget / MIB + 1).next_power_of_two());
    while all > budget as f64 && mib <= MOST_MIB {
        found.push(alternative(Change::CacheMib(mib), loader, mib * MIB)?);
        if all <= (mib * MIB) as f64 {
            break;
        }
        mib *= 2;
    }
    Ok(found)
}
