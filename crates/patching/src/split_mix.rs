//! Words whose bits are mixed.

/// The finaliser of SplitMix64: a permutation of all words, in which every bit depends on every other one.
///
/// ```
/// // The first number of the generator that starts at 0.
/// assert_eq!(patchweave_patching::split_mix(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
/// ```
#[inline]
#[must_use]
pub fn split_mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
