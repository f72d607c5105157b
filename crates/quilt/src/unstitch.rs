//! Images into patches.

use ndarray::{Array, ArrayView, ArrayViewMut, Axis, Dimension, RemoveAxis};
use patchweave_pixel::Pixel;
use rayon::prelude::*;

use crate::tensor::{Leading, check_shape, zeros};
use crate::{Quilt, QuiltError};

/// Bytes of patches that a thread takes at a time.
const SHARE_BYTES: usize = 256 * 1024;

impl Quilt {
    /// All patches of all images: `N(C)(Z)YX` → `M(C)(Z)YX`.
    ///
    /// Patches come image by image and row by row; values and their type stay as they are.
    ///
    /// # Errors
    /// [`QuiltError::Shape`] if the images are of another size, [`QuiltError::OutOfMemory`].
    pub fn unstitch<T: Pixel, D: Dimension + RemoveAxis>(
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
    /// Arrays in C order are copied row by row; others take longer.
    ///
    /// # Errors
    /// [`QuiltError::Shape`] if the images are of another size or `out` has not the shape of the patches.
    pub fn unstitch_into<T: Pixel, D: Dimension + RemoveAxis>(
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
        for (index, mut patch) in out.axis_iter_mut(Axis(0)).enumerate() {
            patch.assign(&self.unstitch_one(tensor.view(), index)?);
        }
        Ok(())
    }

    /// Copies rows of images in C order into patches in C order.
    fn copy_rows<T: Pixel>(&self, images: &[T], n_channels: usize, patches: &mut [T]) {
        let ([n_z, n_y, n_x], window) = (self.grid().image().to_zyx(), self.grid().window());
        let [_, w_y, w_x] = window.to_zyx();
        let plane = w_y * w_x;
        let n_planes = n_channels * window.n_pixels() / plane;
        let patch = plane * n_planes;
        if patch == 0 {
            return;
        }
        let share = (SHARE_BYTES / size_of::<T>().max(1)).div_ceil(patch) * patch;
        let depth = n_planes / n_channels;
        patches.par_chunks_mut(share).enumerate().for_each(|(at, patches)| {
            let first = at * (share / patch);
            for (index, patch) in (first..).zip(patches.chunks_exact_mut(patch)) {
                let (image, window) = (index / self.grid().n_windows(), index % self.grid().n_windows());
                let Some(start) = self.grid().start(window) else { continue };
                let [z, y, x] = start.to_zyx(0);
                for (at, plane) in patch.chunks_exact_mut(plane).enumerate() {
                    let (channel, deep) = (at / depth, at % depth);
                    let first = ((image * n_channels + channel) * n_z + z + deep) * n_y + y;
                    let rows = images[first * n_x + x..].chunks(n_x);
                    for (out, row) in plane.chunks_exact_mut(w_x).zip(rows) {
                        out.copy_from_slice(&row[..w_x]);
                    }
                }
            }
        });
    }
}
