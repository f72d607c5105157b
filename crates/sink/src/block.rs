//! A block of pixels that is known to lie inside the image, and its view in any order of the axes.

use std::path::Path;

use ndarray::{ArrayView4, ArrayViewD, Axis as Dim};
use patchweave_geometry::{ArrayLayout, Axis};

use crate::SinkError;

/// A checked block: one position along `S` and `T`, all channels, a box of pixels inside the image.
pub(crate) struct Block<'a> {
    s: usize,
    t: usize,
    start_zyx: [usize; 3],
    pixels: ArrayView4<'a, f32>,
}

impl<'a> Block<'a> {
    pub(crate) fn check(
        path: &Path,
        layout: &ArrayLayout,
        sample_idx: usize,
        start: [usize; 3],
        pixels: ArrayView4<'a, f32>,
    ) -> Result<Self, SinkError> {
        let (s, t) = layout
            .locate_sample(sample_idx)
            .map_err(|source| SinkError::Sample { path: path.into(), source })?;
        let (n_channels, z, y, x) = pixels.dim();
        let image = layout.image_shape();
        if n_channels != image.n_channels {
            return Err(SinkError::Channels {
                path: path.into(),
                got: n_channels,
                expected: image.n_channels,
            });
        }
        let size = [z, y, x];
        let image = image.extent.to_zyx();
        let is_inside = |axis: usize| {
            let end = start[axis].checked_add(size[axis]);
            end.is_some_and(|end| end <= image[axis])
        };
        if (0..3).all(is_inside) {
            Ok(Block { s, t, start_zyx: start, pixels })
        } else {
            Err(SinkError::OutOfImage { path: path.into(), start, size, image })
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Where the block starts in an array with these axes.
    pub(crate) fn start(&self, axes: &[Axis]) -> Vec<usize> {
        let [z, y, x] = self.start_zyx;
        let along = |axis: &Axis| match axis {
            Axis::S => self.s,
            Axis::T => self.t,
            Axis::C => 0,
            Axis::Z => z,
            Axis::Y => y,
            Axis::X => x,
        };
        axes.iter().map(along).collect()
    }

    /// The size of the block in an array with these axes.
    pub(crate) fn size(&self, axes: &[Axis]) -> Vec<usize> {
        let (c, z, y, x) = self.pixels.dim();
        let along = |axis: &Axis| match axis {
            Axis::S | Axis::T => 1,
            Axis::C => c,
            Axis::Z => z,
            Axis::Y => y,
            Axis::X => x,
        };
        axes.iter().map(along).collect()
    }

    /// The pixels with the dimensions of an array with these axes.
    pub(crate) fn view(&self, axes: &[Axis]) -> ArrayViewD<'a, f32> {
        let all = self.pixels.insert_axis(Dim(0)).insert_axis(Dim(0)).into_dyn();
        let place = |axis: &Axis| Axis::ALL.iter().position(|other| other == axis);
        // Axes that the array lacks have size 1, so that in front they do not change the order.
        let lacking = Axis::ALL.iter().filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = lacking.chain(axes).filter_map(place).collect();
        let mut view = all.permuted_axes(order);
        while view.ndim() > axes.len() {
            view = view.index_axis_move(Dim(0), 0);
        }
        view
    }
}
