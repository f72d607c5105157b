//! A network that ONNX Runtime runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ndarray::ArrayD;
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::SessionBuilder;
use ort::value::{DynValue, TensorRef};
use patchweave_model::Cause;
use prost::Message;
use tract_onnx::pb;

use super::values::{as_floats, fact};
use crate::file::{n_numbers, nodes};
use crate::guard::guarded;
use crate::network::{Network, OutputFact, Take};
use crate::tract::{self, Planner};

/// Sizes that are tried first where the network has to run to tell what it makes of them.
const FIRST_SIZES: [usize; 8] = [32, 64, 96, 48, 128, 240, 256, 512];

/// Where the runtime looks for weights beside a network that it gets as bytes.
const FOLDER_OF_WEIGHTS: &str = "session.model_external_initializers_file_folder_path";

/// Operators that draw random numbers, beside those whose names begin with `Random`.
const RANDOM: [&str; 2] = ["Bernoulli", "Multinomial"];

/// Refuses networks whose results could not be made again.
pub(super) fn check(content: &pb::ModelProto) -> Result<(), Cause> {
    let draws =
        |node: &&pb::NodeProto| node.op_type.starts_with("Random") || RANDOM.contains(&node.op_type.as_str());
    match content.graph.iter().flat_map(nodes).find(draws) {
        None => Ok(()),
        Some(node) => Err(format!(
            "its operator {} draws random numbers that cannot be drawn again; expected the runtime tract",
            node.op_type
        )
        .into()),
    }
}

/// A network that ONNX Runtime runs.
///
/// A session is not to be used by two threads at once, so there are as many as there are calls at the same time, with one thread
/// each; results do not depend on how many there are.
pub(crate) struct OnnxRuntime {
    environment: Environment,
    /// The bytes that every session is made of.
    network: Vec<u8>,
    /// Where weights beside the network lie.
    folder: PathBuf,
    weight_bytes: usize,
    /// Sessions that nobody uses now.
    idle: Mutex<Vec<Session>>,
    /// Sizes that the network has run with.
    run: Mutex<BTreeSet<Vec<usize>>>,
    /// Tells outputs without running, where tract knows the network.
    planner: Option<Planner>,
}

impl OnnxRuntime {
    /// `folder` is where weights beside the network lie, and `planner` what tract makes of it, if it knows it.
    pub(crate) fn new(
        environment: Environment,
        content: &pb::ModelProto,
        folder: &Path,
        planner: Option<Planner>,
    ) -> Result<Self, Cause> {
        let weights = content.graph.iter().flat_map(|graph| &graph.initializer);
        let weight_bytes = weights.map(n_numbers).fold(0, u64::saturating_add).saturating_mul(4);
        let network = OnnxRuntime {
            environment,
            network: content.encode_to_vec(),
            // A file in the working folder has none in its path.
            folder: std::path::absolute(Path::new(".").join(folder))?,
            weight_bytes: usize::try_from(weight_bytes)?,
            idle: Mutex::default(),
            run: Mutex::default(),
            planner,
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
        let told = |error: ort::Error<SessionBuilder>| Cause::from(error.to_string());
        let builder = Session::builder(&self.environment)?;
        let builder = builder.with_intra_threads(1).map_err(told)?.with_inter_threads(1).map_err(told)?;
        let folder = self.folder.to_str().ok_or("got a folder whose name is no UTF-8")?;
        let mut builder = builder.with_config_entry(FOLDER_OF_WEIGHTS, folder).map_err(told)?;
        Ok(builder.commit_from_memory(&self.network)?)
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
        let between = self.planner.as_ref().map(|planner| planner.plan(dims)).transpose()?;
        // Every session has weights of its own.
        Ok(self.weight_bytes.saturating_add(between.map_or(0, |plan| plan.working_bytes)))
    }

    fn run(&self, input: ArrayD<f32>, _seed: u64, take: Take<'_>) -> Result<(), Cause> {
        self.with_outputs(input, |idx, value| as_floats(value, |array| take(idx, array)))
    }
}
