//! Memory for arrays, asked for rather than taken: a shape may come from a file.

/// Zeros for an array of a shape; `None` if the memory cannot be allocated, or the number of values overflows `usize`.
///
/// ```
/// use patchweave_geometry::try_zeros;
///
/// assert_eq!(try_zeros::<f32>(&[2, 3]), Some(vec![0.0; 6]));
/// assert_eq!(try_zeros::<f32>(&[usize::MAX, 2]), None);
/// ```
#[must_use]
pub fn try_zeros<T: Clone + Default>(shape: &[usize]) -> Option<Vec<T>> {
    let len = n_values(shape)?;
    let mut values = Vec::new();
    values.try_reserve_exact(len).ok()?;
    values.resize(len, T::default());
    Some(values)
}

/// As [`try_zeros`], in memory that comes zeroed from the system and is only taken where something is written.
///
/// ```
/// assert_eq!(patchweave_geometry::try_lazy_zeros::<u32>(&[4]), Some(vec![0; 4]));
/// ```
#[must_use]
pub fn try_lazy_zeros<T: Clone + Default>(shape: &[usize]) -> Option<Vec<T>> {
    let len = n_values(shape)?;
    // Asks first, because such memory cannot be asked for without an abort.
    Vec::<T>::new().try_reserve_exact(len).ok()?;
    Some(vec![T::default(); len])
}

fn n_values(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |len, &size| len.checked_mul(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused() {
        for shape in [&[usize::MAX, 2][..], &[usize::MAX / 8], &[1 << 40, 1 << 22]] {
            assert_eq!(try_zeros::<f64>(shape), None);
            assert_eq!(try_lazy_zeros::<f64>(shape), None);
        }
        assert_eq!(try_zeros::<f64>(&[]), Some(vec![0.0]));
        assert_eq!(try_lazy_zeros::<f64>(&[3, 0]), Some(Vec::new()));
    }
}
