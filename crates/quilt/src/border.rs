//! The border of a window, whose pixels count less or not at all.

use ndarray::ArrayD;
use patchweave_geometry::{Extent, PerAxis};

use crate::QuiltError;

/// The least weight of a border: pixels that only borders cover stay finite.
pub(crate) const LEAST_WEIGHT: f64 = 1e-8;

/// How many pixels at every end of a window are its border.
///
/// Along an axis with a border of `b > 0`, pixel `k` of a window of `w` is inside if `b <= k < w - b`; where
/// `2 b >= w`, no pixel is. A negative border counts as none on its axis.
///
/// ```
/// use patchweave_quilt::Border;
///
/// assert_eq!(Border::from(2).per_axis(3)?.unwrap().as_slice(), [2, 2, 2]);
/// assert_eq!(Border::from([0, 5]).per_axis(2)?.unwrap().as_slice(), [0, 5]);
/// assert_eq!(Border::from([0, 0, 0]).per_axis(2)?, None);
/// let error = Border::from([1, 2, 3]).per_axis(2).unwrap_err();
/// assert_eq!(error.to_string(), "the border has 3 axes, expected 2 as in the image");
/// # Ok::<(), patchweave_quilt::QuiltError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Border {
    /// Every pixel is inside.
    #[default]
    None,
    /// The same along every axis.
    Every(i64),
    /// One for every axis, `(Z)YX`.
    PerAxis(Vec<i64>),
}

impl Border {
    /// One border for every axis of an image with `n_axes`; `None` if there is no border.
    ///
    /// Zeros are no border, however many of them are given.
    ///
    /// # Errors
    /// [`QuiltError::Axes`] if their number is not that of the axes.
    pub fn per_axis(&self, n_axes: usize) -> Result<Option<PerAxis<i64>>, QuiltError> {
        match self {
            Border::None | Border::Every(0) => Ok(None),
            Border::Every(border) => Ok(Some(PerAxis::splat(*border, n_axes)?)),
            Border::PerAxis(borders) if borders.iter().all(|&border| border == 0) => Ok(None),
            Border::PerAxis(borders) if borders.len() == n_axes => Ok(Some(PerAxis::new(borders)?)),
            Border::PerAxis(borders) => {
                Err(QuiltError::Axes { what: "the border", got: borders.len(), expected: n_axes })
            }
        }
    }
}

impl From<i64> for Border {
    fn from(border: i64) -> Self {
        Border::Every(border)
    }
}

impl<const N: usize> From<[i64; N]> for Border {
    fn from(borders: [i64; N]) -> Self {
        Border::PerAxis(borders.to_vec())
    }
}

impl From<Vec<i64>> for Border {
    fn from(borders: Vec<i64>) -> Self {
        Border::PerAxis(borders)
    }
}

/// The weight that pixels of a border get: at least 1e-8, so that pixels that only borders cover stay finite.
///
/// ```
/// use patchweave_quilt::border_weight;
///
/// assert_eq!((border_weight(0.0)?, border_weight(0.1)?), (1e-8, 0.1));
/// let error = border_weight(1.5).unwrap_err();
/// assert_eq!(error.to_string(), "got a border weight of 1.5, expected one from 0 to 1");
/// # Ok::<(), patchweave_quilt::QuiltError>(())
/// ```
///
/// # Errors
/// [`QuiltError::BorderWeight`] for a weight that does not lie in 0 to 1, NaN included.
pub fn border_weight(weight: f64) -> Result<f64, QuiltError> {
    if (0.0..=1.0).contains(&weight) {
        Ok(weight.max(LEAST_WEIGHT))
    } else {
        Err(QuiltError::BorderWeight { got: weight })
    }
}

/// The pixels of a window that are not in its border: 1 inside, 0 outside.
pub(crate) fn interior(window: Extent, border: Option<PerAxis<i64>>) -> ArrayD<f32> {
    let inside = inside_zyx(window, border);
    let inside = window.per_axis().of_zyx(inside.each_ref());
    let n_axes = window.n_axes();
    ArrayD::from_shape_fn(window.as_slice(), |at| {
        let is_inside = (0..n_axes).all(|axis| inside[axis][at[axis]]);
        f32::from(u8::from(is_inside))
    })
}

/// Which places along `ZYX` are inside; a plane has one, which is.
pub(crate) fn inside_zyx(window: Extent, border: Option<PerAxis<i64>>) -> [Vec<bool>; 3] {
    let sizes = window.to_zyx();
    let borders = border.map_or([0; 3], |border| border.to_zyx(0));
    std::array::from_fn(|axis| {
        let size = sizes[axis];
        let border = usize::try_from(borders[axis]).unwrap_or(0);
        (0..size).map(|k| border == 0 || (border <= k && k.saturating_add(border) < size)).collect()
    })
}
