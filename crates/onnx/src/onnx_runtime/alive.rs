//! How much memory the values of a network take that nobody can plan: found out by running it once and looking at all of them.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::ArrayD;
use ort::session::Session;
use ort::value::TensorRef;
use patchweave_model::Cause;
use prost::Message;
use tract_onnx::pb;

use crate::tract::CHANNELS_IN_BLOCK;

/// The network, all of whose values are outputs.
pub(super) fn with_all_values(content: &pb::ModelProto) -> Vec<u8> {
    let mut content = content.clone();
    if let Some(graph) = &mut content.graph {
        let mut known: BTreeSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
        for name in graph.node.iter().flat_map(|node| &node.output).filter(|name| !name.is_empty()) {
            if known.insert(name.clone()) {
                graph.output.push(pb::ValueInfoProto { name: name.clone(), ..Default::default() });
            }
        }
    }
    content.encode_to_vec()
}

/// The most bytes of values that are alive at once, beside the input, for an input of these sizes; `session` makes all values.
///
/// Nodes stand in the order in which they can run.
pub(super) fn most_alive(
    content: &pb::ModelProto,
    session: &mut Session,
    dims: &[usize],
) -> Result<usize, Cause> {
    let input = ArrayD::<f32>::zeros(dims);
    let made = session.run(ort::inputs![TensorRef::from_array_view(input.view())?])?;
    let mut sizes = BTreeMap::new();
    for (name, value) in made.iter() {
        let (Some(element), Some(shape)) = (value.dtype().tensor_type(), value.dtype().tensor_shape()) else {
            continue;
        };
        let bytes = element.byte_size(shape.num_elements()).unwrap_or(0);
        sizes.insert(name.to_owned(), in_blocks(bytes, shape));
    }
    let nodes: Vec<&pb::NodeProto> = content.graph.iter().flat_map(|graph| &graph.node).collect();
    let mut last_uses = BTreeMap::new();
    for (step, node) in nodes.iter().enumerate() {
        last_uses.extend(node.input.iter().map(|name| (name.as_str(), step)));
    }
    let (mut n_alive, mut most) = (0_usize, 0);
    let mut ending = BTreeMap::<usize, usize>::new();
    for (step, node) in nodes.iter().enumerate() {
        for name in &node.output {
            let bytes = sizes.get(name).copied().unwrap_or(0);
            *ending.entry(last_uses.get(name.as_str()).copied().unwrap_or(step)).or_insert(0) += bytes;
            n_alive = n_alive.saturating_add(bytes);
        }
        most = most.max(n_alive);
        n_alive = n_alive.saturating_sub(ending.remove(&step).unwrap_or(0));
    }
    Ok(most)
}

/// The bytes of a value where the channels of planes `NCYX` are held in blocks.
fn in_blocks(bytes: usize, shape: &[i64]) -> usize {
    match shape {
        &[_, n_channels, _, _] if n_channels > 0 => {
            let n_channels = usize::try_from(n_channels).unwrap_or(1);
            bytes.div_ceil(n_channels).saturating_mul(n_channels.next_multiple_of(CHANNELS_IN_BLOCK))
        }
        _ => bytes,
    }
}
