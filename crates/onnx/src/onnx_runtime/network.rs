//! A network that ONNX Runtime runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ndarray::ArrayD;
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{DynValue, TensorRef};
use patchweave_model::Cause;
use tract_onnx::pb;

use super::alive::{most_alive, with_all_values};
use super::values::{as_floats, fact};
use crate::file::{nodes, weight_bytes};
use crate::guard::guarded;
use crate::network::{Network, OutputFact, Take};
use crate::tract::{self, Planner};

/// Sizes that are tried first where the network has to run to tell what it makes of them.
const FIRST_SIZES: [usize; 8] = [32, 64, 96, 48, 128, 240, 256, 512];

/// Operators that draw random numbers, beside those whose names begin with `Random`.
const RANDOM: [&str; 2] = ["Bernoulli", "Multinomial"];

/// Refuses networks whose results could not be made again.
pub(super) fn check(content: &pb::ModelProto) -> Result<(), Cause> {
    let draws =
        |node: &&pb::NodeProto| node.op_type.starts_with("Random") || RANDOM.contains(&node.op_type.as_str());
    // What functions of the file draw is noticed when it is run.
    match content.graph.iter().flat_map(nodes).find(draws) {
        None => Ok(()),
        Some(node) => Err(format!(
            "its operator {} draws random numbers that cannot be drawn again; expected the runtime tract",
            node.op_type
        )
        .into()),
    }
}

/// What sessions are made of.
pub(super) enum Source {
    /// A file, and the weights beside it.
    File(PathBuf),
    /// All of a network.
    Bytes(Vec<u8>),
}

/// A network that ONNX Runtime runs.
///
/// A session is not to be used by two threads at once, so there are as many as there are calls at the same time, with one thread
/// each; results do not depend on how many there are.
pub(crate) struct OnnxRuntime {
    environment: Environment,
    source: Source,
    weight_bytes: usize,
    /// Sessions that nobody uses now.
    idle: Mutex<Vec<Session>>,
    /// Sizes that the network has run with.
    run: Mutex<BTreeSet<Vec<usize>>>,
    /// Tells outputs without running, where tract knows the network.
    planner: Option<Planner>,
    /// The bytes of values that are alive at once, by sizes of the input.
    alive: Mutex<BTreeMap<Vec<usize>, usize>>,
}

impl OnnxRuntime {
    /// `content` is what the source holds, and `planner` what tract makes of it, if it knows it.
    pub(super) fn new(
        environment: Environment,
        source: Source,
        content: &pb::ModelProto,
        planner: Option<Planner>,
    ) -> Result<Self, Cause> {
        let network = OnnxRuntime {
            environment,
            source,
            weight_bytes: weight_bytes(content)?,
            idle: Mutex::default(),
            run: Mutex::default(),
            planner,
            alive: Mutex::default(),
        };
        let first = guarded(|| network.session())?;
        network.give_back(first);
        Ok(network)
    }

    /// The same network, whose outputs are found out by running it alone.
    pub(crate) fn without_planner(self) -> Self {
        OnnxRuntime { planner: None, ..self }
    }

    pub(crate) fn has_planner(&self) -> bool {
        self.planner.is_some()
    }

    fn session(&self) -> Result<Session, Cause> {
        match &self.source {
            Source::File(path) => Ok(self.builder()?.commit_from_file(path)?),
            Source::Bytes(bytes) => Ok(self.builder()?.commit_from_memory(bytes)?),
        }
    }

    fn builder(&self) -> Result<SessionBuilder, Cause> {
        let builder = Session::builder(&self.environment)?;
        let builder = builder.with_intra_threads(1).map_err(ort::Error::<()>::from)?;
        let builder = builder.with_inter_threads(1).map_err(ort::Error::<()>::from)?;
        // What it learns of one run for the next takes as much memory again, and saves no time that shows.
        Ok(builder.with_memory_pattern(false).map_err(ort::Error::<()>::from)?)
    }

    /// Refuses a network that makes something else of the same input each time, such as one that leaves out values by chance.
    pub(super) fn check_repeats(&self, dims: &[usize]) -> Result<(), Cause> {
        let mut state = 0_u32;
        let input = ArrayD::from_shape_simple_fn(dims, || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from((state >> 20) as u16) / 4096.0 + 0.1
        });
        let mut runs: [Vec<u32>; 2] = Default::default();
        for bits in &mut runs {
            self.run(input.clone(), 0, &mut |_, made| {
                bits.extend(made.iter().map(|value| value.to_bits()));
                Ok(())
            })?;
        }
        let [first, second] = runs;
        if first == second {
            Ok(())
        } else {
            Err("it makes something else of the same input each time".into())
        }
    }

    /// Finds out how much memory values take, of a network that tract does not plan; what cannot be found out stays unknown.
    pub(super) fn measure(&self, content: &pb::ModelProto, dims: &[usize]) {
        let measured = guarded(|| {
            let builder = self.builder()?.with_optimization_level(GraphOptimizationLevel::Disable);
            let mut builder = builder.map_err(ort::Error::<()>::from)?;
            let mut session = builder.commit_from_memory(&with_all_values(content))?;
            most_alive(content, &mut session, dims)
        });
        if let Ok(bytes) = measured {
            self.alive.lock().unwrap_or_else(PoisonError::into_inner).insert(dims.to_vec(), bytes);
        }
    }

    /// The bytes of values that are alive at once.
    fn alive(&self, dims: &[usize]) -> Result<usize, Cause> {
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = alive.get(dims) {
            return Ok(*bytes);
        }
        if let Some(planner) = &self.planner {
            let bytes = planner.plan(dims)?.memory.alive_in_blocks;
            alive.insert(dims.to_vec(), bytes);
            return Ok(bytes);
        }
        // Of what was measured for other sizes.
        let n = |dims: &[usize]| dims.iter().fold(1_usize, |n, size| n.saturating_mul(*size));
        let scaled =
            alive.iter().next().map(|(known, bytes)| bytes.div_ceil(n(known).max(1)).saturating_mul(n(dims)));
        Ok(scaled.unwrap_or(0))
    }

    fn give_back(&self, session: Session) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }

    /// Runs the network on zeros and tells what came out.
    fn tried(&self, dims: &[usize]) -> Result<Vec<OutputFact>, Cause> {
        let mut facts = Vec::new();
        self.with_outputs(ArrayD::zeros(dims), |_, value| {
            facts.push(fact(value)?);
            Ok(())
        })?;
        self.run.lock().unwrap_or_else(PoisonError::into_inner).insert(dims.to_vec());
        Ok(facts)
    }

    fn with_outputs(
        &self,
        input: ArrayD<f32>,
        mut take: impl FnMut(usize, &DynValue) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        guarded(|| {
            // A session that failed or panicked is not used again.
            let mut session = idle.map_or_else(|| self.session(), Ok)?;
            {
                let input = TensorRef::from_array_view(input.view())?;
                let outputs = session.run(ort::inputs![input])?;
                outputs.values().enumerate().try_for_each(|(idx, value)| take(idx, &value))?;
            }
            self.give_back(session);
            Ok(())
        })
    }
}

impl Network for OnnxRuntime {
    fn first_sizes(&self) -> &[usize] {
        match &self.planner {
            Some(_) => &tract::FIRST_SIZES,
            None => &FIRST_SIZES,
        }
    }

    fn outputs(&self, dims: &[usize]) -> Result<Vec<OutputFact>, Cause> {
        match &self.planner {
            Some(planner) => Ok(planner.plan(dims)?.outputs),
            None => self.tried(dims),
        }
    }

    fn prepare(&self, dims: &[usize]) -> Result<(), Cause> {
        let has_run = self.run.lock().unwrap_or_else(PoisonError::into_inner).contains(dims);
        if has_run { Ok(()) } else { self.tried(dims).map(drop) }
    }

    fn working_bytes(&self, dims: &[usize]) -> Result<usize, Cause> {
        // Every session has weights and memory of its own, which it takes in pieces that double in size: some stay unused.
        let alive = self.alive(dims)?;
        Ok([alive, alive / 2].into_iter().fold(self.weight_bytes, usize::saturating_add))
    }

    fn held_bytes(&self, _dims: &[usize]) -> Result<usize, Cause> {
        Ok(0)
    }

    fn run(&self, input: ArrayD<f32>, _seed: u64, take: Take<'_>) -> Result<(), Cause> {
        self.with_outputs(input, |idx, value| as_floats(value, |array| take(idx, array)))
    }
}
