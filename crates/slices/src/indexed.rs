//! Any image stack, indexed as NumPy indexes an array.

use ndarray::{Array3, Array4, ArrayD, ArrayView4, Axis as Dim, s};
use patchweave_geometry::{Axis, Coords, Extent, Region};
use patchweave_stack::{ImageStack, ImageStackExt};

use crate::compose::runs;
use crate::{Index, SlicesError};

const NAMES: [&str; 5] = ["n", "c", "z", "y", "x"];

/// What results of images with fewer axes than `n, c, z, y, x` look like.
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
/// whole. Indices for axes that the image lacks are ignored. Only what is asked for is read, slice by slice; along `y` and
/// `x` all between the first and the last position is.
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
        let (shape, has) = (self.shape(), self.has());
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
        let (shape, has) = (self.shape(), self.has());
        let check = |axis: usize, place: usize| {
            if place < shape[axis] {
                return Ok(place);
            }
            let got = i64::try_from(place).unwrap_or(i64::MAX);
            Err(SlicesError::OutOfRange { axis: NAMES[axis], got, size: shape[axis] })
        };
        let (n, c) = (if has[0] { check(0, n)? } else { 0 }, if has[1] { check(1, c)? } else { 0 });
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
        let mut values = Vec::new();
        let len = shape.iter().try_fold(1_usize, |len, &size| len.checked_mul(size));
        let refused = || SlicesError::OutOfMemory { shape: shape.to_vec() };
        let len = len.ok_or_else(refused)?;
        values.try_reserve_exact(len).map_err(|_| refused())?;
        values.resize(len, 0.0);
        let [ns, cs, zs, ys, xs] = positions;
        let [n_n, n_c, n_z, n_y, n_x] = shape;
        if len > 0 {
            let mut distinct = zs.clone();
            distinct.sort_unstable();
            distinct.dedup();
            let (first_y, height) = reach(ys);
            let (first_x, width) = reach(xs);
            let mut samples: Vec<&mut [f32]> = values.chunks_exact_mut(len / n_n).collect();
            for run in runs(distinct) {
                let start = [run.start, first_y, first_x].map(|at| i64::try_from(at).unwrap_or(i64::MAX));
                let start = Coords::new(&start)?;
                let size = Extent::new(&[run.len(), height, width])?;
                // An image without depth has a single slice and takes regions of two axes.
                let region = match self.source.info().shape().extent.n_axes() {
                    2 => Region {
                        start: Coords::new(&start.as_slice()[1..])?,
                        size: Extent::new(&size.as_slice()[1..])?,
                    },
                    _ => Region { start, size },
                };
                for (&n, sample) in ns.iter().zip(&mut samples) {
                    let block = self.source.read_patch(n, Some(cs), &region)?;
                    let block = picked(block.view(), ys, first_y, xs, first_x);
                    let mut sample = ndarray::ArrayViewMut4::from_shape([n_c, n_z, n_y, n_x], sample)
                        .map_err(|_| refused())?;
                    for (place, z) in zs.iter().enumerate().filter(|(_, z)| run.contains(z)) {
                        sample.slice_mut(s![.., place, .., ..]).assign(&block.slice(s![
                            ..,
                            z - run.start,
                            ..,
                            ..
                        ]));
                    }
                }
            }
        }
        ArrayD::from_shape_vec(shape.to_vec(), values).map_err(|_| refused())
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

/// The first of some positions and how far the last one reaches from it.
fn reach(positions: &[usize]) -> (usize, usize) {
    let first = positions.iter().copied().min().unwrap_or(0);
    let last = positions.iter().copied().max().unwrap_or(0);
    (first, last - first + 1)
}

/// The positions of a block that starts at `first_y` and `first_x`.
fn picked(
    block: ArrayView4<'_, f32>,
    ys: &[usize],
    first_y: usize,
    xs: &[usize],
    first_x: usize,
) -> Array4<f32> {
    let from = |first: usize, positions: &[usize]| positions.iter().map(|at| at - first).collect::<Vec<_>>();
    block.select(Dim(2), &from(first_y, ys)).select(Dim(3), &from(first_x, xs))
}
