//! Patches into images: the weighted mean where they overlap.

use ndarray::{Array, ArrayD, ArrayView, ArrayViewMut, Dimension, IxDyn};
use patchweave_pixel::Pixel;
use rayon::prelude::*;

use crate::gather::Weaver;
use crate::rows::Rows;
use crate::tensor::{Leading, check_shape, zeros};
use crate::{Quilt, QuiltError};

/// Images out of patches of `T`, and what the windows weigh together.
pub type Stitched<T, D> = (Array<<T as Pixel>::Mean, D>, ArrayD<f32>);

impl Quilt {
    /// Images out of their patches, and what the windows weigh together: `M(C)(Z)YX` → `N(C)(Z)YX`, `(Z)YX`.
    ///
    /// A pixel is `Σ wₖ pₖ / Σ wₖ` over the patches `k` that hold it. Where there are none, which a step larger
    /// than the window leads to, it is `NaN`; a value of a patch that is no finite number reaches only the pixel
    /// under it. Patches of `f64` give `f64`, those of any other type `f32`. Without patches there are no images,
    /// and all weights are 0.
    ///
    /// # Errors
    /// [`QuiltError::Shape`] if the patches are of another size, [`QuiltError::PatchCount`] if they do not fill
    /// whole images, [`QuiltError::OutOfMemory`].
    pub fn stitch<T: Pixel, D: Dimension>(
        &self,
        patches: ArrayView<'_, T, D>,
    ) -> Result<Stitched<T, D>, QuiltError> {
        let leading = self.whole_images(&patches)?;
        let mut images = zeros(&leading.shape(leading.n, self.grid().image()))?;
        if leading.n == 0 {
            return Ok((images, zeros(self.grid().image().as_slice())?));
        }
        self.stitch_into(patches, images.view_mut())?;
        Ok((images, self.weights()?))
    }

    /// As [`stitch`](Self::stitch), into memory of the caller; the weights are those of [`weights`](Self::weights).
    ///
    /// Arrays in C order are used as they are, others are copied once.
    ///
    /// # Errors
    /// As [`stitch`](Self::stitch), and [`QuiltError::Shape`] if `out` has not the shape of the images.
    pub fn stitch_into<T: Pixel, D: Dimension>(
        &self,
        patches: ArrayView<'_, T, D>,
        mut out: ArrayViewMut<'_, T::Mean, D>,
    ) -> Result<(), QuiltError> {
        let leading = self.whole_images(&patches)?;
        check_shape("the output", out.shape(), &leading.shape(leading.n, self.grid().image()))?;
        let copied: Array<T, D>;
        let values = match patches.as_slice() {
            Some(values) => values,
            None => {
                copied = in_c_order(&patches)?;
                copied.as_slice().unwrap_or_default()
            }
        };
        if let Some(images) = out.as_slice_mut() {
            self.weave(values, leading.n_channels(), images);
            return Ok(());
        }
        let mut images: Array<T::Mean, IxDyn> = zeros(out.shape())?;
        self.weave(values, leading.n_channels(), images.as_slice_mut().unwrap_or_default());
        out.into_dyn().assign(&images);
        Ok(())
    }

    /// What all windows weigh together at every pixel of an image, `(Z)YX`; a sum of weights, not a count.
    ///
    /// # Errors
    /// [`QuiltError::OutOfMemory`].
    pub fn weights(&self) -> Result<ArrayD<f32>, QuiltError> {
        let sums = self.sums();
        let [_, n_y, n_x] = self.grid().image().to_zyx();
        let mut weights: ArrayD<f32> = zeros(self.grid().image().as_slice())?;
        let rows = weights.as_slice_mut().unwrap_or_default().par_chunks_mut(n_x);
        rows.enumerate().for_each(|(row, out)| {
            let (sums, factor) = sums.row(row / n_y, row % n_y);
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = f32::from_f64(sum * factor);
            }
        });
        Ok(weights)
    }

    pub(crate) fn sums(&self) -> Rows {
        self.blend().sums(self.grid().image().to_zyx(), &self.grid().starts_zyx())
    }

    /// What the patches hold, with the number of images instead of that of patches.
    fn whole_images<T, D: Dimension>(&self, patches: &ArrayView<'_, T, D>) -> Result<Leading, QuiltError> {
        let leading = Leading::of("the array of patches", patches.shape(), self.grid().window())?;
        let got = leading.n;
        let per_image = self.grid().n_windows();
        if got.is_multiple_of(per_image) {
            Ok(Leading { n: got / per_image, ..leading })
        } else {
            Err(QuiltError::PatchCount { got, per_image })
        }
    }

    /// Every plane in parallel, and in it every strip of rows that the same windows cover.
    fn weave<T: Pixel>(&self, patches: &[T], n_channels: usize, images: &mut [T::Mean]) {
        let [n_z, n_y, n_x] = self.grid().image().to_zyx();
        let plane_len = n_y * n_x;
        let weaver = Weaver::new(self, patches, n_channels, images.len() / plane_len);
        images.par_chunks_mut(plane_len).enumerate().for_each(|(plane, rows)| {
            let image = plane / n_z;
            let z = plane % n_z;
            let mut rest = rows;
            let strips: Vec<_> = (weaver.strips().iter())
                .map(|strip| {
                    let (own, others) = std::mem::take(&mut rest).split_at_mut(strip.places.len() * n_x);
                    rest = others;
                    (strip, own)
                })
                .collect();
            strips.into_par_iter().for_each_init(Default::default, |scratch, (strip, out)| {
                weaver.strip(image, z, strip, out, scratch);
            });
        });
    }
}

/// A copy in C order.
fn in_c_order<T: Pixel, D: Dimension>(array: &ArrayView<'_, T, D>) -> Result<Array<T, D>, QuiltError> {
    let mut copied: Array<T, D> = zeros(array.shape())?;
    copied.assign(array);
    Ok(copied)
}
