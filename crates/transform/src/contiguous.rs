//! The pixels of a view as one slice.

use std::borrow::Cow;

use ndarray::{ArrayView, Dimension};

/// The pixels in C order; copied only if they do not lie so in memory.
pub(crate) fn contiguous<'a, D: Dimension>(view: &'a ArrayView<'_, f32, D>) -> Cow<'a, [f32]> {
    view.as_slice().map_or_else(|| Cow::Owned(view.iter().copied().collect()), Cow::Borrowed)
}
