//! Windows of one size along an axis: how many there are and where they start.

use std::ops::Range;

use crate::GeometryError;

/// Windows of one size along an axis, which start at multiples of a step.
///
/// A last window that would stick out is pulled back until it ends with the axis, so that the end is always covered. A
/// window that is larger than the axis is the only one: it starts at 0 and sticks out. A step larger than the window
/// leaves gaps.
///
/// ```
/// use patchweave_geometry::AxisGrid;
///
/// let starts = |size| AxisGrid::new(size, 4, 4).map(|grid| grid.starts().collect::<Vec<_>>());
/// assert_eq!(starts(8)?, [0, 4]);
/// assert_eq!(starts(10)?, [0, 4, 6]);
/// assert_eq!(starts(3)?, [0]);
/// let error = AxisGrid::new(8, 4, 0).unwrap_err();
/// let text = "got windows of 4 pixels, 0 apart, along an axis of 8, expected at least 1 of each";
/// assert_eq!(error.to_string(), text);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AxisGrid {
    size: usize,
    window: usize,
    step: usize,
}

impl AxisGrid {
    /// Windows of `window` pixels along an axis of `size` pixels, `step` pixels apart.
    ///
    /// # Errors
    /// [`GeometryError::AxisGrid`] if one of them is 0.
    pub fn new(size: usize, window: usize, step: usize) -> Result<Self, GeometryError> {
        if size.min(window).min(step) == 0 {
            return Err(GeometryError::AxisGrid { size, window, step });
        }
        Ok(AxisGrid { size, window, step })
    }

    /// Pixels of the axis.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Pixels of a window.
    #[must_use]
    pub fn window(&self) -> usize {
        self.window
    }

    /// Pixels from one window to the next.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// Number of windows, at least 1 and at most one for every pixel of the axis.
    #[must_use]
    pub fn n_windows(&self) -> usize {
        self.last_start().div_ceil(self.step) + 1
    }

    /// First pixel of a window; places from the number of windows on are those of the last one.
    #[must_use]
    pub fn start(&self, place: usize) -> usize {
        place.saturating_mul(self.step).min(self.last_start())
    }

    /// First pixels of all windows, ascending.
    pub fn starts(&self) -> impl ExactSizeIterator<Item = usize> + use<> {
        let grid = *self;
        (0..grid.n_windows()).map(move |place| grid.start(place))
    }

    /// First pixel of the first window that starts at a pixel or behind it, if there is one.
    ///
    /// ```
    /// use patchweave_geometry::AxisGrid;
    ///
    /// let grid = AxisGrid::new(10, 4, 4)?;
    /// assert_eq!([0, 1, 5, 7].map(|low| grid.start_from(low)), [Some(0), Some(4), Some(6), None]);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    #[must_use]
    pub fn start_from(&self, low: usize) -> Option<usize> {
        (low <= self.last_start()).then(|| self.start(low.div_ceil(self.step)))
    }

    /// The places of the windows that have a pixel of a part of the axis; none for an empty part.
    ///
    /// ```
    /// use patchweave_geometry::AxisGrid;
    ///
    /// let grid = AxisGrid::new(10, 4, 4)?;
    /// assert_eq!(grid.touching(4..7), 1..3);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    #[must_use]
    pub fn touching(&self, part: Range<usize>) -> Range<usize> {
        let part = part.start..part.end.min(self.size);
        if part.is_empty() {
            return 0..0;
        }
        let last = self.n_windows() - 1;
        // The last window is pulled back, the others start a step apart.
        let first = (part.start + 1).saturating_sub(self.window).div_ceil(self.step).min(last);
        let end = if self.start(last) < part.end { last + 1 } else { part.end.div_ceil(self.step).min(last) };
        first..end
    }

    /// At most so many windows share a pixel, not counting one that is pulled back.
    #[must_use]
    pub fn n_sharing(&self) -> usize {
        self.window.div_ceil(self.step).min(self.n_windows())
    }

    fn last_start(&self) -> usize {
        self.size.saturating_sub(self.window)
    }
}
