//! How much memory a network takes that tract has made ready.

use std::collections::{BTreeMap, HashMap};

use tract_onnx::prelude::{DatumType, TypedFact, TypedRunnableModel};
use tract_onnx::tract_core::ops::konst::Const;

/// The name of the operator that reads windows of its input where they are multiplied; it makes nothing.
const WINDOWS: &str = "LazyIm2col";

/// How much memory a network takes that is made ready for one shape of inputs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// The most bytes of values that are alive at once while it runs, its input and outputs among them.
    pub(crate) alive: usize,
    /// The same where the channels of planes are held in blocks, as other runtimes do.
    pub(crate) alive_in_blocks: usize,
    /// Bytes of weights, and of places that windows are read from.
    pub(crate) held: usize,
}

impl Memory {
    /// Of a network that is made ready.
    pub(super) fn of(runnable: &TypedRunnableModel) -> Self {
        let cast = cast_bytes(runnable);
        Memory {
            alive: alive(runnable, bytes_of).saturating_add(cast),
            alive_in_blocks: alive(runnable, bytes_in_blocks).saturating_add(cast),
            held: held(runnable),
        }
    }
}

/// Channels of planes `NCYX` in a block of ONNX Runtime, at most.
pub(crate) const CHANNELS_IN_BLOCK: usize = 16;

fn bytes_of(fact: &TypedFact) -> usize {
    fact.mem_size().as_i64().map_or(0, |n| usize::try_from(n).unwrap_or(0))
}

fn bytes_in_blocks(fact: &TypedFact) -> usize {
    match fact.shape.as_concrete() {
        Some(&[_, n_channels, _, _]) if n_channels > 0 => {
            let n_bytes = bytes_of(fact).div_ceil(n_channels);
            n_bytes.saturating_mul(n_channels.next_multiple_of(CHANNELS_IN_BLOCK))
        }
        _ => bytes_of(fact),
    }
}

/// What operators need inside whatever their inputs are, such as blocks of products.
const SCRATCH: usize = 1 << 20;

/// Operators that make their outputs with little beside them; others may hold another copy of these.
const FRUGAL: [&str; 7] =
    ["Concat", "DeconvSum", "DirectSpatialConv", "Im2col", "IntoShape", "NearestUpsample", "Source"];

fn is_frugal(operator: &str) -> bool {
    FRUGAL.contains(&operator) || operator.starts_with("Opt")
}

/// The most bytes of values that are alive at once while a network runs.
fn alive(runnable: &TypedRunnableModel, bytes_of: impl Fn(&TypedFact) -> usize) -> usize {
    let nodes = runnable.model().nodes();
    let order = runnable.order_without_consts();
    let reads_windows = |node: usize| nodes.get(node).is_some_and(|node| node.op.name() == WINDOWS);
    let mut last_uses = HashMap::new();
    // Outputs stay until the end.
    last_uses.extend(runnable.model().outputs.iter().map(|output| ((output.node, output.slot), order.len())));
    for (step, &node) in order.iter().enumerate().rev() {
        // An input of which windows are read is alive as long as these.
        let step = match reads_windows(node) {
            true => last_uses.get(&(node, 0)).copied().unwrap_or(step),
            false => step,
        };
        for input in nodes.get(node).iter().flat_map(|node| &node.inputs) {
            let last = last_uses.entry((input.node, input.slot)).or_insert(step);
            *last = step.max(*last);
        }
    }
    let (mut ending, mut most) = (BTreeMap::<usize, usize>::new(), 0);
    let mut n_alive = 0_usize;
    for (step, &node) in order.iter().enumerate() {
        let outputs = nodes.get(node).filter(|_| !reads_windows(node));
        for (slot, output) in outputs.iter().flat_map(|node| node.outputs.iter().enumerate()) {
            let bytes = bytes_of(&output.fact);
            let last_use = last_uses.get(&(node, slot)).copied().unwrap_or(step);
            let ends = ending.entry(last_use).or_insert(0_usize);
            *ends = ends.saturating_add(bytes);
            n_alive = n_alive.saturating_add(bytes);
        }
        let inside = match outputs {
            Some(node) if !is_frugal(&node.op.name()) => {
                node.outputs.iter().map(|output| bytes_of(&output.fact)).fold(SCRATCH, usize::saturating_add)
            }
            _ => SCRATCH,
        };
        most = most.max(n_alive.saturating_add(inside));
        n_alive = n_alive.saturating_sub(ending.remove(&step).unwrap_or(0));
    }
    most
}

/// The most bytes that an output takes once more because it is made of other numbers than its caller wants.
fn cast_bytes(runnable: &TypedRunnableModel) -> usize {
    let outputs =
        runnable.model().outputs.iter().filter_map(|output| runnable.model().outlet_fact(*output).ok());
    let others = outputs.filter(|fact| fact.datum_type != DatumType::F32);
    let n_bytes = others.filter_map(|fact| {
        let n_numbers = fact.shape.as_concrete()?.iter().fold(1_usize, |n, size| n.saturating_mul(*size));
        let is_size = fact.datum_type == DatumType::TDim;
        let per_number = size_of::<f32>() + if is_size { size_of::<i64>() } else { 0 };
        Some(n_numbers.saturating_mul(per_number))
    });
    n_bytes.max().unwrap_or(0)
}

/// Bytes of weights, and of places that windows are read from.
fn held(runnable: &TypedRunnableModel) -> usize {
    let nodes = runnable.model().nodes();
    let weights = nodes.iter().filter(|node| node.op.is::<Const>()).flat_map(|node| &node.outputs);
    let weights = weights.map(|output| bytes_of(&output.fact));
    let windows = nodes.iter().filter(|node| node.op.name() == WINDOWS).flat_map(|node| &node.inputs);
    let places = windows.map(|input| {
        let fact = runnable.model().outlet_fact(*input).ok();
        // At most one for every pixel of the input `NC(Z)YX`.
        let shape = fact.and_then(|fact| fact.shape.as_concrete()).unwrap_or_default();
        shape.iter().skip(2).fold(size_of::<isize>(), |n, size| n.saturating_mul(*size))
    });
    weights.chain(places).fold(0, usize::saturating_add)
}
