//! Networks that [tract](https://docs.rs/tract-onnx) runs.

mod external_data;
mod memory;
mod plan;
mod plans;
mod random;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::ArrayD;
use patchweave_model::Cause;
use tract_onnx::pb;

pub(crate) use memory::{CHANNELS_IN_BLOCK, Memory};
pub(crate) use plan::Planner;
pub(crate) use random::name_nodes;

use crate::file::weight_bytes;
use crate::network::{Network, OutputFact, Take};
use plans::Plans;

/// Sizes that are tried first along axes without a fixed size: multiples of what networks step by.
pub(crate) const FIRST_SIZES: [usize; 8] = [128, 96, 240, 64, 256, 512, 32, 16];

/// A network that tract runs, with a plan for every shape of inputs.
pub(crate) struct Tract {
    planner: Planner,
    plans: Plans,
    /// What is known of the memory of inputs, by their sizes.
    memory: Mutex<BTreeMap<Vec<usize>, Memory>>,
    weight_bytes: usize,
}

impl Tract {
    /// `folder` is where the file lies, and weights beside it.
    pub(crate) fn new(content: &pb::ModelProto, folder: &Path) -> Result<Self, Cause> {
        let planner = Planner::new(content, folder)?;
        let weight_bytes = weight_bytes(content)?;
        Ok(Tract { planner, plans: Plans::default(), memory: Mutex::default(), weight_bytes })
    }

    /// How much memory an input of these sizes takes; plans that are only looked at are not kept.
    fn memory(&self, dims: &[usize]) -> Result<Memory, Cause> {
        if let Some(memory) = self.known().get(dims) {
            return Ok(*memory);
        }
        let memory = match self.plans.known(dims) {
            Some(plan) => plan.memory,
            None => self.planner.plan(dims)?.memory,
        };
        self.known().insert(dims.to_vec(), memory);
        Ok(memory)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Vec<usize>, Memory>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
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
        let plan = self.plans.of(&self.planner, dims)?;
        self.known().insert(dims.to_vec(), plan.memory);
        Ok(())
    }

    fn working_bytes(&self, dims: &[usize]) -> Result<usize, Cause> {
        // The input and the outputs are copied from and to memory of the caller.
        Ok(self.memory(dims)?.alive)
    }

    fn held_bytes(&self, dims: &[usize]) -> Result<usize, Cause> {
        // The planner has the weights as they are in the file, each plan as it multiplies by them.
        let plans = self.plans.held_bytes().max(self.memory(dims)?.held);
        Ok(plans.saturating_add(self.weight_bytes))
    }

    fn run(&self, input: ArrayD<f32>, seed: u64, take: Take<'_>) -> Result<(), Cause> {
        self.plans.of(&self.planner, input.shape())?.run(input, seed, take)
    }
}
