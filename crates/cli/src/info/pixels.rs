//! The smallest, the median and the largest pixel of parts that are spread over an image.

use patchweave_geometry::{Coords, Extent, GeometryError, Region};
use patchweave_stack::{ImageStack, ImageStackExt, StackError};
use serde::Serialize;

/// As many places are looked at, if there are as many.
const MOST_PLACES: u64 = 32;
/// Bytes of chunks that are decoded at most, but for the first one.
const MOST_DECODED: u64 = 256 << 20;
/// Pixels that are looked at.
const MOST_PIXELS: usize = 1 << 22;
/// Sides of a place where the image has no chunks.
const PLACE: [usize; 3] = [16, 128, 128];

/// Of pixels as `f32`, which holds integers up to 2²⁴ exactly.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PixelFacts {
    /// Absent where no pixel is a finite number.
    pub smallest: Option<f32>,
    /// Half of the pixels are at most as large.
    pub median: Option<f32>,
    pub largest: Option<f32>,
    /// How many pixels were looked at.
    pub n_pixels: u64,
    pub n_nan: u64,
    pub n_infinite: u64,
    pub n_places: u64,
    /// Whether these are all pixels of the image.
    pub is_all: bool,
}

impl PixelFacts {
    /// Looks at chunks all over an image, the same ones every time.
    pub fn of(stack: &dyn ImageStack) -> Result<Self, StackError> {
        let info = stack.info();
        let shape = info.shape();
        let geometry = |source: GeometryError| StackError::Window { stack: info.source.clone(), source };
        let cell = info.chunk_extent().map_or_else(|| usual_cell(shape.extent), Ok).map_err(geometry)?;
        let grid: Vec<u64> =
            shape.extent.iter().zip(cell.iter()).map(|(n, side)| n.div_ceil(side) as u64).collect();
        let all = [&[shape.n_samples as u64, shape.n_channels as u64][..], &grid].concat();
        let n_cells = all.iter().fold(1, |n: u64, side| n.saturating_mul(*side));
        let affordable = MOST_DECODED / info.chunk_bytes().unwrap_or(1).max(1);
        let n_places = MOST_PLACES.min(affordable.max(1)).min(n_cells);
        let most = MOST_PIXELS / usize::try_from(n_places).unwrap_or(1).max(1);
        let mut pixels = Vec::new();
        let mut facts = PixelFacts::none(n_places);
        for place in 0..n_places {
            let mut at = position(spread(place, n_places, n_cells), &all);
            let cell_at = at.split_off(2);
            let region = part(shape.extent, cell, &cell_at, most).map_err(geometry)?;
            let index = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
            let patch = stack.read_patch(index(at[0]), Some(&[index(at[1])]), &region)?;
            facts.n_pixels += patch.len() as u64;
            for pixel in patch {
                match pixel {
                    pixel if pixel.is_nan() => facts.n_nan += 1,
                    pixel if pixel.is_infinite() => facts.n_infinite += 1,
                    pixel => pixels.push(pixel),
                }
            }
        }
        let in_image = shape.extent.n_pixels() as u128 * shape.n_samples as u128 * shape.n_channels as u128;
        facts.is_all = u128::from(facts.n_pixels) == in_image;
        facts.smallest = pixels.iter().copied().min_by(f32::total_cmp);
        facts.largest = pixels.iter().copied().max_by(f32::total_cmp);
        let middle = pixels.len().saturating_sub(1) / 2;
        facts.median = (!pixels.is_empty()).then(|| *pixels.select_nth_unstable_by(middle, f32::total_cmp).1);
        Ok(facts)
    }

    fn none(n_places: u64) -> Self {
        PixelFacts {
            smallest: None,
            median: None,
            largest: None,
            n_pixels: 0,
            n_nan: 0,
            n_infinite: 0,
            n_places,
            is_all: false,
        }
    }
}

/// Places of an image without chunks.
fn usual_cell(extent: Extent) -> Result<Extent, GeometryError> {
    let sides: Vec<usize> = PLACE[PLACE.len() - extent.n_axes()..]
        .iter()
        .zip(extent.iter())
        .map(|(side, n)| n.min(*side))
        .collect();
    Extent::new(&sides)
}

/// The cell of place number `place`: one of every equally long stretch of them, now early in it and now late, so that
/// no row or column of the grid is favoured.
fn spread(place: u64, n_places: u64, n_cells: u64) -> u64 {
    /// The golden ratio's fraction in 64 bits.
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let start = |place: u64| u128::from(place) * u128::from(n_cells) / u128::from(n_places);
    let from = start(place);
    let to = start(place + 1);
    let within = ((to - from) * u128::from(GOLDEN.wrapping_mul(place + 1))) >> 64;
    u64::try_from(from + within).unwrap_or(n_cells - 1)
}

/// The position along every dimension of a grid, of a cell counted in C order.
fn position(mut cell: u64, grid: &[u64]) -> Vec<u64> {
    let mut position: Vec<u64> = grid
        .iter()
        .rev()
        .map(|side| {
            let at = cell % side;
            cell /= side;
            at
        })
        .collect();
    position.reverse();
    position
}

/// A cell, or the middle of it where it has too many pixels.
fn part(image: Extent, cell: Extent, at: &[u64], most: usize) -> Result<Region, GeometryError> {
    let mut left = most;
    let mut starts = Vec::new();
    let mut sides = Vec::new();
    let axes: Vec<(usize, usize, u64)> =
        image.iter().zip(cell.iter()).zip(at).map(|((n, side), at)| (n, side, *at)).collect();
    for (n, side, at) in axes.into_iter().rev() {
        let start = usize::try_from(at).unwrap_or(usize::MAX).saturating_mul(side).min(n - 1);
        let whole = side.min(n - start);
        let own = whole.min(left.max(1));
        left /= own;
        starts.push(i64::try_from(start + (whole - own) / 2).unwrap_or(i64::MAX));
        sides.push(own);
    }
    starts.reverse();
    sides.reverse();
    Region::new(Coords::new(&starts)?, Extent::new(&sides)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails panics")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn places_are_different_and_everywhere() {
        for (n_places, side) in [(32, 8), (32, 100), (7, 7), (1, 1), (32, 1000)] {
            let n_cells = side * side;
            let cells: BTreeSet<u64> = (0..n_places).map(|place| spread(place, n_places, n_cells)).collect();
            assert_eq!(cells.len() as u64, n_places);
            assert!(cells.iter().all(|&cell| cell < n_cells));
            let columns: BTreeSet<u64> =
                cells.iter().map(|&cell| position(cell, &[side, side])[1] * 4 / side).collect();
            assert!(columns.len() >= 4 || n_places < 8, "{n_places} of {n_cells}: {columns:?}");
        }
    }

    #[test]
    fn large_cells_are_looked_at_in_their_middle() {
        let image = Extent::new(&[1000, 900]).unwrap();
        let region = |cell: &[usize], at: &[u64], most| {
            let region = part(image, Extent::new(cell).unwrap(), at, most).unwrap();
            (region.start.as_slice().to_vec(), region.size.as_slice().to_vec())
        };
        assert_eq!(region(&[64, 64], &[1, 2], 10_000), (vec![64, 128], vec![64, 64]));
        assert_eq!(region(&[64, 64], &[15, 14], 10_000), (vec![960, 896], vec![40, 4]));
        assert_eq!(region(&[1000, 900], &[0, 0], 9000), (vec![495, 0], vec![10, 900]));
    }
}
