//! Where patches lie: tables of positions, and coordinates as channels.

use ndarray::{Array, Array2, ArrayView, Axis, Dimension, Slice};
use patchweave_geometry::{PerAxis, coordinate};
use patchweave_pixel::Pixel;

use crate::tensor::{Leading, zeros};
use crate::{Quilt, QuiltError};

/// What coordinate channels count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PositionMode {
    /// From the first pixel of the patch: 0 to `w - 1`, divided by `w - 1` where they are normalised.
    #[default]
    Relative,
    /// From the first pixel of the image; divided by the size of the image where they are normalised.
    Absolute,
}

/// Channels that tell every pixel where it is, one per spatial axis.
///
/// ```
/// use ndarray::{Array4, s};
/// use patchweave_geometry::{Extent, PerAxis};
/// use patchweave_quilt::{PositionalChannels, PositionMode, Quilt};
///
/// let images = Array4::<f32>::zeros((1, 1, 4, 6));
/// let quilt = Quilt::new(Extent::new(&[4, 6])?, Extent::new(&[2, 3])?, PerAxis::new(&[2, 3])?)?;
/// let channels = PositionalChannels { mode: PositionMode::Absolute, is_normalized: false };
/// let patches = quilt.unstitch_with_positions(images.view(), channels)?;
/// assert_eq!(patches.shape(), [4, 3, 2, 3]);
/// assert_eq!(patches.slice(s![3, 1.., 1, 2]).to_vec(), [3.0, 5.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionalChannels {
    /// Counted from where.
    pub mode: PositionMode,
    /// Whether coordinates are divided, so that they go from 0 to about 1.
    pub is_normalized: bool,
}

impl Default for PositionalChannels {
    fn default() -> Self {
        PositionalChannels { mode: PositionMode::Relative, is_normalized: true }
    }
}

impl Quilt {
    /// Image and first pixel of a patch, `N(Z)YX`.
    ///
    /// # Errors
    /// [`QuiltError::NoSuchPatch`] if `n_images` have fewer patches.
    pub fn position(&self, index: usize, n_images: usize) -> Result<(usize, PerAxis<usize>), QuiltError> {
        self.locate(index, n_images)
    }

    /// First pixels of all patches of so many images, one row `(Z)YX` per patch.
    ///
    /// ```
    /// use ndarray::array;
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_quilt::Quilt;
    ///
    /// let quilt = Quilt::new(Extent::new(&[4, 7])?, Extent::new(&[4, 4])?, PerAxis::new(&[2, 2])?)?;
    /// assert_eq!(quilt.positions(1)?, array![[0, 0], [0, 2], [0, 3]]);
    /// assert_eq!(quilt.positions_with_image(2)?.row(3).to_vec(), [1, 0, 0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`QuiltError::OutOfMemory`].
    pub fn positions(&self, n_images: usize) -> Result<Array2<i64>, QuiltError> {
        self.table(n_images, false)
    }

    /// Image and first pixels of all patches of so many images, one row `N(Z)YX` per patch.
    ///
    /// # Errors
    /// [`QuiltError::OutOfMemory`].
    pub fn positions_with_image(&self, n_images: usize) -> Result<Array2<i64>, QuiltError> {
        self.table(n_images, true)
    }

    fn table(&self, n_images: usize, with_image: bool) -> Result<Array2<i64>, QuiltError> {
        let n_columns = usize::from(with_image) + self.times().n_axes();
        let mut table: Array2<i64> = zeros(&[self.n_patches(n_images), n_columns])?;
        for (index, mut row) in table.outer_iter_mut().enumerate() {
            let (image, start) = self.locate(index, n_images)?;
            let entries = with_image.then_some(image).into_iter().chain(start.iter());
            for (cell, entry) in row.iter_mut().zip(entries) {
                *cell = coordinate(entry);
            }
        }
        Ok(table)
    }

    /// As [`unstitch`](Self::unstitch), with one channel more per spatial axis that holds the coordinate of
    /// every pixel: `NC(Z)YX` → `M(C + axes)(Z)YX`.
    ///
    /// Coordinates have the type of the data; integers drop what follows the point.
    ///
    /// # Errors
    /// As [`unstitch`](Self::unstitch); [`QuiltError::Shape`] too for a tensor without channels.
    pub fn unstitch_with_positions<T: Pixel, D: Dimension + ndarray::RemoveAxis>(
        &self,
        tensor: ArrayView<'_, T, D>,
        channels: PositionalChannels,
    ) -> Result<Array<T, D>, QuiltError> {
        let leading = Leading::of("the tensor", tensor.shape(), self.grid().image())?;
        let Some(n_channels) = leading.channels else {
            let expected = format!("N, C and {:?}", self.grid().image().as_slice());
            return Err(QuiltError::Shape { what: "the tensor", got: tensor.shape().to_vec(), expected });
        };
        let n_axes = self.times().n_axes();
        let more = Leading { channels: Some(n_channels + n_axes), ..leading };
        let window = self.grid().window();
        let mut patches: Array<T, D> = zeros(&more.shape(self.n_patches(leading.n), window))?;
        for (index, mut patch) in patches.axis_iter_mut(Axis(0)).enumerate() {
            let (_, start) = self.locate(index, leading.n)?;
            let (mut values, mut coordinates) = patch.view_mut().split_at(Axis(0), n_channels);
            values.assign(&self.unstitch_one(tensor.view(), index)?);
            for axis in 0..n_axes {
                let mut coordinate = coordinates.slice_axis_mut(Axis(0), Slice::from(axis..=axis));
                for k in 0..window.per_axis()[axis] {
                    let value = self.coordinate(channels, axis, start[axis], k);
                    let value = if T::TYPE.is_integer() { value.trunc() } else { value };
                    coordinate.slice_axis_mut(Axis(1 + axis), Slice::from(k..=k)).fill(T::from_f64(value));
                }
            }
        }
        Ok(patches)
    }

    fn coordinate(&self, channels: PositionalChannels, axis: usize, start: usize, k: usize) -> f64 {
        let PositionalChannels { mode, is_normalized } = channels;
        let (at, whole) = match mode {
            PositionMode::Relative => (k, self.grid().window().per_axis()[axis] - 1),
            PositionMode::Absolute => (start + k, self.grid().image().per_axis()[axis]),
        };
        let divisor = if is_normalized { whole.max(1) } else { 1 };
        at as f64 / divisor as f64
    }
}
