//! Windows that slide over an image: how many there are and where they start.

use crate::{AxisGrid, Extent, GeometryError, PerAxis, Region};

/// Windows of one size that slide over an image in steps, each inside of it.
///
/// Along every axis they lie as an [`AxisGrid`] says, so that the end is always covered. Windows are numbered row by row
/// (`X` fastest).
///
/// ```
/// use patchweave_geometry::{Extent, PerAxis, WindowGrid};
///
/// let grid = WindowGrid::new(Extent::new(&[10, 12])?, Extent::new(&[4, 6])?, PerAxis::new(&[4, 3])?)?;
/// assert_eq!(grid.times(), PerAxis::new(&[3, 3])?);
/// assert_eq!(grid.n_windows(), 9);
/// assert_eq!(grid.start(8), Some(PerAxis::new(&[6, 6])?));
/// assert_eq!(grid.start(9), None);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowGrid {
    image: Extent,
    window: Extent,
    axes: PerAxis<AxisGrid>,
}

impl WindowGrid {
    /// Windows of size `window` over an image, `step` pixels apart; all `(Z)YX`.
    ///
    /// # Errors
    /// [`GeometryError::Window`] if the window is larger than the image along some axis, [`GeometryError::Step`] for a
    /// step of 0, [`GeometryError::RankMismatch`] if the numbers of axes differ.
    pub fn new(image: Extent, window: Extent, step: PerAxis<usize>) -> Result<Self, GeometryError> {
        let expected = image.n_axes();
        for (what, got) in [("the window", window.n_axes()), ("the step", step.n_axes())] {
            if got != expected {
                return Err(GeometryError::RankMismatch { what, got, expected });
            }
        }
        if !image.covers(&window) {
            return Err(GeometryError::Window { window, image });
        }
        if step.iter().any(|step| step == 0) {
            return Err(GeometryError::Step { step });
        }
        let along = |axis: usize, size| AxisGrid::new(size, window.as_slice()[axis], step[axis]);
        Ok(WindowGrid { image, window, axes: image.per_axis().try_map_indexed(along)? })
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

    /// How windows lie along every axis.
    #[must_use]
    pub fn axes(&self) -> &PerAxis<AxisGrid> {
        &self.axes
    }

    /// Pixels from one window to the next, `(Z)YX`.
    #[must_use]
    pub fn step(&self) -> PerAxis<usize> {
        self.axes.map(|axis| axis.step())
    }

    /// Number of windows along every axis.
    #[must_use]
    pub fn times(&self) -> PerAxis<usize> {
        self.axes.map(|axis| axis.n_windows())
    }

    /// Number of windows of an image, at most one for every pixel.
    #[must_use]
    pub fn n_windows(&self) -> usize {
        self.times().iter().product()
    }

    /// Place of a window in the grid, `(Z)YX`; `None` if there is no such window.
    #[must_use]
    pub fn place(&self, index: usize) -> Option<PerAxis<usize>> {
        self.times().unravel(index)
    }

    /// First pixel of a window, `(Z)YX`; `None` if there is no such window.
    #[must_use]
    pub fn start(&self, index: usize) -> Option<PerAxis<usize>> {
        let place = self.place(index)?;
        Some(self.axes.map_indexed(|axis, grid| grid.start(place[axis])))
    }

    /// What a window covers of the image; `None` if there is no such window.
    ///
    /// ```
    /// use patchweave_geometry::{Extent, PerAxis, Region, WindowGrid};
    ///
    /// let window = Extent::new(&[4, 6])?;
    /// let grid = WindowGrid::new(Extent::new(&[10, 12])?, window, PerAxis::new(&[4, 3])?)?;
    /// assert_eq!(grid.region(8), Some(Region { start: PerAxis::new(&[6, 6])?, size: window }));
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    #[must_use]
    pub fn region(&self, index: usize) -> Option<Region> {
        Some(Region { start: self.start(index)?.to_coords(), size: self.window })
    }

    /// First pixels of all windows along `ZYX`; planes have one window of depth 1.
    #[must_use]
    pub fn starts_zyx(&self) -> [Vec<usize>; 3] {
        self.axes.map(Some).to_zyx(None).map(|axis| axis.map_or(vec![0], |axis| axis.starts().collect()))
    }

    /// At most so many windows share a pixel along an axis, not counting one that is pulled back.
    ///
    /// Windows whose places differ by multiples of it do not overlap, unless one was pulled back.
    #[must_use]
    pub fn colours(&self) -> PerAxis<usize> {
        self.axes.map(|axis| axis.n_sharing())
    }
}
