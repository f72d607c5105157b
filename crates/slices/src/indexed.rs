//! Any image stack, indexed as NumPy indexes an array.

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::{Array3, Array4, Array5, ArrayD, ArrayView4, ArrayViewMut4, Axis as Dim, s};
use patchweave_geometry::{Axis, Region, coordinate};
use patchweave_stack::{ImageStack, ImageStackExt};

use crate::room::zeros;
use crate::stack::HELD_BYTES;
use crate::{Index, SlicesError};

const NAMES: [&str; 5] = ["n", "c", "z", "y", "x"];

/// What results of images with fewer axes than `n, c, z, y, x` look like.
///
/// ```
/// use ndarray::Array;
/// use patchweave_slices::{Index, IndexedStack, MissingAxes};
/// use patchweave_stack::ArrayStack;
///
/// let volume = ArrayStack::new(Array::<f32, _>::zeros((5, 4, 6)).into_dyn(), &"ZYX".parse()?)?;
/// let left_out = IndexedStack::new(&volume, MissingAxes::LeftOut);
/// assert_eq!(left_out.get(&[Index::At(0)])?.shape(), [5, 4, 6]);
/// let padded = IndexedStack::new(&volume, MissingAxes::Padded);
/// assert_eq!(padded.get(&[Index::At(0)])?.shape(), [1, 5, 4, 6]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MissingAxes {
    /// Axes that the image lacks are left out, as for HDF5.
    #[default]
    LeftOut,
    /// Axes of length 1 stand in front for some that the image lacks, as for Zarr.
    ///
    /// This concerns images `CZYX` and `ZYX`. What a result gets depends on its number of axes `r` without them:
    ///
    /// | image | `n` is an integer | `n` is a slice |
    /// |---|---|---|
    /// | `ZYX` | one for `r = 3`, two for `r = 2` | two for `r = 3`, three for `r = 2` |
    /// | `CZYX` | two for `r = 2` | one for `r = 4`, two for `r = 3` |
    Padded,
}

/// Any image stack, indexed by `(n, c, z, y, x)` as NumPy indexes an array.
///
/// Integers drop their axis and count from the end if they are negative, slices keep it; what is not given is taken
/// whole. Indices for axes that the image lacks are ignored. Pixels are `f32`: integers beyond 2^24 and doubles are
/// rounded.
///
/// Only what is asked for is read, straight into the result. Where rows or columns are left out or reversed, all from the
/// first to the last is read into a block of at most 64 MiB, or of one slice, and picked from there.
///
/// ```
/// use ndarray::Array;
/// use patchweave_slices::{Index, IndexedStack, MissingAxes};
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::from_shape_fn((2, 3, 5, 4, 6), |(n, c, z, y, x)| ((((n * 10 + c) * 10 + z) * 10 + y) * 10 + x) as f32);
/// let image = IndexedStack::new(ArrayStack::new(image.into_dyn(), &"SCZYX".parse()?)?, MissingAxes::LeftOut);
/// assert_eq!(image.shape(), [2, 3, 5, 4, 6]);
/// let row = image.get(&[Index::At(1), Index::At(-1), Index::At(4), Index::At(0), (1..3).into()])?;
/// assert_eq!(row.shape(), [2]);
/// assert_eq!(row[0], 12401.0);
/// let error = image.get(&[Index::ALL, Index::At(3)]).unwrap_err();
/// assert_eq!(error.to_string(), "index 3 is out of range for axis c of size 3");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct IndexedStack<S> {
    source: S,
    missing: MissingAxes,
}

impl<S: ImageStack> IndexedStack<S> {
    /// Takes the stack and what becomes of axes that it lacks.
    pub fn new(source: S, missing: MissingAxes) -> Self {
        IndexedStack { source, missing }
    }

    /// The stack that is read.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// The sizes along `n, c, z, y, x`; 1 for axes that the image lacks.
    pub fn shape(&self) -> [usize; 5] {
        let shape = self.source.info().shape();
        let [z, y, x] = shape.extent.to_zyx();
        [shape.n_samples, shape.n_channels, z, y, x]
    }

    /// Which of `n, c, z, y, x` the image has; `n` is there for `S`, `T` or both.
    fn has(&self) -> [bool; 5] {
        let axes = self.source.info().layout.axes();
        let has = |axis| axes.contains(axis);
        [has(Axis::S) || has(Axis::T), has(Axis::C), has(Axis::Z), true, true]
    }

    /// What the indices name, at most five of them; axes without one are taken whole.
    ///
    /// # Errors
    /// [`SlicesError::TooManyIndices`], [`SlicesError::OutOfRange`] for an integer, [`SlicesError::ZeroStep`],
    /// [`SlicesError::OutOfMemory`], or what the source reports.
    pub fn get(&self, key: &[Index]) -> Result<ArrayD<f32>, SlicesError> {
        if key.len() > 5 {
            return Err(SlicesError::TooManyIndices { got: key.len() });
        }
        let shape = self.shape();
        let has = self.has();
        let index_of = |axis: usize| key.get(axis).copied().unwrap_or(Index::ALL);
        let mut positions: [Vec<usize>; 5] = Default::default();
        for axis in 0..5 {
            let index = if has[axis] { index_of(axis) } else { Index::At(0) };
            positions[axis] = index.positions(NAMES[axis], shape[axis])?;
        }
        let all = self.read(&positions)?;
        let kept = (0..5).filter(|&axis| has[axis] && !index_of(axis).is_integer());
        let mut result: Vec<usize> = kept.map(|axis| positions[axis].len()).collect();
        let n_padded = self.n_padded(result.len(), index_of(0).is_integer());
        result.splice(0..0, std::iter::repeat_n(1, n_padded));
        let len = all.len();
        all.into_shape_with_order(result).map_err(|_| SlicesError::OutOfMemory { shape: vec![len] })
    }

    /// The listed slices of one channel in the order of the list, `ZYX`; each is read once, however often it is listed.
    ///
    /// `n` and `c` are ignored where the image lacks their axis.
    ///
    /// # Errors
    /// [`SlicesError::OutOfRange`], [`SlicesError::OutOfMemory`], or what the source reports.
    pub fn z_slices(&self, n: usize, c: usize, indices: &[usize]) -> Result<Array3<f32>, SlicesError> {
        let shape = self.shape();
        let has = self.has();
        let check = |axis: usize, place: usize| {
            if place < shape[axis] {
                return Ok(place);
            }
            let got = coordinate(place);
            Err(SlicesError::OutOfRange { axis: NAMES[axis], got, size: shape[axis] })
        };
        let n = if has[0] { check(0, n)? } else { 0 };
        let c = if has[1] { check(1, c)? } else { 0 };
        indices.iter().try_for_each(|&z| check(2, z).map(drop))?;
        let [.., y, x] = shape;
        let positions = [vec![n], vec![c], indices.to_vec(), (0..y).collect(), (0..x).collect()];
        let slices = self.read(&positions)?;
        let wanted = [indices.len(), y, x];
        slices.into_shape_with_order(wanted).map_err(|_| SlicesError::OutOfMemory { shape: wanted.to_vec() })
    }

    /// The pixels at all combinations of positions, `NCZYX`.
    fn read(&self, positions: &[Vec<usize>; 5]) -> Result<ArrayD<f32>, SlicesError> {
        let shape = positions.each_ref().map(Vec::len);
        let refused = |_| SlicesError::OutOfMemory { shape: shape.to_vec() };
        let mut all = Array5::from_shape_vec(shape, zeros(&shape)?).map_err(refused)?;
        if all.is_empty() {
            return Ok(all.into_dyn());
        }
        let [ns, cs, zs, ys, xs] = positions;
        let mut first_place = BTreeMap::new();
        for (place, &z) in zs.iter().enumerate() {
            first_place.entry(z).or_insert(place);
        }
        let plane = Plane { ys, xs };
        let [height, width] = [reach(ys).len(), reach(xs).len()];
        let slice_bytes =
            [cs.len(), height, width, size_of::<f32>()].into_iter().fold(1, usize::saturating_mul);
        for (zs, places) in pieces(&first_place, HELD_BYTES / slice_bytes) {
            let region = self.region(&zs, &plane)?;
            for (&n, mut sample) in ns.iter().zip(all.outer_iter_mut()) {
                let mut part = sample.slice_mut(s![.., places.clone(), .., ..]);
                if plane.is_dense() {
                    self.source.read_into(n, Some(cs), &region, part)?;
                    continue;
                }
                let block = [cs.len(), zs.len(), height, width];
                let mut block = Array4::from_shape_vec(block, zeros(&block)?).map_err(refused)?;
                self.source.read_into(n, Some(cs), &region, block.view_mut())?;
                plane.pick(block.view(), part.view_mut());
            }
        }
        for (place, z) in zs.iter().enumerate() {
            let first = first_place.get(z).copied().unwrap_or(place);
            if first < place {
                let (read, mut repeats) = all.view_mut().split_at(Dim(2), place);
                repeats.index_axis_mut(Dim(2), 0).assign(&read.index_axis(Dim(2), first));
            }
        }
        Ok(all.into_dyn())
    }

    /// Some slices from the first to the last row and column of a plane.
    fn region(&self, zs: &Range<usize>, plane: &Plane<'_>) -> Result<Region, SlicesError> {
        let ranges = [zs.clone(), reach(plane.ys), reach(plane.xs)];
        // An image without depth has a single slice and takes regions of two axes.
        let axes = self.source.info().shape().extent.per_axis();
        let start = axes.of_zyx(ranges.each_ref().map(|range| range.start)).to_coords();
        let size = axes.of_zyx(ranges.each_ref().map(Range::len)).try_into()?;
        Ok(Region::new(start, size)?)
    }

    /// How many axes of length 1 stand in front of a result with `n_axes`.
    fn n_padded(&self, n_axes: usize, n_is_integer: bool) -> usize {
        if self.missing == MissingAxes::LeftOut {
            return 0;
        }
        match (self.has(), n_is_integer, n_axes) {
            ([false, false, true, ..], true, 2 | 3) => 4 - n_axes,
            ([false, false, true, ..], false, 2 | 3) => 5 - n_axes,
            ([false, true, true, ..], true, 2) => 2,
            ([false, true, true, ..], false, 3 | 4) => 5 - n_axes,
            _ => 0,
        }
    }
}

/// The rows and columns that are wanted.
struct Plane<'a> {
    ys: &'a [usize],
    xs: &'a [usize],
}

impl Plane<'_> {
    /// Whether they are all between their first and last, in order.
    fn is_dense(&self) -> bool {
        [self.ys, self.xs].iter().all(|positions| positions.windows(2).all(|pair| pair[0] + 1 == pair[1]))
    }

    /// Copies them out of a block that reaches from the first to the last of them.
    fn pick(&self, block: ArrayView4<'_, f32>, mut out: ArrayViewMut4<'_, f32>) {
        let first_y = reach(self.ys).start;
        let first_x = reach(self.xs).start;
        for (block, mut out) in block.outer_iter().zip(out.outer_iter_mut()) {
            for (plane, mut out) in block.outer_iter().zip(out.outer_iter_mut()) {
                for (y, mut out) in self.ys.iter().zip(out.rows_mut()) {
                    let row = plane.row(y - first_y);
                    out.iter_mut().zip(self.xs).for_each(|(out, x)| *out = row[x - first_x]);
                }
            }
        }
    }
}

/// From the least to the greatest of some positions.
fn reach(positions: &[usize]) -> Range<usize> {
    let least = positions.iter().copied().min().unwrap_or(0);
    least..positions.iter().copied().max().map_or(0, |greatest| greatest + 1)
}

/// Neighbouring slices whose places are neighbours as well, at most `n_most` together, or one: slices and places.
fn pieces(first_place: &BTreeMap<usize, usize>, n_most: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let mut pieces: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for (&z, &place) in first_place {
        match pieces.last_mut() {
            Some((zs, places)) if zs.end == z && places.end == place && zs.len() < n_most => {
                zs.end += 1;
                places.end += 1;
            }
            _ => pieces.push((z..z + 1, place..place + 1)),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_neighbours_on_both_sides_and_bounded() {
        let of = |zs: &[usize], n_most| {
            pieces(&zs.iter().enumerate().map(|(place, &z)| (z, place)).collect(), n_most)
        };
        assert_eq!(of(&[2, 3, 4, 5, 6], 2), [(2..4, 0..2), (4..6, 2..4), (6..7, 4..5)]);
        assert_eq!(of(&[2, 3], 0), [(2..3, 0..1), (3..4, 1..2)]);
        assert_eq!(of(&[5, 4, 7, 8], 9), [(4..5, 1..2), (5..6, 0..1), (7..9, 2..4)]);
    }
}
