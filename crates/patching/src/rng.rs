//! Randomness that is a function of (seed, round, patch index) and of nothing else.

use std::convert::Infallible;

use rand::{SeedableRng, TryRng};
use rand_chacha::ChaCha8Rng;

/// What random numbers are used for; each use has a stream of its own.
///
/// A use that is added or that draws more numbers than before leaves all other streams as they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// Where patches are cut and how channels are mixed; the stream of [`PatchRng::for_patch`] itself.
    Patch,
    /// Specs that are drawn once and stay the same in every epoch.
    Fixed,
    /// The order of patches in an epoch.
    Order,
    /// Which patches are held out for validation.
    Validation,
    /// Which of several data sets a sample comes from.
    Mixture,
    /// The n-th place that a sample is cut at, where the strategy has a seed of its own.
    Place(u32),
    /// The n-th augmentation of a configuration.
    Augmentation(u32),
}

impl Draw {
    fn key(self) -> u64 {
        match self {
            Draw::Patch => 0,
            Draw::Fixed => 1,
            Draw::Order => 2,
            Draw::Validation => 3,
            Draw::Mixture => 4,
            Draw::Augmentation(place) => (1 << 32) | u64::from(place),
            Draw::Place(place) => (2 << 32) | u64::from(place),
        }
    }
}

/// When a patch is made: the epoch, and which of the times it is made in that epoch.
///
/// A patch that is made several times in an epoch, because the epoch goes through the data more than once or draws
/// by weight, is another one every time.
///
/// ```
/// use patchweave_patching::Round;
///
/// assert_eq!(Round::from(3), Round { epoch: 3, variant: 0 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Round {
    /// The epoch.
    pub epoch: u64,
    /// Tells apart the times a patch is made in an epoch; 0 for the first.
    pub variant: u64,
}

impl From<u64> for Round {
    fn from(epoch: u64) -> Self {
        Round { epoch, variant: 0 }
    }
}

/// The random numbers of one patch: ChaCha8 keyed by seed and round, with the patch index as its stream.
///
/// Two generators with the same key give the same numbers on every platform, whichever thread asks and
/// whatever was drawn for other patches.
///
/// ```
/// use patchweave_patching::{Draw, PatchRng};
/// use rand::Rng;
///
/// let mut rng = PatchRng::for_patch(7, 0, 41);
/// let first = rng.next_u64();
/// assert_eq!(first, PatchRng::for_patch(7, 0, 41).next_u64());
/// assert_ne!(first, PatchRng::for_patch(7, 0, 42).next_u64());
/// // The stream of an augmentation does not depend on what was drawn before.
/// let flip = rng.fork(Draw::Augmentation(0)).next_u64();
/// assert_eq!(flip, PatchRng::for_patch(7, 0, 41).fork(Draw::Augmentation(0)).next_u64());
/// ```
#[derive(Debug, Clone)]
pub struct PatchRng {
    seed: u64,
    round: Round,
    index: u64,
    n_places: u32,
    stream: ChaCha8Rng,
}

impl PatchRng {
    /// The generator of patch `index` in a round; an epoch stands for its first.
    pub fn for_patch(seed: u64, round: impl Into<Round>, index: usize) -> Self {
        Self::keyed(seed, round.into(), index as u64, Draw::Patch)
    }

    /// The generator of something that belongs to a whole round rather than to a patch.
    pub fn for_epoch(seed: u64, round: impl Into<Round>, draw: Draw) -> Self {
        Self::keyed(seed, round.into(), 0, draw)
    }

    /// The generator of the `place`-th of many things that belong to a whole round.
    pub fn for_place(seed: u64, round: impl Into<Round>, draw: Draw, place: usize) -> Self {
        Self::keyed(seed, round.into(), place as u64, draw)
    }

    /// A fresh stream of the same patch for another use.
    pub fn fork(&self, draw: Draw) -> Self {
        Self::keyed(self.seed, self.round, self.index, draw)
    }

    /// The same stream for another use and seed; for parts that have a seed of their own.
    pub fn fork_seeded(&self, seed: u64, draw: Draw) -> Self {
        Self::keyed(seed, self.round, self.index, draw)
    }

    /// The stream of the next place of this sample for a strategy with a seed of its own.
    ///
    /// A sample whose channels are cut at several places asks once for each, so that these are independent of
    /// each other and of all that is drawn from this generator itself.
    pub fn fork_place(&mut self, seed: u64) -> Self {
        let place = Draw::Place(self.n_places);
        self.n_places = self.n_places.wrapping_add(1);
        self.fork_seeded(seed, place)
    }

    fn keyed(seed: u64, round: Round, index: u64, draw: Draw) -> Self {
        let mut key = [0; 32];
        for (word, value) in key.chunks_exact_mut(8).zip([seed, round.epoch, draw.key(), round.variant]) {
            word.copy_from_slice(&value.to_le_bytes());
        }
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(index);
        PatchRng { seed, round, index, n_places: 0, stream }
    }
}

impl TryRng for PatchRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.stream.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.stream.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.stream.try_fill_bytes(bytes)
    }
}
