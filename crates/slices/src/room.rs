//! Memory for pixels, asked for rather than taken.

use crate::SlicesError;

/// Zeros for an array of this shape.
///
/// # Errors
/// [`SlicesError::OutOfMemory`] if there is no room, or no machine could address it.
pub(crate) fn zeros(shape: &[usize]) -> Result<Vec<f32>, SlicesError> {
    let refused = || SlicesError::OutOfMemory { shape: shape.to_vec() };
    let len = shape.iter().try_fold(1_usize, |len, &size| len.checked_mul(size)).ok_or_else(refused)?;
    let mut values = Vec::new();
    values.try_reserve_exact(len).map_err(|_| refused())?;
    values.resize(len, 0.0);
    Ok(values)
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
