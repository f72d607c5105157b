//! What has to be known of a network to use it as a model, whoever runs it.

use ndarray::{ArrayD, ArrayViewD};
use patchweave_model::{Cause, OutputType};

/// Takes the outputs of a network one after the other, by their places in the file.
pub(crate) type Take<'t> = &'t mut dyn FnMut(usize, ArrayViewD<'_, f32>) -> Result<(), Cause>;

/// A network in the hands of a runtime; sizes are in the order of the file.
pub(crate) trait Network: Send + Sync {
    /// Sizes that are tried first along axes without a fixed size.
    fn first_sizes(&self) -> &[usize];

    /// What the outputs are for an input of these sizes.
    fn outputs(&self, dims: &[usize]) -> Result<Vec<OutputFact>, Cause>;

    /// Makes ready for an input of these sizes, and refuses what would fail later.
    fn prepare(&self, dims: &[usize]) -> Result<(), Cause>;

    /// The bytes that a run needs beside the input and outputs of its caller, as far as they are known.
    fn working_bytes(&self, dims: &[usize]) -> Result<usize, Cause>;

    /// The bytes that are held between runs, however many run at the same time.
    fn held_bytes(&self, dims: &[usize]) -> Result<usize, Cause>;

    /// Runs the network; random numbers follow from `seed`.
    fn run(&self, input: ArrayD<f32>, seed: u64, take: Take<'_>) -> Result<(), Cause>;
}

/// What is known of an output for an input of some size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputFact {
    /// Its sizes in the order of the file.
    pub(crate) dims: Vec<usize>,
    /// What its values are, or their type if they are no numbers.
    pub(crate) pixel_type: Result<OutputType, String>,
}
