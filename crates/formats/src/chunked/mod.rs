//! An image that is stored as a grid of chunks, whatever its format: which chunks a window touches, and the copy out of
//! each into the caller's memory.

mod edges;
mod target;
mod together;

use std::collections::{BTreeMap, BTreeSet};

use patchweave_geometry::{Axis, grid_places};
use patchweave_pixel::{InexactPixel, TypedViewMut, find_inexact_bytes, with_pixel};
use patchweave_stack::read_cost::decoding;
use patchweave_stack::{Exactness, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use tracing::trace_span;

pub(crate) use self::edges::Edges;
use self::target::Target;

use crate::OpenOptions;
use crate::budget::ReadBudget;
use crate::cache::{ChunkCache, ChunkKey};
use crate::chunk::{Chunk, DecodedChunk, InPlace};
use crate::file_axes::StoredAxes;
use crate::own_axes::runs_of;
use crate::runs::Run;

/// Where the chunks of a format come from.
pub(crate) trait ChunkSource: Send + Sync {
    /// The pixels of a chunk where they lie in the file; `None` if they have to be decoded.
    ///
    /// Asked for every read of the chunk, so that the file is found to have all of its bytes right before they are copied.
    ///
    /// # Errors
    /// [`StackError`] if the file cannot be read, or has lost bytes.
    fn in_place(&self, _chunk: &[usize]) -> Result<Option<InPlace<'_>>, StackError> {
        Ok(None)
    }

    /// Decodes a chunk, which is called by its place in the grid along every dimension of the file.
    ///
    /// The result covers at least the part of the chunk that lies inside the image.
    ///
    /// # Errors
    /// [`StackError`] if the chunk cannot be read.
    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError>;

    /// How many chunks are worth asking for at once; 1 where they are at hand, more where each costs a request to another
    /// machine.
    fn n_together(&self) -> usize {
        1
    }

    /// Decodes chunks and hands each over, called by its place among them, as soon as it is there.
    ///
    /// The time for fetching and decoding is booked on the way.
    fn decode_together(&self, chunks: &[&[usize]], done: &mut Done<'_>) {
        for (number, chunk) in chunks.iter().enumerate() {
            done(number, decoding(|| self.decode(chunk)));
        }
    }

    /// What is read before a chunk can be and serves many chunks, such as the index of a shard: its number and its bytes.
    fn beside(&self, _chunk: &[usize]) -> Option<(u64, u64)> {
        None
    }

    /// Refuses reading where it would never end.
    ///
    /// # Errors
    /// [`StackError`] in a process that was forked from the one that has the threads for it.
    fn check_process(&self) -> Result<(), StackError> {
        Ok(())
    }
}

/// Takes a decoded chunk by its place among those that were asked for together.
pub(crate) type Done<'a> = dyn FnMut(usize, Result<DecodedChunk, StackError>) + 'a;

/// The stack of a [`ChunkSource`]: chunks in place are copied from directly, others through the cache.
///
/// Every chunk that a window touches is asked for once, and pixels are converted to `f32`, or stay what they are, as they
/// are copied into the caller's memory.
pub(crate) struct ChunkedStack<S> {
    source: S,
    info: StackInfo,
    /// The axis of every dimension of the file, if it has one.
    dimensions: Vec<Option<Axis>>,
    /// The chunks along every dimension of the file.
    edges: Vec<Edges>,
    /// How many chunks there are along every dimension.
    n_chunks: Vec<usize>,
    cache: ChunkCache,
    in_flight: ReadBudget,
    /// Bytes that a chunk counts in the budget: as many for what is fetched as for what is made of it.
    need: u64,
    /// The number of this image in the cache.
    image: u64,
}

/// The parts of a window along one axis that lie in the same chunk; `file` counts from the start of the chunk.
struct Part {
    chunk: usize,
    runs: Vec<Run>,
}

impl<S: ChunkSource> ChunkedStack<S> {
    /// Joins a source and the size of its chunks, one entry per dimension of the file, none of them 0.
    pub fn new(
        source: S,
        info: StackInfo,
        axes: StoredAxes,
        chunk: Vec<usize>,
        options: &OpenOptions,
    ) -> Self {
        Self::with_edges(source, info, axes, chunk.into_iter().map(Edges::Fixed).collect(), options)
    }

    /// As [`new`](Self::new), for chunks of any sizes that cover the image.
    pub fn with_edges(
        source: S,
        mut info: StackInfo,
        axes: StoredAxes,
        edges: Vec<Edges>,
        options: &OpenOptions,
    ) -> Self {
        let StoredAxes { layout, dimensions } = axes;
        let size_of = |axis: &Option<Axis>| axis.and_then(|axis| layout.size_of(axis)).unwrap_or(1);
        let n_chunks =
            dimensions.iter().map(size_of).zip(&edges).map(|(n, edges)| edges.n_chunks(n)).collect();
        info.layout = layout;
        let pixel = 2 * info.pixel_type.n_bytes() as u64;
        let need = edges.iter().fold(pixel, |need, edges| need.saturating_mul(edges.largest() as u64));
        ChunkedStack {
            source,
            info,
            dimensions,
            edges,
            n_chunks,
            cache: options.cache.clone(),
            in_flight: options.in_flight.clone(),
            need,
            image: ChunkCache::new_image(),
        }
    }

    /// The dimension of the file that an axis is.
    fn dimension(&self, axis: Axis) -> Option<usize> {
        self.dimensions.iter().position(|own| *own == Some(axis))
    }

    /// What a window needs along every axis of `STCZYX`; an axis that nobody names has one pixel.
    fn parts(&self, window: &InsideWindow<'_>) -> Result<[Vec<Part>; 6], StackError> {
        let layout = &self.info.layout;
        let runs = runs_of(layout, window)
            .map_err(|source| StackError::Window { stack: self.info.source.clone(), source })?;
        Ok(Axis::ALL.map(|axis| match layout.axes().position(axis) {
            Some(at) => {
                let edges = self.dimension(axis).and_then(|dimension| self.edges.get(dimension));
                by_chunk(&runs[at], edges.unwrap_or(&Edges::Fixed(1)))
            }
            None => vec![Part { chunk: 0, runs: vec![Run { out: 0, file: 0, len: 1 }] }],
        }))
    }

    fn read(&self, window: &InsideWindow<'_>, mut out: Target<'_>) -> Result<(), StackError> {
        self.source.check_process()?;
        let parts = self.parts(window)?;
        if self.source.n_together() > 1 {
            return self
                .read_together(&parts, &mut |chunk, place, parts| self.copy(chunk, place, parts, &mut out));
        }
        let mut in_work = Vec::new();
        for parts in touched(&parts) {
            if !self.copy_chunk(parts, false, &mut out)? {
                in_work.push(parts);
            }
        }
        // While other threads decode chunks that this one needs too, it has done what else there was.
        in_work.into_iter().try_for_each(|parts| self.copy_chunk(parts, true, &mut out).map(drop))
    }

    /// Copies what one chunk has of a window; `parts` has one entry per axis of `STCZYX`.
    ///
    /// Whether it was there: unless `waits`, a chunk that another thread decodes is left for later.
    fn copy_chunk(&self, parts: [&Part; 6], waits: bool, out: &mut Target<'_>) -> Result<bool, StackError> {
        let copied = self.with_chunk(parts, waits, |chunk, place| self.copy(chunk, place, parts, out))?;
        Ok(copied.is_some())
    }

    /// Hands one chunk of a window to `f`; nothing if it is not there, see [`copy_chunk`](Self::copy_chunk).
    fn with_chunk<R>(
        &self,
        parts: [&Part; 6],
        waits: bool,
        f: impl FnOnce(&Chunk<'_>, &[usize]) -> Result<R, StackError>,
    ) -> Result<Option<R>, StackError> {
        let place = self.place(parts);
        if let Some(chunk) = self.source.in_place(&place)? {
            return f(&chunk.as_chunk(), &place).map(Some);
        }
        let key = self.key(&place);
        let admit = || self.in_flight.take(self.need_of(&place, &BTreeSet::new()).0);
        let decode = || self.decode(&place, key.chunk);
        let decoded = if waits {
            Some(self.cache.get_or_decode(key, admit, decode)?)
        } else {
            self.cache.get_or_decode_unless_in_work(key, admit, decode)?
        };
        decoded.map(|decoded| f(&decoded.as_chunk(), &place)).transpose()
    }

    /// The first pixel of a chunk's part of a window that `f32` does not hold.
    fn inexact(&self, chunk: &Chunk<'_>, [s, t, c, z, y, x]: [&Part; 6]) -> Option<InexactPixel> {
        let (sample, strides) = self.strides_of(chunk, s, t);
        products([c, z, y, x]).find_map(|runs| {
            let places = runs.into_iter().zip(strides);
            let start = sample + places.map(|(run, stride)| run.file * stride).sum::<usize>();
            let shape = runs.map(|run| run.len);
            let found = with_pixel!(self.info.pixel_type, T => {
                find_inexact_bytes::<T>(chunk.bytes, chunk.order, start, strides, shape)
            });
            found.map(|pixel| {
                let czyx = std::array::from_fn(|axis| runs[axis].out + pixel.czyx[axis]);
                InexactPixel { czyx, ..pixel }
            })
        })
    }

    /// Where the sample of a window starts in a chunk, and the strides along `CZYX`.
    fn strides_of(&self, chunk: &Chunk<'_>, s: &Part, t: &Part) -> (usize, [usize; 4]) {
        let stride = |axis| self.dimension(axis).and_then(|at| chunk.strides.get(at)).copied().unwrap_or(0);
        let [s_stride, t_stride, strides @ ..] = Axis::ALL.map(stride);
        (s.runs[0].file * s_stride + t.runs[0].file * t_stride, strides)
    }

    /// The place of a chunk in the grid, along every dimension of the file.
    fn place(&self, parts: [&Part; 6]) -> Vec<usize> {
        let chunk_of = |axis: &Option<Axis>| axis.map_or(0, |axis| parts[axis as usize].chunk);
        self.dimensions.iter().map(chunk_of).collect()
    }

    fn size_of(&self, place: &[usize]) -> Vec<usize> {
        self.edges.iter().zip(place).map(|(edges, at)| edges.span(*at).1).collect()
    }

    /// What a chunk counts in the budget, with what is read before it unless that counts already, and what that is.
    fn need_of(&self, place: &[usize], counted: &BTreeSet<u64>) -> (u64, Option<u64>) {
        match self.source.beside(place).filter(|(number, _)| !counted.contains(number)) {
            Some((number, n_bytes)) => (self.need.saturating_add(n_bytes), Some(number)),
            None => (self.need, None),
        }
    }

    fn key(&self, place: &[usize]) -> ChunkKey {
        let chunk =
            place.iter().zip(&self.n_chunks).fold(0, |number, (at, n)| number * *n as u64 + *at as u64);
        ChunkKey { image: self.image, chunk }
    }

    /// Decodes a chunk by its place in the grid; `number` is the same for those who listen to spans.
    #[cold]
    fn decode(&self, place: &[usize], number: u64) -> Result<DecodedChunk, StackError> {
        let _span = trace_span!("decode", image = self.info.source, chunk = number).entered();
        self.source.decode(place)
    }

    fn copy(
        &self,
        chunk: &Chunk<'_>,
        place: &[usize],
        [s, t, c, z, y, x]: [&Part; 6],
        out: &mut Target<'_>,
    ) -> Result<(), StackError> {
        let (sample, strides) = self.strides_of(chunk, s, t);
        for [c, z, y, x] in products([c, z, y, x]) {
            let runs = [c, z, y, x].into_iter().zip(strides);
            let start = sample + runs.map(|(run, stride)| run.file * stride).sum::<usize>();
            let part = [c, z, y, x].map(Run::out_range);
            let copied = out.copy(self.info.pixel_type, chunk, start, strides, part);
            copied.map_err(|_| {
                StackError::damaged(
                    &self.info.source,
                    format!("chunk {place:?}"),
                    format!("{} bytes", chunk.bytes.len()),
                    format!("a chunk of {:?} pixels of {}", self.size_of(place), self.info.pixel_type),
                )
            })?;
        }
        Ok(())
    }
}

/// Every run along C with every one along Z, Y and X.
fn products([c, zyx @ ..]: [&Part; 4]) -> impl Iterator<Item = [&Run; 4]> {
    let zyx = zyx.map(|part| part.runs.iter());
    c.runs.iter().flat_map(move |c| grid_places(zyx.clone()).map(move |[z, y, x]| [c, z, y, x]))
}

/// Runs cut at the borders of chunks and sorted by them.
fn by_chunk(runs: &[Run], edges: &Edges) -> Vec<Part> {
    let mut parts = BTreeMap::<usize, Vec<Run>>::new();
    for piece in runs.iter().flat_map(|run| edges.cut(run)) {
        parts.entry(piece.chunk).or_default().push(piece.part);
    }
    parts.into_iter().map(|(chunk, runs)| Part { chunk, runs }).collect()
}

impl<S: ChunkSource> ImageStack for ChunkedStack<S> {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        self.read(window, Target::F32(out))
    }

    fn read_typed_inside(&self, window: &InsideWindow<'_>, out: TypedViewMut<'_>) -> Result<(), StackError> {
        self.info.check_typed(&out)?;
        self.read(window, Target::Own(out))
    }

    fn exactness(&self, window: &InsideWindow<'_>) -> Result<Exactness, StackError> {
        if self.info.pixel_type.fits_f32() {
            return Ok(Exactness::Exact);
        }
        let parts = self.parts(window)?;
        if self.source.n_together() > 1 {
            // They come in any order, of which the answer does not speak.
            let mut first: Option<InexactPixel> = None;
            self.read_together(&parts, &mut |chunk, _, parts| {
                first =
                    first.take().into_iter().chain(self.inexact(chunk, parts)).min_by_key(|pixel| pixel.czyx);
                Ok(())
            })?;
            return Ok(first.map_or(Exactness::Exact, Exactness::Inexact));
        }
        for parts in touched(&parts) {
            let found = self.with_chunk(parts, true, |chunk, _| Ok(self.inexact(chunk, parts)))?;
            if let Some(pixel) = found.flatten() {
                return Ok(Exactness::Inexact(pixel));
            }
        }
        Ok(Exactness::Exact)
    }
}

/// The chunks that a window touches, with its parts in each; a window lies in one sample and time.
fn touched(parts: &[Vec<Part>; 6]) -> impl Iterator<Item = [&Part; 6]> {
    let [s, t, cs, zyx @ ..] = parts;
    let s = &s[0];
    let t = &t[0];
    let zyx = zyx.each_ref().map(|parts| parts.iter());
    cs.iter().flat_map(move |c| grid_places(zyx.clone()).map(move |[z, y, x]| [s, t, c, z, y, x]))
}

impl<S> Drop for ChunkedStack<S> {
    fn drop(&mut self) {
        self.cache.forget(self.image);
    }
}
