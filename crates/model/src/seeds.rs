//! Where the random numbers of a prediction come from.

use ndarray::{ArrayView4, ArrayView5, Axis};

/// A seed for every sample of a batch `BCZYX`, made of its pixels and of the number of the repetition.
///
/// Neither threads, nor the size of batches, nor the order of tiles change it. Samples with the same pixels have the same seed.
///
/// ```
/// use ndarray::Array5;
/// use patchweave_model::seeds_of;
///
/// let batch = Array5::from_shape_fn([2, 1, 1, 4, 4], |(sample, ..)| sample as f32);
/// let seeds = seeds_of(batch.view(), 0);
/// assert_ne!(seeds[0], seeds[1]);
/// assert_ne!(seeds, seeds_of(batch.view(), 1));
/// assert_eq!(seeds, seeds_of(batch.view(), 0));
/// ```
#[must_use]
pub fn seeds_of(inputs: ArrayView5<'_, f32>, repetition: u64) -> Vec<u64> {
    let of_sample = |sample: ArrayView4<'_, f32>| {
        sample.iter().fold(0, |seed, pixel| mixed(seed ^ u64::from(pixel.to_bits())))
    };
    let seeds = inputs.axis_iter(Axis(0)).map(of_sample);
    seeds.map(|seed| of_repetition(seed, repetition)).collect()
}

/// The seed of one repetition.
pub(crate) fn of_repetition(seed: u64, repetition: u64) -> u64 {
    mixed(seed ^ mixed(repetition))
}

/// The next number of `SplitMix64`: a permutation of all numbers in which every bit of one changes half of the other's.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
