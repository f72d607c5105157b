//! What a quilt on disk covers: how many images, their windows, and what every pixel of a window weighs.

use ndarray::ArrayD;
use patchweave_geometry::{Extent, PerAxis};
use patchweave_quilt::{Border, Quilt, QuiltError, border_weight};

use crate::LargeError;

/// What pixels of a border, or all pixels of windows without one, weigh unless told otherwise.
const DEFAULT_WEIGHT: f64 = 0.1;

/// Images of one size, the windows over each of them, and the weights of a window.
///
/// The windows are those of a [`Quilt`]. The weights differ in one point: without a border every pixel weighs
/// the weight of the border instead of 1. That cancels in the mean, not in the arrays on disk.
///
/// ```
/// use patchweave_geometry::{Extent, PerAxis};
/// use patchweave_large::LargeSpec;
///
/// let spec = LargeSpec::new(5, Extent::new(&[20, 24])?, Extent::new(&[8, 8])?, PerAxis::new(&[4, 4])?)?;
/// assert_eq!(spec.n_patches(), 5 * 4 * 5);
/// assert_eq!(spec.weights()[[0, 0]], 0.1);
/// let spec = spec.with_border(2, 0.25)?;
/// assert_eq!((spec.weights()[[0, 0]], spec.weights()[[2, 2]]), (0.25, 1.0));
/// let error = spec.with_border(2, 1.5).unwrap_err();
/// assert_eq!(error.to_string(), "got a border weight of 1.5, expected one from 0 to 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LargeSpec {
    n_images: usize,
    quilt: Quilt,
    border_weight: f64,
    n_patches: usize,
}

impl LargeSpec {
    /// `n_images` images of size `image` under windows of size `window`, `step` pixels apart; all `(Z)YX`.
    ///
    /// # Errors
    /// [`LargeError::ImageCount`] for no images or more than can be counted, [`LargeError::Quilt`] for windows
    /// that do not fit.
    pub fn new(
        n_images: usize,
        image: Extent,
        window: Extent,
        step: PerAxis<usize>,
    ) -> Result<Self, LargeError> {
        let quilt = Quilt::new(image, window, step)?;
        let n_patches = n_images.checked_mul(quilt.grid().n_windows()).filter(|&n| n > 0);
        let n_patches = n_patches.ok_or(LargeError::ImageCount { got: n_images })?;
        Ok(LargeSpec { n_images, quilt, border_weight: DEFAULT_WEIGHT, n_patches })
    }

    /// Lets pixels of the border weigh `weight`, those inside 1; without a border all weigh `weight`.
    ///
    /// Weights below 1e-8 are raised to that.
    ///
    /// # Errors
    /// [`LargeError::Quilt`] for a weight that does not lie in 0 to 1 or a border of the wrong number of axes.
    pub fn with_border(mut self, border: impl Into<Border>, weight: f64) -> Result<Self, LargeError> {
        self.border_weight = border_weight(weight)?;
        self.quilt = self.quilt.with_border(border, weight)?;
        Ok(self)
    }

    /// Number of images.
    #[must_use]
    pub fn n_images(&self) -> usize {
        self.n_images
    }

    /// Number of patches of all images.
    #[must_use]
    pub fn n_patches(&self) -> usize {
        self.n_patches
    }

    /// The windows over one image, and its border.
    #[must_use]
    pub fn quilt(&self) -> &Quilt {
        &self.quilt
    }

    /// What pixels of the border weigh, or all pixels if there is no border.
    #[must_use]
    pub fn border_weight(&self) -> f64 {
        self.border_weight
    }

    /// 1 for pixels inside, 0 for those of the border, `(Z)YX`; all ones without a border.
    #[must_use]
    pub fn border_tensor(&self) -> ArrayD<f64> {
        self.quilt.border_tensor().mapv(f64::from)
    }

    /// What every pixel of a window weighs, `(Z)YX`.
    #[must_use]
    pub fn weights(&self) -> ArrayD<f64> {
        let has_border = self.quilt.border().is_some();
        let weight = |inside: f32| if has_border && inside > 0.0 { 1.0 } else { self.border_weight };
        self.quilt.border_tensor().mapv(weight)
    }

    /// The image of a patch and the first pixel of its window, `(Z)YX`.
    ///
    /// ```
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_large::LargeSpec;
    ///
    /// let spec = LargeSpec::new(2, Extent::new(&[6, 6])?, Extent::new(&[4, 4])?, PerAxis::new(&[3, 3])?)?;
    /// assert_eq!(spec.position(5)?, (1, PerAxis::new(&[0, 2])?));
    /// assert_eq!(spec.position(8).unwrap_err().to_string(), "there is no patch 8, there are 8");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LargeError::Quilt`] if there is no such patch.
    pub fn position(&self, index: usize) -> Result<(usize, PerAxis<usize>), LargeError> {
        let n_windows = self.quilt.grid().n_windows();
        let start = self.quilt.grid().start(index % n_windows).filter(|_| index < self.n_patches);
        let start = start.ok_or(QuiltError::NoSuchPatch { index, n_patches: self.n_patches })?;
        Ok((index / n_windows, start))
    }
}
