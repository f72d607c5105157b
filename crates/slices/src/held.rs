//! Slices that are held while channels are made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ndarray::{Array4, ArrayView2, s};
use patchweave_pixel::Pixel;

/// Neighbouring slices that were read together: `CZYX` from `first_z` on.
pub(crate) struct Held<T> {
    pub first_z: usize,
    pub pixels: Array4<T>,
}

impl<T: Pixel> Held<T> {
    fn range(&self) -> Range<usize> {
        self.first_z..self.first_z + self.pixels.shape()[1]
    }
}

/// What is left of slices that are held when only some are used; planes that are not leave memory.
pub(crate) fn kept<T: Pixel>(
    held: BTreeMap<usize, Held<T>>,
    used: &BTreeSet<usize>,
) -> BTreeMap<usize, Held<T>> {
    let mut kept = BTreeMap::new();
    for (first_z, slices) in held {
        let left = runs(used.range(slices.range()).copied());
        if left.first() == Some(&slices.range()) {
            kept.insert(first_z, slices);
            continue;
        }
        for run in left {
            let part = slices.pixels.slice(s![.., run.start - first_z..run.end - first_z, .., ..]);
            kept.insert(run.start, Held { first_z: run.start, pixels: part.to_owned() });
        }
    }
    kept
}

/// One slice of an input channel, if it is held.
pub(crate) fn plane<T: Pixel>(
    held: &BTreeMap<usize, Held<T>>,
    input: usize,
    z: usize,
) -> Option<ArrayView2<'_, T>> {
    let (_, slices) = held.range(..=z).next_back()?;
    slices.range().contains(&z).then(|| slices.pixels.slice(s![input, z - slices.first_z, .., ..]))
}

/// Ascending numbers as runs of neighbours.
pub(crate) fn runs(numbers: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if run.end == number => run.end += 1,
            _ => runs.push(number..number + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_that_are_not_used_leave() {
        let pixels = Array4::from_shape_fn((2, 5, 1, 1), |(c, z, _, _)| (10 * c + z + 3) as f32);
        let held = BTreeMap::from([(3, Held { first_z: 3, pixels })]);
        let held = kept(held, &BTreeSet::from([1, 4, 5, 7, 9]));
        let ranges: Vec<_> = held.values().map(Held::range).collect();
        assert_eq!(ranges, [4..6, 7..8]);
        let at = |z| plane(&held, 1, z).map(|plane| plane[[0, 0]]);
        assert_eq!([3, 4, 5, 6, 7, 8].map(at), [None, Some(14.0), Some(15.0), None, Some(17.0), None]);
    }
}
