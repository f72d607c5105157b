//! A window of the canonical form, expressed along the dimensions of a file.

use std::ops::Range;

use patchweave_geometry::{ArrayLayout, Axis, GeometryError};

use crate::InsideWindow;
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

/// A box in a file and where it belongs in the result, dimension by dimension.
pub(crate) struct FileBox {
    pub file: Vec<Range<usize>>,
    pub out: Vec<Range<usize>>,
}

/// The boxes whose union is what `runs` selects.
pub(crate) fn boxes(runs: &[Vec<Run>]) -> Vec<FileBox> {
    let mut boxes = vec![FileBox { file: Vec::new(), out: Vec::new() }];
    for dimension in runs {
        boxes = boxes
            .iter()
            .flat_map(|part| {
                dimension.iter().map(|run| FileBox {
                    file: part.file.iter().cloned().chain([run.file_range()]).collect(),
                    out: part.out.iter().cloned().chain([run.out_range()]).collect(),
                })
            })
            .collect();
    }
    boxes
}
