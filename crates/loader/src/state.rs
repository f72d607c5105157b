//! Where a stream stands, so that another process can go on from there.

use patchweave_construct::{PatchRole, SampleLayout};
use serde::{Deserialize, Serialize};

use crate::mix::MixPart;
use crate::{LoaderError, LoaderOptions, MixLength, Order, Shapes};

/// Where a stream stands: the next batch is the first that was not delivered.
///
/// It holds for any number of threads, any prefetch and any number of ranks. All ranks have the same state after the
/// same number of batches; go on with the state of any of them, also with another number of ranks.
///
/// ```
/// use patchweave_loader::LoaderState;
///
/// let text = r#"{"epoch": 3, "next_batch": 120, "seed": 42, "n_batches": 400, "settings": 77}"#;
/// let state: LoaderState = serde_json::from_str(text)?;
/// assert_eq!((state.epoch, state.next_batch), (3, 120));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoaderState {
    /// The epoch of the next batch.
    pub epoch: u64,
    /// The next batch of the epoch, counted over all ranks.
    pub next_batch: u64,
    /// The seed of the data set, of the first one where there are several.
    pub seed: u64,
    /// How many batches the epoch has over all ranks.
    pub n_batches: u64,
    /// Stands for everything else that decides about the stream: number of patches, batch size, order and so on.
    pub settings: u64,
}

impl LoaderState {
    /// The start of the epoch that follows.
    ///
    /// For a rank that has no batch left while others have: the state of the stream stays in the epoch until the last batch
    /// of all ranks was delivered.
    #[must_use]
    pub fn next_epoch(&self) -> LoaderState {
        LoaderState { epoch: self.epoch.wrapping_add(1), next_batch: 0, ..*self }
    }

    /// Refuses a state that belongs to another stream.
    ///
    /// # Errors
    /// [`LoaderError::OtherStream`].
    pub(crate) fn check(&self, own: &LoaderState) -> Result<(), LoaderError> {
        let differs = |what, got: u64, expected: u64| Err(LoaderError::OtherStream { what, got, expected });
        if self.seed != own.seed {
            return differs("seed", self.seed, own.seed);
        }
        // At the start of an epoch the number is that of the epoch before, which may differ where shapes are grouped.
        if self.next_batch > 0 && self.n_batches != own.n_batches {
            return differs("number of batches", self.n_batches, own.n_batches);
        }
        if self.settings != own.settings {
            return differs(
                "fingerprint of shapes, batch size, order, passes, limits and mixing",
                self.settings,
                own.settings,
            );
        }
        if self.next_batch > own.n_batches {
            return differs("next batch", self.next_batch, own.n_batches);
        }
        Ok(())
    }
}

/// A number that changes with whatever decides about the stream of an epoch.
///
/// The order of words is part of the format of states on disk.
pub(crate) fn settings(parts: &[MixPart], options: &LoaderOptions) -> u64 {
    let mut hash = Fnv::default();
    for part in parts {
        hash.add(part.dataset.n_patches());
        hash.add(part.ratio);
        hash.word(part.dataset.seed());
        for shape in part.dataset.constr().shapes(PatchRole::Input).unwrap_or_default() {
            shape.to_vec().into_iter().for_each(|n| hash.add(n));
        }
        // A data set without patches has no layout.
        if let Ok(SampleLayout { input, target }) = part.dataset.layout(0) {
            let targets = target.map(|target| target.to_czyx()).unwrap_or_default();
            input.to_czyx().into_iter().chain(targets).for_each(|n| hash.add(n));
        }
        hash.word(part.weights.as_ref().map_or(0, |weights| weights.fingerprint()));
    }
    hash.add(options.batch_size);
    match options.order {
        Order::Sequential => hash.add(0),
        Order::Shuffled => hash.add(1),
        Order::Grouped => hash.add(2),
        Order::ChunkAware(options) => {
            hash.add(3);
            hash.add(options.window);
            hash.add(options.sources);
            hash.word(options.cache_bytes);
        }
        Order::Weighted => hash.add(4),
    }
    hash.add(usize::from(options.drop_last));
    hash.add(match options.shapes {
        Shapes::Equal => 0,
        Shapes::Grouped => 1,
    });
    hash.add(options.passes);
    hash.add(options.max_patches.map_or(0, |max| max.saturating_add(1)));
    hash.add(match options.mix_length {
        MixLength::Longest => 0,
        MixLength::Shortest => 1,
    });
    hash.0
}

/// The hash FNV-1a over 64-bit words, which is the same on every machine and in every version.
pub(crate) struct Fnv(pub u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, value: usize) {
        self.word(value as u64);
    }

    pub fn word(&mut self, value: u64) {
        for byte in value.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
