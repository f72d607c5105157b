//! What a file has to fulfil before its network is loaded.

use std::collections::BTreeSet;
use std::path::Path;

use tract_onnx::pb;

use crate::file::{nodes, operator};
use crate::{Dim, FileAxes, OnnxError, OnnxFile, OnnxOptions, TensorInfo};

/// The first and the last version of the operators whose meaning the runtime knows.
const OPSETS: [i64; 2] = [7, 24];

/// Refuses operators that the runtime does not know.
pub(crate) fn check_operators(file: &OnnxFile, content: &pb::ModelProto) -> Result<(), OnnxError> {
    let [first, last] = OPSETS;
    if let Some(version) = file.opsets.get("").filter(|version| !(first..=last).contains(*version)) {
        return Err(OnnxError::Opset { path: file.path.clone(), got: *version, expected: OPSETS });
    }
    let known = tract_onnx::onnx().op_register.0;
    let all = content.graph.as_ref().map(nodes).unwrap_or_default();
    match all.into_iter().find(|node| !known.contains_key(&node.op_type)) {
        None => Ok(()),
        Some(node) => {
            let first_output = || node.output.first().cloned().unwrap_or_default();
            let name = if node.name.is_empty() { first_output() } else { node.name.clone() };
            Err(OnnxError::Operator { path: file.path.clone(), node: name, operator: operator(node) })
        }
    }
}

/// Refuses a network whose outputs nothing makes.
pub(crate) fn check_outputs(file: &OnnxFile, content: &pb::ModelProto) -> Result<(), OnnxError> {
    let graph = content.graph.iter();
    let made: BTreeSet<&str> = graph
        .flat_map(|graph| {
            let made = graph.node.iter().flat_map(|node| &node.output).map(String::as_str);
            let given = graph.input.iter().map(|input| input.name.as_str());
            made.chain(given).chain(graph.initializer.iter().map(|weights| weights.name.as_str()))
        })
        .collect();
    match file.outputs.iter().find(|output| !made.contains(output.name.as_str())) {
        None => Ok(()),
        Some(output) => Err(OnnxError::Unloadable {
            path: file.path.clone(),
            source: format!("nothing makes {}", output.name).into(),
        }),
    }
}

/// The only input of a network, which has to be floating-point numbers.
pub(crate) fn only_input(file: &OnnxFile) -> Result<&TensorInfo, OnnxError> {
    let [input] = file.inputs.as_slice() else {
        let got = file.inputs.iter().map(|input| input.name.clone()).collect();
        return Err(OnnxError::Inputs { path: file.path.clone(), got });
    };
    if input.pixel_type != "float" {
        return Err(OnnxError::Type {
            path: file.path.clone(),
            tensor: format!("input {}", input.name),
            got: input.pixel_type.clone(),
            expected: "float, which is 32 bits wide",
        });
    }
    Ok(input)
}

/// The axes of the input and its sizes along them.
pub(crate) fn axes_of(
    path: &Path,
    input: &TensorInfo,
    options: &OnnxOptions,
) -> Result<(FileAxes, Vec<Dim>), OnnxError> {
    let refused = |got: String, expected: String| OnnxError::Axes {
        path: path.to_owned(),
        input: input.name.clone(),
        got,
        expected,
    };
    match (&options.axes, &input.dims) {
        (Some(axes), None) => Ok((axes.clone(), vec![Dim::Free; axes.axes().len()])),
        (Some(axes), Some(dims)) if axes.axes().len() == dims.len() => Ok((axes.clone(), dims.clone())),
        (Some(axes), Some(dims)) => Err(refused(axes.to_string(), format!("{} letters", dims.len()))),
        (None, Some(dims)) => match FileAxes::likely(input) {
            Some(axes) => Ok((axes, dims.clone())),
            None => Err(refused(format!("of {} dimensions", dims.len()), "2 to 5 dimensions".into())),
        },
        (None, None) => Err(refused("of an unknown number".into(), "axes, as in NCYX".into())),
    }
}
