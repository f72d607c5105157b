//! What is in an ONNX file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use patchweave_files::open_file;
use patchweave_model::Cause;
use tract_onnx::pb;
use tract_onnx::prelude::Framework;

use crate::{OnnxError, TensorInfo};

/// The most bytes that a message of this kind can have.
pub(crate) const MOST_BYTES: u64 = 1 << 31;

/// What is in an ONNX file, as far as it can be told without running the network.
///
/// ```no_run
/// use patchweave_onnx::OnnxFile;
///
/// let file = OnnxFile::read("net.onnx".as_ref())?;
/// println!("{file}");
/// # Ok::<(), patchweave_onnx::OnnxError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OnnxFile {
    /// Where it lies.
    pub path: PathBuf,
    /// The program that wrote it and its version, where it tells.
    pub producer: String,
    /// The versions of the operators by domain; that of ONNX itself has no name.
    pub opsets: BTreeMap<String, i64>,
    /// What the network wants.
    pub inputs: Vec<TensorInfo>,
    /// What it makes.
    pub outputs: Vec<TensorInfo>,
    /// How often every operator stands in it.
    pub operators: BTreeMap<String, usize>,
    /// How many numbers it has learned.
    pub n_parameters: u64,
}

impl OnnxFile {
    /// Reads what is in a file.
    ///
    /// # Errors
    /// [`OnnxError::Unreadable`] and [`OnnxError::NotOnnx`].
    pub fn read(path: &Path) -> Result<Self, OnnxError> {
        decoded(path).map(|(file, _)| file)
    }
}

/// What is in a file, and its content.
pub(crate) fn decoded(path: &Path) -> Result<(OnnxFile, pb::ModelProto), OnnxError> {
    let opened = open_file(path);
    let bytes = opened.map_err(|source| OnnxError::Unreadable { path: path.to_owned(), source })?;
    decoded_from(path, &mut bytes.take(MOST_BYTES))
}

/// What is in the bytes of a file, and their content.
pub(crate) fn decoded_from(
    path: &Path,
    bytes: &mut dyn Read,
) -> Result<(OnnxFile, pb::ModelProto), OnnxError> {
    let unreadable = |source| OnnxError::Unreadable { path: path.to_owned(), source };
    let refused = |source| OnnxError::NotOnnx { path: path.to_owned(), source };
    let content = tract_onnx::onnx().proto_model_for_read(bytes);
    let content = content.map_err(|error| match error.downcast::<io::Error>() {
        Ok(source) => unreadable(source),
        Err(other) => refused(other.into()),
    })?;
    let Some(graph) = content.graph.as_ref() else { return Err(refused("it holds no network".into())) };
    if graph.output.is_empty() {
        return Err(refused("its network has no outputs".into()));
    }
    let file = OnnxFile {
        path: path.to_owned(),
        producer: format!("{} {}", content.producer_name, content.producer_version).trim().to_owned(),
        opsets: opsets(&content),
        inputs: inputs(graph),
        outputs: graph.output.iter().map(TensorInfo::of).collect(),
        operators: operators(graph),
        n_parameters: graph.initializer.iter().map(n_numbers).fold(0, u64::saturating_add),
    };
    Ok((file, content))
}

/// All nodes of a network, those of its branches and loops too.
pub(crate) fn nodes(graph: &pb::GraphProto) -> Vec<&pb::NodeProto> {
    let mut found = Vec::new();
    let mut open = vec![graph];
    while let Some(graph) = open.pop() {
        for node in &graph.node {
            found.push(node);
            open.extend(
                node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)),
            );
        }
    }
    found
}

/// The name of an operator, behind its domain unless that is ONNX itself.
pub(crate) fn operator(node: &pb::NodeProto) -> String {
    match node.domain.as_str() {
        "" | "ai.onnx" => node.op_type.clone(),
        domain => format!("{domain}.{}", node.op_type),
    }
}

fn opsets(content: &pb::ModelProto) -> BTreeMap<String, i64> {
    let name = |domain: &str| if domain == "ai.onnx" { String::new() } else { domain.to_owned() };
    content.opset_import.iter().map(|set| (name(&set.domain), set.version)).collect()
}

/// Files of old versions list the weights among the inputs.
fn inputs(graph: &pb::GraphProto) -> Vec<TensorInfo> {
    let weights: BTreeSet<&str> = graph.initializer.iter().map(|weights| weights.name.as_str()).collect();
    let inputs = graph.input.iter().filter(|input| !weights.contains(input.name.as_str()));
    inputs.map(TensorInfo::of).collect()
}

fn operators(graph: &pb::GraphProto) -> BTreeMap<String, usize> {
    let mut operators = BTreeMap::new();
    for node in nodes(graph) {
        *operators.entry(operator(node)).or_default() += 1;
    }
    operators
}

/// How many numbers an array of weights has.
pub(crate) fn n_numbers(weights: &pb::TensorProto) -> u64 {
    weights.dims.iter().map(|size| u64::try_from(*size).unwrap_or(0)).fold(1, u64::saturating_mul)
}

/// The bytes of all weights of a network, as numbers of 32 bits.
pub(crate) fn weight_bytes(content: &pb::ModelProto) -> Result<usize, Cause> {
    let weights = content.graph.iter().flat_map(|graph| &graph.initializer);
    Ok(usize::try_from(weights.map(n_numbers).fold(0, u64::saturating_add).saturating_mul(4))?)
}

impl fmt::Display for OnnxFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.path.display())?;
        if !self.producer.is_empty() {
            writeln!(f, "  written by {}", self.producer)?;
        }
        for (domain, version) in &self.opsets {
            let domain = if domain.is_empty() { "ONNX" } else { domain };
            writeln!(f, "  operators of {domain}, version {version}")?;
        }
        writeln!(f, "  {} parameters", self.n_parameters)?;
        for input in &self.inputs {
            writeln!(f, "  input {input}")?;
        }
        for output in &self.outputs {
            writeln!(f, "  output {output}")?;
        }
        let operators = self.operators.iter().map(|(name, n)| format!("{n} {name}"));
        write!(f, "  {}", operators.collect::<Vec<_>>().join(", "))
    }
}
