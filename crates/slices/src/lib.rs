//! 2.5-D: planes whose channels are made of neighbouring slices, over any
//! [`ImageStack`](patchweave_stack::ImageStack).
//!
//! A [`ChannelSpec`] says which neighbours become channels: as they are, their mean, or their standard deviation. A
//! [`SliceStack`] computes such channels from another stack while it is read and is an image stack itself, so that
//! patching, constructors and the loader work on it unchanged. Only the slices that a window needs are read,
//! each of them once where they fit into a budget of memory; the volume is never loaded. Plans say which windows there are
//! and what each needs; [`IndexedStack`] reads any stack the way NumPy indexes an array.
//!
//! Nothing here opens a file, starts a thread or puts patches together again.

mod bands;
mod boundary;
mod channels;
mod compose;
mod described;
mod error;
mod held;
mod index;
mod indexed;
mod kernel;
mod members;
mod options;
mod plan;
mod read;
mod reduce;
mod room;
mod selection;
mod span;
mod spec;
mod spec_form;
mod stack;
mod window;
mod z_operation;

pub use boundary::Boundary;
pub use channels::{ChannelMetadata, OffsetWarning};
pub use error::SlicesError;
pub use index::Index;
pub use indexed::{IndexedStack, MissingAxes};
pub use members::Members;
pub use options::{Accumulation, SliceOptions};
pub use plan::{Colour, ExtractionPlan, PatchEntry, PlanOptions, PlaneWindow, WindowEnds};
pub use selection::ZSlices;
pub use span::Span;
pub use spec::{ChannelSpec, Operation, SpecBuilder};
pub use stack::SliceStack;
pub use z_operation::ZOperation;
