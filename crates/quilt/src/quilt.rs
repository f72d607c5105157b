//! The quilt: windows over images of one size, and how much every pixel of a window counts.

use ndarray::{ArrayD, ArrayView, Axis, RemoveAxis, Slice};
use patchweave_geometry::{Extent, PerAxis, WindowGrid};

use crate::border::interior;
use crate::tensor::{Element, Leading};
use crate::{BlendWindow, Border, QuiltError};

/// Cuts images of one size into overlapping patches and puts patches together again.
///
/// Images are `NC(Z)YX`, patches `MC(Z)YX` with `M` patches image by image and row by row; both may lack the
/// channel axis. Where patches overlap, the result is their weighted mean. Sums are taken in `f64` in the
/// order of the patches, so that the result is the same, bit for bit, for any number of threads; work is
/// shared among those of the caller's rayon pool.
///
/// ```
/// use ndarray::{Array4, s};
/// use patchweave_geometry::{Extent, PerAxis};
/// use patchweave_quilt::Quilt;
///
/// let images = Array4::from_shape_fn((2, 3, 20, 24), |(n, c, y, x)| (n * 1000 + c * 100 + y * 24 + x) as f32);
/// let quilt = Quilt::new(Extent::new(&[20, 24])?, Extent::new(&[8, 8])?, PerAxis::new(&[4, 4])?)?
///     .with_border(2, 0.1)?;
///
/// let patches = quilt.unstitch(images.view())?;
/// assert_eq!(patches.shape(), [2 * 4 * 5, 3, 8, 8]);
/// assert_eq!(patches.slice(s![6, .., .., ..]), images.slice(s![0, .., 4..12, 4..12]));
///
/// let doubled = patches.mapv(|value| 2.0 * value); // what a model would do
/// let (result, weights) = quilt.stitch(doubled.view())?;
/// assert!((&result - 2.0 * &images).iter().all(|error| error.abs() < 1e-3));
/// assert_eq!(weights.shape(), [20, 24]);
///
/// let error = quilt.unstitch(images.slice(s![.., .., ..19, ..])).unwrap_err();
/// assert_eq!(error.to_string(), "the tensor has shape [2, 3, 19, 24], expected N, C and [20, 24], or N and [20, 24]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Quilt {
    grid: WindowGrid,
    border: Option<PerAxis<i64>>,
    blend: BlendWindow,
    /// Whether the blend was chosen, so that a border does not change it.
    has_own_blend: bool,
}

impl Quilt {
    /// Windows of size `window` over images of size `image`, `step` pixels apart, without a border; all `(Z)YX`.
    ///
    /// # Errors
    /// As [`WindowGrid::new`].
    pub fn new(image: Extent, window: Extent, step: PerAxis<usize>) -> Result<Self, QuiltError> {
        let grid = WindowGrid::new(image, window, step)?;
        Ok(Quilt { grid, border: None, blend: BlendWindow::constant(window), has_own_blend: false })
    }

    /// Lets pixels of the border count `weight` instead of 1.
    ///
    /// The border also says which labels of a target are hidden
    /// ([`unstitch_data_pair`](Self::unstitch_data_pair)). Weights below 1e-8 are raised to that. A blend that was
    /// chosen with [`with_blend`](Self::with_blend), before or afterwards, stays; the border then only hides labels.
    ///
    /// # Errors
    /// [`QuiltError::BorderWeight`] for a weight that does not lie in 0 to 1, [`QuiltError::Axes`] for a border
    /// of the wrong number of axes.
    pub fn with_border(mut self, border: impl Into<Border>, weight: f64) -> Result<Self, QuiltError> {
        let border = border.into();
        let window = self.grid.window();
        let blend = BlendWindow::border(window, &border, weight)?;
        if !self.has_own_blend {
            self.blend = blend;
        }
        self.border = border.per_axis(window.n_axes())?;
        Ok(self)
    }

    /// Blends by other weights than those of the border; the border still says which labels are hidden.
    ///
    /// # Errors
    /// [`QuiltError::BlendWindow`] if they were made for windows of another size.
    pub fn with_blend(mut self, blend: BlendWindow) -> Result<Self, QuiltError> {
        let got = blend.window();
        let expected = self.grid.window();
        if got != expected {
            return Err(QuiltError::BlendWindow { got, expected });
        }
        self.blend = blend;
        self.has_own_blend = true;
        Ok(self)
    }

    /// Where the windows are.
    #[must_use]
    pub fn grid(&self) -> &WindowGrid {
        &self.grid
    }

    /// Number of windows along every axis.
    #[must_use]
    pub fn times(&self) -> PerAxis<usize> {
        self.grid.times()
    }

    /// Number of patches of so many images; saturates where no machine could hold them.
    #[must_use]
    pub fn n_patches(&self, n_images: usize) -> usize {
        n_images.saturating_mul(self.grid.n_windows())
    }

    /// The border along every axis; `None` if there is none.
    #[must_use]
    pub fn border(&self) -> Option<PerAxis<i64>> {
        self.border
    }

    /// How much every pixel of a window counts.
    #[must_use]
    pub fn blend(&self) -> &BlendWindow {
        &self.blend
    }

    /// 1 for pixels inside, 0 for those of the border, `(Z)YX`; all ones without a border.
    #[must_use]
    pub fn border_tensor(&self) -> ArrayD<f32> {
        interior(self.grid.window(), self.border)
    }

    /// The image and the window of a patch.
    pub(crate) fn locate(
        &self,
        index: usize,
        n_images: usize,
    ) -> Result<(usize, PerAxis<usize>), QuiltError> {
        let n_patches = self.n_patches(n_images);
        let start = self.grid.start(index % self.grid.n_windows()).filter(|_| index < n_patches);
        let start = start.ok_or(QuiltError::NoSuchPatch { index, n_patches })?;
        Ok((index / self.grid.n_windows(), start))
    }

    /// A patch as a view into its image, `(C)(Z)YX`; nothing is copied.
    ///
    /// ```
    /// use ndarray::{Array4, s};
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_quilt::Quilt;
    ///
    /// let images = Array4::from_shape_fn((1, 1, 6, 6), |(_, _, y, x)| (6 * y + x) as u16);
    /// let quilt = Quilt::new(Extent::new(&[6, 6])?, Extent::new(&[4, 4])?, PerAxis::new(&[3, 3])?)?;
    /// assert_eq!(quilt.unstitch_one(images.view(), 3)?, images.slice(s![0, .., 2..6, 2..6]));
    /// let error = quilt.unstitch_one(images.view(), 4).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no patch 4, there are 4");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`QuiltError::Shape`] if the tensor's images are of another size, [`QuiltError::NoSuchPatch`].
    pub fn unstitch_one<'a, T: Element, D: RemoveAxis>(
        &self,
        tensor: ArrayView<'a, T, D>,
        index: usize,
    ) -> Result<ArrayView<'a, T, D::Smaller>, QuiltError> {
        let leading = Leading::of("the tensor", tensor.shape(), self.grid.image())?;
        let (image, start) = self.locate(index, leading.n)?;
        Ok(self.under(tensor, image, start, usize::from(leading.channels.is_some())))
    }

    /// What lies under a window that exists; spatial axes begin at `first`.
    fn under<'a, T, D: RemoveAxis>(
        &self,
        tensor: ArrayView<'a, T, D>,
        image: usize,
        start: PerAxis<usize>,
        first: usize,
    ) -> ArrayView<'a, T, D::Smaller> {
        let mut patch = tensor.index_axis_move(Axis(0), image);
        for (axis, (start, size)) in start.iter().zip(self.grid.window().iter()).enumerate() {
            patch.slice_axis_inplace(Axis(first + axis), Slice::from(start..start + size));
        }
        patch
    }

    /// All patches in order, with their numbers, as views into the images.
    ///
    /// `cycle()` starts again after the last one.
    ///
    /// ```
    /// use ndarray::Array4;
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_quilt::Quilt;
    ///
    /// let images = Array4::<f32>::zeros((2, 1, 6, 6));
    /// let quilt = Quilt::new(Extent::new(&[6, 6])?, Extent::new(&[4, 4])?, PerAxis::new(&[3, 3])?)?;
    /// let numbers: Vec<usize> = quilt.patches(images.view())?.cycle().map(|(index, _)| index).take(9).collect();
    /// assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`QuiltError::Shape`] if the tensor's images are of another size.
    pub fn patches<'a, T: Element, D: RemoveAxis + 'a>(
        &'a self,
        tensor: ArrayView<'a, T, D>,
    ) -> Result<
        impl DoubleEndedIterator<Item = (usize, ArrayView<'a, T, D::Smaller>)> + ExactSizeIterator + Clone + 'a,
        QuiltError,
    > {
        let leading = Leading::of("the tensor", tensor.shape(), self.grid.image())?;
        let n_windows = self.grid.n_windows();
        let first = usize::from(leading.channels.is_some());
        Ok((0..self.n_patches(leading.n)).map(move |index| {
            let start = self.grid.start(index % n_windows).unwrap_or(self.grid.step());
            (index, self.under(tensor.clone(), index / n_windows, start, first))
        }))
    }
}
