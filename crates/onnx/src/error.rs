//! Why a network could not be opened.

use std::io;
use std::path::PathBuf;

use patchweave_model::Cause;

/// Why a network could not be opened; every variant names the file.
///
/// ```
/// use patchweave_onnx::{OnnxModel, OnnxOptions};
///
/// let error = OnnxModel::open("no/such.onnx".as_ref(), &OnnxOptions::default()).unwrap_err();
/// assert_eq!(error.to_string(), "no/such.onnx cannot be read");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// A file that cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file that holds no network, or not all of one.
    #[error("{} is no ONNX file, or not all of one", path.display())]
    NotOnnx {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Cause,
    },
    /// A network for another version of the operators.
    #[error("{}: got version {got} of the operators (opset), expected {} to {}", path.display(), expected[0], expected[1])]
    Opset {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        got: i64,
        /// The first and the last version that are known.
        expected: [i64; 2],
    },
    /// An operator that is not known.
    #[error("{}: node {node} is an operator {operator}, which is not supported", path.display())]
    Operator {
        /// The file.
        path: PathBuf,
        /// The node of the network.
        node: String,
        /// The operator, behind its domain if it has one.
        operator: String,
    },
    /// A network of no or several inputs.
    #[error("{}: got inputs {got:?}, expected one", path.display())]
    Inputs {
        /// The file.
        path: PathBuf,
        /// The names of the inputs.
        got: Vec<String>,
    },
    /// An input or output of values that are not taken.
    #[error("{}: {tensor} has values of {got}, expected {expected}", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// The input or output.
        tensor: String,
        /// The type of its values.
        got: String,
        /// The types that are taken.
        expected: &'static str,
    },
    /// Axes that do not fit the input.
    #[error("{}: got axes {got} for input {input}, expected {expected}", path.display())]
    Axes {
        /// The file.
        path: PathBuf,
        /// The input.
        input: String,
        /// The axes, or the number of dimensions where none are given.
        got: String,
        /// What the axes may be.
        expected: String,
    },
    /// An output that is no image in the place of the input.
    #[error("{}: output {output} is {got} for an input of {input}, expected {expected}", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// The output.
        output: String,
        /// Its shape.
        got: String,
        /// The shape of the input.
        input: String,
        /// What it should be.
        expected: String,
    },
    /// A network whose nodes or weights do not fit together, or are missing.
    #[error("{} cannot be loaded", path.display())]
    Unloadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: Cause,
    },
    /// A runtime that is not there, or does not run such networks.
    #[error("{} cannot be run by {runtime}", path.display())]
    Runtime {
        /// The file.
        path: PathBuf,
        /// The runtime.
        runtime: &'static str,
        /// The reason.
        source: Cause,
    },
    /// A network that failed.
    #[error("{} failed on an input of {input}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// The shape of the input, in the axes of the file.
        input: String,
        /// The reason.
        source: Cause,
    },
    /// A network that cannot be made ready.
    #[error("{} cannot be made ready for {input}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The shape of the input, in the axes of the file.
        input: String,
        /// The reason.
        source: Cause,
    },
}
