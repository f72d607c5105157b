//! Reading ahead by hand, where memory is read in pieces too short for the processor to do it.

use patchweave_pixel::Pixel;

/// Bytes that come into a cache together on all common machines.
const CACHE_LINE: usize = 64;

/// Reads one value of every cache line of `values`, so that all of them are on their way at once; the sum is
/// of no use but to `black_box`.
#[inline(always)]
pub(crate) fn touch<T: Pixel>(values: &[T]) -> f64 {
    let line = (CACHE_LINE / size_of::<T>()).max(1);
    values.chunks(line).filter_map(|line| line.first()).map(|value| value.to_f64()).sum()
}
