//! Patches out of images, by number, one after the other, or those with labels.

use ndarray::{ArrayView, Dimension, RemoveAxis};
use patchweave_geometry::PerAxis;
use patchweave_pixel::Pixel;

use patchweave_quilt::{LabelledPairs, PatchPair};

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

    /// Pairs of patches whose target holds a label inside of the border, as [`Quilt::clean_pairs`] gives them.
    ///
    /// ```
    /// use ndarray::Array3;
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_large::{LargeOptions, LargeQuilt, LargeSpec};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (images, mut labels) = (Array3::<f32>::zeros((1, 8, 8)), Array3::<u8>::zeros((1, 8, 8)));
    /// labels[[0, 6, 1]] = 7;
    /// let spec = LargeSpec::new(1, Extent::new(&[8, 8])?, Extent::new(&[4, 4])?, PerAxis::new(&[4, 4])?)?;
    /// let quilt = LargeQuilt::create(folder.path().join("sums"), spec, LargeOptions::default())?;
    /// let pairs = quilt.clean_pairs(images.view(), labels.view(), 0)?;
    /// assert_eq!(pairs.map(|pair| pair.index).collect::<Vec<_>>(), [2]);
    /// let pairs = quilt.unstitch_and_clean_sparse_data_pair(images.view(), labels.view(), 0)?;
    /// assert_eq!((pairs.kept, pairs.targets.shape()), (vec![2], &[1, 4, 4][..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Quilt::clean_pairs`]: patchweave_quilt::Quilt::clean_pairs
    ///
    /// # Errors
    /// [`LargeError::Quilt`] if there are not as many targets as inputs or images are of another size.
    pub fn clean_pairs<'a, A, B, DA, DB>(
        &'a self,
        inputs: ArrayView<'a, A, DA>,
        targets: ArrayView<'a, B, DB>,
        missing: B,
    ) -> Result<impl Iterator<Item = PatchPair<'a, A, B, DA::Smaller, DB::Smaller>> + 'a, LargeError>
    where
        A: Pixel,
        B: Pixel,
        DA: Dimension + RemoveAxis + 'a,
        DB: Dimension + RemoveAxis + 'a,
    {
        Ok(self.spec.quilt().clean_pairs(inputs, targets, missing)?)
    }

    /// All pairs of [`clean_pairs`](Self::clean_pairs) in two arrays, empty ones if none is kept.
    ///
    /// # Errors
    /// As [`clean_pairs`](Self::clean_pairs).
    pub fn unstitch_and_clean_sparse_data_pair<A, B, DA, DB>(
        &self,
        inputs: ArrayView<'_, A, DA>,
        targets: ArrayView<'_, B, DB>,
        missing: B,
    ) -> Result<LabelledPairs<A, B, DA, DB>, LargeError>
    where
        A: Pixel,
        B: Pixel,
        DA: Dimension + RemoveAxis,
        DB: Dimension + RemoveAxis,
    {
        Ok(self.spec.quilt().unstitch_and_clean_sparse_data_pair(inputs, targets, missing)?)
    }
}
