//! Which patch stands at which place of a round.

mod chunk_aware;
mod columns;
mod grouped;
mod sample_chunks;
mod weights;

use std::sync::Arc;

use patchweave_construct::Dataset;
use patchweave_patching::{Permutation, Round};

use crate::mix::MixPart;
use crate::{LoaderError, SampleId};

pub use chunk_aware::ChunkAware;
pub(crate) use chunk_aware::ChunkOrder;
pub(crate) use columns::as_f64;
pub use grouped::GroupOrder;
pub(crate) use sample_chunks::SampleChunks;
pub use weights::PatchWeights;

/// The order of patches in an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Order {
    /// 0, 1, 2, …
    #[default]
    Sequential,
    /// A permutation that is computed place by place, another one in every round.
    Shuffled,
    /// The patches of an image follow one another: images in random order, patches of an image in random order.
    Grouped,
    /// Shuffled so that patches that share chunks come close together.
    ChunkAware(ChunkAware),
    /// As many patches as the data set has, drawn by their weights; some come several times, others never.
    ///
    /// The weights are those of the [`MixPart`](crate::MixPart). Every epoch draws others, also of data sets whose patches
    /// [repeat](patchweave_construct::Dataset::repeating).
    Weighted,
}

impl Order {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Order::Sequential => "sequential",
            Order::Shuffled => "shuffled",
            Order::Grouped => "grouped",
            Order::ChunkAware(_) => "chunk_aware",
            Order::Weighted => "weighted",
        }
    }
}

/// Refuses an order that a data set cannot have.
///
/// # Errors
/// [`LoaderError::Option`], [`LoaderError::NoGroups`], [`LoaderError::GroupCount`], [`LoaderError::NoPlaces`], [`LoaderError::Place`],
/// [`LoaderError::NoWeights`], [`LoaderError::WeightCount`].
pub(crate) fn check_order(order: Order, dataset: usize, part: &MixPart) -> Result<(), LoaderError> {
    let set = &part.dataset;
    match order {
        Order::Sequential | Order::Shuffled => Ok(()),
        Order::Grouped => grouped::images(set).map(drop),
        Order::ChunkAware(ChunkAware { window, sources, .. }) => {
            if let Some((option, got)) =
                [("window", window), ("sources", sources)].into_iter().find(|(_, n)| *n == 0)
            {
                return Err(LoaderError::Option { option, got, expected: "at least 1" });
            }
            if set.n_patches() == 0 {
                return Ok(());
            }
            let id = SampleId { dataset, index: 0, round: Round::default() };
            match set.locate(0, id.round).map_err(|source| LoaderError::Place { id, source })? {
                Some(_) => Ok(()),
                None => Err(LoaderError::NoPlaces),
            }
        }
        Order::Weighted => {
            let weights = part.weights.as_ref().ok_or(LoaderError::NoWeights)?;
            let got = weights.len();
            let expected = set.n_patches();
            if got == expected { Ok(()) } else { Err(LoaderError::WeightCount { dataset, got, expected }) }
        }
    }
}

/// The order of one data set in one round.
pub(crate) enum RoundOrder {
    Sequential,
    Shuffled(Permutation),
    Grouped(GroupOrder),
    ChunkAware(Box<ChunkOrder>),
    Weighted(Arc<PatchWeights>),
}

/// A patch, and what its draws are keyed by.
pub(crate) struct At {
    pub index: usize,
    pub round: Round,
}

impl RoundOrder {
    /// Makes an order ready; `n_threads` may help.
    ///
    /// # Errors
    /// As [`check_order`], which a loader has asked before.
    pub fn new(
        order: Order,
        dataset: &Arc<Dataset>,
        weights: Option<&Arc<PatchWeights>>,
        round: Round,
        n_threads: usize,
    ) -> Result<Self, LoaderError> {
        Ok(match order {
            Order::Sequential => RoundOrder::Sequential,
            Order::Shuffled => {
                RoundOrder::Shuffled(Permutation::new(dataset.n_patches(), dataset.seed(), round))
            }
            Order::Grouped => RoundOrder::Grouped(GroupOrder::of(dataset, round)?),
            Order::ChunkAware(options) => RoundOrder::ChunkAware(Box::new(ChunkOrder::new(
                Arc::clone(dataset),
                options,
                round,
                n_threads,
            ))),
            Order::Weighted => RoundOrder::Weighted(weights.map(Arc::clone).ok_or(LoaderError::NoWeights)?),
        })
    }

    /// The patch at a place of the round.
    ///
    /// # Errors
    /// As [`ChunkOrder::at`].
    pub fn at(&mut self, place: usize, dataset: &Dataset, round: Round) -> Result<At, LoaderError> {
        let plain = |index| At { index, round };
        Ok(match self {
            RoundOrder::Sequential => plain(place),
            RoundOrder::Shuffled(permutation) => plain(permutation.at(place)),
            RoundOrder::Grouped(groups) => plain(groups.at(place)),
            RoundOrder::ChunkAware(order) => plain(order.at(place)?),
            RoundOrder::Weighted(weights) => At {
                index: weights.drawn(dataset.seed(), round, place),
                // The same patch may be drawn again, and must then be another sample.
                round: Round { variant: round.variant.wrapping_add(place as u64), ..round },
            },
        })
    }
}
