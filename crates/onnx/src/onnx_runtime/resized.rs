//! Networks for other sizes than those that their file fixes.

use tract_onnx::pb;
use tract_onnx::pb::type_proto::Value;

use crate::{FileAxes, FileAxis};

/// Leaves the sizes of the input open except for its channels, and those of what follows from it too.
pub(super) fn leave_open(content: &mut pb::ModelProto, axes: &FileAxes) {
    let Some(graph) = &mut content.graph else { return };
    graph.value_info.clear();
    let weights: Vec<String> = graph.initializer.iter().map(|weights| weights.name.clone()).collect();
    let inputs = graph.input.iter_mut().filter(|input| !weights.contains(&input.name));
    for dims in inputs.filter_map(shape).filter_map(Option::as_mut) {
        let of_space = axes.axes().iter().map(|axis| *axis != FileAxis::Channel);
        for (dim, _) in dims.dim.iter_mut().zip(of_space).filter(|(_, is_open)| *is_open) {
            dim.value = None;
        }
    }
    for dims in graph.output.iter_mut().filter_map(shape) {
        *dims = None;
    }
}

fn shape(value: &mut pb::ValueInfoProto) -> Option<&mut Option<pb::TensorShapeProto>> {
    let Value::TensorType(tensor) = value.r#type.as_mut()?.value.as_mut()?;
    Some(&mut tensor.shape)
}
