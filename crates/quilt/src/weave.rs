//! Patches into images: the weighted mean where they overlap.

use std::borrow::Cow;

use ndarray::{Array, ArrayD, ArrayView, ArrayViewMut, Dimension, IxDyn};
use patchweave_pixel::Pixel;
use rayon::prelude::*;

use crate::blend::{RowWeights, Sums};
use crate::tensor::{Leading, check_shape, zeros};
use crate::{Quilt, QuiltError};

/// Bytes of sums that one thread works on, so that they stay in its cache.
const BAND_BYTES: usize = 128 * 1024;

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

    fn sums(&self) -> Sums {
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

    /// Every band of rows of every plane gathers what the patches have for it, in their order.
    fn weave<T: Pixel>(&self, patches: &[T], n_channels: usize, images: &mut [T::Mean]) {
        let [n_z, n_y, n_x] = self.grid().image().to_zyx();
        let weaver =
            Weaver { quilt: self, patches, n_channels, starts: self.grid().starts_zyx(), sums: self.sums() };
        let n_rows = (BAND_BYTES / (n_x * size_of::<f64>())).clamp(1, n_y);
        let bands = images.par_chunks_mut(n_y * n_x).enumerate().flat_map(|(plane, rows)| {
            rows.par_chunks_mut(n_rows * n_x)
                .enumerate()
                .map(move |(band, rows)| (plane, band * n_rows, rows))
        });
        let scratch = || (Vec::new(), Vec::new(), RowWeights::new(self.blend()));
        bands.for_each_init(scratch, |(band, row, weights), (plane, y, out)| {
            let (image, z) = (plane / n_z, plane % n_z);
            weaver.gather(image, z, y, out.len() / n_x, weights, band);
            for (at, (out, band)) in out.chunks_exact_mut(n_x).zip(band.chunks_exact(n_x)).enumerate() {
                weaver.sums.row(z, y + at, row);
                for ((out, sum), weight) in out.iter_mut().zip(band).zip(&*row) {
                    *out = T::Mean::from_f64(sum / weight);
                }
            }
        });
    }
}

/// All that a band needs to know.
struct Weaver<'a, T> {
    quilt: &'a Quilt,
    patches: &'a [T],
    n_channels: usize,
    starts: [Vec<usize>; 3],
    sums: Sums,
}

impl<T: Pixel> Weaver<'_, T> {
    /// Sums `n_rows` rows of one plane from row `y` on; `image` counts images and channels.
    fn gather(
        &self,
        image: usize,
        z: usize,
        y: usize,
        n_rows: usize,
        weights: &mut RowWeights<'_>,
        band: &mut Vec<f64>,
    ) {
        let grid = self.quilt.grid();
        let ([_, _, n_x], [w_z, w_y, w_x]) = (grid.image().to_zyx(), grid.window().to_zyx());
        let [starts_z, starts_y, starts_x] = &self.starts;
        let (image, channel) = (image / self.n_channels, image % self.n_channels);
        band.clear();
        band.resize(n_rows * n_x, 0.0);
        for (at_z, start_z) in touching(starts_z, w_z, z, 1) {
            for (at_y, start_y) in touching(starts_y, w_y, y, n_rows) {
                let first = ((image * starts_z.len() + at_z) * starts_y.len() + at_y) * starts_x.len();
                let rows = start_y.max(y)..(start_y + w_y).min(y + n_rows);
                for (at_x, start_x) in starts_x.iter().enumerate() {
                    let plane = ((first + at_x) * self.n_channels + channel) * w_z + (z - start_z);
                    let patch = &self.patches[plane * w_y * w_x..][..w_y * w_x];
                    for row in rows.clone() {
                        let in_window = row - start_y;
                        let weights = weights.row(z - start_z, in_window);
                        let sums = &mut band[(row - y) * n_x + start_x..][..w_x];
                        for ((sum, value), weight) in
                            sums.iter_mut().zip(&patch[in_window * w_x..]).zip(weights)
                        {
                            *sum += weight * value.to_f64();
                        }
                    }
                }
            }
        }
    }
}

/// The windows that touch `n` places from `first` on, with their numbers.
fn touching(
    starts: &[usize],
    window: usize,
    first: usize,
    n: usize,
) -> impl Iterator<Item = (usize, usize)> + '_ {
    let low = starts.partition_point(|&start| start + window <= first);
    let high = starts.partition_point(|&start| start < first + n);
    (low..high).zip(&starts[low..high]).map(|(at, &start)| (at, start))
}
