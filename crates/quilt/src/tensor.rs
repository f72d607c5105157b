//! Shapes of tensors: images or patches in front, then channels where there are any, then `(Z)YX`.

use ndarray::{Array, Dimension, IxDyn};
use patchweave_geometry::{Extent, try_lazy_zeros};

use crate::QuiltError;

/// A value that patches can hold without being computed with: numbers of any type, also labels.
pub trait Element: Copy + Default + PartialEq + Send + Sync {}

impl<T: Copy + Default + PartialEq + Send + Sync> Element for T {}

/// What a tensor holds besides its spatial axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leading {
    /// Images or patches.
    pub n: usize,
    /// Channels, where the tensor has an axis of them.
    pub channels: Option<usize>,
}

impl Leading {
    /// Reads `N(C)(Z)YX` off a shape whose spatial sizes must be `spatial`.
    pub fn of(what: &'static str, shape: &[usize], spatial: Extent) -> Result<Self, QuiltError> {
        match shape.strip_suffix(spatial.as_slice()) {
            Some(&[n]) => Ok(Leading { n, channels: None }),
            Some(&[n, channels]) => Ok(Leading { n, channels: Some(channels) }),
            _ => {
                let expected =
                    format!("N, C and {:?}, or N and {:?}", spatial.as_slice(), spatial.as_slice());
                Err(QuiltError::Shape { what, got: shape.to_vec(), expected })
            }
        }
    }

    pub fn n_channels(&self) -> usize {
        self.channels.unwrap_or(1)
    }

    /// The shape of `n` such items with other spatial sizes.
    pub fn shape(&self, n: usize, spatial: Extent) -> Vec<usize> {
        [n].into_iter().chain(self.channels).chain(spatial.iter()).collect()
    }
}

/// An array of zeros, unless the machine has no memory for it.
pub(crate) fn zeros<T: Element, D: Dimension>(shape: &[usize]) -> Result<Array<T, D>, QuiltError> {
    let no_memory = || QuiltError::OutOfMemory { shape: shape.to_vec() };
    let values = try_lazy_zeros(shape).ok_or_else(no_memory)?;
    let array = Array::from_shape_vec(IxDyn(shape), values).map_err(|_| no_memory())?;
    array.into_dimensionality().map_err(|_| no_memory())
}

/// Refuses an array whose shape is not the one that a result has.
pub(crate) fn check_shape(what: &'static str, got: &[usize], expected: &[usize]) -> Result<(), QuiltError> {
    if got == expected {
        Ok(())
    } else {
        Err(QuiltError::Shape { what, got: got.to_vec(), expected: format!("{expected:?}") })
    }
}
