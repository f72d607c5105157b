//! The contiguous stretches of an array in C order that a block consists of; integers only.

use ndarray::{IxDyn, indices};

/// A block as equally long runs of pixels, in C order.
pub(crate) struct Runs {
    n_pixels: usize,
    /// Sizes of the block along the axes that a run does not cover.
    outer: Vec<usize>,
    /// Pixels from one position to the next along those axes.
    strides: Vec<usize>,
    first: usize,
}

impl Runs {
    /// The longest runs of a block that lies inside an array of this shape; all three have the same length.
    pub(crate) fn longest(shape: &[usize], start: &[usize], size: &[usize]) -> Self {
        // A run covers whole axes from the end, and a part of the next one.
        let n_whole = shape.iter().zip(size).rev().take_while(|(whole, part)| whole == part).count();
        Self::new(shape, start, size, shape.len().saturating_sub(n_whole + 1))
    }

    /// The same in runs along the last axis only, so that they match those of another array.
    pub(crate) fn rows(shape: &[usize], start: &[usize], size: &[usize]) -> Self {
        Self::new(shape, start, size, shape.len().saturating_sub(1))
    }

    fn new(shape: &[usize], start: &[usize], size: &[usize], n_outer: usize) -> Self {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        let first = start.iter().zip(&strides).map(|(at, stride)| at * stride).sum();
        strides.truncate(n_outer);
        Runs { n_pixels: size[n_outer..].iter().product(), outer: size[..n_outer].to_vec(), strides, first }
    }

    /// The length of each run, in pixels.
    pub(crate) fn n_pixels(&self) -> usize {
        self.n_pixels
    }

    /// Where each run starts, in pixels from the start of the array.
    pub(crate) fn offsets(&self) -> impl Iterator<Item = usize> + '_ {
        let strides = &self.strides;
        indices(IxDyn(&self.outer)).into_iter().map(move |at| {
            let inner: usize = (0..strides.len()).map(|axis| at[axis] * strides[axis]).sum();
            self.first + inner
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Runs;

    fn offsets(shape: &[usize], start: &[usize], size: &[usize]) -> (usize, Vec<usize>) {
        let runs = Runs::longest(shape, start, size);
        (runs.n_pixels(), runs.offsets().collect())
    }

    #[test]
    fn whole_axes_join_the_run() {
        assert_eq!(offsets(&[4, 5, 6], &[0, 0, 0], &[4, 5, 6]), (120, vec![0]));
        assert_eq!(offsets(&[4, 5, 6], &[1, 0, 0], &[2, 5, 6]), (60, vec![30]));
        assert_eq!(offsets(&[4, 5, 6], &[1, 2, 0], &[2, 3, 6]), (18, vec![42, 72]));
    }

    #[test]
    fn parts_of_the_last_axis_are_runs_of_their_own() {
        assert_eq!(offsets(&[4, 5, 6], &[1, 2, 3], &[1, 2, 2]), (2, vec![45, 51]));
        assert_eq!(offsets(&[2, 3, 1], &[0, 1, 0], &[2, 1, 1]), (1, vec![1, 4]));
    }

    #[test]
    fn rows_never_join() {
        let rows = Runs::rows(&[2, 2, 6], &[0, 0, 0], &[2, 2, 6]);
        assert_eq!((rows.n_pixels(), rows.offsets().collect()), (6, vec![0, 6, 12, 18]));
    }
}
