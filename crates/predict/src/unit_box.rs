//! Where a unit of a sink lies in an image: samples, channels and pixels instead of the axes of the sink.

use std::ops::Range;

use ndarray::Array4;
use patchweave_geometry::{ArrayLayout, Axis, Extent, GeometryError, PerAxis, Region};
use patchweave_pixel::{Lost, MoveError, PixelMap, TypedArray, TypedPixel, own_axes_view};
use patchweave_sink::Unit;

/// Where a unit lies in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnitBox {
    s: Range<usize>,
    t: Range<usize>,
    n_times: usize,
    n_spatial: usize,
    pub channels: Range<usize>,
    pub zyx: [Range<usize>; 3],
}

impl UnitBox {
    pub fn of(layout: &ArrayLayout, unit: &Unit) -> Self {
        let along = |axis: Axis| {
            let at = layout.axes().position(axis);
            at.map_or(0..1, |at| unit.start[at]..unit.start[at] + unit.size[at])
        };
        UnitBox {
            s: along(Axis::S),
            t: along(Axis::T),
            n_times: layout.size_of(Axis::T).unwrap_or(1),
            n_spatial: layout.image_shape().extent.n_axes(),
            channels: along(Axis::C),
            zyx: [along(Axis::Z), along(Axis::Y), along(Axis::X)],
        }
    }

    /// The samples that it has pixels of, each with its place along `S` and `T` in the unit.
    pub fn samples(&self) -> impl Iterator<Item = (usize, [usize; 2])> + use<> {
        let UnitBox { s, t, n_times, .. } = self.clone();
        let all = s.clone().flat_map(move |s| t.clone().map(move |t| (s, t)));
        let first = [self.s.start, self.t.start];
        all.map(move |(s, t)| (s * n_times + t, [s - first[0], t - first[1]]))
    }

    /// The pixels that it has of every sample.
    pub fn region(&self) -> Result<Region, GeometryError> {
        let sizes: [usize; 3] = self.zyx.clone().map(|range| range.len());
        let size = Extent::new(&sizes[3 - self.n_spatial..])?;
        let starts: Vec<usize> = self.zyx[3 - self.n_spatial..].iter().map(|range| range.start).collect();
        Region::new(PerAxis::new(&starts)?.to_coords(), size)
    }

    /// Converts a block `CZYX` of a sample to pixels and puts it into the unit.
    pub fn put(
        &self,
        place: [usize; 2],
        mut block: Array4<f32>,
        layout: &ArrayLayout,
        map: PixelMap,
        unit: &mut TypedArray,
    ) -> Result<Lost, MoveError> {
        let axes = layout.axes();
        let mut start = vec![0; axes.as_slice().len()];
        for (axis, at) in [Axis::S, Axis::T].into_iter().zip(place) {
            if let Some(position) = axes.position(axis) {
                start[position] = at;
            }
        }
        let from = own_axes_view(block.view_mut(), axes)?;
        let size = from.shape().to_vec();
        let from = f32::typed_view(from.view());
        Ok(map.convert(&from, unit.view_mut().slice_box(&start, &size))?)
    }
}
