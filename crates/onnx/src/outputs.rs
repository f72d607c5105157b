//! What outputs are against the input of a network.

use patchweave_model::{OutputType, Scale};

use crate::FileAxes;
use crate::network::OutputFact;

/// What an output is against the input.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub(crate) axes: FileAxes,
    pub(crate) n_channels: usize,
    pub(crate) scale: [Scale; 3],
    pub(crate) pixel_type: OutputType,
}

/// Why an output has no place.
#[derive(Debug)]
pub(crate) enum Misplaced {
    /// What its shape should be.
    Shape(String),
    /// The type of its values.
    Type(String),
}

/// What an output is against an input `BCZYX` of this shape with these axes.
pub(crate) fn place(output: &OutputFact, axes: &FileAxes, input: [usize; 5]) -> Result<Placed, Misplaced> {
    let Some(own_axes) = axes.of_output(output.dims.len()) else {
        return Err(Misplaced::Shape(format!(
            "axes as the input has them, {axes}, with or without channels"
        )));
    };
    let shape = own_axes.shape(&output.dims);
    if shape[0] != input[0] {
        return Err(Misplaced::Shape(format!("a batch of {}", input[0])));
    }
    let mut scale = [Scale::Same; 3];
    for (axis, name) in ["Z", "Y", "X"].into_iter().enumerate() {
        let (from, to) = (input[axis + 2], shape[axis + 2]);
        let Some(found) = Scale::between(from, to) else {
            return Err(Misplaced::Shape(format!("a multiple or a part of {from} pixels along {name}")));
        };
        scale[axis] = found;
    }
    let pixel_type = output.pixel_type.clone().map_err(Misplaced::Type)?;
    Ok(Placed { axes: own_axes, n_channels: shape[1], scale, pixel_type })
}
