//! How far apart the values of an array lie.

/// Values from one index to the next along every dimension of an array in C order.
///
/// A stride that no memory could have is [`usize::MAX`].
///
/// ```
/// assert_eq!(patchweave_geometry::c_strides(&[4, 3, 5]), [15, 5, 1]);
/// ```
#[must_use]
pub fn c_strides(shape: &[usize]) -> Vec<usize> {
    let mut stride = 1_usize;
    let mut strides = vec![0; shape.len()];
    for (own, size) in strides.iter_mut().zip(shape).rev() {
        *own = stride;
        stride = stride.saturating_mul(*size);
    }
    strides
}
