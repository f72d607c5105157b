//! Patches out of images, by number or one after the other.

use ndarray::{ArrayView, Dimension, RemoveAxis};
use patchweave_geometry::PerAxis;
use patchweave_pixel::Pixel;

use crate::{LargeError, LargeQuilt};

impl LargeQuilt {
    /// A patch as a view into its image, `(C)(Z)YX`, out of `N(C)(Z)YX`.
    ///
    /// # Errors
    /// [`LargeError::Quilt`] if the images are of another size or there is no such patch.
    pub fn unstitch<'a, T: Pixel, D: Dimension + RemoveAxis>(
        &self,
        images: ArrayView<'a, T, D>,
        index: usize,
    ) -> Result<ArrayView<'a, T, D::Smaller>, LargeError> {
        Ok(self.spec.quilt().unstitch_one(images, index)?)
    }

    /// The patch after the one that was handed out last, with its number; starts again after the last one.
    ///
    /// ```
    /// use ndarray::Array4;
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_large::{LargeOptions, LargeQuilt, LargeSpec};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let images = Array4::<f32>::zeros((1, 3, 6, 6));
    /// let spec = LargeSpec::new(1, Extent::new(&[6, 6])?, Extent::new(&[4, 4])?, PerAxis::new(&[2, 2])?)?;
    /// let mut quilt = LargeQuilt::create(folder.path().join("sums"), spec, LargeOptions::default())?;
    /// let mut next = || quilt.unstitch_next(images.view()).map(|(index, _)| index);
    /// assert_eq!([next()?, next()?, next()?, next()?, next()?, next()?], [0, 1, 2, 3, 0, 1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`unstitch`](Self::unstitch); the same patch is next then.
    pub fn unstitch_next<'a, T: Pixel, D: Dimension + RemoveAxis>(
        &mut self,
        images: ArrayView<'a, T, D>,
    ) -> Result<(usize, ArrayView<'a, T, D::Smaller>), LargeError> {
        let index = self.next;
        let patch = self.unstitch(images, index)?;
        self.next = (index + 1) % self.n_patches();
        Ok((index, patch))
    }

    /// The image of a patch and the first pixel of its window, `(Z)YX`.
    ///
    /// # Errors
    /// [`LargeError::Quilt`] if there is no such patch.
    pub fn position(&self, index: usize) -> Result<(usize, PerAxis<usize>), LargeError> {
        self.spec.position(index)
    }
}
