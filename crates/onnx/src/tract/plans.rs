//! The plans that a network has been made ready with.

use std::sync::{Arc, Mutex, PoisonError};

use patchweave_model::Cause;

use super::plan::{Plan, Planner};

/// How many plans are kept; each holds all weights.
const MOST_PLANS: usize = 8;

/// The sizes of an input and the plan for it.
type Planned = (Vec<usize>, Arc<Plan>);

/// The plans made last, the newest at the end.
#[derive(Default)]
pub(crate) struct Plans {
    made: Mutex<Vec<Planned>>,
}

impl Plans {
    /// The plan for an input of these sizes, in the order of the file; it is made if it is not there.
    ///
    /// The lock is held only to look: two threads may make the same plan, of which one is kept.
    pub(crate) fn of(&self, planner: &Planner, dims: &[usize]) -> Result<Arc<Plan>, Cause> {
        if let Some(plan) = self.known(dims) {
            return Ok(plan);
        }
        let plan = Arc::new(planner.plan(dims)?);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|(known, _)| known != dims);
        if made.len() == MOST_PLANS {
            made.remove(0);
        }
        made.push((dims.to_vec(), Arc::clone(&plan)));
        Ok(plan)
    }

    /// The bytes that all of them hold.
    pub(crate) fn held_bytes(&self) -> usize {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter().map(|(_, plan)| plan.memory.held).fold(0, usize::saturating_add)
    }

    /// A plan that was made.
    pub(crate) fn known(&self, dims: &[usize]) -> Option<Arc<Plan>> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.iter().find(|(known, _)| known == dims).map(|(_, plan)| Arc::clone(plan))
    }
}
