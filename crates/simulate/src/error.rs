//! Why a simulation was refused.

/// A parameter outside of its range.
///
/// ```
/// use patchweave_simulate::{Simulation, simulate};
///
/// let error = simulate(&Simulation { bit_depth: 7, ..Simulation::default() }).unwrap_err();
/// assert_eq!(error.to_string(), "got a bit depth of 7, expected 8 to 16");
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// No structures, or more than [`MAX_STRUCTURES`](crate::MAX_STRUCTURES).
    #[error("got {n_structures} structures, expected 1 to {max}")]
    Structures {
        /// How many were asked for.
        n_structures: usize,
        /// The most that share the bit depth.
        max: usize,
    },
    /// A bit depth that cameras do not have or that 16-bit pixels do not hold.
    #[error("got a bit depth of {bit_depth}, expected 8 to 16")]
    BitDepth {
        /// The bit depth as given.
        bit_depth: u8,
    },
    /// A number that is not finite or out of range.
    #[error("got {name} = {value}, expected {expected}")]
    OutOfRange {
        /// The field of the simulation.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The range in words.
        expected: &'static str,
    },
    /// A set that would need more memory than [`MAX_BYTES`](crate::MAX_BYTES).
    #[error("{n_structures} structures of {n_pixels} pixels exceed the budget of {max_bytes} bytes")]
    TooLarge {
        /// How many structures were asked for.
        n_structures: usize,
        /// Pixels of one image.
        n_pixels: usize,
        /// The budget.
        max_bytes: u64,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// Pixels that did not fit the checked extent; a bug in this crate.
    #[error("an image could not be shaped")]
    Shape(#[from] ndarray::ShapeError),
}
