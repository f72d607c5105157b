//! `start:stop:step`, as Python writes it.

use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

use serde::{Deserialize, Serialize};

use crate::SlicesError;

/// A slice as Python writes it, `start:stop:step`; negative numbers count from the end, and what is left open goes on
/// to the end.
///
/// ```
/// use patchweave_slices::Span;
///
/// assert_eq!(Span::from(1..4).indices(10)?, [1, 2, 3]);
/// assert_eq!(Span { start: Some(-2), ..Span::ALL }.indices(5)?, [3, 4]);
/// assert_eq!(Span { step: Some(-2), ..Span::ALL }.indices(5)?, [4, 2, 0]);
/// assert!(Span { step: Some(0), ..Span::ALL }.indices(5).is_err());
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Span {
    /// The first index.
    pub start: Option<i64>,
    /// The index before which it ends.
    pub stop: Option<i64>,
    /// From one index to the next; 1 if it is open, never 0.
    pub step: Option<i64>,
}

impl Span {
    /// Everything in order.
    pub const ALL: Span = Span { start: None, stop: None, step: None };

    /// The indices of an axis of `size` that are meant, in their order; none is out of range.
    ///
    /// # Errors
    /// [`SlicesError::ZeroStep`].
    pub fn indices(&self, size: usize) -> Result<Vec<usize>, SlicesError> {
        let step = i128::from(self.step.unwrap_or(1));
        let n = size as i128;
        // Forwards a place may be anywhere from 0 to n, backwards from -1 to n - 1.
        let (low, high) = if step < 0 { (-1, n - 1) } else { (0, n) };
        let place = |index: i64| {
            let index = i128::from(index);
            (if index < 0 { index + n } else { index }).clamp(low, high)
        };
        let (open_start, open_stop) = if step < 0 { (high, low) } else { (low, high) };
        let start = self.start.map_or(open_start, place);
        let stop = self.stop.map_or(open_stop, place);
        let length = match step {
            0 => return Err(SlicesError::ZeroStep),
            1.. => (stop - start + step - 1).div_euclid(step),
            _ => (start - stop - step - 1).div_euclid(-step),
        };
        (0..length.max(0))
            .map(|at| {
                usize::try_from(start + at * step).map_err(|_| SlicesError::EmptySelection { n_slices: size })
            })
            .collect()
    }
}

impl From<RangeFull> for Span {
    fn from(_: RangeFull) -> Self {
        Span::ALL
    }
}

impl From<Range<i64>> for Span {
    fn from(range: Range<i64>) -> Self {
        Span { start: Some(range.start), stop: Some(range.end), step: None }
    }
}

impl From<RangeFrom<i64>> for Span {
    fn from(range: RangeFrom<i64>) -> Self {
        Span { start: Some(range.start), ..Span::ALL }
    }
}

impl From<RangeTo<i64>> for Span {
    fn from(range: RangeTo<i64>) -> Self {
        Span { stop: Some(range.end), ..Span::ALL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What Python does, step by step.
    fn walked(span: Span, size: usize) -> Vec<usize> {
        let n = i64::try_from(size).unwrap();
        let step = span.step.unwrap_or(1);
        let from_end = |index: i64| if index < 0 { index + n } else { index };
        let mut at = match span.start.map(from_end) {
            None if step < 0 => n - 1,
            None => 0,
            Some(start) if step < 0 => start.min(n - 1),
            Some(start) => start.max(0),
        };
        let stop = span.stop.map(from_end);
        let mut places = Vec::new();
        while (0..n).contains(&at) && stop.is_none_or(|stop| if step < 0 { at > stop } else { at < stop }) {
            places.push(usize::try_from(at).unwrap());
            at += step;
        }
        places
    }

    proptest! {
        #[test]
        fn spans_walk_like_python(
            size in 0_usize..9,
            start in prop::option::of(-12_i64..12),
            stop in prop::option::of(-12_i64..12),
            step in prop::option::of((-4_i64..5).prop_filter("not 0", |step| *step != 0)),
        ) {
            let span = Span { start, stop, step };
            prop_assert_eq!(span.indices(size).unwrap(), walked(span, size));
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        let span = Span { start: Some(i64::MAX), stop: Some(i64::MIN), step: Some(i64::MIN) };
        assert_eq!(span.indices(5).unwrap(), [4]);
        let span = Span { start: Some(i64::MIN), stop: Some(i64::MAX), step: Some(i64::MAX) };
        assert_eq!(span.indices(5).unwrap(), [0]);
        assert!(span.indices(0).unwrap().is_empty());
    }
}
