//! Lateral context: which pixels of an image the windows around a patch use. No pixel is read here.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Coords, Extent, GeometryError, coordinate};

/// How a window continues beyond the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextPadding {
    /// Mirrored at the border, the edge pixel not repeated, as often as needed.
    Reflect,
    /// Repeated from the part of the image that lies within twice the largest window, as CAREamics does; a
    /// scale's values then depend on the number of scales.
    WrapWindow,
    /// Repeated from the whole image, as on a torus.
    WrapImage,
    /// A constant; no pixel of the image is used.
    Constant,
}

/// The windows around every patch: scale `k` sees `2^k` times the patch around the same centre.
///
/// Along an axis of patch size `p` starting at `x`, scale `k` covers `p·2^k` pixels around `x + p/2`, so that
/// scale 0 is the patch itself. The windows of smaller scales lie inside those of larger ones.
///
/// ```
/// use patchweave_geometry::{Context, ContextPadding, Extent, PerAxis};
///
/// let context = Context::new(3, ContextPadding::Reflect)?;
/// let (patch, image) = (Extent::new(&[8, 8])?, Extent::new(&[100, 100])?);
/// assert_eq!(context.window(&patch)?.as_slice(), [32, 32]);
/// let [_, y, x] = context.axes(&PerAxis::new(&[2, 50])?, &patch, &image)?;
/// // 10 pixels above the image are mirrored.
/// assert_eq!((y.pixel(0), y.pixel(9), y.pixel(10)), (Some(10), Some(1), Some(0)));
/// assert_eq!(x.runs(), [38..70]);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Context {
    n_scales: usize,
    padding: ContextPadding,
    grows_depth: bool,
}

impl Context {
    /// The most scales there may be; the largest window is then 32 768 times the patch along every axis.
    pub const MAX_SCALES: usize = 16;

    /// `n_scales` scales, the patch itself being the first; all spatial axes grow.
    ///
    /// # Errors
    /// [`GeometryError::ScaleCount`] for no scale or more than [`MAX_SCALES`](Self::MAX_SCALES).
    pub fn new(n_scales: usize, padding: ContextPadding) -> Result<Self, GeometryError> {
        if (1..=Self::MAX_SCALES).contains(&n_scales) {
            Ok(Context { n_scales, padding, grows_depth: true })
        } else {
            Err(GeometryError::ScaleCount { n_scales, limit: Self::MAX_SCALES })
        }
    }

    /// The pixels of a plain patch: one scale, nothing of the image stands in for what lies outside.
    pub const fn none() -> Self {
        Context { n_scales: 1, padding: ContextPadding::Constant, grows_depth: true }
    }

    /// The same windows, but only `Y` and `X` grow: `Z` stays as deep as the patch.
    #[must_use]
    pub fn keeping_depth(self) -> Self {
        Context { grows_depth: false, ..self }
    }

    /// Number of scales, at least 1.
    pub fn n_scales(&self) -> usize {
        self.n_scales
    }

    /// How windows continue beyond the image.
    pub fn padding(&self) -> ContextPadding {
        self.padding
    }

    /// Whether `Z` grows with the scales.
    pub fn grows_depth(&self) -> bool {
        self.grows_depth
    }

    /// By how much scale `scale` is coarser than the image along `ZYX`; planes have no depth to grow.
    pub fn factors(&self, scale: usize, n_axes: usize) -> [usize; 3] {
        let factor = 1 << scale.min(Self::MAX_SCALES);
        [if n_axes == 3 && self.grows_depth { factor } else { 1 }, factor, factor]
    }

    /// The size of the largest window of a patch.
    ///
    /// # Errors
    /// [`GeometryError::BadSize`] if it has too many pixels to address.
    pub fn window(&self, patch: &Extent) -> Result<Extent, GeometryError> {
        self.scaled(patch, self.n_scales - 1)
    }

    fn scaled(&self, patch: &Extent, scale: usize) -> Result<Extent, GeometryError> {
        let sizes = patch.per_axis();
        let factors = sizes.of_zyx(self.factors(scale, patch.n_axes()));
        sizes.map_indexed(|axis, size| size.saturating_mul(factors[axis])).try_into()
    }

    /// The largest window of the patch at `start`, axis by axis along `ZYX`; planes have one layer.
    ///
    /// # Errors
    /// [`GeometryError::RankMismatch`] if the ranks differ, [`GeometryError::BadSize`] if the window has too
    /// many pixels to address.
    pub fn axes(
        &self,
        start: &Coords,
        patch: &Extent,
        image: &Extent,
    ) -> Result<[ContextAxis; 3], GeometryError> {
        let expected = image.n_axes();
        for (what, got) in [("start", start.n_axes()), ("size", patch.n_axes())] {
            if got != expected {
                return Err(GeometryError::RankMismatch { what, got, expected });
            }
        }
        // CAREamics looks one doubling further than any scale needs; where that cannot be addressed, it ends
        // at the largest window.
        let window = self.window(patch)?;
        let outer = self.scaled(patch, self.n_scales).unwrap_or(window).to_zyx();
        let start = start.to_zyx(0);
        let patch = patch.to_zyx();
        let image = image.to_zyx();
        let window = window.to_zyx();
        Ok([0, 1, 2].map(|axis| {
            let centre = start[axis].saturating_add(coordinate(patch[axis] / 2));
            let first = |size: usize| centre.saturating_sub(coordinate(size / 2));
            let (low, n) = match self.padding {
                ContextPadding::WrapWindow => {
                    let low = first(outer[axis]);
                    let high = low.saturating_add(coordinate(outer[axis])).clamp(0, coordinate(image[axis]));
                    (low.clamp(0, coordinate(image[axis])), high)
                }
                _ => (0, coordinate(image[axis])),
            };
            // A window beside the image repeats the whole of it.
            let (low, high) = if low < n { (low, n) } else { (0, coordinate(image[axis])) };
            ContextAxis { start: first(window[axis]), len: window[axis], low, high, padding: self.padding }
        }))
    }
}

/// One axis of the largest window of a patch: where each of its positions is found in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContextAxis {
    start: i64,
    len: usize,
    /// The pixels that padding repeats, never empty.
    low: i64,
    high: i64,
    padding: ContextPadding,
}

impl ContextAxis {
    /// Number of positions.
    #[expect(clippy::len_without_is_empty, reason = "a window has at least one pixel")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the window lies inside the image, so that position `i` is pixel `runs()[0].start + i`.
    pub fn is_inside(&self) -> bool {
        self.low <= self.start && self.start.saturating_add(coordinate(self.len)) <= self.high
    }

    /// The positions whose pixels are those of the image there, one after the other; may be none.
    pub fn inside(&self) -> Range<usize> {
        let position = |pixel: i64| {
            usize::try_from(pixel.saturating_sub(self.start).max(0)).map_or(self.len, |at| at.min(self.len))
        };
        position(self.low)..position(self.high)
    }

    /// The pixel of the image at a position of the window; `None` where a constant stands.
    ///
    /// Positions beyond the window continue it.
    pub fn pixel(&self, position: usize) -> Option<usize> {
        let at = self.start.saturating_add(coordinate(position)).saturating_sub(self.low);
        let n = self.high - self.low;
        let within = match self.padding {
            _ if (0..n).contains(&at) => at,
            ContextPadding::Constant => return None,
            ContextPadding::WrapWindow | ContextPadding::WrapImage => at.rem_euclid(n),
            ContextPadding::Reflect => mirror(at, n),
        };
        usize::try_from(self.low + within).ok()
    }

    /// The pixels that the window uses, as ascending ranges that do not touch; none if it uses no pixel.
    pub fn runs(&self) -> Vec<Range<usize>> {
        let n = self.high - self.low;
        let first = self.start.saturating_sub(self.low);
        let end = first.saturating_add(coordinate(self.len));
        let run = |first: i64, end: i64| {
            let pixel = |at: i64| usize::try_from(self.low.saturating_add(at)).unwrap_or(0);
            (first < end).then(|| pixel(first)..pixel(end))
        };
        let runs = match self.padding {
            _ if 0 <= first && end <= n => [run(first, end), None],
            ContextPadding::Constant => [run(first.max(0), end.min(n)), None],
            ContextPadding::WrapWindow | ContextPadding::WrapImage if end - first >= n => [run(0, n), None],
            ContextPadding::WrapWindow | ContextPadding::WrapImage => {
                let first = first.rem_euclid(n);
                let end = (end - 1).rem_euclid(n) + 1;
                if first < end { [run(first, end), None] } else { [run(0, end), run(first, n)] }
            }
            // Neighbours are mirrored to neighbours, so the pixels lie side by side; the window turns round at
            // pixel 0 and at the last one if it holds a place that is mirrored there.
            ContextPadding::Reflect => {
                let period = 2 * (n - 1).max(1);
                let holds = |place: i64| (place - first).rem_euclid(period) < end - first;
                let a = mirror(first, n);
                let b = mirror(end - 1, n);
                let low = if holds(0) { 0 } else { a.min(b) };
                let high = if holds(n - 1) { n - 1 } else { a.max(b) };
                [run(low, high + 1), None]
            }
        };
        runs.into_iter().flatten().collect()
    }
}

/// The place in `[0, n)` that position `at` is mirrored to, the first and last not repeated.
pub fn mirror(at: i64, n: i64) -> i64 {
    if n <= 1 {
        return 0;
    }
    let period = 2 * (n - 1);
    let within = at.rem_euclid(period);
    within.min(period - within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PerAxis;
    use proptest::prelude::*;

    const PADDINGS: [ContextPadding; 4] = [
        ContextPadding::Reflect,
        ContextPadding::WrapWindow,
        ContextPadding::WrapImage,
        ContextPadding::Constant,
    ];

    fn axis(context: Context, start: i64, patch: usize, image: usize) -> ContextAxis {
        let patch = Extent::new(&[1, patch]).unwrap();
        let image = Extent::new(&[1, image]).unwrap();
        context.axes(&PerAxis::new(&[0, start]).unwrap(), &patch, &image).unwrap()[2]
    }

    proptest! {
        #[test]
        fn runs_are_the_pixels_of_the_positions(
            start in -40_i64..60, patch in 1_usize..9, image in 1_usize..40, n_scales in 1_usize..4, padding in 0_usize..4,
        ) {
            let axis = axis(Context::new(n_scales, PADDINGS[padding]).unwrap(), start, patch, image);
            let mut used: Vec<usize> = (0..axis.len()).filter_map(|at| axis.pixel(at)).collect();
            used.sort_unstable();
            used.dedup();
            let runs: Vec<usize> = axis.runs().into_iter().flatten().collect();
            prop_assert!(used.iter().all(|&pixel| pixel < image));
            prop_assert_eq!(runs, used);
        }

        #[test]
        fn inside_the_image_padding_does_not_matter(start in 40_i64..50, patch in 1_usize..9, padding in 0_usize..4) {
            let axis = axis(Context::new(3, PADDINGS[padding]).unwrap(), start, patch, 100);
            let first = usize::try_from(start).unwrap() + patch / 2 - 2 * patch;
            prop_assert!(axis.is_inside());
            prop_assert!((0..4 * patch).all(|at| axis.pixel(at) == Some(first + at)));
        }
    }

    #[test]
    fn what_a_reader_would_draw() {
        let seen = |padding, n_scales| {
            let axis = axis(Context::new(n_scales, padding).unwrap(), 0, 2, 6);
            (0..axis.len()).map(|at| axis.pixel(at)).collect::<Vec<_>>()
        };
        assert_eq!(seen(ContextPadding::Reflect, 2), [1, 0, 1, 2].map(Some));
        // The reference wraps within 1 - 4 … 1 + 4, which is 0 … 5 here.
        assert_eq!(seen(ContextPadding::WrapWindow, 2), [4, 0, 1, 2].map(Some));
        assert_eq!(seen(ContextPadding::WrapImage, 2), [5, 0, 1, 2].map(Some));
        assert_eq!(seen(ContextPadding::Constant, 2), [None, Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn depth_grows_or_not() {
        let patch = Extent::new(&[4, 8, 8]).unwrap();
        let image = Extent::new(&[50, 50, 50]).unwrap();
        let context = Context::new(2, ContextPadding::Reflect).unwrap();
        assert_eq!(context.window(&patch).unwrap().as_slice(), [8, 16, 16]);
        assert_eq!(context.keeping_depth().window(&patch).unwrap().as_slice(), [4, 16, 16]);
        let [z, ..] =
            context.keeping_depth().axes(&PerAxis::new(&[3, 3, 3]).unwrap(), &patch, &image).unwrap();
        assert_eq!(z.runs(), std::iter::once(3..7).collect::<Vec<_>>());
    }

    #[test]
    fn windows_that_cannot_be_addressed_are_refused() {
        let patch = Extent::new(&[1 << 30, 1 << 30]).unwrap();
        let context = Context::new(4, ContextPadding::Reflect).unwrap();
        assert!(context.window(&patch).is_err());
        assert!(Context::new(0, ContextPadding::Reflect).is_err());
        assert!(Context::new(17, ContextPadding::Reflect).is_err());
    }
}
