//! How many windows there are along every axis, for sizes that need not make a grid; no pixels.

/// Number of windows along every axis, for any sizes: 0 or less where a window is larger than the image by a
/// step or more.
///
/// A bare count that checks nothing; a [`WindowGrid`](patchweave_geometry::WindowGrid) refuses windows that do not fit.
///
/// ```
/// use patchweave_quilt::window_times;
///
/// assert_eq!(window_times(&[100, 17], &[50, 6], &[25, 4]), Some(vec![3, 4]));
/// assert_eq!(window_times(&[30], &[50], &[25]), Some(vec![1]));
/// assert_eq!(window_times(&[30], &[50], &[0]), None);
/// ```
///
/// `None` if a step is 0, the lists differ in length, or a number would leave `i64`.
#[must_use]
pub fn window_times(image: &[usize], window: &[usize], step: &[usize]) -> Option<Vec<i64>> {
    if image.len() != window.len() || image.len() != step.len() {
        return None;
    }
    let signed = |size: usize| i64::try_from(size).ok();
    let axes = image.iter().zip(window).zip(step);
    axes.map(|((&image, &window), &step)| {
        let image = signed(image)?;
        let window = signed(window)?;
        let step = signed(step)?;
        if step == 0 {
            return None;
        }
        let full = (image - window).div_euclid(step);
        let has_rest = image > full.checked_mul(step)?.checked_add(window)?;
        full.checked_add(if has_rest { 2 } else { 1 })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchweave_geometry::AxisGrid;
    use proptest::prelude::*;

    proptest! {
        /// Where a window fits, the number is that of the grid.
        #[test]
        fn counts_are_those_of_the_grid(window in 1_usize..12, more in 0_usize..20, step in 1_usize..9) {
            let size = window + more;
            let n_windows = AxisGrid::new(size, window, step).unwrap().n_windows();
            let expected = vec![i64::try_from(n_windows).unwrap()];
            prop_assert_eq!(window_times(&[size], &[window], &[step]), Some(expected));
        }
    }

    #[test]
    fn counts_that_leave_their_type_are_none() {
        assert_eq!(window_times(&[usize::MAX >> 1], &[0], &[1]), None);
        assert_eq!(window_times(&[usize::MAX], &[1], &[1]), None);
        assert_eq!(window_times(&[30], &[55], &[25]), Some(vec![0]));
    }
}
