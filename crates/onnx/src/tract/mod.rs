//! Networks that [tract](https://docs.rs/tract-onnx) runs.

mod external_data;
mod plan;
mod plans;
mod random;

use std::path::Path;

use ndarray::ArrayD;
use patchweave_model::Cause;
use tract_onnx::pb;

pub(crate) use plan::Planner;
pub(crate) use random::name_nodes;

use crate::network::{Network, OutputFact, Take};
use plans::Plans;

/// Sizes that are tried first along axes without a fixed size: multiples of what networks step by.
pub(crate) const FIRST_SIZES: [usize; 8] = [128, 96, 240, 64, 256, 512, 32, 16];

/// A network that tract runs, with a plan for every shape of inputs.
pub(crate) struct Tract {
    planner: Planner,
    plans: Plans,
}

impl Tract {
    /// `folder` is where the file lies, and weights beside it.
    pub(crate) fn new(content: &pb::ModelProto, folder: &Path) -> Result<Self, Cause> {
        Ok(Tract { planner: Planner::new(content, folder)?, plans: Plans::default() })
    }
}

impl Network for Tract {
    fn first_sizes(&self) -> &[usize] {
        &FIRST_SIZES
    }

    fn outputs(&self, dims: &[usize]) -> Result<Vec<OutputFact>, Cause> {
        // Shapes that are only looked at leave the plans in use alone.
        Ok(self.planner.plan(dims)?.outputs)
    }

    fn prepare(&self, dims: &[usize]) -> Result<(), Cause> {
        self.plans.of(&self.planner, dims).map(drop)
    }

    fn working_bytes(&self, dims: &[usize]) -> Result<usize, Cause> {
        // The input and the outputs are copied from and to memory of the caller.
        Ok(self.plans.of(&self.planner, dims)?.working_bytes)
    }

    fn run(&self, input: ArrayD<f32>, seed: u64, take: Take<'_>) -> Result<(), Cause> {
        self.plans.of(&self.planner, input.shape())?.run(input, seed, take)
    }
}
