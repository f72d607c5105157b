//! Why a quilt refuses something.

use patchweave_geometry::{Extent, GeometryError};

/// Why windows, weights or arrays cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuiltError {
    /// A list with another number of axes than the image.
    #[error("{what} has {got} axes, expected {expected} as in the image")]
    Axes {
        /// What has them.
        what: &'static str,
        /// Its number of axes.
        got: usize,
        /// That of the image.
        expected: usize,
    },
    /// A weight of the border that is no share.
    #[error("got a border weight of {got}, expected one from 0 to 1")]
    BorderWeight {
        /// The weight.
        got: f64,
    },
    /// A width that no Gaussian can have.
    #[error("got a Gaussian as wide as {got} windows, expected a positive number")]
    GaussianWidth {
        /// Standard deviation in windows.
        got: f64,
    },
    /// Blending that was made for other windows.
    #[error("got a blend window of {got} pixels, expected one of {expected}")]
    BlendWindow {
        /// What it was made for.
        got: Extent,
        /// The window of the quilt.
        expected: Extent,
    },
    /// An array of the wrong shape.
    #[error("{what} has shape {got:?}, expected {expected}")]
    Shape {
        /// The array.
        what: &'static str,
        /// Its shape.
        got: Vec<usize>,
        /// The shape it must have.
        expected: String,
    },
    /// Patches that do not fill whole images.
    #[error("got {got} patches, expected a multiple of {per_image}, which is the number of an image")]
    PatchCount {
        /// How many there are.
        got: usize,
        /// How many an image has.
        per_image: usize,
    },
    /// Inputs and targets of different number.
    #[error("got {n_inputs} inputs and {n_targets} targets, expected as many of each")]
    PairCount {
        /// How many inputs.
        n_inputs: usize,
        /// How many targets.
        n_targets: usize,
    },
    /// A patch that does not exist.
    #[error("there is no patch {index}, there are {n_patches}")]
    NoSuchPatch {
        /// Its number.
        index: usize,
        /// How many there are.
        n_patches: usize,
    },
    /// Accumulators of different parts or channels.
    #[error("got an accumulator of {got}, expected one of {expected}")]
    Parts {
        /// What it holds.
        got: String,
        /// What the other one holds.
        expected: String,
    },
    /// An array that the machine has no memory for.
    #[error("there is no memory for an array of shape {shape:?}")]
    OutOfMemory {
        /// The shape.
        shape: Vec<usize>,
    },
    /// Sizes that no array has, or windows that do not fit.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
}
