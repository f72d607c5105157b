//! Images into patches.

use std::ops::RangeInclusive;

use ndarray::{Array, ArrayView, ArrayViewMut, Axis, RemoveAxis};
use patchweave_geometry::WindowGrid;
use rayon::prelude::*;

use crate::tensor::{Element, Leading, check_shape, zeros};
use crate::{Quilt, QuiltError};

/// Bytes of patches that a thread takes at a time.
const SHARE_BYTES: usize = 256 * 1024;

/// Bytes of the rows of patches that are better copied side by side than patch by patch: shorter ones cost more
/// than they save, longer ones are read ahead by the processor.
const SIDE_BY_SIDE: RangeInclusive<usize> = 128..=512;

/// Patches that a thread takes at least, where so many lie side by side.
const MIN_SIDE: usize = 8;

/// Shares for every thread, so that none waits for another for long.
const SHARES_PER_THREAD: usize = 4;

impl Quilt {
    /// All patches of all images: `N(C)(Z)YX` → `M(C)(Z)YX`.
    ///
    /// Patches come image by image and row by row; values and their type stay as they are.
    ///
    /// # Errors
    /// [`QuiltError::Shape`] if the images are of another size, [`QuiltError::OutOfMemory`].
    pub fn unstitch<T: Element, D: RemoveAxis>(
        &self,
        tensor: ArrayView<'_, T, D>,
    ) -> Result<Array<T, D>, QuiltError> {
        let leading = Leading::of("the tensor", tensor.shape(), self.grid().image())?;
        let mut patches = zeros(&leading.shape(self.n_patches(leading.n), self.grid().window()))?;
        self.unstitch_into(tensor, patches.view_mut())?;
        Ok(patches)
    }

    /// As [`unstitch`](Self::unstitch), into memory of the caller.
    ///
    /// Arrays in C order are copied row by row; others patch by patch, which takes longer.
    ///
    /// # Errors
    /// [`QuiltError::Shape`] if the images are of another size or `out` has not the shape of the patches.
    pub fn unstitch_into<T: Element, D: RemoveAxis>(
        &self,
        tensor: ArrayView<'_, T, D>,
        mut out: ArrayViewMut<'_, T, D>,
    ) -> Result<(), QuiltError> {
        let leading = Leading::of("the tensor", tensor.shape(), self.grid().image())?;
        let n_patches = self.n_patches(leading.n);
        check_shape("the output", out.shape(), &leading.shape(n_patches, self.grid().window()))?;
        if let (Some(images), Some(patches)) = (tensor.as_slice(), out.as_slice_mut()) {
            self.copy_rows(images, leading.n_channels(), patches);
            return Ok(());
        }
        let patches: Vec<_> = out.axis_iter_mut(Axis(0)).enumerate().collect();
        patches.into_par_iter().try_for_each(|(index, mut patch)| {
            patch.assign(&self.unstitch_one(tensor.view(), index)?);
            Ok(())
        })
    }

    /// Copies rows of images in C order into patches in C order.
    fn copy_rows<T: Element>(&self, images: &[T], n_channels: usize, patches: &mut [T]) {
        let patch_len = n_channels * self.grid().window().n_pixels();
        if patch_len == 0 {
            return;
        }
        let cutter = Cutter { grid: self.grid(), images, n_channels };
        let w_x = self.grid().window().to_zyx()[2];
        let row_bytes = w_x * size_of::<T>().max(1);
        let n_side = self.times().to_zyx(1)[2];
        let wanted = SHARE_BYTES.div_ceil(patch_len * size_of::<T>().max(1)).max(MIN_SIDE).min(n_side);
        let n_shares = patches.len() / patch_len / wanted;
        let is_shared_well = n_shares >= SHARES_PER_THREAD * rayon::current_num_threads();
        if SIDE_BY_SIDE.contains(&row_bytes) && is_shared_well {
            patches.par_chunks_mut(wanted * patch_len).enumerate().for_each(|(share, patches)| {
                let mut first = share * wanted;
                let mut rest = patches;
                while !rest.is_empty() {
                    let n = (n_side - first % n_side).min(rest.len() / patch_len);
                    let (own, others) = std::mem::take(&mut rest).split_at_mut(n * patch_len);
                    cutter.copy_side_by_side(first, own, patch_len);
                    (first, rest) = (first + n, others);
                }
            });
        } else {
            let n_rows = SHARE_BYTES.div_ceil(row_bytes);
            let shares = patches.par_chunks_mut(n_rows * w_x).enumerate();
            shares.for_each(|(share, rows)| cutter.copy_one_by_one(share * n_rows, rows));
        }
    }
}

/// Images in C order, and where patches lie in them.
struct Cutter<'a, T> {
    grid: &'a WindowGrid,
    images: &'a [T],
    n_channels: usize,
}

impl<T: Element> Cutter<'_, T> {
    /// Copies rows of patches, from row `first` of all on, patch by patch.
    fn copy_one_by_one(&self, first: usize, rows: &mut [T]) {
        let [_, w_y, w_x] = self.grid.window().to_zyx();
        let n_x = self.grid.image().to_zyx()[2];
        let mut row = first;
        let mut rest = rows;
        while !rest.is_empty() {
            let n = (w_y - row % w_y).min(rest.len() / w_x);
            let (own, others) = std::mem::take(&mut rest).split_at_mut(n * w_x);
            let image = self.images[self.row_start(row)..].chunks(n_x);
            for (out, image) in own.chunks_exact_mut(w_x).zip(image) {
                out.copy_from_slice(&image[..w_x]);
            }
            (row, rest) = (row + n, others);
        }
    }

    /// Copies patches that lie side by side, from patch `first` on: row by row through all of them, so that the
    /// image is read from one end to the other.
    fn copy_side_by_side(&self, first: usize, patches: &mut [T], patch_len: usize) {
        let w_x = self.grid.window().to_zyx()[2];
        let n_rows = patch_len / w_x;
        let starts: Vec<usize> = (0..patches.len() / patch_len)
            .map(|at| self.row_start((first + at) * n_rows) - self.row_start(first * n_rows))
            .collect();
        for row in 0..n_rows {
            let image = &self.images[self.row_start(first * n_rows + row)..];
            for (patch, &start) in patches.chunks_exact_mut(patch_len).zip(&starts) {
                patch[row * w_x..(row + 1) * w_x].copy_from_slice(&image[start..start + w_x]);
            }
        }
    }

    /// Where a row begins in the images, if all rows of all patches are counted.
    fn row_start(&self, row: usize) -> usize {
        let [n_z, n_y, n_x] = self.grid.image().to_zyx();
        let n_windows = self.grid.n_windows();
        let [w_z, w_y, _] = self.grid.window().to_zyx();
        let plane = row / w_y;
        let y_in_window = row % w_y;
        let (plane, z_in_window) = (plane / w_z, plane % w_z);
        let patch = plane / self.n_channels;
        let channel = plane % self.n_channels;
        let [z, y, x] = self.grid.start(patch % n_windows).map_or([0; 3], |start| start.to_zyx(0));
        let plane = (patch / n_windows * self.n_channels + channel) * n_z + z + z_in_window;
        (plane * n_y + y + y_in_window) * n_x + x
    }
}
