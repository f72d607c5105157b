//! Where a stream stands, so that another process can go on from there.

use serde::{Deserialize, Serialize};

use crate::{LoaderError, StreamPrint};

/// Where a stream stands: the next batch is the first that was not delivered.
///
/// It holds for any number of threads, any prefetch and any number of ranks. All ranks have the same state after the
/// same number of batches; go on with the state of any of them, also with another number of ranks. What the stream is,
/// says its [`StreamPrint`]: another stream refuses the state and names what differs.
///
/// ```
/// use patchweave_loader::LoaderState;
///
/// let text = r#"{"format": 2, "epoch": 3, "next_batch": 120, "seed": 42, "n_batches": 400, "stream": {
///     "images": 1, "patching": 2, "places": 3, "samples": 4, "normalization": 5, "augmentation": 6, "order": 7,
///     "batches": 8, "mixture": 9}}"#;
/// let state: LoaderState = serde_json::from_str(text)?;
/// assert_eq!((state.epoch, state.next_batch, state.stream.order), (3, 120, 7));
///
/// // Formats without names, as bincode and postcard are, hold the same numbers in this order.
/// let in_order = "[2, 3, 120, 42, 400, [1, 2, 3, 4, 5, 6, 7, 8, 9]]";
/// assert_eq!(serde_json::from_str::<LoaderState>(in_order)?, state);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoaderState {
    /// The format of these numbers: [`LoaderState::FORMAT`].
    pub format: u64,
    /// The epoch of the next batch.
    pub epoch: u64,
    /// The next batch of the epoch, counted over all ranks.
    pub next_batch: u64,
    /// The seed of the data set, of the first one where there are several.
    pub seed: u64,
    /// How many batches the epoch has over all ranks.
    pub n_batches: u64,
    /// Stands for everything else that decides about the stream.
    pub stream: StreamPrint,
}

fn check_format(got: u64) -> Result<(), LoaderError> {
    let expected = LoaderState::FORMAT;
    if got == expected { Ok(()) } else { Err(LoaderError::StateFormat { got, expected }) }
}

impl LoaderState {
    /// The format of the states that this version writes and reads.
    ///
    /// The first one had no number and told streams apart by shapes and settings alone.
    pub const FORMAT: u64 = 2;

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
    /// [`LoaderError::StateFormat`], [`LoaderError::OtherStream`].
    pub(crate) fn check(&self, own: &LoaderState) -> Result<(), LoaderError> {
        check_format(self.format)?;
        let numbers = |what, got: u64, expected: u64| format!("{what} ({got}, here {expected})");
        let mut differences = Vec::new();
        if self.seed != own.seed {
            differences.push(numbers("seed", self.seed, own.seed));
        }
        // A seed moves all places.
        let seen = match self.seed == own.seed {
            true => self.stream,
            false => StreamPrint { places: own.stream.places, ..self.stream },
        };
        differences.extend(seen.differences(&own.stream).into_iter().map(str::to_owned));
        // Numbers follow from the rest. At the start of an epoch that of batches is that of the epoch before, which may
        // differ where shapes are grouped.
        if differences.is_empty() && self.next_batch > 0 && self.n_batches != own.n_batches {
            differences.push(numbers("number of batches", self.n_batches, own.n_batches));
        }
        if differences.is_empty() && self.next_batch > own.n_batches {
            differences.push(numbers("next batch", self.next_batch, own.n_batches));
        }
        if differences.is_empty() { Ok(()) } else { Err(LoaderError::OtherStream { differences }) }
    }
}
