//! The stream of an epoch: which sample stands at which place, and which samples make a batch.

use std::sync::Arc;

use patchweave_construct::{Dataset, SampleLayout};
use patchweave_patching::Round;

use crate::mix::{MixPart, Mixture};
use crate::order::RoundOrder;
use crate::{LoaderError, LoaderOptions, Order, SampleId, Shapes};

/// Bits of a round's variant that count passes and places; the data set stands above them.
const VARIANT_BITS: u32 = 48;

/// The variant of the first pass over a data set.
fn first_variant(dataset: usize) -> u64 {
    (dataset as u64) << VARIANT_BITS
}

/// The data set of a sample that has this round.
pub(crate) fn dataset_of(round: Round) -> usize {
    usize::try_from(round.variant >> VARIANT_BITS).unwrap_or(usize::MAX)
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
        let order = within_share(options.order, parts.len());
        let mixture = Mixture::new(&parts, epoch);
        let rounds = parts.iter().map(|_| None).collect();
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
                let (set, weights) = (&part.dataset, part.weights.as_ref());
                &mut last.insert((pass, RoundOrder::new(self.order, set, weights, round, self.n_threads)?)).1
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

/// Several data sets share what an order may hold in memory.
fn within_share(order: Order, n_parts: usize) -> Order {
    match order {
        Order::ChunkAware(mut options) => {
            let n_parts = n_parts.max(1);
            options.window = options.window.div_ceil(n_parts);
            options.sources = options.sources.div_ceil(n_parts);
            options.cache_bytes /= n_parts as u64;
            Order::ChunkAware(options)
        }
        order => order,
    }
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
        let (batch_size, n) = (options.batch_size, order.n_places());
        match options.shapes {
            Shapes::Equal => {
                let n_batches = if options.drop_last { n / batch_size } else { n.div_ceil(batch_size) };
                Ok(Batching::InOrder { batch_size, n_batches })
            }
            Shapes::Grouped => Ok(Batching::Listed(grouped(order, batch_size, options.drop_last)?)),
        }
    }

    pub fn n_batches(&self) -> usize {
        match self {
            Batching::InOrder { n_batches, .. } => *n_batches,
            Batching::Listed(batches) => batches.len(),
        }
    }

    /// The samples of a batch.
    ///
    /// # Errors
    /// What the order reports.
    pub fn samples(&self, batch_idx: usize, order: &mut EpochOrder) -> Result<Vec<SampleId>, LoaderError> {
        match self {
            Batching::InOrder { batch_size, .. } => {
                let first = batch_idx.saturating_mul(*batch_size);
                let places = first..first.saturating_add(*batch_size).min(order.n_places());
                places.map(|place| order.sample_at(place)).collect()
            }
            Batching::Listed(batches) => Ok(batches.get(batch_idx).cloned().unwrap_or_default()),
        }
    }
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
    let mut open: Vec<(Option<SampleLayout>, Vec<SampleId>)> = Vec::new();
    for place in 0..order.n_places() {
        let sample = order.sample_at(place)?;
        let layout = order.layout(&sample).ok();
        let at = match open.iter().position(|(of, _)| *of == layout) {
            Some(at) => at,
            None => {
                open.push((layout, Vec::new()));
                open.len() - 1
            }
        };
        open[at].1.push(sample);
        if open[at].1.len() == batch_size {
            batches.push(std::mem::take(&mut open[at].1));
        }
    }
    if !drop_last {
        batches.extend(open.into_iter().map(|(_, samples)| samples).filter(|samples| !samples.is_empty()));
    }
    Ok(batches)
}
