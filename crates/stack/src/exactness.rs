//! Whether pixels are values of `f32`.

use patchweave_pixel::InexactPixel;

/// Whether the pixels of a window are values of `f32`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exactness {
    /// All of them are.
    Exact,
    /// This one is not; its place counts in the window.
    Inexact(InexactPixel),
    /// The source does not tell.
    Unknown,
}
