//! The inner loops of stitching: what the patches that cover the same pixels have for them.

use std::hint::black_box;
use std::ops::Range;

use patchweave_pixel::Pixel;
use pulp::{Arch, NullaryFnOnce};

use crate::Quilt;
use crate::blend::{InverseSums, RowTable};
use crate::touch::touch;

/// Bytes of patches that are worked on at a time.
const BLOCK_BYTES: usize = 128 * 1024;

/// Rows that a thread takes at a time, at most.
const MAX_ROWS: usize = 64;

/// Places along an axis that the same windows cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub places: Range<usize>,
    pub windows: Range<usize>,
}

/// Cuts an axis where windows begin and end, and after `max_len` places.
pub(crate) fn segments(starts: &[usize], window: usize, size: usize, max_len: usize) -> Vec<Segment> {
    let mut cuts: Vec<usize> = starts.iter().flat_map(|&start| [start, start + window]).collect();
    cuts.extend([0, size]);
    cuts.sort_unstable();
    cuts.dedup();
    let mut segments = Vec::with_capacity(cuts.len());
    for pair in cuts.windows(2) {
        let &[first, end] = pair else { continue };
        let low = starts.partition_point(|&start| start + window <= first);
        let high = starts.partition_point(|&start| start <= first);
        for start in (first..end).step_by(max_len) {
            segments.push(Segment {
                places: start..end.min(start.saturating_add(max_len)),
                windows: low..high.max(low),
            });
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
    n_y: usize,
    starts: [Vec<usize>; 3],
    /// Segments along `ZYX`.
    pub along: [Vec<Segment>; 3],
    weights: RowTable,
    inverse: InverseSums,
    arch: Arch,
}

impl<'a, T: Pixel> Weaver<'a, T> {
    /// `patches` fill whole images of `n_channels`.
    pub fn new(quilt: &Quilt, patches: &'a [T], n_channels: usize) -> Self {
        let (image, window) = (quilt.grid().image().to_zyx(), quilt.grid().window().to_zyx());
        let starts = quilt.grid().starts_zyx();
        let max_len = [1, MAX_ROWS, usize::MAX];
        let along =
            std::array::from_fn(|axis| segments(&starts[axis], window[axis], image[axis], max_len[axis]));
        Weaver {
            patches,
            n_channels,
            window,
            n_x: image[2],
            n_y: image[1],
            starts,
            along,
            weights: quilt.blend().row_table(),
            inverse: quilt.sums().inverse(image),
            arch: Arch::new(),
        }
    }

    /// Fills a strip of rows of one plane; `image` counts images and channels.
    pub fn strip(&self, image: usize, z: usize, strip: &Segment, out: &mut [T::Mean]) {
        self.arch.dispatch(Strip { weaver: self, image, z, strip, out });
    }
}

/// What one patch has for a cell: rows from its first pixel there on.
#[derive(Clone, Copy)]
struct Source<'a, T> {
    values: &'a [T],
    /// Number of the first of its rows in the window.
    row: usize,
    /// First pixel along `X` in the window.
    x: usize,
}

struct Strip<'a, T: Pixel> {
    weaver: &'a Weaver<'a, T>,
    image: usize,
    z: usize,
    strip: &'a Segment,
    out: &'a mut [T::Mean],
}

impl<T: Pixel> NullaryFnOnce for Strip<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Strip { weaver, image, z, strip, out } = self;
        let n_rows = strip.places.len();
        let mut sources = Vec::new();
        let mut ends = Vec::new();
        let mut cells = weaver.along[2].as_slice();
        while let Some((first, _)) = cells.split_first() {
            sources.clear();
            ends.clear();
            // As many cells as leave what is fetched in the cache, so that long runs of a row are written.
            while let Some(cell) = cells.get(ends.len()) {
                let width = cell.places.end - first.places.start;
                if !ends.is_empty()
                    && sources.len() / ends.len() * width * n_rows * size_of::<T>() > BLOCK_BYTES
                {
                    break;
                }
                let known = sources.len();
                weaver.sources(image, z, strip, cell, &mut sources);
                weaver.fetch(&sources[known..], n_rows);
                ends.push(sources.len());
            }
            let (block, rest) = cells.split_at(ends.len());
            cells = rest;
            for (at, row) in out.chunks_exact_mut(weaver.n_x).enumerate() {
                let (inverse, factor) =
                    weaver.inverse.row(z * weaver.n_y + strip.places.start + at, weaver.n_x);
                let mut known = 0;
                for (cell, &end) in block.iter().zip(&ends) {
                    let out = &mut row[cell.places.clone()];
                    let inverse = &inverse[cell.places.clone()];
                    if weaver.weights.is_one {
                        weaver.cell::<true>(&sources[known..end], at, out, inverse, factor);
                    } else {
                        weaver.cell::<false>(&sources[known..end], at, out, inverse, factor);
                    }
                    known = end;
                }
            }
        }
    }
}

impl<'a, T: Pixel> Weaver<'a, T> {
    /// Adds the patches that cover a cell, in their order.
    #[inline(always)]
    fn sources(
        &self,
        image: usize,
        z: usize,
        strip: &Segment,
        cell: &Segment,
        sources: &mut Vec<Source<'a, T>>,
    ) {
        let [w_z, w_y, w_x] = self.window;
        let [starts_z, starts_y, starts_x] = &self.starts;
        let (image, channel) = (image / self.n_channels, image % self.n_channels);
        for at_z in self.along[0][z].windows.clone() {
            let deep = z - starts_z[at_z];
            for at_y in strip.windows.clone() {
                let row = strip.places.start - starts_y[at_y];
                for at_x in cell.windows.clone() {
                    let x = cell.places.start - starts_x[at_x];
                    let patch =
                        ((image * starts_z.len() + at_z) * starts_y.len() + at_y) * starts_x.len() + at_x;
                    let first = (((patch * self.n_channels + channel) * w_z + deep) * w_y + row) * w_x + x;
                    sources.push(Source { values: &self.patches[first..], row: deep * w_y + row, x });
                }
            }
        }
    }

    /// Brings what patches that begin in a cell have for this strip into the cache.
    ///
    /// Patches lie far apart, so that nothing else would bring them into the cache ahead of time; a row at a
    /// time, every row would be waited for.
    #[inline(always)]
    fn fetch(&self, sources: &[Source<'a, T>], n_rows: usize) {
        let new = sources.iter().filter(|source| source.x == 0);
        black_box(new.map(|source| touch(&source.values[..n_rows * self.window[2]])).sum::<f64>());
    }

    /// One row of a cell: sums in registers, a few pixels at a time.
    #[inline(always)]
    fn cell<const ONE: bool>(
        &self,
        sources: &[Source<'a, T>],
        row: usize,
        out: &mut [T::Mean],
        inverse: &[f64],
        factor: f64,
    ) {
        let mut x = 0;
        while out.len() - x >= 16 {
            self.lanes::<16, ONE>(sources, row, x, &mut out[x..x + 16], &inverse[x..x + 16], factor);
            x += 16;
        }
        while out.len() - x >= 4 {
            self.lanes::<4, ONE>(sources, row, x, &mut out[x..x + 4], &inverse[x..x + 4], factor);
            x += 4;
        }
        while x < out.len() {
            self.lanes::<1, ONE>(sources, row, x, &mut out[x..=x], &inverse[x..=x], factor);
            x += 1;
        }
    }

    #[inline(always)]
    fn lanes<const N: usize, const ONE: bool>(
        &self,
        sources: &[Source<'a, T>],
        row: usize,
        x: usize,
        out: &mut [T::Mean],
        inverse: &[f64],
        factor: f64,
    ) {
        let mut sums = [0.0; N];
        let first = row * self.window[2] + x;
        for source in sources {
            let values = &source.values[first..first + N];
            if ONE {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value.to_f64();
                }
            } else {
                let start = self.weights.start(source.row + row) + source.x + x;
                let weights = &self.weights.weights()[start..start + N];
                for ((sum, value), weight) in sums.iter_mut().zip(values).zip(weights) {
                    *sum += weight * value.to_f64();
                }
            }
        }
        for ((out, sum), inverse) in out.iter_mut().zip(sums).zip(inverse) {
            *out = T::Mean::from_f64(sum * inverse * factor);
        }
    }
}
