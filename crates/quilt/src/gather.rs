//! The inner loops of stitching: what the patches that cover the same pixels have for them.
//!
//! Every place of the image is computed once, by one thread, from all windows that cover it (gathering), instead of adding
//! every window to the image (scattering). So threads never write to the same place, sums have the order of the patches
//! whatever the number of threads, and no array of weights as large as the image is needed. An axis is cut into segments that
//! the same windows cover, so that the innermost loop asks nothing per pixel.

use std::hint::black_box;
use std::ops::Range;

use patchweave_pixel::Pixel;
use pulp::{Arch, NullaryFnOnce};

use crate::Quilt;
use crate::rows::Rows;
use crate::touch::touch;

/// Bytes of patches that are worked on at a time.
const BLOCK_BYTES: usize = 128 * 1024;

/// Rows that a thread takes at a time: no more than these, no fewer unless threads would have nothing to do.
const ROWS: Range<usize> = 8..64;

/// Strips for every thread, so that none waits for another for long.
const STRIPS_PER_THREAD: usize = 4;

/// Places along an axis that the same windows cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub places: Range<usize>,
    pub windows: Range<usize>,
}

/// Cuts an axis where windows begin and end, and after `max_len` places.
fn segments(starts: &[usize], window: usize, size: usize, max_len: usize) -> Vec<Segment> {
    let mut cuts: Vec<usize> = starts.iter().flat_map(|&start| [start, start + window]).collect();
    cuts.extend([0, size]);
    cuts.sort_unstable();
    cuts.dedup();
    let mut segments = Vec::with_capacity(cuts.len());
    for (&first, &end) in cuts.iter().zip(&cuts[1..]) {
        let low = starts.partition_point(|&start| start + window <= first);
        let high = starts.partition_point(|&start| start <= first);
        for start in (first..end).step_by(max_len) {
            segments
                .push(Segment { places: start..end.min(start.saturating_add(max_len)), windows: low..high });
        }
    }
    segments
}

/// All that one call of stitching needs to know.
pub(crate) struct Weaver<'a, T> {
    patches: &'a [T],
    n_channels: usize,
    window: [usize; 3],
    n_x: usize,
    starts: [Vec<usize>; 3],
    /// Segments along `ZYX`; those along `Z` are single planes.
    along: [Vec<Segment>; 3],
    weights: Rows,
    inverse: Rows,
    is_one: bool,
    arch: Arch,
}

/// Memory that strips use one after the other.
#[derive(Default)]
pub(crate) struct Scratch {
    sources: Vec<Source>,
    ends: Vec<usize>,
}

/// What one patch has for a cell.
#[derive(Clone, Copy)]
struct Source {
    /// Its first value there.
    first: usize,
    /// Its first row in the window, along `Y`.
    row: usize,
    /// Whether the patch begins here, so that nothing of it is in the cache.
    is_new: bool,
    /// Where the weights of its plane begin, from its first pixel along `X` on, and their factor.
    weights: usize,
    factor: f64,
}

impl<'a, T: Pixel> Weaver<'a, T> {
    /// `patches` fill `n_planes` of whole images with `n_channels`.
    pub fn new(quilt: &Quilt, patches: &'a [T], n_channels: usize, n_planes: usize) -> Self {
        let image = quilt.grid().image().to_zyx();
        let window = quilt.grid().window().to_zyx();
        let starts = quilt.grid().starts_zyx();
        let overlap: usize = quilt.grid().colours().iter().product();
        let of_block = BLOCK_BYTES / (window[2] * size_of::<T>() * overlap);
        let of_thread = image[1] * n_planes / (STRIPS_PER_THREAD * rayon::current_num_threads());
        let n_rows = of_block.clamp(ROWS.start, ROWS.end).min(of_thread.max(1));
        let max_len = [1, n_rows, usize::MAX];
        let along =
            std::array::from_fn(|axis| segments(&starts[axis], window[axis], image[axis], max_len[axis]));
        let weights = quilt.blend().rows();
        let is_one = weights.is_one();
        let inverse = quilt.sums().inverted();
        let n_x = image[2];
        let arch = Arch::new();
        Weaver { patches, n_channels, window, n_x, starts, along, weights, inverse, is_one, arch }
    }

    /// Rows of a plane that the same windows cover, in order.
    pub fn strips(&self) -> &[Segment] {
        &self.along[1]
    }

    /// Fills a strip of rows of plane `z`; `channel_of_all` counts images and channels.
    pub fn strip(
        &self,
        channel_of_all: usize,
        z: usize,
        strip: &Segment,
        out: &mut [T::Mean],
        scratch: &mut Scratch,
    ) {
        self.arch.dispatch(Strip { weaver: self, channel_of_all, z, strip, out, scratch });
    }
}

struct Strip<'a, T: Pixel> {
    weaver: &'a Weaver<'a, T>,
    channel_of_all: usize,
    z: usize,
    strip: &'a Segment,
    out: &'a mut [T::Mean],
    scratch: &'a mut Scratch,
}

impl<T: Pixel> NullaryFnOnce for Strip<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Strip { weaver, channel_of_all, z, strip, out, scratch: Scratch { sources, ends } } = self;
        let n_rows = strip.places.len();
        let mut cells = weaver.along[2].as_slice();
        while let Some((first, _)) = cells.split_first() {
            sources.clear();
            ends.clear();
            // As many cells as leave what is fetched in the cache, so that long runs of a row are written.
            while let Some(cell) = cells.get(ends.len()) {
                let width = cell.places.end - first.places.start;
                let n_bytes = |n_sources: usize| n_sources / ends.len() * width * n_rows * size_of::<T>();
                if !ends.is_empty() && n_bytes(sources.len()) > BLOCK_BYTES {
                    break;
                }
                let known = sources.len();
                weaver.add_sources(channel_of_all, z, strip, cell, sources);
                weaver.fetch(&sources[known..], n_rows);
                ends.push(sources.len());
            }
            let (block, rest) = cells.split_at(ends.len());
            cells = rest;
            for (at, row) in out.chunks_exact_mut(weaver.n_x).enumerate() {
                let inverse = weaver.inverse.row(z, strip.places.start + at);
                let mut known = 0;
                for (cell, &end) in block.iter().zip(&*ends) {
                    let out = &mut row[cell.places.clone()];
                    let inverse = (&inverse.0[cell.places.clone()], inverse.1);
                    if weaver.is_one {
                        weaver.cell::<true>(&sources[known..end], at, out, inverse);
                    } else {
                        weaver.cell::<false>(&sources[known..end], at, out, inverse);
                    }
                    known = end;
                }
            }
        }
    }
}

impl<T: Pixel> Weaver<'_, T> {
    /// Adds the patches that cover a cell, in their order.
    #[inline(always)]
    fn add_sources(
        &self,
        channel_of_all: usize,
        z: usize,
        strip: &Segment,
        cell: &Segment,
        sources: &mut Vec<Source>,
    ) {
        let [w_z, w_y, w_x] = self.window;
        let [starts_z, starts_y, starts_x] = &self.starts;
        let image = channel_of_all / self.n_channels;
        let channel = channel_of_all % self.n_channels;
        for at_z in self.along[0][z].windows.clone() {
            let deep = z - starts_z[at_z];
            let (weights, factor) = self.weights.at_z(deep);
            for at_y in strip.windows.clone() {
                let row = strip.places.start - starts_y[at_y];
                for at_x in cell.windows.clone() {
                    let x = cell.places.start - starts_x[at_x];
                    let patch =
                        ((image * starts_z.len() + at_z) * starts_y.len() + at_y) * starts_x.len() + at_x;
                    let first = (((patch * self.n_channels + channel) * w_z + deep) * w_y + row) * w_x + x;
                    sources.push(Source { first, row, is_new: x == 0, weights: weights + x, factor });
                }
            }
        }
    }

    /// Brings what patches that begin in a cell have for this strip into the cache.
    ///
    /// Patches lie far apart, so that nothing else would bring them into the cache ahead of time; a row at a
    /// time, every row would be waited for.
    #[inline(always)]
    fn fetch(&self, sources: &[Source], n_rows: usize) {
        let new = sources.iter().filter(|source| source.is_new);
        black_box(
            new.map(|source| touch(&self.patches[source.first..][..n_rows * self.window[2]])).sum::<f64>(),
        );
    }

    /// One row of a cell: sums in registers, a few pixels at a time.
    #[inline(always)]
    fn cell<const ONE: bool>(
        &self,
        sources: &[Source],
        row: usize,
        out: &mut [T::Mean],
        (inverse, factor): (&[f64], f64),
    ) {
        match out.len() {
            16.. => self.spans::<16, ONE>(sources, row, out, (inverse, factor)),
            8.. => self.spans::<8, ONE>(sources, row, out, (inverse, factor)),
            4.. => self.spans::<4, ONE>(sources, row, out, (inverse, factor)),
            _ => self.spans::<1, ONE>(sources, row, out, (inverse, factor)),
        }
    }

    /// `N` pixels at a time; the last ones end with the row, and may be computed twice.
    #[inline(always)]
    fn spans<const N: usize, const ONE: bool>(
        &self,
        sources: &[Source],
        row: usize,
        out: &mut [T::Mean],
        (inverse, factor): (&[f64], f64),
    ) {
        let mut x = 0;
        while x < out.len() {
            let first = x.min(out.len() - N);
            let inverse = (&inverse[first..first + N], factor);
            self.lanes::<N, ONE>(sources, row, first, &mut out[first..first + N], inverse);
            x += N;
        }
    }

    /// Arrays instead of slices, so that all of it becomes vector instructions.
    #[inline(always)]
    fn lanes<const N: usize, const ONE: bool>(
        &self,
        sources: &[Source],
        row: usize,
        x: usize,
        out: &mut [T::Mean],
        (inverse, inverse_factor): (&[f64], f64),
    ) {
        let mut sums = [0.0; N];
        for source in sources {
            let first = source.first + row * self.window[2] + x;
            let Some(values) = self.patches[first..].first_chunk::<N>() else { return };
            if ONE {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value.to_f64();
                }
            } else {
                let (kind, factor) = self.weights.at_y(source.row + row);
                let start = source.weights + kind + x;
                let factor = source.factor * factor;
                let Some(weights) = self.weights.values()[start..].first_chunk::<N>() else { return };
                for ((sum, value), weight) in sums.iter_mut().zip(values).zip(weights) {
                    *sum += factor * weight * value.to_f64();
                }
            }
        }
        let (Some(inverse), Some(out)) = (inverse.first_chunk::<N>(), out.first_chunk_mut::<N>()) else {
            return;
        };
        for (sum, inverse) in sums.iter_mut().zip(inverse) {
            *sum *= inverse * inverse_factor;
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = T::Mean::from_f64(sum);
        }
    }
}
