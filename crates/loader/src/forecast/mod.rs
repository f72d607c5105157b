//! What an epoch will take, worked out from places alone: no pixel is read.

mod chunks;
mod kept;

use std::time::Duration;

use patchweave_construct::{Sample, Scratch, Spent};
use patchweave_geometry::RegionSpec;

use crate::epoch::Batching;
use crate::mixing::Mixer;
use crate::order::as_f64;
use crate::steps::Steps;
use crate::{Loader, LoaderError, Mixing};
use chunks::ImageList;
use kept::Kept;

/// Patches that are looked at at most.
const MAX_PATCHES: usize = 1 << 16;

/// Chunks that are looked up at most.
const MAX_LOOKUPS: usize = 1 << 21;

/// What an epoch will take.
///
/// Chunks are followed through a cache of the given size for the first patches of the epoch, in their order; what that
/// gives is taken for the rest as well. Images whose pixels are in memory or read where they lie are not decoded.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Forecast {
    /// Patches of the epoch that this rank delivers.
    pub n_patches: usize,
    /// Batches of the epoch that this rank delivers.
    pub n_batches: usize,
    /// Bytes of inputs and targets, 4 for each value.
    pub n_bytes: f64,
    /// Chunks of the images that patches come from; 0 where nothing is decoded.
    pub n_chunks: f64,
    /// Chunks that will be decoded.
    pub n_decodes: f64,
    /// Bytes of these chunks.
    pub decoded_bytes: f64,
    /// Bytes that a run holds at most: batches in flight, as many again for the next ones, and the cache of chunks as far as
    /// it will be filled; what the order holds, and statistics, come on top.
    pub memory_bytes: f64,
    /// How well patches are mixed.
    pub mixing: Mixing,
    /// How many patches were looked at.
    pub n_seen: usize,
}

impl Forecast {
    /// Decoded bytes for every delivered byte.
    #[must_use]
    pub fn amplification(&self) -> f64 {
        if self.n_bytes > 0.0 { self.decoded_bytes / self.n_bytes } else { 0.0 }
    }

    /// How many times a chunk is decoded on average.
    #[must_use]
    pub fn decodes_per_chunk(&self) -> f64 {
        if self.n_chunks > 0.0 { self.n_decodes / self.n_chunks } else { 0.0 }
    }

    /// The time an epoch takes on `n_workers` threads that spend what was `spent` before, if the consumer keeps up.
    ///
    /// `None` if nothing was made yet.
    #[must_use]
    pub fn time(&self, spent: &Spent, n_workers: usize) -> Option<Duration> {
        let n_made = (spent.n_patches > 0).then(|| u64_as_f64(spent.n_patches))?;
        let per_patch = (spent.time() - spent.reading.time()).as_secs_f64() / n_made;
        let n_decodes = u64_as_f64(spent.reading.n_decodes);
        let per_decode = if n_decodes > 0.0 { spent.reading.time().as_secs_f64() / n_decodes } else { 0.0 };
        let total = per_patch * as_f64(self.n_patches) + per_decode * self.n_decodes;
        Duration::try_from_secs_f64(total / as_f64(n_workers.max(1))).ok()
    }
}

impl Loader {
    /// What an epoch will take this rank with a cache of `cache_bytes` for chunks.
    ///
    /// # Errors
    /// What the order and the constructors report; [`LoaderError::Forked`].
    pub fn forecast(&self, epoch: u64, cache_bytes: u64) -> Result<Forecast, LoaderError> {
        self.check_process()?;
        let mut order = self.order_of(epoch);
        let batching = Batching::new(&mut order, self.options())?;
        let steps = Steps::new(self.options().shard, 0, batching.n_batches());
        let n = steps.n_samples(&batching, &order);
        let mut images = ImageList::default();
        let mut kept = Kept::new(cache_bytes);
        let mut mixer = Mixer::default();
        let mut value_bytes = 0.0;
        let mut n_seen = 0;
        let mut n_lookups = 0;
        // What happens behind the middle is what goes on: by then the cache is as full as it gets.
        let mut at_middle = (0, Count::default());
        let n_wanted = n.min(MAX_PATCHES);
        let mut step = 0;
        let mut batch = Vec::new().into_iter();
        while n_seen < n_wanted && n_lookups < MAX_LOOKUPS {
            let Some(id) = batch.next() else {
                mixer.end_batch();
                batch = batching.samples(steps.batch(step).0, &mut order)?.into_iter();
                step += 1;
                continue;
            };
            let dataset = order.dataset(&id);
            let failed = |source| LoaderError::Place { id, source };
            value_bytes += as_f64(dataset.layout(id.index).map_err(failed)?.len() * size_of::<f32>());
            let spec = dataset.locate(id.index, id.round).map_err(failed)?;
            let mut first = None;
            if let Some(spec) = &spec {
                images.chunks_of(id.dataset, dataset, spec, |key, bytes| {
                    first.get_or_insert(key);
                    n_lookups += 1;
                    kept.ask(key, bytes);
                });
            }
            mixer.add(id.dataset, spec.as_ref().and_then(RegionSpec::patch), first.map(|(_, place)| place));
            n_seen += 1;
            let is_middle = n_seen * 2 >= n_wanted || n_lookups * 2 >= MAX_LOOKUPS;
            if at_middle.0 == 0 && is_middle {
                at_middle = (n_seen, Count::of(&kept));
            }
        }
        let count = extrapolated(Count::of(&kept), at_middle, n_seen, n);
        let all = Count { n_decodes: images.n_chunks(), bytes: images.all_bytes() };
        // What the cache holds as a whole is decoded once, however long the epoch.
        let count = if kept.n_dropped() == 0 && all.bytes <= u64_as_f64(cache_bytes) {
            count.at_most(all)
        } else {
            count
        };
        let per_patch = if n_seen > 0 { value_bytes / as_f64(n_seen) } else { 0.0 };
        let batch_bytes = per_patch * as_f64(self.options().batch_size);
        let in_flight = (batch_bytes * as_f64(self.options().prefetch_batches))
            .min(as_f64(self.options().prefetch_bytes));
        Ok(Forecast {
            n_patches: n,
            n_batches: steps.n_steps,
            n_bytes: per_patch * as_f64(n),
            n_chunks: all.n_decodes,
            n_decodes: count.n_decodes,
            decoded_bytes: count.bytes,
            memory_bytes: 2.0 * in_flight + all.bytes.min(u64_as_f64(cache_bytes)),
            mixing: mixer.finish(),
            n_seen,
        })
    }

    /// Makes the first patches of an epoch on this thread, until `limit` has passed, and says what they took.
    ///
    /// At least one patch is made if there is one that fits the budget. Chunks that are decoded stay in the cache.
    ///
    /// # Errors
    /// [`LoaderError::Probe`] with what a constructor reports, [`LoaderError::Forked`], and what the order reports.
    pub fn probe(&self, epoch: u64, limit: Duration) -> Result<Spent, LoaderError> {
        self.check_process()?;
        let start = std::time::Instant::now();
        let mut order = self.order_of(epoch);
        let mut scratch = Scratch::default();
        for place in 0..order.n_places() {
            let id = order.sample_at(place)?;
            let dataset = order.dataset(&id);
            let failed = |source| LoaderError::Probe { id, source };
            let layout = dataset.layout(id.index).map_err(failed)?;
            if layout.len().saturating_mul(size_of::<f32>()) > self.options().prefetch_bytes {
                break;
            }
            let mut sample = Sample::zeros(&layout).map_err(failed)?;
            dataset.write(id.index, id.round, &mut scratch, sample.view_mut()).map_err(failed)?;
            if start.elapsed() >= limit {
                break;
            }
        }
        Ok(scratch.take_spent())
    }
}

/// Decodes and their bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    n_decodes: f64,
    bytes: f64,
}

impl Count {
    fn of(kept: &Kept) -> Self {
        Count { n_decodes: as_f64(kept.n_decodes()), bytes: kept.decoded_bytes() }
    }

    fn at_most(self, other: Self) -> Self {
        Count { n_decodes: self.n_decodes.min(other.n_decodes), bytes: self.bytes.min(other.bytes) }
    }
}

/// What all `n` patches take, if those behind the middle of the ones seen are like the ones that follow.
fn extrapolated(seen: Count, (n_middle, middle): (usize, Count), n_seen: usize, n: usize) -> Count {
    let n_later = n_seen - n_middle;
    if n_later == 0 {
        return seen;
    }
    let times = as_f64(n - n_seen) / as_f64(n_later);
    let further = |seen: f64, middle: f64| seen + (seen - middle) * times;
    Count { n_decodes: further(seen.n_decodes, middle.n_decodes), bytes: further(seen.bytes, middle.bytes) }
}

#[expect(clippy::cast_precision_loss, reason = "a forecast need not be exact")]
fn u64_as_f64(n: u64) -> f64 {
    n as f64
}
