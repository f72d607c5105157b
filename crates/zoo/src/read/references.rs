//! References between axes, and what outputs are against the input.

use super::field::Reader;
use crate::{AxisDescr, AxisSize, TensorDescr};

/// References are followed this far; longer ones go in a circle.
const MAX_STEPS: usize = 16;

/// Finds the ratios of all references. Those of outputs then refer to axes of the input that refer to nothing.
pub(super) fn resolve(
    reader: &mut Reader<'_>,
    input: &mut TensorDescr,
    outputs: &mut [TensorDescr],
) -> Option<()> {
    let ids: Vec<&str> = outputs.iter().map(|output| output.id.as_str()).collect();
    for (idx, output) in outputs.iter().enumerate() {
        if ids.get(..idx).is_some_and(|before| before.contains(&output.id.as_str())) {
            let found = format!("got {:?} twice", output.id);
            return reader.refuse_found(&format!("{}.id", output.path), found, "names that differ");
        }
    }
    let inputs = [input.clone()];
    let all: Vec<TensorDescr> = inputs.iter().chain(outputs.iter()).cloned().collect();
    for axis in &mut input.axes {
        axis.size = followed(reader, axis, &inputs)?;
    }
    for axis in outputs.iter_mut().flat_map(|output| &mut output.axes) {
        axis.size = followed(reader, axis, &all)?;
        if let AxisSize::Reference { offset, .. } = &axis.size
            && *offset != 0.0
        {
            let expected =
                "no offset: outputs that have not all pixels of the place of the input are not supported";
            return reader.refuse_found(&axis.size_path, format!("got {}", axis.size), expected);
        }
    }
    Some(())
}

/// The size of an axis, as a reference to an axis that refers to nothing if it is one.
fn followed(reader: &mut Reader<'_>, axis: &AxisDescr, tensors: &[TensorDescr]) -> Option<AxisSize> {
    let (mut ratio, mut more) = (1.0, 0.0);
    let mut own_scale = axis.scale;
    let mut size = &axis.size;
    let mut root = None;
    for _ in 0..MAX_STEPS {
        let AxisSize::Reference { tensor, axis: of_axis, offset, .. } = size else {
            return Some(match root {
                None => axis.size.clone(),
                Some((tensor, of_axis)) => AxisSize::Reference { tensor, axis: of_axis, ratio, offset: more },
            });
        };
        let Some(other) = tensors.iter().find(|other| other.id == *tensor) else {
            let known = tensors.iter().map(|tensor| tensor.id.as_str()).collect::<Vec<_>>().join(", ");
            let found = format!("got a reference to tensor {tensor:?}");
            return reader.refuse_found(&axis.size_path, found, format!("a tensor among {known}"));
        };
        let Some(next) = other.axes.iter().find(|next| next.id == *of_axis && next.kind.place() > 0) else {
            let known = other.axes.iter().filter(|next| next.kind.place() > 0).map(|next| next.id.as_str());
            let expected = format!("an axis among {}", known.collect::<Vec<_>>().join(", "));
            let found = format!("got a reference to axis {of_axis:?} of {tensor}");
            return reader.refuse_found(&axis.size_path, found, expected);
        };
        more += offset * ratio;
        ratio *= next.scale / own_scale;
        own_scale = next.scale;
        root = Some((tensor.clone(), of_axis.clone()));
        size = &next.size;
    }
    reader.refuse_found(
        &axis.size_path,
        "got references that go in a circle",
        "a reference that ends at a size",
    )
}
