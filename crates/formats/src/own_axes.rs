//! A window of the canonical form, expressed along the dimensions of a file.

use patchweave_geometry::{ArrayLayout, Axis, GeometryError};
use patchweave_stack::InsideWindow;

use crate::runs::{self, Run};

/// Which positions of every dimension of `layout` a window needs, in the order of its axes.
///
/// Dimensions of the sample have a single position, the channel dimension those of the selection.
pub(crate) fn runs_of(
    layout: &ArrayLayout,
    window: &InsideWindow<'_>,
) -> Result<Vec<Vec<Run>>, GeometryError> {
    let (s, t) = layout.locate_sample(window.sample_idx)?;
    let run = |axis: &Axis| match axis {
        Axis::S => runs::of_range(s..s + 1),
        Axis::T => runs::of_range(t..t + 1),
        Axis::C => match window.channels {
            Some(channels) => runs::of_list(channels),
            None => runs::of_range(0..layout.image_shape().n_channels),
        },
        Axis::Z => runs::of_range(window.region.range(0)),
        Axis::Y => runs::of_range(window.region.range(1)),
        Axis::X => runs::of_range(window.region.range(2)),
    };
    Ok(layout.axes().as_slice().iter().map(run).collect())
}
