//! Windows that slide over an image: how many there are and where they start; no pixels.

use patchweave_geometry::{Extent, PerAxis, Region};

use crate::QuiltError;

/// Windows of one size that slide over an image in steps.
///
/// Windows start at multiples of the step. A last window that would stick out is pulled back until it ends
/// with the image, so that every window lies inside and the end is always covered. A step larger than the
/// window leaves gaps. Windows are numbered row by row (`X` fastest).
///
/// ```
/// use patchweave_geometry::{Extent, PerAxis};
/// use patchweave_quilt::WindowGrid;
///
/// let grid = WindowGrid::new(Extent::new(&[10, 12])?, Extent::new(&[4, 6])?, PerAxis::new(&[4, 3])?)?;
/// assert_eq!(grid.times(), PerAxis::new(&[3, 3])?);
/// assert_eq!(grid.n_windows(), 9);
/// assert_eq!(grid.start(8), Some(PerAxis::new(&[6, 6])?));
/// assert_eq!(grid.start(9), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowGrid {
    image: Extent,
    window: Extent,
    step: PerAxis<usize>,
    times: PerAxis<usize>,
    n_windows: usize,
}

impl WindowGrid {
    /// Windows of size `window` over an image, `step` pixels apart; all `(Z)YX`.
    ///
    /// # Errors
    /// [`QuiltError::Window`] if the window is larger than the image along some axis, [`QuiltError::Step`] for
    /// a step of 0, [`QuiltError::Axes`] if the numbers of axes differ.
    pub fn new(image: Extent, window: Extent, step: PerAxis<usize>) -> Result<Self, QuiltError> {
        let expected = image.n_axes();
        for (what, got) in [("the window", window.n_axes()), ("the step", step.n_axes())] {
            if got != expected {
                return Err(QuiltError::Axes { what, got, expected });
            }
        }
        if !image.covers(&window) {
            return Err(QuiltError::Window { window, image });
        }
        if step.iter().any(|step| step == 0) {
            return Err(QuiltError::Step { step });
        }
        let times = step
            .map_indexed(|axis, step| (image.per_axis()[axis] - window.per_axis()[axis]).div_ceil(step) + 1);
        // There are no more windows than pixels, which an extent can count.
        let n_windows = times.iter().product();
        Ok(WindowGrid { image, window, step, times, n_windows })
    }

    /// Size of the image, `(Z)YX`.
    #[must_use]
    pub fn image(&self) -> Extent {
        self.image
    }

    /// Size of a window, `(Z)YX`.
    #[must_use]
    pub fn window(&self) -> Extent {
        self.window
    }

    /// Pixels from one window to the next, `(Z)YX`.
    #[must_use]
    pub fn step(&self) -> PerAxis<usize> {
        self.step
    }

    /// Number of windows along every axis.
    #[must_use]
    pub fn times(&self) -> PerAxis<usize> {
        self.times
    }

    /// Number of windows of an image.
    #[must_use]
    pub fn n_windows(&self) -> usize {
        self.n_windows
    }

    /// Place of a window in the grid, `(Z)YX`; `None` if there is no such window.
    #[must_use]
    pub fn place(&self, index: usize) -> Option<PerAxis<usize>> {
        if index >= self.n_windows {
            return None;
        }
        let [_, n_y, n_x] = self.times.to_zyx(1);
        let place = [index / (n_y * n_x), index / n_x % n_y, index % n_x];
        Some(self.times.map_indexed(|axis, _| place[3 - self.times.n_axes() + axis]))
    }

    /// First pixel of a window, `(Z)YX`; `None` if there is no such window.
    #[must_use]
    pub fn start(&self, index: usize) -> Option<PerAxis<usize>> {
        let place = self.place(index)?;
        Some(place.map_indexed(|axis, at| self.start_along(axis, at)))
    }

    /// What a window covers of the image; `None` if there is no such window.
    ///
    /// ```
    /// use patchweave_geometry::{Extent, PerAxis, Region};
    /// use patchweave_quilt::WindowGrid;
    ///
    /// let window = Extent::new(&[4, 6])?;
    /// let grid = WindowGrid::new(Extent::new(&[10, 12])?, window, PerAxis::new(&[4, 3])?)?;
    /// assert_eq!(grid.region(8), Some(Region { start: PerAxis::new(&[6, 6])?, size: window }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn region(&self, index: usize) -> Option<Region> {
        // Sizes of arrays in memory are below 2⁶³.
        let start = self.start(index)?.map(|at| i64::try_from(at).unwrap_or(i64::MAX));
        Some(Region { start, size: self.window })
    }

    /// First pixels of all windows along one axis of `(Z)YX`, ascending; none for an axis that is not there.
    pub fn starts_along(&self, axis: usize) -> impl ExactSizeIterator<Item = usize> + '_ {
        let n = self.times.iter().nth(axis).unwrap_or(0);
        (0..n).map(move |at| self.start_along(axis, at))
    }

    /// How many windows share a pixel along an axis, without those that are pulled back.
    ///
    /// Windows whose places differ by multiples of it do not overlap, unless one was pulled back.
    #[must_use]
    pub fn colours(&self) -> PerAxis<usize> {
        self.times
            .map_indexed(|axis, times| self.window.per_axis()[axis].div_ceil(self.step[axis]).clamp(1, times))
    }

    fn start_along(&self, axis: usize, at: usize) -> usize {
        (at * self.step[axis]).min(self.image.per_axis()[axis] - self.window.per_axis()[axis])
    }

    /// Starts along `ZYX`; planes have one window of depth 1.
    pub(crate) fn starts_zyx(&self) -> [Vec<usize>; 3] {
        let n_axes = self.times.n_axes();
        std::array::from_fn(|axis| match (axis + n_axes).checked_sub(3) {
            Some(own) => self.starts_along(own).collect(),
            None => vec![0],
        })
    }
}

/// Number of windows along every axis, for any sizes: 0 or less where a window is larger than the image by a
/// step or more.
///
/// A bare count that checks nothing; a [`WindowGrid`] refuses windows that do not fit.
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
        let (image, window, step) = (signed(image)?, signed(window)?, signed(step)?);
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
    use proptest::prelude::*;

    fn grid(image: &[usize], window: &[usize], step: &[usize]) -> Result<WindowGrid, QuiltError> {
        WindowGrid::new(Extent::new(image)?, Extent::new(window)?, PerAxis::new(step)?)
    }

    proptest! {
        #[test]
        fn windows_lie_inside_and_reach_both_ends(
            axes in prop::collection::vec((1_usize..12, 0_usize..20, 1_usize..9), 2..=3),
        ) {
            let window: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
            let image: Vec<usize> = axes.iter().map(|axis| axis.0 + axis.1).collect();
            let step: Vec<usize> = axes.iter().map(|axis| axis.2).collect();
            let grid = grid(&image, &window, &step).unwrap();
            let times: Vec<i64> = grid.times().iter().map(|n| i64::try_from(n).unwrap()).collect();
            prop_assert_eq!(Some(times), window_times(&image, &window, &step));
            for axis in 0..image.len() {
                let starts: Vec<usize> = grid.starts_along(axis).collect();
                prop_assert_eq!(starts[0], 0);
                prop_assert_eq!(starts[starts.len() - 1] + window[axis], image[axis]);
                prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1] && pair[1] <= pair[0] + step[axis]));
            }
            let starts = |index| grid.start(index).unwrap().as_slice().to_vec();
            let all: Vec<Vec<usize>> = (0..grid.n_windows()).map(starts).collect();
            prop_assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "row by row");
            prop_assert_eq!(grid.start(grid.n_windows()), None);
        }
    }

    #[test]
    fn counts_that_leave_their_type_are_none() {
        assert_eq!(window_times(&[usize::MAX >> 1], &[0], &[1]), None);
        assert_eq!(window_times(&[usize::MAX], &[1], &[1]), None);
        assert_eq!(window_times(&[30], &[55], &[25]), Some(vec![0]));
    }

    #[test]
    fn what_makes_no_grid_is_named() {
        let error = grid(&[10, 12], &[4, 13], &[1, 1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "got a window of 4 × 13 pixels, expected one that fits into the image of 10 × 12"
        );
        let error = grid(&[10, 12], &[4, 4], &[0, 1]).unwrap_err();
        assert_eq!(error.to_string(), "got the step [0, 1], expected at least 1 along every axis");
        let error = grid(&[10, 12], &[4, 4, 4], &[1, 1]).unwrap_err();
        assert_eq!(error.to_string(), "the window has 3 axes, expected 2 as in the image");
    }
}
