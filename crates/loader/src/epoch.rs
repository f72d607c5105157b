//! The stream of an epoch: which sample stands at which place, and which samples make a batch.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use patchweave_construct::{Dataset, SampleLayout};
use patchweave_patching::Round;

use crate::mix::{MixPart, Mixture};
use crate::order::RoundOrder;
use crate::panics::panic_message;
use crate::{LoaderError, LoaderOptions, Order, SampleId, Shapes};

/// Bits of a round's variant that count passes and places; the data set stands above them.
const VARIANT_BITS: u32 = 48;

/// More data sets cannot be told apart by what is left.
pub(crate) const MAX_PARTS: usize = 1 << (u64::BITS - VARIANT_BITS);

/// The variant of the first pass over a data set.
fn first_variant(dataset: usize) -> u64 {
    (dataset as u64) << VARIANT_BITS
}

/// The samples of an epoch, place by place.
pub(crate) struct EpochOrder {
    parts: Arc<[MixPart]>,
    order: Order,
    n_threads: usize,
    epoch: u64,
    n_places: usize,
    mixture: Mixture,
    /// For every data set the pass that was asked for last.
    rounds: Vec<Option<(usize, RoundOrder)>>,
}

impl EpochOrder {
    pub fn new(parts: Arc<[MixPart]>, options: &LoaderOptions, epoch: u64, n_places: usize) -> Self {
        let mixture = Mixture::new(&parts, epoch);
        let rounds = parts.iter().map(|_| None).collect();
        let order = options.order;
        EpochOrder { parts, order, n_threads: options.n_workers, epoch, n_places, mixture, rounds }
    }

    pub fn n_places(&self) -> usize {
        self.n_places
    }

    /// The sample at a place.
    ///
    /// # Errors
    /// What the order reports.
    pub fn sample_at(&mut self, place: usize) -> Result<SampleId, LoaderError> {
        let (dataset, place) = self.mixture.at(place);
        let part = &self.parts[dataset];
        let n = part.dataset.n_patches().max(1);
        // Draws with replacement do not begin anew.
        let (pass, place) = if self.order == Order::Weighted { (0, place) } else { (place / n, place % n) };
        let variant = first_variant(dataset).wrapping_add(pass as u64);
        let round = Round { epoch: self.epoch, variant };
        let order = match &mut self.rounds[dataset] {
            Some((of, order)) if *of == pass => order,
            last => {
                let set = &part.dataset;
                let weights = part.weights.as_ref();
                let order = within_share(self.order, dataset, &self.parts);
                &mut last.insert((pass, RoundOrder::new(order, set, weights, round, self.n_threads)?)).1
            }
        };
        let at = order.at(place, &part.dataset, round)?;
        Ok(SampleId { dataset, index: at.index, round: at.round })
    }

    pub fn dataset(&self, sample: &SampleId) -> &Arc<Dataset> {
        &self.parts[sample.dataset].dataset
    }

    /// The shapes of a sample.
    ///
    /// # Errors
    /// What the constructor reports.
    pub fn layout(&self, sample: &SampleId) -> Result<SampleLayout, patchweave_construct::ConstructError> {
        self.dataset(sample).layout(sample.index)
    }
}

/// Several data sets share, by their ratios, what an order may hold in memory.
fn within_share(order: Order, dataset: usize, parts: &[MixPart]) -> Order {
    let Order::ChunkAware(mut options) = order else { return order };
    let (ratio, total) = (parts[dataset].ratio, parts.iter().map(|part| part.ratio).sum::<usize>());
    let share = |n: usize| n.saturating_mul(ratio).div_ceil(total.max(1)).max(1);
    options.window = share(options.window);
    options.sources = share(options.sources);
    options.cache_bytes = options.cache_bytes / (total.max(1) as u64) * ratio as u64;
    Order::ChunkAware(options)
}

/// Which samples make which batch.
pub(crate) enum Batching {
    /// So many neighbours of the order each.
    InOrder { batch_size: usize, n_batches: usize },
    /// Worked out beforehand.
    Listed(Vec<Vec<SampleId>>),
}

impl Batching {
    /// Deals the samples of an epoch out to batches.
    ///
    /// # Errors
    /// What the order and the constructors report, where samples are grouped by shape.
    pub fn new(order: &mut EpochOrder, options: &LoaderOptions) -> Result<Self, LoaderError> {
        let batch_size = options.batch_size;
        let n = order.n_places();
        match options.shapes {
            Shapes::Equal => {
                let n_batches = if options.drop_last { n / batch_size } else { n.div_ceil(batch_size) };
                Ok(Batching::InOrder { batch_size, n_batches })
            }
            Shapes::Grouped => {
                let listed = || grouped(order, batch_size, options.drop_last);
                let listed = catch_unwind(AssertUnwindSafe(listed)).unwrap_or_else(|panic| {
                    Err(LoaderError::PlanPanicked { batch_idx: 0, message: panic_message(panic) })
                });
                listed.map(Batching::Listed)
            }
        }
    }

    pub fn n_batches(&self) -> usize {
        match self {
            Batching::InOrder { n_batches, .. } => *n_batches,
            Batching::Listed(batches) => batches.len(),
        }
    }

    /// How many samples a batch has.
    pub fn n_samples(&self, batch_idx: usize, order: &EpochOrder) -> usize {
        match self {
            Batching::InOrder { batch_size, .. } => places(batch_idx, *batch_size, order.n_places()).len(),
            Batching::Listed(batches) => batches.get(batch_idx).map_or(0, Vec::len),
        }
    }

    /// The samples of a batch.
    ///
    /// # Errors
    /// What the order reports.
    pub fn samples(&self, batch_idx: usize, order: &mut EpochOrder) -> Result<Vec<SampleId>, LoaderError> {
        match self {
            Batching::InOrder { batch_size, .. } => {
                let places = places(batch_idx, *batch_size, order.n_places());
                places.map(|place| order.sample_at(place)).collect()
            }
            Batching::Listed(batches) => Ok(batches.get(batch_idx).cloned().unwrap_or_default()),
        }
    }
}

/// The places of a batch.
fn places(batch_idx: usize, batch_size: usize, n_places: usize) -> Range<usize> {
    let first = batch_idx.saturating_mul(batch_size);
    first..first.saturating_add(batch_size).min(n_places)
}

/// Collects samples of one shape until they fill a batch; what is left comes last.
///
/// A sample whose shape is not known goes with those before it: its batch will tell why.
fn grouped(
    order: &mut EpochOrder,
    batch_size: usize,
    drop_last: bool,
) -> Result<Vec<Vec<SampleId>>, LoaderError> {
    let mut batches = Vec::new();
    let mut open: Vec<Vec<SampleId>> = Vec::new();
    let mut place_of = HashMap::<Option<SampleLayout>, usize>::new();
    for place in 0..order.n_places() {
        let sample = order.sample_at(place)?;
        let layout = order.layout(&sample).ok();
        let at = *place_of.entry(layout).or_insert(open.len());
        if at == open.len() {
            open.push(Vec::new());
        }
        open[at].push(sample);
        if open[at].len() == batch_size {
            batches.push(std::mem::take(&mut open[at]));
        }
    }
    if !drop_last {
        batches.extend(open.into_iter().filter(|samples| !samples.is_empty()));
    }
    Ok(batches)
}
