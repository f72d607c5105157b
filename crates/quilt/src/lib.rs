//! Images into patches and patches, or tiles, back into images.
//!
//! A [`Quilt`] cuts overlapping windows out of arrays and blends what comes back, all at once. An
//! [`Accumulator`] blends tiles of any grid as they arrive; a [`Stitcher`] crops tiles and places what is left,
//! without blending. Pairs of patches without labels are left out by
//! [`clean_pairs`](Quilt::clean_pairs) and [`weed_sparse_classification_training_pairs`].
//!
//! Nothing here opens a file or makes a pool of threads; work is shared among those of the caller's rayon pool.

mod accumulator;
mod blend;
mod border;
mod error;
mod gather;
mod kept;
mod pairs;
mod positions;
mod quilt;
mod rows;
mod stitch;
mod tensor;
mod tiles;
mod touch;
mod unstitch;
mod weed;

pub use accumulator::Accumulator;
pub use blend::{BlendWindow, WeightSums};
pub use border::{Border, border_weight};
pub use error::QuiltError;
pub use kept::{KeptPart, KeptParts};
pub use pairs::{ArrayPair, LabelledPairs, PatchPair};
pub use positions::{PositionMode, PositionalChannels};
pub use quilt::Quilt;
pub use stitch::Stitched;
pub use tensor::Element;
pub use tiles::{StitchError, Stitcher, place_tile};
pub use weed::{Weeded, holds_label, weed_sparse_classification_training_pairs};
