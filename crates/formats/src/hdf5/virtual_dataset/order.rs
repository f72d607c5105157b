//! Which parts of a virtual dataset overlap a region, found without looking at all of them.

use std::collections::HashSet;
use std::ops::Range;

/// Parts by their range along the dimension in which they differ most.
pub(super) struct Order {
    dimension: usize,
    /// Ranges and numbers of parts by where they start, each with the furthest end up to it.
    sorted: Vec<(Range<usize>, usize, usize)>,
}

impl Order {
    /// The order of `n` parts, given the range of a part along a dimension.
    pub fn of(n_dimensions: usize, n: usize, range: impl Fn(usize, usize) -> Range<usize>) -> Self {
        let n_starts = |dimension: &usize| {
            (0..n).map(|part| range(part, *dimension).start).collect::<HashSet<_>>().len()
        };
        let dimension = (0..n_dimensions).rev().max_by_key(n_starts).unwrap_or(0);
        let mut ranges: Vec<(Range<usize>, usize)> = if n_dimensions == 0 {
            Vec::new()
        } else {
            (0..n).map(|part| (range(part, dimension), part)).collect()
        };
        ranges.sort_by_key(|(range, part)| (range.start, *part));
        let mut furthest = 0;
        let with_furthest = |(range, part): (Range<usize>, usize)| {
            furthest = range.end.max(furthest);
            (range, part, furthest)
        };
        Order { dimension, sorted: ranges.into_iter().map(with_furthest).collect() }
    }

    /// The parts that may have pixels of a region, in the order of the list.
    pub fn overlapping(&self, start: &[usize], size: &[usize]) -> Vec<usize> {
        let (Some(&start), Some(&size)) = (start.get(self.dimension), size.get(self.dimension)) else {
            return Vec::new();
        };
        let end = start.saturating_add(size);
        let before_end = self.sorted.partition_point(|(range, ..)| range.start < end);
        let ended = self.sorted.partition_point(|(.., furthest)| *furthest <= start);
        let near = self.sorted.get(ended..before_end).unwrap_or_default();
        let mut found: Vec<usize> =
            near.iter().filter(|(range, ..)| range.end > start).map(|(_, part, _)| *part).collect();
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails panics")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_part_of_a_region_is_passed_over(
            ranges in prop::collection::vec(prop::array::uniform3((0_usize..20, 1_usize..9)), 0..30),
            region in prop::array::uniform3((0_usize..25, 1_usize..9)),
        ) {
            let range = |part: usize, dimension: usize| {
                let (start, size): (usize, usize) = ranges[part][dimension];
                start..start + size
            };
            let order = Order::of(3, ranges.len(), range);
            let found = order.overlapping(&region.map(|(start, _)| start), &region.map(|(_, size)| size));
            prop_assert!(found.is_sorted());
            let meets = |part: usize, dimension: usize| {
                let range = range(part, dimension);
                let (start, size) = region[dimension];
                range.start < start + size && start < range.end
            };
            let expected: Vec<usize> = (0..ranges.len()).filter(|&part| meets(part, order.dimension)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn frames_are_found_along_the_dimension_that_tells_them_apart() {
        for dimension in 0..3 {
            let range = |part: usize, other: usize| if other == dimension { part..part + 1 } else { 0..64 };
            let order = Order::of(3, 100_000, range);
            let mut start = [0; 3];
            let mut size = [64; 3];
            (start[dimension], size[dimension]) = (70_000, 3);
            assert_eq!(order.overlapping(&start, &size), [70_000, 70_001, 70_002]);
        }
    }
}
