//! Which samples of an image lie in the same chunks.

use patchweave_construct::ImageMetadata;
use patchweave_geometry::Axis;

/// Chunks along `S` and `T`, which together are the samples of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleChunks {
    n_t: usize,
    s_chunk: usize,
    t_chunk: usize,
}

impl SampleChunks {
    pub fn of(metadata: &ImageMetadata) -> Self {
        let axes = metadata.original.axes();
        let at = |axis: Axis, sizes: Option<&[usize]>| {
            axes.position(axis).and_then(|at| sizes?.get(at)).map_or(1, |&size| size.max(1))
        };
        let chunks = metadata.chunks.as_deref();
        SampleChunks {
            n_t: at(Axis::T, Some(metadata.original.shape())),
            s_chunk: at(Axis::S, chunks),
            t_chunk: at(Axis::T, chunks),
        }
    }

    /// The chunk of a sample along `S` and `T`; samples count `S` first, then `T`.
    pub fn chunk_of(&self, sample_idx: usize) -> [usize; 2] {
        [sample_idx / self.n_t / self.s_chunk, sample_idx % self.n_t / self.t_chunk]
    }

    /// How many samples share a chunk.
    pub fn n_shared(&self) -> usize {
        self.s_chunk.saturating_mul(self.t_chunk)
    }
}
