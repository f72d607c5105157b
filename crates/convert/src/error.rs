//! Why an image could not be converted.

use patchweave_geometry::{Axis, GeometryError};
use patchweave_sink::SinkError;
use patchweave_stack::StackError;

/// Why an image could not be converted.
///
/// ```
/// use patchweave_convert::ConvertError;
///
/// let error = ConvertError::Budget { needed: 96 << 20, budget: 64 << 20 };
/// assert_eq!(error.to_string(), "one unit needs 96 MiB of memory, got a budget of 64 MiB: choose smaller shards or chunks, with levels such that 2^(levels - 1) divides them");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The source could not be read.
    #[error(transparent)]
    Read(#[from] StackError),
    /// The result could not be written.
    #[error(transparent)]
    Write(#[from] SinkError),
    /// A part of an axis that the image does not have.
    #[error(
        "{stack}: got {start} to {end} along {axis:?}, expected a part of 0 to {size} with at least one pixel"
    )]
    Range {
        /// The image.
        stack: String,
        /// The axis.
        axis: Axis,
        /// The first position.
        start: usize,
        /// The position behind the last.
        end: usize,
        /// Pixels along the axis.
        size: usize,
    },
    /// A selection along an axis that the image does not have.
    #[error("{stack}: got a selection along {axis:?}, which the image does not have: its axes are {axes}")]
    NoAxis {
        /// The image.
        stack: String,
        /// The axis.
        axis: Axis,
        /// Those that it has.
        axes: String,
    },
    /// Channels, axes or sizes that do not fit.
    #[error("{stack}: the selection does not fit")]
    Geometry {
        /// The image.
        stack: String,
        /// What does not fit.
        source: GeometryError,
    },
    /// Units that do not fit into memory.
    #[error(
        "one unit needs {} MiB of memory, got a budget of {} MiB: choose smaller shards or chunks, \
         with levels such that 2^(levels - 1) divides them",
        needed >> 20,
        budget >> 20
    )]
    Budget {
        /// Bytes that one unit needs.
        needed: u64,
        /// Bytes that there are.
        budget: u64,
    },
    /// Threads that could not be started.
    #[error("could not start threads")]
    Threads(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault of this crate: sizes that were checked did not fit.
    #[error("{stack}: pixels could not be put in place")]
    Place {
        /// The image.
        stack: String,
        /// What did not fit.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No memory for pixels.
    #[error("{stack}: there is no memory for pixels of shape {shape:?}")]
    OutOfMemory {
        /// The image.
        stack: String,
        /// What was needed.
        shape: Vec<usize>,
    },
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}
