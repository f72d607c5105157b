//! Boxes of starts, and boxes cut out of them.

use rand::RngExt;

use crate::PatchRng;

/// Starts `low <= start < high` along `ZYX`; planes have one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StartBox {
    pub low: [usize; 3],
    pub high: [usize; 3],
}

impl StartBox {
    /// Number of starts; 0 if the box is empty along any axis.
    pub fn n_starts(&self) -> usize {
        (0..3).map(|axis| self.high[axis].saturating_sub(self.low[axis])).product()
    }

    /// The part that two boxes share.
    pub fn intersection(&self, other: &StartBox) -> Option<StartBox> {
        let low = [0, 1, 2].map(|axis| self.low[axis].max(other.low[axis]));
        let high = [0, 1, 2].map(|axis| self.high[axis].min(other.high[axis]));
        (0..3).all(|axis| low[axis] < high[axis]).then_some(StartBox { low, high })
    }

    pub fn contains(&self, start: [usize; 3]) -> bool {
        (0..3).all(|axis| (self.low[axis]..self.high[axis]).contains(&start[axis]))
    }

    /// The start at a place of the row-major order, which is below [`n_starts`](Self::n_starts).
    pub fn start_at(&self, place: usize) -> [usize; 3] {
        let size = [1, 2].map(|axis| self.high[axis] - self.low[axis]);
        let row = place / size[1];
        let x = place % size[1];
        [self.low[0] + row / size[0], self.low[1] + row % size[0], self.low[2] + x]
    }

    /// A start drawn uniformly: one number for each of the last `n_axes` axes; the box is not empty.
    pub fn draw(&self, n_axes: usize, rng: &mut PatchRng) -> [usize; 3] {
        let mut start = self.low;
        for (axis, at) in start.iter_mut().enumerate().skip(3 - n_axes) {
            *at = rng.random_range(*at..self.high[axis]);
        }
        start
    }

    /// Adds the parts of this box outside of `cut`: at most two slabs per axis, which do not overlap.
    fn push_outside(&self, cut: &StartBox, parts: &mut Vec<StartBox>) {
        let Some(shared) = self.intersection(cut) else {
            parts.push(*self);
            return;
        };
        let mut rest = *self;
        for axis in 0..3 {
            if rest.low[axis] < shared.low[axis] {
                let mut slab = rest;
                slab.high[axis] = shared.low[axis];
                parts.push(slab);
            }
            if shared.high[axis] < rest.high[axis] {
                let mut slab = rest;
                slab.low[axis] = shared.high[axis];
                parts.push(slab);
            }
            (rest.low[axis], rest.high[axis]) = (shared.low[axis], shared.high[axis]);
        }
    }
}

/// What is left of disjoint boxes without the starts of `cut`, again as disjoint boxes.
pub(crate) fn subtract(boxes: &[StartBox], cut: &StartBox) -> Vec<StartBox> {
    let mut parts = Vec::with_capacity(boxes.len());
    for one in boxes {
        one.push_outside(cut, &mut parts);
    }
    parts
}

/// The number of starts in disjoint boxes.
pub(crate) fn n_starts(boxes: &[StartBox]) -> usize {
    boxes.iter().map(StartBox::n_starts).sum()
}

/// The start at a place counted through disjoint boxes, if there are that many.
pub(crate) fn start_at(boxes: &[StartBox], mut place: usize) -> Option<[usize; 3]> {
    for one in boxes {
        let n = one.n_starts();
        if place < n {
            return Some(one.start_at(place));
        }
        place -= n;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_box() -> impl Strategy<Value = StartBox> {
        let corners = (prop::array::uniform3(0_usize..7), prop::array::uniform3(1_usize..5));
        corners.prop_map(|(low, size)| StartBox { low, high: [0, 1, 2].map(|axis| low[axis] + size[axis]) })
    }

    fn all_starts() -> impl Iterator<Item = [usize; 3]> {
        let axis = || 0..12_usize;
        axis().flat_map(move |z| axis().flat_map(move |y| axis().map(move |x| [z, y, x])))
    }

    proptest! {
        /// After any cuts every start is in exactly one box if it was in the first and in no cut, else in none.
        #[test]
        fn subtraction_conserves_starts(first in any_box(), cuts in prop::collection::vec(any_box(), 0..6)) {
            let mut boxes = vec![first];
            for cut in &cuts {
                boxes = subtract(&boxes, cut);
            }
            let is_left = |start| first.contains(start) && !cuts.iter().any(|cut| cut.contains(start));
            for start in all_starts() {
                let times = boxes.iter().filter(|one| one.contains(start)).count();
                prop_assert_eq!(times, usize::from(is_left(start)));
            }
            prop_assert_eq!(n_starts(&boxes), all_starts().filter(|&start| is_left(start)).count());
        }

        /// Counting through the boxes meets every start once.
        #[test]
        fn places_are_starts(first in any_box(), cut in any_box()) {
            let boxes = subtract(&[first], &cut);
            let n = n_starts(&boxes);
            let mut starts: Vec<_> = (0..n).filter_map(|place| start_at(&boxes, place)).collect();
            prop_assert!(starts.iter().all(|&start| first.contains(start) && !cut.contains(start)));
            starts.sort_unstable();
            starts.dedup();
            prop_assert_eq!(starts.len(), n);
            prop_assert_eq!(start_at(&boxes, n), None);
        }
    }
}
