//! Blocks of any place and size, collected into units.
//!
//! Blocks are rarely aligned to units. A unit stays in memory while there is room, is written when there is none, and read
//! again if another block touches it.

use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayView4, Axis as Dim};
use patchweave_geometry::{ArrayLayout, Axis};
use patchweave_memory::Lru;
use patchweave_pixel::{Lost, PixelMap, TypedArray, TypedPixel};
use rayon::prelude::*;

use crate::block::Block;
use crate::{BlockSink, ImageSink, ImageSpec, Job, Location, SinkError, SinkFormats, SinkInfo};

/// Enough for the units along one row of tiles of an ordinary image.
const OPEN_BYTES: u64 = 64 << 20;

/// Collects blocks into the units of a job.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::PixelType;
/// use patchweave_sink::{BlockSink, Blocks, ImageSpec, Job, SinkFormats};
///
/// let folder = tempfile::tempdir()?;
/// let layout = ArrayLayout::new("YX".parse()?, &[6, 8])?;
/// let spec = ImageSpec::new(layout, PixelType::U8);
/// let job = Job::start(&SinkFormats::default(), &folder.path().join("a.tif"), None, spec)?;
/// let mut blocks = Blocks::new(job).with_budget(1 << 20);
/// blocks.write_block(0, [0, 1, 1], Array4::ones((1, 1, 3, 3)).view())?;
/// Box::new(blocks).finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Blocks {
    job: Job,
    sink: Arc<dyn ImageSink>,
    /// Axes and shape of the image as blocks name its samples.
    layout: ArrayLayout,
    open: Lru<usize, TypedArray>,
    budget: u64,
    map: PixelMap,
    lost: Lost,
    is_damaged: bool,
}

/// Starts an image that is written in blocks, in the format of a name; [`Job::start`] with the formats of this crate.
///
/// # Errors
/// As [`Job::start`].
pub fn create(
    path: impl AsRef<Path>,
    format: &str,
    spec: ImageSpec,
) -> Result<Box<dyn BlockSink>, SinkError> {
    let job = Job::start(&SinkFormats::default(), path.as_ref(), Some(format), spec)?;
    Ok(Box::new(Blocks::new(job)))
}

impl Blocks {
    /// Collects blocks for a job.
    #[must_use]
    pub fn new(job: Job) -> Self {
        let sink = job.sink();
        let layout = job.spec().layout.clone();
        let map = PixelMap::to(job.spec().pixel_type);
        let lost = Lost::default();
        let budget = row_bytes(sink.info()).max(OPEN_BYTES);
        Blocks { job, sink, layout, open: Lru::default(), budget, map, lost, is_damaged: false }
    }

    /// Spreads the values of blocks over the pixel type; by default they stay what they are, as far as the type has them.
    ///
    /// Blocks are refused if the map makes pixels of another type than the image has.
    ///
    /// ```
    /// use ndarray::Array4;
    /// use patchweave_geometry::ArrayLayout;
    /// use patchweave_pixel::{PixelMap, PixelType};
    /// use patchweave_sink::{BlockSink, Blocks, ImageSpec, Job, Location, SinkFormats};
    ///
    /// let layout = ArrayLayout::new("YX".parse()?, &[1, 2])?;
    /// let spec = ImageSpec::new(layout, PixelType::U8);
    /// let job = Job::start(&SinkFormats::default(), "result".as_ref(), Some("memory"), spec)?;
    /// let mut blocks = Blocks::new(job).with_map(PixelMap::to(PixelType::U8).with_scale(0.0, 1.0));
    /// blocks.write_block(0, [0; 3], Array4::from_shape_vec((1, 1, 1, 2), vec![0.2, 1.5])?.view())?;
    /// assert_eq!(blocks.lost().n_clipped, 1);
    /// let Location::Memory(levels) = Box::new(blocks).finish()? else { unreachable!() };
    /// assert_eq!(levels[0].view().to_bytes().as_ref(), [51, 255]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_map(mut self, map: PixelMap) -> Self {
        self.map = map;
        self
    }

    /// What was lost of the pixels of all blocks so far; pixels where blocks overlap count for each of them.
    #[must_use]
    pub fn lost(&self) -> Lost {
        self.lost
    }

    /// Keeps units in memory as long as all of them fit into so many bytes; 64 MiB by default.
    #[must_use]
    pub fn with_budget(mut self, n_bytes: u64) -> Self {
        self.budget = n_bytes;
        self
    }

    fn write(&mut self, block: &Block<'_>) -> Result<(), SinkError> {
        let info = self.sink.info();
        let axes = info.units.layout().axes().as_slice().to_vec();
        let start = block.start(&axes);
        let size = block.size(&axes);
        for unit_idx in info.units.touching(&start, &size) {
            self.change(unit_idx, block, &axes, &start, &size)?;
            self.make_room()?;
        }
        Ok(())
    }

    /// Copies the part of a block that lies in one unit.
    fn change(
        &mut self,
        unit_idx: usize,
        block: &Block<'_>,
        axes: &[Axis],
        start: &[usize],
        size: &[usize],
    ) -> Result<(), SinkError> {
        let unit = self.sink.info().unit(unit_idx)?;
        let overlap = unit.overlap(start, size);
        let mut from = block.view(axes);
        for (dimension, (start, size)) in overlap.in_box.iter().zip(&overlap.size).enumerate() {
            from.slice_axis_inplace(Dim(dimension), (*start..start + size).into());
        }
        let from = f32::typed_view(from);
        let map = self.map;
        let copy = |pixels: &mut TypedArray| {
            map.convert(&from, pixels.view_mut().slice_box(&overlap.in_unit, &overlap.size))
        };
        let failed =
            |source: ndarray::ShapeError, sink: &dyn ImageSink| sink.info().unexpected(source.into());
        if let Some(pixels) = self.open.get(&unit_idx) {
            self.lost += copy(pixels).map_err(|source| failed(source, &self.sink))?;
            return Ok(());
        }
        let is_whole = overlap.size == unit.size;
        let written = if is_whole { None } else { self.sink.read(unit_idx)? };
        let mut pixels = match written {
            Some(pixels) => pixels,
            None => self.sink.info().zeros(&unit)?,
        };
        self.lost += copy(&mut pixels).map_err(|source| failed(source, &self.sink))?;
        let n_bytes = unit.n_pixels() * pixels.pixel_type().n_bytes();
        self.open.insert(unit_idx, pixels, n_bytes as u64);
        Ok(())
    }

    /// Writes the units that were not used for the longest time until the others fit.
    fn make_room(&mut self) -> Result<(), SinkError> {
        while self.open.weight() > self.budget
            && let Some((unit_idx, pixels)) = self.open.pop_oldest()
        {
            self.sink.write(unit_idx, pixels.view())?;
        }
        Ok(())
    }

    /// Writes what is still in memory, and zeros for units that no block has touched.
    fn flush(&mut self) -> Result<(), SinkError> {
        let mut left = Vec::new();
        while let Some(unit) = self.open.pop_oldest() {
            left.push(unit);
        }
        left.par_iter().try_for_each(|(unit_idx, pixels)| self.sink.write(*unit_idx, pixels.view()))?;
        drop(left);
        let sink = &self.sink;
        (0..sink.info().units.n_units()).into_par_iter().try_for_each(|unit_idx| {
            if sink.is_written(unit_idx)? {
                return Ok(());
            }
            let unit = sink.info().unit(unit_idx)?;
            sink.write(unit_idx, sink.info().zeros(&unit)?.view())
        })
    }
}

/// Bytes of the units along `X`, and of one more, so that those of a row of tiles stay in memory until the row is done.
fn row_bytes(info: &SinkInfo) -> u64 {
    let layout = info.units.layout();
    let sizes = layout.axes().as_slice().iter().zip(info.units.unit_size());
    let unit =
        sizes.clone().fold(info.pixel_type.n_bytes() as u64, |n, (_, size)| n.saturating_mul(*size as u64));
    let along_x = sizes.filter(|(axis, _)| **axis == Axis::X);
    let n_along = along_x.map(|(axis, size)| layout.size_of(*axis).unwrap_or(1).div_ceil(*size) as u64);
    unit.saturating_mul(n_along.sum::<u64>().saturating_add(1))
}

impl BlockSink for Blocks {
    fn write_block(
        &mut self,
        sample_idx: usize,
        start: [usize; 3],
        block: ArrayView4<'_, f32>,
    ) -> Result<(), SinkError> {
        let target = &self.sink.info().target;
        let block = Block::check(target, &self.layout, sample_idx, start, block)?;
        if block.is_empty() {
            return Ok(());
        }
        self.write(&block).inspect_err(|_| self.is_damaged = true)
    }

    fn finish(mut self: Box<Self>) -> Result<Location, SinkError> {
        if self.is_damaged {
            return Err(SinkError::Damaged { path: self.sink.info().target.clone() });
        }
        self.flush()?;
        self.job.commit()
    }
}
