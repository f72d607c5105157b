//! Images into patches and patches, or tiles, back into images.
//!
//! A [`Quilt`] cuts overlapping windows out of arrays and blends what comes back. Nothing here opens a file
//! or starts a thread of its own.

mod accumulator;
mod blend;
mod border;
mod error;
mod gather;
mod grid;
mod pairs;
mod positions;
mod quilt;
mod stitch;
mod tensor;
mod touch;
mod unstitch;
mod weave;
mod weed;

pub use accumulator::Accumulator;
pub use blend::BlendWindow;
pub use border::{Border, border_weight};
pub use error::QuiltError;
pub use grid::{WindowGrid, window_times};
pub use pairs::{ArrayPair, LabelledPairs, PatchPair};
pub use positions::{PositionMode, PositionalChannels};
pub use quilt::Quilt;
pub use stitch::{StitchError, Stitcher, place_tile};
pub use weave::Stitched;
pub use weed::{Weeded, holds_label, weed_sparse_classification_training_pairs};
