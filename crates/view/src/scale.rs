//! Larger pictures by repeated pixels, smaller ones by area means.

use std::ops::RangeInclusive;

use crate::{Picture, ViewError};

impl Picture {
    /// Every pixel as a square of `factor` × `factor` pixels.
    ///
    /// # Errors
    /// [`ViewError::PictureSize`] if the result exceeds [`MAX_PIXELS`](crate::MAX_PIXELS) or `factor` is 0.
    pub fn enlarged(&self, factor: usize) -> Result<Picture, ViewError> {
        let width = self.width().saturating_mul(factor);
        let height = self.height().saturating_mul(factor);
        let mut rgb = Picture::filled(width, height, [0; 3])?.into_rgb();
        for (y, row) in rgb.chunks_exact_mut(3 * width).enumerate() {
            let source = self.row(y / factor).chunks_exact(3);
            for (square, pixel) in row.chunks_exact_mut(3 * factor).zip(source) {
                square.chunks_exact_mut(3).for_each(|copy| copy.copy_from_slice(pixel));
            }
        }
        Picture::from_rgb(width, height, rgb)
    }

    /// The same picture with `width` × `height` pixels, each the mean of the area that it covers.
    ///
    /// Pixels that are covered in part count in part. A side that would grow keeps its size.
    ///
    /// ```
    /// use patchweave_view::Picture;
    ///
    /// let picture = Picture::from_rgb(3, 1, vec![0, 0, 0, 30, 30, 30, 90, 90, 90])?;
    /// assert_eq!(picture.shrunk(2, 1)?.as_rgb(), [10, 10, 10, 70, 70, 70]);
    /// # Ok::<(), patchweave_view::ViewError>(())
    /// ```
    ///
    /// # Errors
    /// [`ViewError::PictureSize`] if a side is 0.
    pub fn shrunk(&self, width: usize, height: usize) -> Result<Picture, ViewError> {
        let width = width.min(self.width());
        let height = height.min(self.height());
        let mut rgb = Picture::filled(width, height, [0; 3])?.into_rgb();
        // One source pixel is `width` × `height` units, one result pixel as many units as there are source pixels.
        let n_units = (self.width() * self.height()) as u64;
        for (y, row) in rgb.chunks_exact_mut(3 * width).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                let mut sums = [0_u64; 3];
                for source_y in covered(y, self.height(), height) {
                    let rows = overlap(y, source_y, self.height(), height);
                    let source_row = self.row(source_y);
                    for source_x in covered(x, self.width(), width) {
                        let units = rows * overlap(x, source_x, self.width(), width);
                        for (sum, &value) in sums.iter_mut().zip(&source_row[3 * source_x..]) {
                            *sum += units * u64::from(value);
                        }
                    }
                }
                for (value, sum) in pixel.iter_mut().zip(sums) {
                    *value = u8::try_from((sum + n_units / 2) / n_units).unwrap_or(u8::MAX);
                }
            }
        }
        Picture::from_rgb(width, height, rgb)
    }
}

/// The source pixels that result pixel `at` touches on an axis that goes from `from` to `to` pixels.
fn covered(at: usize, from: usize, to: usize) -> RangeInclusive<usize> {
    at * from / to..=((at + 1) * from - 1) / to
}

/// How many units a source and a result pixel share; the axis has `from · to` units.
fn overlap(at: usize, source: usize, from: usize, to: usize) -> u64 {
    let start = (at * from).max(source * to);
    let end = ((at + 1) * from).min((source + 1) * to);
    end.saturating_sub(start) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn pictures()(width in 1_usize..12, height in 1_usize..12)(
            rgb in prop::collection::vec(any::<u8>(), 3 * width * height), width in Just(width),
            height in Just(height),
        ) -> Picture {
            Picture::from_rgb(width, height, rgb).unwrap()
        }
    }

    proptest! {
        #[test]
        fn shrinking_undoes_enlarging(picture in pictures(), factor in 1_usize..5) {
            let enlarged = picture.enlarged(factor).unwrap();
            prop_assert_eq!(enlarged.width(), factor * picture.width());
            prop_assert_eq!(enlarged.height(), factor * picture.height());
            prop_assert_eq!(enlarged.shrunk(picture.width(), picture.height()).unwrap(), picture);
        }

        #[test]
        fn shares_of_a_result_pixel_add_up(from in 1_usize..40, to in 1_usize..40) {
            let to = to.min(from);
            for at in 0..to {
                let sum: u64 = covered(at, from, to).map(|source| overlap(at, source, from, to)).sum();
                prop_assert_eq!(sum, from as u64);
                prop_assert!(covered(at, from, to).all(|source| overlap(at, source, from, to) > 0));
            }
        }

        #[test]
        fn a_single_pixel_is_the_mean(picture in pictures()) {
            let n = picture.width() * picture.height();
            let mean = |part: usize| {
                let sum: usize = picture.as_rgb().iter().skip(part).step_by(3).map(|&v| usize::from(v)).sum();
                u8::try_from((sum + n / 2) / n).unwrap()
            };
            prop_assert_eq!(picture.shrunk(1, 1).unwrap().pixel(0, 0), Some([mean(0), mean(1), mean(2)]));
        }
    }

    #[test]
    fn no_size_is_an_error() {
        let picture = Picture::filled(2, 2, [1; 3]).unwrap();
        assert!(picture.enlarged(0).is_err());
        assert!(picture.shrunk(0, 1).is_err());
    }
}
