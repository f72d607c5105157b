//! From any image stack to any sink: a selection of its pixels, in another type if asked, written by several threads within
//! a budget of memory, and gone on with after a stop.
//!
//! Nothing here opens a file or knows a format: images come as an `ImageStack`, results go to a `Job`.

mod carried;
mod checking;
mod error;
mod extremes;
mod parts;
mod running;
mod selection;
mod source;

pub use carried::spec_of;
pub use checking::{Difference, check};
pub use error::ConvertError;
pub use extremes::extremes;
pub use parts::{PartRead, Parts, each_part};
pub use running::{Outcome, Running, Written, convert, fitting_threads, in_pool, write};
pub use selection::Selection;
pub use source::Source;
