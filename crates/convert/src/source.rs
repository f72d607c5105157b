//! The pixels that are converted, as units of a sink ask for them.

use std::ops::Range;
use std::sync::Arc;

use patchweave_geometry::{ArrayLayout, Axis, Extent, PerAxis, Region};
use patchweave_pixel::{Lost, PixelMap, TypedArray, TypedViewMut};
use patchweave_sink::Unit;
use patchweave_stack::{ImageStack, ImageStackExt};

use crate::{ConvertError, Selection};

/// A selection of an image's pixels in the type that they get.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_convert::{Selection, Source};
/// use patchweave_geometry::{ArrayLayout, Axis};
/// use patchweave_pixel::{PixelMap, PixelType};
/// use patchweave_sink::UnitGrid;
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::from_shape_fn((4, 6), |(y, x)| (10 * y + x) as u32).into_dyn();
/// let stack = Arc::new(ArrayStack::new(image, &"YX".parse()?)?);
/// let rows = Selection::whole().with_range(Axis::Y, 1..3);
/// let source = Source::new(stack, rows, PixelMap::to(PixelType::U8))?;
/// let grid = UnitGrid::new(source.layout().clone(), &[2, 2])?;
/// let (pixels, _) = source.read(grid.layout(), &grid.unit(1).unwrap())?;
/// assert_eq!(pixels.view().to_bytes().as_ref(), [12, 13, 22, 23]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Source {
    stack: Arc<dyn ImageStack>,
    selection: Selection,
    map: PixelMap,
    layout: ArrayLayout,
}

impl Source {
    /// Joins an image, what is selected of it, and how pixels become another type.
    ///
    /// # Errors
    /// As [`Selection::layout`].
    pub fn new(
        stack: Arc<dyn ImageStack>,
        selection: Selection,
        map: PixelMap,
    ) -> Result<Self, ConvertError> {
        let layout = selection.layout(stack.info())?;
        Ok(Source { stack, selection, map, layout })
    }

    /// The image.
    #[must_use]
    pub fn stack(&self) -> &Arc<dyn ImageStack> {
        &self.stack
    }

    /// What is selected.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// How pixels become another type.
    #[must_use]
    pub fn map(&self) -> &PixelMap {
        &self.map
    }

    /// Axes and shape of what is selected, in the axes of the image.
    #[must_use]
    pub fn layout(&self) -> &ArrayLayout {
        &self.layout
    }

    /// The same pixels in another type.
    #[must_use]
    pub fn with_map(&self, map: PixelMap) -> Self {
        Source {
            stack: Arc::clone(&self.stack),
            selection: self.selection.clone(),
            map,
            layout: self.layout.clone(),
        }
    }

    /// The pixels of a unit in the axes of its grid, and what was lost when they became another type.
    ///
    /// # Errors
    /// [`ConvertError::Read`], [`ConvertError::OutOfMemory`], or what does not fit.
    pub fn read(&self, grid: &ArrayLayout, unit: &Unit) -> Result<(TypedArray, Lost), ConvertError> {
        let mut pixels = self.zeros(self.map.pixel_type(), &unit.size)?;
        let lost = self.read_into(grid, unit, &mut pixels)?;
        Ok((pixels, lost))
    }

    /// As [`read`](Self::read), into memory of the size of the unit and the type that pixels get; what was there is overwritten.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_into(
        &self,
        grid: &ArrayLayout,
        unit: &Unit,
        pixels: &mut TypedArray,
    ) -> Result<Lost, ConvertError> {
        let mut lost = Lost::default();
        let axes = grid.axes().as_slice();
        let along = |axis: Axis| {
            let place = axes.iter().position(|other| *other == axis);
            place.map_or(0..1, |at| unit.start[at]..unit.start[at] + unit.size[at])
        };
        let samples = along(Axis::S);
        let times = along(Axis::T);
        for (s, t) in samples.clone().flat_map(|s| times.clone().map(move |t| (s, t))) {
            let at = [(Axis::S, s - samples.start), (Axis::T, t - times.start)];
            let view = czyx(pixels.view_mut(), axes, at);
            lost += self.read_sample(s, t, &along, view)?;
        }
        Ok(lost)
    }

    /// Reads the part of one sample that lies in a unit.
    fn read_sample(
        &self,
        s: usize,
        t: usize,
        along: &impl Fn(Axis) -> Range<usize>,
        out: TypedViewMut<'_>,
    ) -> Result<Lost, ConvertError> {
        let info = self.stack.info();
        let start = |axis| Ok::<_, ConvertError>(self.selection.range(info, axis)?.start);
        let n_times = info.layout.size_of(Axis::T).unwrap_or(1);
        let sample_idx = (start(Axis::S)? + s) * n_times + start(Axis::T)? + t;
        let channels: Vec<usize> = match self.selection.channels() {
            Some(channels) => along(Axis::C).filter_map(|at| channels.get(at).copied()).collect(),
            None => {
                let first = start(Axis::C)?;
                along(Axis::C).map(|at| first + at).collect()
            }
        };
        let n_spatial = info.layout.axes().n_spatial();
        let spatial = &[Axis::Z, Axis::Y, Axis::X][3 - n_spatial..];
        let geometry = |source| ConvertError::Geometry { stack: info.source.clone(), source };
        let mut first = Vec::with_capacity(n_spatial);
        let mut size = Vec::with_capacity(n_spatial);
        for axis in spatial {
            let part = along(*axis);
            let at = start(*axis)? + part.start;
            // Positions of an image that exists are below 2^63.
            first.push(i64::try_from(at).unwrap_or(i64::MAX));
            size.push(part.len());
        }
        let region = Region {
            start: PerAxis::new(&first).map_err(geometry)?,
            size: Extent::new(&size).map_err(geometry)?,
        };
        let is_all = channels.iter().copied().eq(0..info.shape().n_channels);
        let channels = (!is_all).then_some(&channels[..]);
        if self.map.is_identity(info.pixel_type) {
            self.stack.read_typed_into(sample_idx, channels, &region, out)?;
            return Ok(Lost::default());
        }
        let mut own = self.zeros(info.pixel_type, out.shape())?;
        self.stack.read_typed_into(sample_idx, channels, &region, own.view_mut())?;
        let converted = self.map.convert(&own.view(), out);
        converted.map_err(|source| ConvertError::Place { stack: info.source.clone(), source: source.into() })
    }

    fn zeros(
        &self,
        pixel_type: patchweave_pixel::PixelType,
        shape: &[usize],
    ) -> Result<TypedArray, ConvertError> {
        let stack = || self.stack.info().source.clone();
        TypedArray::zeros(pixel_type, shape)
            .ok_or_else(|| ConvertError::OutOfMemory { stack: stack(), shape: shape.to_vec() })
    }
}

/// The pixels of one sample in an array with these axes, as `CZYX`.
fn czyx<'a>(mut view: TypedViewMut<'a>, axes: &[Axis], at: [(Axis, usize); 2]) -> TypedViewMut<'a> {
    let mut left = axes.to_vec();
    for (axis, at) in at {
        if let Some(dimension) = left.iter().position(|other| *other == axis) {
            view = view.index_axis(dimension, at);
            left.remove(dimension);
        }
    }
    for axis in [Axis::C, Axis::Z, Axis::Y, Axis::X] {
        if !left.contains(&axis) {
            view = view.insert_axis(0);
            left.insert(0, axis);
        }
    }
    let order: Vec<usize> = [Axis::C, Axis::Z, Axis::Y, Axis::X]
        .iter()
        .filter_map(|axis| left.iter().position(|other| other == axis))
        .collect();
    view.permuted_axes(&order)
}
