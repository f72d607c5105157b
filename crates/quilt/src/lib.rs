//! Images into patches and patches, or tiles, back into images.
//!
//! A [`Quilt`](crate) cuts overlapping windows out of arrays and blends what comes back. Nothing here opens a
//! file or starts a thread of its own.

mod error;
mod grid;
mod stitch;

pub use error::QuiltError;
pub use grid::{WindowGrid, window_times};
pub use stitch::{StitchError, Stitcher, place_tile};
