//! The parts of an image that tiles have kept so far, as a set; no pixels.

use std::collections::BTreeSet;

use patchweave_geometry::TileSpec;

/// A box of pixels of a sample, along `ZYX`; planes have depth 1.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape, PerAxis, TileGrid, TileSpec};
/// use patchweave_quilt::KeptPart;
///
/// let shape = ImageShape::from_slice(&[1, 1, 20, 20])?;
/// let grid = TileGrid::new(shape, Extent::new(&[8, 8])?, PerAxis::new(&[2, 2])?)?;
/// let tile = grid.spec(0, 1).ok_or("there are 9 tiles")?;
/// let part = KeptPart { sample_idx: 0, start: [0, 0, 7], size: [1, 7, 6] };
/// assert_eq!(KeptPart::of(&tile), Some(part));
/// let in_front = TileSpec { stitch_coords: PerAxis::new(&[0, -3])?, ..tile };
/// assert_eq!(KeptPart::of(&in_front), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// What is kept of a tile; `None` if it starts in front of the image, where it cannot be placed.
    #[must_use]
    pub fn of(tile: &TileSpec) -> Option<Self> {
        let [z, y, x] = tile.stitch_coords.to_zyx(0).map(|at| usize::try_from(at).ok());
        let start = [z?, y?, x?];
        Some(KeptPart { sample_idx: tile.patch.sample_idx, start, size: tile.crop_size.to_zyx() })
    }

    /// The pixel behind the last one along an axis, as far as it can be counted.
    fn end(&self, axis: usize) -> usize {
        self.start[axis].saturating_add(self.size[axis])
    }
}

/// The parts of an image that tiles have kept, each once, and whether they cover it.
///
/// No tiling keeps the same part twice. [`Stitcher`](crate::Stitcher) and predictions refuse a part that comes a second
/// time: it would hide that the tiles are not those of a tiling.
///
/// ```
/// use patchweave_quilt::{KeptPart, KeptParts};
///
/// let part = |x, width| KeptPart { sample_idx: 0, start: [0, 0, x], size: [1, 4, width] };
/// let mut kept = KeptParts::default();
/// assert!(kept.insert(part(0, 6)));
/// assert!(!kept.insert(part(0, 6)), "it is there already");
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
    /// Takes time and memory by the number of parts, not of pixels.
    #[must_use]
    pub fn first_gap(&self, n_samples: usize, image: [usize; 3]) -> Option<(usize, [usize; 3])> {
        let gap_of = |sample_idx| self.gap_of(sample_idx, image).map(|gap| (sample_idx, gap));
        (0..n_samples).find_map(gap_of)
    }

    /// The first pixel of a sample that no part covers.
    fn gap_of(&self, sample_idx: usize, [n_z, n_y, n_x]: [usize; 3]) -> Option<[usize; 3]> {
        let first = KeptPart { sample_idx, start: [0; 3], size: [0; 3] };
        let parts = self.0.range(first..).take_while(|part| part.sample_idx == sample_idx).collect();
        sweep(parts, 0, n_z, |z, in_plane| {
            sweep(in_plane.to_vec(), 1, n_y, |y, in_row| gap_in_row(in_row, n_x).map(|x| [z, y, x]))
        })
    }
}

/// The first gap that `gap_at` finds at one of `n` places along an axis, given the parts that are there.
///
/// Only places where a part starts or ends are looked at: between them nothing changes.
fn sweep<'a>(
    mut parts: Vec<&'a KeptPart>,
    axis: usize,
    n: usize,
    mut gap_at: impl FnMut(usize, &[&'a KeptPart]) -> Option<[usize; 3]>,
) -> Option<[usize; 3]> {
    parts.sort_unstable_by_key(|part| part.start[axis]);
    let changes = parts.iter().flat_map(|part| [part.start[axis], part.end(axis)]);
    let places: BTreeSet<usize> = std::iter::once(0).chain(changes).filter(|&place| place < n).collect();
    let mut coming = parts.iter().copied().peekable();
    let mut there = Vec::new();
    places.into_iter().find_map(|place| {
        while let Some(part) = coming.next_if(|part| part.start[axis] <= place) {
            there.push(part);
        }
        there.retain(|part: &&KeptPart| part.end(axis) > place);
        gap_at(place, &there)
    })
}

/// The first of `n` pixels of a row that none of the parts covers.
fn gap_in_row(parts: &[&KeptPart], n: usize) -> Option<usize> {
    let mut pixels: Vec<_> = parts.iter().map(|part| (part.start[2], part.end(2))).collect();
    pixels.sort_unstable();
    let mut covered = 0;
    for (start, end) in pixels {
        if start > covered {
            break;
        }
        covered = covered.max(end);
    }
    (covered < n).then_some(covered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchweave_geometry::{Extent, ImageShape, PerAxis, TileGrid};
    use proptest::prelude::*;

    /// A first pixel below `n`, seldom one beyond all images.
    fn start(n: usize) -> impl Strategy<Value = usize> {
        prop_oneof![15 => 0..n, 1 => Just(usize::MAX - 3), 1 => Just(usize::MAX)]
    }

    proptest! {
        /// The first gap is the first pixel in none of the parts, which may overlap, stick out and lie anywhere.
        #[test]
        fn gaps_are_found(
            parts in prop::collection::vec(
                (0_usize..2, (start(3), start(9), start(30)), (0_usize..4, 1_usize..9, 1_usize..40)), 0..24,
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
                *own == sample_idx && (0..3).all(|axis| (start[axis]..start[axis].saturating_add(size[axis])).contains(&at[axis]))
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

    #[test]
    fn sizes_that_a_file_claims_take_no_memory() {
        let image = [usize::MAX, usize::MAX, usize::MAX];
        let mut kept = KeptParts::default();
        kept.insert(KeptPart { sample_idx: 0, start: [0; 3], size: [3, 4, 5] });
        assert_eq!(kept.first_gap(1, image), Some((0, [0, 0, 5])));
        kept.insert(KeptPart { sample_idx: 0, start: [0; 3], size: image });
        assert_eq!(kept.first_gap(1, image), None);
    }

    #[test]
    fn parts_in_front_of_an_image_are_none() {
        let shape = ImageShape::from_slice(&[1, 1, 8, 8, 8]).unwrap();
        let grid = TileGrid::new(shape, Extent::new(&[4, 4, 4]).unwrap(), PerAxis::new(&[0, 0, 0]).unwrap())
            .unwrap();
        let tile = grid.spec(0, 7).unwrap();
        assert!(KeptPart::of(&tile).is_some_and(|part| part.start == [4, 4, 4]));
        for axis in 0..3 {
            let stitch_coords =
                tile.stitch_coords.map_indexed(|at, place| if at == axis { -1 } else { place });
            assert_eq!(KeptPart::of(&TileSpec { stitch_coords, ..tile }), None);
        }
    }
}
