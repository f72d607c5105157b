//! A shuffled order that is computed index by index instead of being stored.

use rand::Rng;

use crate::{Draw, PatchRng, Round, split_mix};

const N_ROUNDS: usize = 6;

/// A pseudo-random permutation of `[0, len)` in constant memory: a keyed Feistel network on the next
/// even number of bits, walked until it lands inside the range.
///
/// Method: Black and Rogaway, "Ciphers with arbitrary finite domains" (2002), cycle walking.
///
/// ```
/// use patchweave_patching::Permutation;
///
/// let order = Permutation::new(10, 7, 0);
/// let mut seen: Vec<usize> = (0..10).map(|place| order.at(place)).collect();
/// seen.sort();
/// assert_eq!(seen, (0..10).collect::<Vec<_>>());
/// ```
#[derive(Debug, Clone)]
pub struct Permutation {
    len: u64,
    half_bits: u32,
    round_keys: [u64; N_ROUNDS],
}

impl Permutation {
    /// The order of a round of `len` patches; an epoch stands for its first round.
    pub fn new(len: usize, seed: u64, round: impl Into<Round>) -> Self {
        Self::drawn(len, &mut PatchRng::for_epoch(seed, round, Draw::Order))
    }

    /// A permutation keyed by the next numbers of a generator.
    pub fn drawn(len: usize, rng: &mut PatchRng) -> Self {
        let len = len as u64;
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        Permutation {
            len,
            half_bits: bits.div_ceil(2).max(1),
            round_keys: std::array::from_fn(|_| rng.next_u64()),
        }
    }

    /// What stands at `place`; places from the end on stay where they are.
    pub fn at(&self, place: usize) -> usize {
        let mut value = place as u64;
        if value >= self.len {
            return place;
        }
        // The network permutes at most 4 × len values and maps cycles to cycles: the walk comes back.
        loop {
            value = self.encrypt(value);
            if value < self.len {
                return usize::try_from(value).unwrap_or(place);
            }
        }
    }

    fn encrypt(&self, value: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let mut left = value >> self.half_bits;
        let mut right = value & mask;
        for key in self.round_keys {
            (left, right) = (right, left ^ (split_mix(right ^ key) & mask));
        }
        (left << self.half_bits) | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_a_permutation(len in 0_usize..3000, seed: u64, epoch in 0_u64..4) {
            let order = Permutation::new(len, seed, epoch);
            let mut seen: Vec<usize> = (0..len).map(|place| order.at(place)).collect();
            seen.sort_unstable();
            prop_assert!(seen.into_iter().eq(0..len));
        }
    }

    /// Every pair (place, value) is equally likely over seeds: a chi-square over 8 × 8 cells has
    /// 49 degrees of freedom; 112 is exceeded with probability below 1e-6.
    #[test]
    fn places_are_uniform() {
        const LEN: usize = 8;
        let n_seeds = 20_000_u32;
        let mut counts = [[0_u32; LEN]; LEN];
        for seed in 0..u64::from(n_seeds) {
            let order = Permutation::new(LEN, seed, 0);
            for (place, row) in counts.iter_mut().enumerate() {
                row[order.at(place)] += 1;
            }
        }
        let expected = f64::from(n_seeds) / LEN as f64;
        let chi_square: f64 =
            counts.iter().flatten().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
        assert!(chi_square < 112.0, "chi-square {chi_square}");
    }

    #[test]
    fn epochs_differ() {
        let order = |epoch| -> Vec<usize> {
            let order = Permutation::new(100, 3, epoch);
            (0..100).map(|place| order.at(place)).collect()
        };
        assert_ne!(order(0), order(1));
    }
}
