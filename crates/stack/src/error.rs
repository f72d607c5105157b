//! Why an image could not be opened or read.

use std::io;

use patchweave_geometry::{Axes, GeometryError};
use patchweave_pixel::PixelType;

/// Why an image could not be opened or read; every variant names the image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// A pyramid with fewer levels than are read.
    #[error("{stack} has {got} levels, expected at least {expected} of a pyramid")]
    TooFewLevels {
        /// The image.
        stack: String,
        /// How many there are.
        got: usize,
        /// How many are needed.
        expected: usize,
    },
    /// A sample, channel or region that the image does not have.
    #[error("{stack}: {source}")]
    Window {
        /// The image.
        stack: String,
        /// What does not exist.
        source: GeometryError,
    },
    /// Memory for pixels of another type than the image has.
    #[error("{stack}: got memory for pixels of {got}, expected {expected}")]
    PixelType {
        /// The image.
        stack: String,
        /// The type of the memory.
        got: PixelType,
        /// The type of the image.
        expected: PixelType,
    },
    /// Axes that do not fit the shape found in the file.
    #[error("{stack}: axes {axes} name {} dimensions, the image has {} with sizes {shape:?}", axes.len(), shape.len())]
    AxesLength {
        /// The image.
        stack: String,
        /// The axes that were given.
        axes: Axes,
        /// The shape that was found.
        shape: Vec<usize>,
    },
    /// Axes that contradict what the file says of itself.
    #[error("{stack}: got axes {given}, the file's own metadata says {own}")]
    AxesDisagree {
        /// The image.
        stack: String,
        /// The axes that were given.
        given: Axes,
        /// The axes of the file.
        own: String,
    },
    /// Axes that leave open which dimension of the file is which.
    #[error(
        "{stack}: its dimensions of sizes {shape:?} have no names and may be {readings} of the axes {axes}, expected one of \
         these as axes, or a file that names them"
    )]
    UnclearAxes {
        /// The image.
        stack: String,
        /// The axes that were given.
        axes: Axes,
        /// The shape that was found.
        shape: Vec<usize>,
        /// Axes that each have only one reading, with `or` between them.
        readings: String,
    },
    /// An image whose dimensions nobody names.
    #[error(
        "{stack}: the file names its dimensions of sizes {shape:?} only as {own}; give axes that name all of them"
    )]
    NoAxes {
        /// The image.
        stack: String,
        /// The shape that was found.
        shape: Vec<usize>,
        /// What the file says, `?` for a dimension it says nothing about.
        own: String,
    },
    /// An image that cannot be read although others of its file can.
    #[error("{source}; {others}")]
    OneOfSeveral {
        /// Which paths read the others.
        others: String,
        /// Why it cannot be read.
        source: Box<StackError>,
    },
    /// The error of another reader that was waited for.
    #[error(transparent)]
    Shared(std::sync::Arc<StackError>),
    /// A path at which nothing can be read.
    #[error(transparent)]
    Path(patchweave_files::BadPath),
    /// A folder or a pattern that stands for no image.
    #[error("{stack}: got no image, expected at least one whose name ends in {endings}")]
    NoMembers {
        /// The folder or the pattern.
        stack: String,
        /// The endings that were looked for.
        endings: String,
    },
    /// Something in a file that this library does not read.
    #[error("{stack}: {what} is not supported, {hint}")]
    Unsupported {
        /// The image.
        stack: String,
        /// What was found.
        what: String,
        /// What would be read instead.
        hint: &'static str,
    },
    /// A file that contradicts itself or lacks what it promises.
    #[error("{stack}: {place}: got {got}, expected {expected}")]
    Damaged {
        /// The image.
        stack: String,
        /// Where in the file.
        place: String,
        /// What was found.
        got: String,
        /// What should be there.
        expected: String,
    },
    /// Chunks that take more memory than reading may.
    #[error(
        "{stack}: got chunks of {chunk:?} pixels of {pixel_type}, expected at most {limit} bytes decoded"
    )]
    ChunkTooLarge {
        /// The image.
        stack: String,
        /// The size of a chunk that is decoded at once.
        chunk: Vec<usize>,
        /// The type of its pixels.
        pixel_type: PixelType,
        /// How many bytes one may decode to.
        limit: usize,
    },
    /// A pixel of labels that `f32` would round.
    #[error(
        "{stack}: pixel {czyx:?} (CZYX) of sample {sample_idx} is {value}, which float32 does not hold: labels are delivered \
         as they are; number them below 2^24, as whole numbers"
    )]
    Inexact {
        /// The image.
        stack: String,
        /// Which sample.
        sample_idx: usize,
        /// Which pixel of it.
        czyx: [usize; 4],
        /// Its value, and its type.
        value: String,
    },
    /// A region that the machine has no memory for.
    #[error("{stack}: there is no memory for a region of shape {shape:?}")]
    OutOfMemory {
        /// The image.
        stack: String,
        /// The shape, `CZYX`.
        shape: [usize; 4],
    },
    /// The operating system refused.
    #[error("{stack}: cannot {action}")]
    Io {
        /// The image.
        stack: String,
        /// What was tried.
        action: &'static str,
        /// The reason.
        source: io::Error,
    },
    /// A part of a file whose bytes could not be turned into pixels.
    #[error("{stack}: {place} cannot be decoded")]
    Undecodable {
        /// The image.
        stack: String,
        /// Which part: a strip, a tile.
        place: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A part of a file or store that could not be read.
    #[error("{stack}: {place} cannot be read")]
    Unreadable {
        /// The image.
        stack: String,
        /// Which part: an array, a dataset, a key.
        place: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Any other failure of a source.
    #[error("{stack}: cannot be read")]
    Other {
        /// The image.
        stack: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StackError {
    /// [`Damaged`](StackError::Damaged) of an image, a place in its file, what was found and what should be there.
    ///
    /// ```
    /// use patchweave_stack::StackError;
    ///
    /// let error = StackError::damaged("cells.tif", "tag StripOffsets of page 2", "5 values", "4");
    /// assert_eq!(error.to_string(), "cells.tif: tag StripOffsets of page 2: got 5 values, expected 4");
    /// ```
    #[must_use]
    pub fn damaged(
        stack: impl Into<String>,
        place: impl Into<String>,
        got: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        StackError::Damaged {
            stack: stack.into(),
            place: place.into(),
            got: got.into(),
            expected: expected.into(),
        }
    }

    /// This error, or the one that it is about.
    #[must_use]
    pub fn innermost(&self) -> &StackError {
        match self {
            StackError::OneOfSeveral { source, .. } => source.innermost(),
            StackError::Shared(error) => error.innermost(),
            error => error,
        }
    }
}
