//! Tiles back into images.
//!
//! Pixels are `CZYX` in `f32`, planes have depth 1. Nothing here opens a file.

mod stitch;

pub use stitch::{StitchError, Stitcher, place_tile};
