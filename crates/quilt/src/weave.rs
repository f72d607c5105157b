//! Patches into images: the weighted mean where they overlap.

use std::borrow::Cow;

use ndarray::{Array, ArrayD, ArrayView, ArrayViewMut, Dimension, IxDyn};
use patchweave_pixel::Pixel;
use rayon::prelude::*;

use crate::blend::Sums;
use crate::gather::Weaver;
use crate::tensor::{Leading, check_shape, zeros};
use crate::{Quilt, QuiltError};

/// Images out of patches of `T`, and what the windows weigh together.
pub type Stitched<T, D> = (Array<<T as Pixel>::Mean, D>, ArrayD<f32>);

impl Quilt {
    /// Images out of their patches, and what the windows weigh together: `M(C)(Z)YX` → `N(C)(Z)YX`, `(Z)YX`.
    ///
    /// A pixel is `Σ wₖ pₖ / Σ wₖ` over the patches `k` that hold it; `NaN` where there are none, which a step
    /// larger than the window leads to. Patches of `f64` give `f64`, those of any other type `f32`. Without
    /// patches there are no images, and all weights are 0.
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
        self.stitch_into(patches, images.view_mut())?;
        let weights = self.weights();
        Ok((images, if leading.n == 0 { weights * 0.0 } else { weights }))
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
        let values = match patches.as_slice() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(patches.iter().copied().collect()),
        };
        if let Some(images) = out.as_slice_mut() {
            self.weave(&values, leading.n_channels(), images);
            return Ok(());
        }
        let mut images: Array<T::Mean, IxDyn> = zeros(out.shape())?;
        if let Some(images) = images.as_slice_mut() {
            self.weave(&values, leading.n_channels(), images);
        }
        out.into_dyn().assign(&images);
        Ok(())
    }

    /// What all windows weigh together at every pixel of an image, `(Z)YX`; a sum of weights, not a count.
    #[must_use]
    pub fn weights(&self) -> ArrayD<f32> {
        let sums = self.sums();
        let [n_z, n_y, _] = self.grid().image().to_zyx();
        let mut row = Vec::new();
        let mut values = Vec::with_capacity(self.grid().image().n_pixels());
        for (z, y) in (0..n_z).flat_map(|z| (0..n_y).map(move |y| (z, y))) {
            sums.row(z, y, &mut row);
            values.extend(row.iter().map(|&sum| f32::from_f64(sum)));
        }
        // There are as many values as the image has pixels.
        ArrayD::from_shape_vec(self.grid().image().as_slice(), values).unwrap_or_default()
    }

    pub(crate) fn sums(&self) -> Sums {
        self.blend().sums(self.grid().image().to_zyx(), &self.grid().starts_zyx())
    }

    /// What the patches hold, with the number of images instead of that of patches.
    fn whole_images<T, D: Dimension>(&self, patches: &ArrayView<'_, T, D>) -> Result<Leading, QuiltError> {
        let leading = Leading::of("the array of patches", patches.shape(), self.grid().window())?;
        let (got, per_image) = (leading.n, self.grid().n_windows());
        if got.is_multiple_of(per_image) {
            Ok(Leading { n: got / per_image, ..leading })
        } else {
            Err(QuiltError::PatchCount { got, per_image })
        }
    }

    /// Every plane in parallel, and in it every strip of rows that the same windows cover.
    fn weave<T: Pixel>(&self, patches: &[T], n_channels: usize, images: &mut [T::Mean]) {
        let [n_z, n_y, n_x] = self.grid().image().to_zyx();
        let weaver = Weaver::new(self, patches, n_channels);
        images.par_chunks_mut(n_y * n_x).enumerate().for_each(|(plane, rows)| {
            let (image, z) = (plane / n_z, plane % n_z);
            let mut strips = Vec::with_capacity(weaver.along[1].len());
            let mut rest = rows;
            for strip in &weaver.along[1] {
                let (own, others) = rest.split_at_mut(strip.places.len() * n_x);
                strips.push((strip, own));
                rest = others;
            }
            strips.into_par_iter().for_each(|(strip, out)| weaver.strip(image, z, strip, out));
        });
    }
}
