//! An image from any source seen as `SC(Z)YX`: the [`ImageStack`] contract and what is known about an image.
//!
//! This is all that constructors and loaders need to know of images, and all that a source of your own implements.
//! Readers of files are in `patchweave-formats`. This crate opens no file; it only asks the file system which file a
//! path leads to.

mod array;
mod causes;
mod contract;
mod cost;
mod error;
mod exact;
mod exactness;
mod identity;
mod info;
mod inside_window;
mod judgement;
mod process;
pub mod read_cost;
mod reading;
mod typed;
mod typed_read;

pub use array::ArrayStack;
pub use causes::{messages, with_causes};
pub use contract::ImageStack;
pub use error::StackError;
pub use exact::ExactStack;
pub use exactness::Exactness;
pub use identity::{
    ArrayPlace, Doubt, FileId, Identity, ImageKey, Pieces, SampleLink, SharedPlanes, SharedWith, StoredArray,
};
pub use info::{DisplayWindow, PixelSize, StackInfo};
pub use inside_window::{InsideWindow, PatchViewMut};
pub use process::Process;
pub use read_cost::ReadCost;
pub use reading::ImageStackExt;
pub use typed::stack_of;
