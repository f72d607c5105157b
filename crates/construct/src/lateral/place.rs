//! The pixels of one place: read once, found again for every position of the window.

use std::ops::Range;

use ndarray::{ArrayViewMut4, s};
use patchweave_geometry::{Axis, Context, ContextAxis, Extent, PatchSpec, Region};
use patchweave_stack::{ImageStack, ImageStackExt, StackError};

use crate::ConstructError;
use crate::room::resize;

/// One axis of a window: which pixels are read, and which of them stands at each position.
#[derive(Debug)]
pub(super) struct AxisMap {
    /// The pixels of the image, ascending.
    runs: Vec<Range<usize>>,
    /// How many there are.
    n: usize,
    /// The place of each position among them; nothing if position and place are the same.
    places: Option<Vec<Option<usize>>>,
    /// The positions inside the image, whose places follow each other.
    inside: Range<usize>,
}

impl AxisMap {
    fn new(axis: &ContextAxis) -> Self {
        let runs = axis.runs();
        let n = runs.iter().map(Range::len).sum();
        let place = |pixel: usize| {
            let mut before = 0;
            for run in &runs {
                if run.contains(&pixel) {
                    return Some(before + pixel - run.start);
                }
                before += run.len();
            }
            None
        };
        let places = (!axis.is_inside())
            .then(|| (0..axis.len()).map(|position| axis.pixel(position).and_then(place)).collect());
        let inside = axis.inside();
        AxisMap { runs, n, places, inside }
    }

    /// The place of a position among the pixels that are read; `None` where a constant stands.
    #[inline(always)]
    pub fn place(&self, position: usize) -> Option<usize> {
        match &self.places {
            None => Some(position),
            Some(places) => places[position],
        }
    }

    /// Whether a pixel may stand at several positions.
    pub fn may_repeat(&self) -> bool {
        self.places.is_some()
    }

    /// The pixels of a row at some positions.
    #[inline(always)]
    fn gather(
        &self,
        row: &[f32],
        places: &[Option<usize>],
        positions: Range<usize>,
        fill: f32,
        out: &mut Vec<f32>,
    ) {
        let pixel = |place: &Option<usize>| place.map_or(fill, |place| row[place]);
        let start = self.inside.start.clamp(positions.start, positions.end);
        let end = self.inside.end.clamp(start, positions.end);
        out.clear();
        out.extend(places[positions.start..start].iter().map(pixel));
        if let Some(first) = places.get(start).copied().flatten().filter(|_| start < end) {
            out.extend_from_slice(&row[first..first + end - start]);
        }
        out.extend(places[end..positions.end].iter().map(pixel));
    }

    /// The parts of the runs that places `wanted` stand for, with where they start in `wanted`.
    fn parts(&self, wanted: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        let mut before = 0;
        self.runs.iter().filter_map(move |run| {
            let places = before..before + run.len();
            before = places.end;
            let start = places.start.max(wanted.start);
            let end = places.end.min(wanted.end);
            (start < end).then(|| {
                (start - wanted.start, run.start + start - places.start..run.start + end - places.start)
            })
        })
    }

    /// The places around one whose pixels lie side by side in the same chunk.
    ///
    /// Places of another run stay out, so that these groups never overlap and no pixel is read twice.
    fn group(&self, place: usize, chunk: usize) -> Range<usize> {
        let mut before = 0;
        for run in &self.runs {
            if place < before + run.len() {
                let pixel = run.start + place - before;
                let first = (pixel - pixel % chunk).max(run.start);
                let end = (pixel - pixel % chunk).saturating_add(chunk).min(run.end);
                return place - (pixel - first)..place + (end - pixel);
            }
            before += run.len();
        }
        place..place
    }
}

/// The pixels that the window of one place uses, read a few planes at a time.
pub(super) struct PlacePixels<'a> {
    stack: &'a dyn ImageStack,
    sample_idx: usize,
    channels: Option<&'a [usize]>,
    pub weights: &'a [f32],
    n_channels: usize,
    pub axes: [AxisMap; 3],
    /// Planes that are read together: those of a chunk.
    depth: usize,
    image: Extent,
    /// The planes in memory, as places along Z.
    loaded: Range<usize>,
    pixels: Vec<f32>,
}

impl<'a> PlacePixels<'a> {
    /// The windows of `context` around a patch of `stack`; `pixels` is memory that may be used.
    pub fn new(
        stack: &'a dyn ImageStack,
        spec: &PatchSpec,
        (channels, weights): (Option<&'a [usize]>, &'a [f32]),
        context: &Context,
        pixels: Vec<f32>,
    ) -> Result<Self, ConstructError> {
        let info = stack.info();
        let shape = info.shape();
        // Windows that use no pixel of the image are not read, so nobody else would notice.
        let in_window = |source| StackError::Window { stack: info.source.clone(), source };
        shape.check_sample(spec.sample_idx).map_err(in_window)?;
        let axes = context.axes(&spec.coords, &spec.patch_size, &shape.extent)?;
        let along_z = info.layout.axes().position(Axis::Z);
        let chunk = info.chunks.as_ref().zip(along_z).and_then(|(chunks, z)| chunks.get(z).copied());
        Ok(PlacePixels {
            stack,
            sample_idx: spec.sample_idx,
            channels,
            weights,
            n_channels: channels.map_or(shape.n_channels, <[usize]>::len),
            axes: axes.each_ref().map(AxisMap::new),
            depth: chunk.unwrap_or(1).max(1),
            image: shape.extent,
            loaded: 0..0,
            pixels,
        })
    }

    pub fn n_channels(&self) -> usize {
        self.n_channels
    }

    /// Gives the memory back.
    pub fn into_memory(self) -> Vec<f32> {
        self.pixels
    }

    /// Makes sure that the plane at a place along Z is in memory.
    pub fn load(&mut self, place: usize) -> Result<(), ConstructError> {
        let [z, y, x] = &self.axes;
        if self.loaded.contains(&place) || y.n == 0 || x.n == 0 {
            return Ok(());
        }
        let wanted = z.group(place, self.depth);
        let shape = [self.n_channels, wanted.len(), y.n, x.n];
        resize(&mut self.pixels, shape)?;
        let len = shape.iter().product();
        self.loaded = 0..0;
        let mut block = ArrayViewMut4::from_shape(shape, &mut self.pixels[..len])
            .map_err(|_| ConstructError::OutOfMemory { shape })?;
        for (out_z, z) in z.parts(wanted.clone()) {
            for (out_y, y) in y.parts(0..y.n) {
                for (out_x, x) in x.parts(0..x.n) {
                    let part = block.slice_mut(s![
                        ..,
                        out_z..out_z + z.len(),
                        out_y..out_y + y.len(),
                        out_x..out_x + x.len()
                    ]);
                    let region = region([&z, &y, &x], &self.image)?;
                    self.stack.read_into(self.sample_idx, self.channels, &region, part)?;
                }
            }
        }
        self.loaded = wanted;
        Ok(())
    }

    /// The pixels of a channel's row that are in memory, in the order of the image.
    #[inline(always)]
    pub fn row(&self, channel: usize, z: usize, y: usize) -> &[f32] {
        let [_, rows, columns] = self.axes.each_ref().map(|axis| axis.n);
        let start = ((channel * self.loaded.len() + z - self.loaded.start) * rows + y) * columns;
        &self.pixels[start..start + columns]
    }

    /// The rows of the first two channels at a position of the window, where they are stored as they are.
    #[inline(always)]
    pub fn direct_rows(&self, z: Option<usize>, y: usize) -> Option<[&[f32]; 2]> {
        let (z, y) = z.zip(self.axes[1].place(y))?;
        let is_direct = self.axes[2].places.is_none() && self.n_channels >= 2;
        is_direct.then(|| [self.row(0, z, y), self.row(1, z, y)])
    }

    /// Calls `f` with the row of a channel at a position of the window, columns `from` onwards as many as
    /// `out` has, and the memory to combine it with; `gathered` is memory for rows that are not stored as
    /// they are.
    #[inline(always)]
    pub fn with_row(
        &self,
        (channel, z, y): (usize, Option<usize>, usize),
        columns: Range<usize>,
        fill: f32,
        gathered: &mut Vec<f32>,
        f: impl FnOnce(&[f32]),
    ) {
        let stored = z.zip(self.axes[1].place(y)).map(|(z, y)| self.row(channel, z, y));
        match (stored, &self.axes[2].places) {
            (Some(row), None) => f(&row[columns]),
            (Some(row), Some(places)) => {
                self.axes[2].gather(row, places, columns, fill, gathered);
                f(gathered);
            }
            (None, _) => {
                gathered.clear();
                gathered.resize(columns.len(), fill);
                f(gathered);
            }
        }
    }
}

fn region(zyx: [&Range<usize>; 3], image: &Extent) -> Result<Region, ConstructError> {
    let axes = image.per_axis();
    let start = axes.of_zyx(zyx.map(|range| range.start)).to_coords();
    let size = axes.of_zyx(zyx.map(ExactSizeIterator::len)).try_into()?;
    Ok(Region::new(start, size)?)
}
