//! What is taken along one axis.

use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

use crate::{SlicesError, Span};

/// What is taken along one axis, as NumPy reads it: an integer drops the axis, a slice keeps it.
///
/// ```
/// use patchweave_slices::{Index, Span};
///
/// assert_eq!(Index::from(-1), Index::At(-1));
/// assert_eq!(Index::from(2..5), Index::Span(Span::from(2..5)));
/// assert_eq!(Index::from(..), Index::ALL);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// One position, from the end if it is negative; the axis disappears.
    At(i64),
    /// Several positions.
    Span(Span),
}

impl Index {
    /// Everything.
    pub const ALL: Index = Index::Span(Span::ALL);

    /// Whether the axis disappears.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        matches!(self, Index::At(_))
    }

    /// The positions along an axis.
    pub(crate) fn positions(&self, axis: &'static str, size: usize) -> Result<Vec<usize>, SlicesError> {
        match *self {
            Index::Span(span) => span.indices(size),
            Index::At(got) => {
                let from_end = i64::try_from(size).ok().and_then(|size| got.checked_add(size));
                let place = if got < 0 { from_end } else { Some(got) };
                let place = place.and_then(|place| usize::try_from(place).ok()).filter(|place| *place < size);
                place.map(|place| vec![place]).ok_or(SlicesError::OutOfRange { axis, got, size })
            }
        }
    }
}

impl From<i64> for Index {
    fn from(index: i64) -> Self {
        Index::At(index)
    }
}

macro_rules! from_spans {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Index {
            fn from(span: $kind) -> Self {
                Index::Span(span.into())
            }
        }
    )*};
}

from_spans!(Span, RangeFull, Range<i64>, RangeFrom<i64>, RangeTo<i64>);
