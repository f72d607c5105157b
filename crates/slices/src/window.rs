//! A part of the channels that are made of slices.

use std::ops::Range;

/// A window of the result before it is known where it is written.
#[derive(Debug, Clone)]
pub(crate) struct Window<'a> {
    /// The sample of the image.
    pub n: usize,
    /// In the place of which slices, in this order.
    pub z0s: &'a [usize],
    /// Which channels of the result; `None` means all.
    pub channels: Option<&'a [usize]>,
    /// Which rows.
    pub y: Range<usize>,
    /// Which columns.
    pub x: Range<usize>,
}
