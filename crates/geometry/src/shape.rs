//! The canonical shape of an image.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Extent, GeometryError};

/// The shape `SC(Z)YX` that every image has once its axes are in the reference order.
///
/// ```
/// use patchweave_geometry::ImageShape;
///
/// let shape = ImageShape::from_slice(&[2, 3, 512, 512])?;
/// assert_eq!((shape.n_samples, shape.n_channels, shape.extent.n_axes()), (2, 3, 2));
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct ImageShape {
    /// Samples and time points together, at least 1.
    pub n_samples: usize,
    /// At least 1.
    pub n_channels: usize,
    /// Sizes along `(Z)YX`.
    pub extent: Extent,
}

impl ImageShape {
    /// Takes a shape `SCYX` or `SCZYX`.
    ///
    /// # Errors
    /// [`GeometryError::ArrayRank`] for other ranks, [`GeometryError::BadSize`] if a size is zero or the
    /// image has more values than can be addressed.
    pub fn from_slice(shape: &[usize]) -> Result<Self, GeometryError> {
        let (&[n_samples, n_channels], spatial @ ([_, _] | [_, _, _])) =
            shape.split_first_chunk().unwrap_or((&[0, 0], &[]))
        else {
            return Err(GeometryError::ArrayRank { shape: shape.to_vec(), expected: "SCYX or SCZYX" });
        };
        let n_values = shape.iter().try_fold(1_usize, |n, &size| n.checked_mul(size));
        match n_values {
            Some(n) if n > 0 => Ok(ImageShape { n_samples, n_channels, extent: Extent::new(spatial)? }),
            _ => Err(GeometryError::BadSize { shape: shape.to_vec() }),
        }
    }

    /// The sizes in the order `SC(Z)YX`.
    pub fn to_vec(&self) -> Vec<usize> {
        [self.n_samples, self.n_channels].into_iter().chain(self.extent.iter()).collect()
    }

    /// Checks that `sample_idx` names a sample.
    ///
    /// # Errors
    /// [`GeometryError::SampleOutOfRange`].
    pub fn check_sample(&self, sample_idx: usize) -> Result<(), GeometryError> {
        if sample_idx < self.n_samples {
            Ok(())
        } else {
            Err(GeometryError::SampleOutOfRange { sample_idx, n_samples: self.n_samples })
        }
    }

    /// Checks that every channel of a selection exists and that there is one.
    ///
    /// # Errors
    /// [`GeometryError::NoChannels`] or [`GeometryError::ChannelOutOfRange`].
    pub fn check_channels(&self, channels: &[usize]) -> Result<(), GeometryError> {
        if channels.is_empty() {
            return Err(GeometryError::NoChannels);
        }
        match channels.iter().find(|&&channel| channel >= self.n_channels) {
            None => Ok(()),
            Some(&channel_idx) => {
                Err(GeometryError::ChannelOutOfRange { channel_idx, n_channels: self.n_channels })
            }
        }
    }
}

impl fmt::Debug for ImageShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_vec().fmt(f)
    }
}

impl TryFrom<Vec<usize>> for ImageShape {
    type Error = GeometryError;

    fn try_from(shape: Vec<usize>) -> Result<Self, GeometryError> {
        ImageShape::from_slice(&shape)
    }
}

impl From<ImageShape> for Vec<usize> {
    fn from(shape: ImageShape) -> Vec<usize> {
        shape.to_vec()
    }
}
