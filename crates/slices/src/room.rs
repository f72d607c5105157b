//! Memory for pixels, asked for rather than taken.

use patchweave_geometry::try_zeros;

use crate::SlicesError;

/// Zeros for an array of this shape.
///
/// # Errors
/// [`SlicesError::OutOfMemory`] if there is no room, or no machine could address it.
pub(crate) fn zeros(shape: &[usize]) -> Result<Vec<f32>, SlicesError> {
    try_zeros(shape).ok_or_else(|| SlicesError::OutOfMemory { shape: shape.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused() {
        assert_eq!(zeros(&[2, 3]).unwrap(), [0.0; 6]);
        let error = zeros(&[usize::MAX, 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("there is no memory for an array of shape [{}, 2]", usize::MAX)
        );
        assert!(zeros(&[usize::MAX / 8]).is_err());
    }
}
