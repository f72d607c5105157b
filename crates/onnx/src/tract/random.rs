//! Networks that draw random numbers: numbers that follow from a seed.

use std::sync::Arc;

use patchweave_model::Cause;
use tract_onnx::pb;
use tract_onnx::prelude::{IntoRunnable, TypedModel, TypedRunnableModel};
use tract_onnx_opl::random::Random;

/// Names nodes so that tract takes them for what they are: it knows `RandomNormalLike` and `RandomUniformLike` by the end of the
/// name of a node. Returns whether any node draws random numbers.
pub(crate) fn name_nodes(content: &mut pb::ModelProto) -> bool {
    const LIKE: &str = "Like";
    let nodes = content.graph.iter_mut().flat_map(|graph| &mut graph.node);
    let mut n_random = 0;
    for node in nodes.filter(|node| node.op_type.starts_with("Random")) {
        n_random += 1;
        if node.op_type.ends_with(LIKE) && !node.name.ends_with(LIKE) {
            node.name.push_str(LIKE);
        }
    }
    n_random > 0
}

/// Whether a network draws random numbers.
pub(crate) fn is_random(model: &TypedModel) -> bool {
    model.nodes.iter().any(|node| node.op.is::<Random>())
}

/// The same network, whose random numbers follow from a seed; seeds of the file count for nothing.
pub(crate) fn seeded(model: &TypedModel, seed: u64) -> Result<Arc<TypedRunnableModel>, Cause> {
    let mut model = model.clone();
    let mut number = seed;
    for node in &mut model.nodes {
        if let Some(random) = node.op.downcast_ref::<Random>() {
            let random = Random { seed: Some(number), ..random.clone() };
            node.op = Box::new(random);
            // Its generator spreads seeds that lie side by side.
            number = number.wrapping_add(1);
        }
    }
    Ok(model.into_runnable()?)
}
