//! The parts of an image that tiles have kept so far, as a set; no pixels.

use std::collections::BTreeSet;

use patchweave_geometry::TileSpec;

/// A box of pixels of a sample, along `ZYX`; planes have depth 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeptPart {
    /// The sample of the image.
    pub sample_idx: usize,
    /// First pixel.
    pub start: [usize; 3],
    /// Number of pixels.
    pub size: [usize; 3],
}

impl KeptPart {
    /// What is kept of a tile; a place in front of the image is none that an image has.
    #[must_use]
    pub fn of(tile: &TileSpec) -> Self {
        let start = tile.stitch_coords.to_zyx(0).map(|at| usize::try_from(at).unwrap_or(usize::MAX));
        KeptPart { sample_idx: tile.patch.sample_idx, start, size: tile.crop_size.to_zyx() }
    }
}

/// The parts of an image that tiles have kept, each once, and whether they cover it.
///
/// ```
/// use patchweave_quilt::{KeptPart, KeptParts};
///
/// let part = |x, width| KeptPart { sample_idx: 0, start: [0, 0, x], size: [1, 4, width] };
/// let mut kept = KeptParts::default();
/// assert!(kept.insert(part(0, 6)));
/// assert!(!kept.insert(part(0, 6)), "once is enough");
/// assert_eq!(kept.first_gap(1, [1, 4, 8]), Some((0, [0, 0, 6])));
/// assert!(kept.insert(part(5, 3)));
/// assert_eq!(kept.first_gap(1, [1, 4, 8]), None);
/// assert_eq!(kept.first_gap(2, [1, 4, 8]), Some((1, [0, 0, 0])));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptParts(BTreeSet<KeptPart>);

impl KeptParts {
    /// Adds a part; `false` if the same part was there before.
    pub fn insert(&mut self, part: KeptPart) -> bool {
        self.0.insert(part)
    }

    /// Whether the same part is there.
    #[must_use]
    pub fn contains(&self, part: &KeptPart) -> bool {
        self.0.contains(part)
    }

    /// The first pixel that no part covers, of an image of `n_samples` samples of size `image`, `ZYX`; `None` if all are
    /// covered.
    ///
    /// Looks at every part and holds a bit for every pixel of a plane.
    #[must_use]
    pub fn first_gap(&self, n_samples: usize, image: [usize; 3]) -> Option<(usize, [usize; 3])> {
        let gap_of = |sample_idx| self.gap_of(sample_idx, image).map(|gap| (sample_idx, gap));
        (0..n_samples).find_map(gap_of)
    }

    /// The first pixel of a sample that no part covers.
    fn gap_of(&self, sample_idx: usize, [n_z, n_y, n_x]: [usize; 3]) -> Option<[usize; 3]> {
        let first = KeptPart { sample_idx, start: [0; 3], size: [0; 3] };
        let pixels = |part: &KeptPart, axis: usize, n: usize| {
            part.start[axis]..part.start[axis].saturating_add(part.size[axis]).min(n)
        };
        (0..n_z).find_map(|z| {
            let mut plane = Bits::new(n_y.saturating_mul(n_x));
            // Parts are sorted by sample and first plane.
            let here =
                self.0.range(first..).take_while(|part| part.sample_idx == sample_idx && part.start[0] <= z);
            for part in here.filter(|part| pixels(part, 0, n_z).contains(&z)) {
                let columns = pixels(part, 2, n_x);
                for y in pixels(part, 1, n_y) {
                    plane.fill(y * n_x + columns.start, y * n_x + columns.end);
                }
            }
            plane.first_unset().map(|place| [z, place / n_x, place % n_x])
        })
    }
}

/// So many bits, none of them set at first.
struct Bits {
    words: Vec<u64>,
    n_bits: usize,
}

impl Bits {
    fn new(n_bits: usize) -> Self {
        Bits { words: vec![0; n_bits.div_ceil(64)], n_bits }
    }

    /// Sets the bits from `start` to before `end`; both are at most their number.
    fn fill(&mut self, start: usize, end: usize) {
        if start >= end {
            return;
        }
        for word in start / 64..end.div_ceil(64) {
            let low = start.saturating_sub(word * 64);
            let high = (end - word * 64).min(64);
            self.words[word] |= (u64::MAX << low) & (u64::MAX >> (64 - high));
        }
    }

    fn first_unset(&self) -> Option<usize> {
        let word = self.words.iter().position(|&word| word != u64::MAX)?;
        let place = word * 64 + self.words[word].trailing_ones() as usize;
        (place < self.n_bits).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The first gap is the first pixel in none of the parts, which may overlap and stick out.
        #[test]
        fn gaps_are_found(
            parts in prop::collection::vec(
                (0_usize..2, (0_usize..3, 0_usize..9, 0_usize..30), (1_usize..4, 1_usize..9, 1_usize..40)), 0..24,
            ),
            image in (1_usize..3, 1_usize..9, 1_usize..30),
        ) {
            let mut kept = KeptParts::default();
            let mut seen = Vec::new();
            for (sample_idx, start, size) in parts {
                let start = [start.0, start.1, start.2];
                let part = KeptPart { sample_idx, start, size: [size.0, size.1, size.2] };
                prop_assert_eq!(kept.contains(&part), seen.contains(&part));
                prop_assert_eq!(kept.insert(part), !seen.contains(&part));
                seen.push(part);
            }
            let image = [image.0, image.1, image.2];
            let covers = |sample_idx: usize, at: [usize; 3]| seen.iter().any(|KeptPart { sample_idx: own, start, size }| {
                *own == sample_idx && (0..3).all(|axis| (start[axis]..start[axis] + size[axis]).contains(&at[axis]))
            });
            let pixel = |place: usize| {
                let row = place / image[2];
                (row / image[1] / image[0], [row / image[1] % image[0], row % image[1], place % image[2]])
            };
            let n_pixels = 2 * image.iter().product::<usize>();
            let expected = (0..n_pixels).map(pixel).find(|(sample_idx, at)| !covers(*sample_idx, *at));
            prop_assert_eq!(kept.first_gap(2, image), expected);
        }
    }
}
