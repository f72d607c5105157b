//! Predictions that several processes or machines share, each with units of its own.

use std::ops::Range;

/// One of several parts that make a prediction together.
///
/// A unit belongs to exactly one part, as its place among all tiles says, so that parts have about as many tiles each and
/// units of a part lie side by side. Tiles at the borders of parts are predicted by both.
///
/// ```
/// use patchweave_predict::Part;
///
/// assert!(Part::new(2, 3).is_some_and(|part| !part.is_whole()));
/// assert_eq!(Part::new(3, 3), None);
/// assert!(Part::default().is_whole());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    idx: usize,
    n_parts: usize,
}

impl Default for Part {
    /// The whole.
    fn default() -> Self {
        Part { idx: 0, n_parts: 1 }
    }
}

impl Part {
    /// Part number `idx`, from 0, of `n_parts`; `None` if there is no such part.
    #[must_use]
    pub fn new(idx: usize, n_parts: usize) -> Option<Self> {
        (idx < n_parts).then_some(Part { idx, n_parts })
    }

    /// Whether this is everything.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.n_parts == 1
    }

    /// Its number, from 0, and how many there are.
    #[must_use]
    pub fn place(self) -> (usize, usize) {
        (self.idx, self.n_parts)
    }

    /// Whether a unit, one of `n_units` of an image with these tiles among `n_tiles` of all images, belongs to the part.
    #[must_use]
    pub fn owns(self, unit_idx: usize, n_units: usize, tiles: &Range<usize>, n_tiles: usize) -> bool {
        // The middle of the unit, where an image is as long as it has tiles, in halves of a unit.
        let per_tile = 2 * n_units.max(1) as u128;
        let middle = tiles.start as u128 * per_tile + (2 * unit_idx as u128 + 1) * tiles.len() as u128;
        let end = n_tiles.max(1) as u128 * per_tile;
        let part = (middle * self.n_parts as u128 / end).min(self.n_parts as u128 - 1);
        part == self.idx as u128
    }

    /// Whether units of an image with these tiles may belong to the part.
    pub(crate) fn touches(self, tiles: &Range<usize>, n_tiles: usize) -> bool {
        let (start, end) = (tiles.start as u128, tiles.end as u128);
        let (idx, n_parts, n_tiles) = (self.idx as u128, self.n_parts as u128, n_tiles as u128);
        start * n_parts < (idx + 1) * n_tiles && idx * n_tiles < end * n_parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of all sizes, units of all numbers: each belongs to one part, and to one that the image touches.
    #[test]
    fn every_unit_has_one_owner() {
        for n_parts in [1, 2, 3, 7, 40] {
            for sizes in [vec![1], vec![5, 1, 1, 9], vec![1; 20], vec![100, 3]] {
                let n_tiles = sizes.iter().sum();
                let mut start = 0;
                for size in sizes {
                    let tiles = start..start + size;
                    start = tiles.end;
                    for n_units in [1, 2, 3, 10, 101] {
                        let mut last = 0;
                        for unit_idx in 0..n_units {
                            let owners: Vec<usize> = (0..n_parts)
                                .filter(|idx| {
                                    let part = Part::new(*idx, n_parts).unwrap();
                                    let owns = part.owns(unit_idx, n_units, &tiles, n_tiles);
                                    assert!(!owns || part.touches(&tiles, n_tiles));
                                    owns
                                })
                                .collect();
                            assert_eq!(owners.len(), 1, "{tiles:?} {unit_idx} of {n_units}");
                            assert!(owners[0] >= last, "units of a part lie side by side");
                            last = owners[0];
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn parts_have_as_many_units_each() {
        for (n_parts, n_units) in [(2, 10), (3, 30), (7, 70)] {
            for idx in 0..n_parts {
                let part = Part::new(idx, n_parts).unwrap();
                let n = (0..n_units).filter(|unit_idx| part.owns(*unit_idx, n_units, &(0..50), 50)).count();
                assert_eq!(n, n_units / n_parts);
            }
        }
    }
}
