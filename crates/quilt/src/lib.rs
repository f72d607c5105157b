//! Images into patches and patches, or tiles, back into images.
//!
//! A [`Quilt`] cuts overlapping windows out of arrays and blends what comes back. Nothing here opens a file
//! or starts a thread of its own.

mod blend;
mod border;
mod error;
mod grid;
mod quilt;
mod stitch;
mod tensor;
mod unstitch;
mod weave;

pub use blend::BlendWindow;
pub use border::{Border, border_weight};
pub use error::QuiltError;
pub use grid::{WindowGrid, window_times};
pub use quilt::Quilt;
pub use stitch::{StitchError, Stitcher, place_tile};
