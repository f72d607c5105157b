//! Every pixel of some images once: blocks side by side, those at the far borders smaller.

use patchweave_geometry::{Axis, Coords, Extent, PatchSpec, RegionSpec, coordinate};
use patchweave_patching::{PatchIndices, PatchRng, Patching, PatchingError};
use patchweave_stack::StackInfo;

use crate::{ConstructError, PatchExtractor};

/// About how many pixels a block has where the image has no chunks.
const N_PIXELS: usize = 1 << 18;

/// Blocks that cover every sample of every stack once; those of one chunk follow one another.
pub(super) struct Blocks {
    stacks: Vec<Grid>,
    n_patches: usize,
}

struct Grid {
    first: usize,
    n_samples: usize,
    axes: Vec<Along>,
    per_sample: usize,
}

/// One axis of an image, cut into chunks, which are cut into blocks.
#[derive(Clone, Copy)]
struct Along {
    size: usize,
    chunk: usize,
    block: usize,
}

impl Along {
    fn n_chunks(&self) -> usize {
        self.size.div_ceil(self.chunk)
    }

    /// The size of a chunk, which is smaller at the far border.
    fn chunk_size(&self, chunk: usize) -> usize {
        self.chunk.min(self.size - chunk * self.chunk)
    }

    /// Blocks of one chunk.
    fn n_blocks_of(&self, chunk: usize) -> usize {
        self.chunk_size(chunk).div_ceil(self.block)
    }

    /// Blocks of all chunks.
    fn n_blocks(&self) -> usize {
        let last = self.n_chunks() - 1;
        last * self.n_blocks_of(0) + self.n_blocks_of(last)
    }
}

impl Blocks {
    /// Blocks of at most `max_pixels`, each a chunk where that has no more.
    pub fn new(images: &PatchExtractor, max_pixels: usize) -> Result<Self, ConstructError> {
        let mut stacks: Vec<Grid> = Vec::new();
        let mut n_patches = 0_usize;
        for (data_idx, shape) in images.shapes().iter().enumerate() {
            let axes = cut(shape.extent, images.info(data_idx), max_pixels);
            let too_many = PatchingError::TooMany { data_idx };
            let per_sample = axes.iter().map(Along::n_blocks).fold(1_usize, usize::saturating_mul);
            let first = n_patches;
            n_patches = per_sample
                .checked_mul(shape.n_samples)
                .and_then(|n| n.checked_add(n_patches))
                .ok_or(too_many)?;
            stacks.push(Grid { first, n_samples: shape.n_samples, axes, per_sample });
        }
        Ok(Blocks { stacks, n_patches })
    }

    fn patch(&self, index: usize) -> Result<PatchSpec, PatchingError> {
        if index >= self.n_patches {
            return Err(PatchingError::IndexOutOfRange { index, n_patches: self.n_patches });
        }
        let data_idx = self.stacks.partition_point(|stack| stack.first <= index) - 1;
        let Grid { first, axes, per_sample, .. } = &self.stacks[data_idx];
        let sample_idx = (index - first) / per_sample;
        let mut rest = (index - first) % per_sample;
        // First the chunk: before an axis, only the blocks of that chunk count, after it those of all.
        let mut chunks = Vec::new();
        let mut n_of_chunk = 1;
        for (nth, along) in axes.iter().enumerate() {
            let n_after: usize = axes[nth + 1..].iter().map(Along::n_blocks).product();
            let n_of_others = n_of_chunk * along.n_blocks_of(0) * n_after;
            let chunk = (rest / n_of_others).min(along.n_chunks() - 1);
            rest -= chunk * n_of_others;
            n_of_chunk *= along.n_blocks_of(chunk);
            chunks.push(chunk);
        }
        // Then the block in it.
        let mut starts = Vec::new();
        let mut sizes = Vec::new();
        for (along, chunk) in axes.iter().zip(chunks).rev() {
            let n_blocks = along.n_blocks_of(chunk);
            let start = rest % n_blocks * along.block;
            rest /= n_blocks;
            let start_in_image = chunk * along.chunk + start;
            starts.insert(0, coordinate(start_in_image));
            sizes.insert(0, along.block.min(along.chunk_size(chunk) - start));
        }
        let coords = Coords::new(&starts)?;
        let patch_size = Extent::new(&sizes)?;
        Ok(PatchSpec { data_idx, sample_idx, coords, patch_size })
    }
}

/// Whole chunks, or whole rows of one plane; parts of them where they have more than `max_pixels`.
fn cut(image: Extent, info: Option<&StackInfo>, max_pixels: usize) -> Vec<Along> {
    let chunks = info.and_then(|info| {
        let chunks = info.chunks.as_ref()?;
        let along = |axis| info.layout.axes().position(axis).and_then(|at| chunks.get(at).copied());
        Some([Axis::Z, Axis::Y, Axis::X].map(|axis| along(axis).unwrap_or(1)))
    });
    let sizes = image.to_zyx();
    let [_, height, width] = sizes;
    let zyx = match chunks {
        Some([z, y, x]) if z.saturating_mul(y).saturating_mul(x) >= N_PIXELS / 16 => [z, y, x],
        Some([z, y, x]) => [z, y.max(N_PIXELS / 16 / x.max(1) / y.max(1) * y), x],
        None => [1, (N_PIXELS / width).clamp(1, height), width],
    };
    let chunk = [0, 1, 2].map(|axis| zyx[axis].clamp(1, sizes[axis]));
    let mut block = chunk;
    // Planes first, then rows, so that a block stays in one piece in memory.
    while block.iter().fold(1_usize, |n, &size| n.saturating_mul(size)) > max_pixels.max(1) {
        match block.iter_mut().find(|size| **size > 1) {
            Some(size) => *size = size.div_ceil(2),
            None => break,
        }
    }
    let along = |axis: usize| Along { size: sizes[axis], chunk: chunk[axis], block: block[axis] };
    image.per_axis().of_zyx([0, 1, 2].map(along)).into()
}

impl Patching for Blocks {
    fn n_patches(&self) -> usize {
        self.n_patches
    }

    fn spec(&self, index: usize, _rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        Ok(self.patch(index)?.into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        Ok(self.patch(index)?.patch_size)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        let range = self
            .stacks
            .get(data_idx)
            .map_or(0..0, |stack| stack.first..stack.first + stack.per_sample * stack.n_samples);
        PatchIndices::Range(range)
    }
}
