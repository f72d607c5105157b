//! Every pixel of some images once: blocks side by side, those at the far borders smaller.

use patchweave_geometry::{Axis, Coords, Extent, PatchSpec, RegionSpec};
use patchweave_patching::{PatchIndices, PatchRng, Patching, PatchingError};
use patchweave_stack::StackInfo;

use crate::{ConstructError, PatchExtractor};

/// About how many pixels a block has where the image has no chunks.
const N_PIXELS: usize = 1 << 18;

/// Blocks that cover every sample of every stack once.
pub(super) struct Blocks {
    stacks: Vec<Grid>,
    n_patches: usize,
}

struct Grid {
    first: usize,
    n_samples: usize,
    image: Extent,
    block: Extent,
    per_sample: usize,
}

impl Blocks {
    pub fn new(images: &PatchExtractor) -> Result<Self, ConstructError> {
        let mut stacks: Vec<Grid> = Vec::new();
        let mut n_patches = 0_usize;
        for (data_idx, shape) in images.shapes().iter().enumerate() {
            let block = block(shape.extent, images.info(data_idx))?;
            let too_many = PatchingError::TooMany { data_idx };
            let counts = shape.extent.iter().zip(block.iter()).map(|(n, size)| n.div_ceil(size));
            let per_sample = counts.fold(1_usize, usize::saturating_mul);
            let first = n_patches;
            n_patches = per_sample
                .checked_mul(shape.n_samples)
                .and_then(|n| n.checked_add(n_patches))
                .ok_or(too_many)?;
            stacks.push(Grid { first, n_samples: shape.n_samples, image: shape.extent, block, per_sample });
        }
        Ok(Blocks { stacks, n_patches })
    }

    fn patch(&self, index: usize) -> Result<PatchSpec, PatchingError> {
        if index >= self.n_patches {
            return Err(PatchingError::IndexOutOfRange { index, n_patches: self.n_patches });
        }
        let data_idx = self.stacks.partition_point(|stack| stack.first <= index) - 1;
        let Grid { first, image, block, per_sample, .. } = &self.stacks[data_idx];
        let (sample_idx, mut within) = ((index - first) / per_sample, (index - first) % per_sample);
        let (mut starts, mut sizes) = (Vec::new(), Vec::new());
        for (n, size) in image.iter().zip(block.iter()).rev() {
            let n_blocks = n.div_ceil(size);
            let start = within % n_blocks * size;
            within /= n_blocks;
            starts.insert(0, i64::try_from(start).unwrap_or(i64::MAX));
            sizes.insert(0, size.min(n - start));
        }
        let (coords, patch_size) = (Coords::new(&starts)?, Extent::new(&sizes)?);
        Ok(PatchSpec { data_idx, sample_idx, coords, patch_size })
    }
}

/// Whole chunks, or whole rows of one plane.
fn block(image: Extent, info: Option<&StackInfo>) -> Result<Extent, ConstructError> {
    let chunks = info.and_then(|info| {
        let chunks = info.chunks.as_ref()?;
        let along = |axis| info.layout.axes().position(axis).and_then(|at| chunks.get(at).copied());
        Some([Axis::Z, Axis::Y, Axis::X].map(|axis| along(axis).unwrap_or(1)))
    });
    let [depth, height, width] = image.to_zyx();
    let zyx = match chunks {
        Some([z, y, x]) if z.saturating_mul(y).saturating_mul(x) >= N_PIXELS / 16 => [z, y, x],
        Some([z, y, x]) => [z, y.max(N_PIXELS / 16 / x.max(1) / y.max(1) * y), x],
        None => [1, (N_PIXELS / width).clamp(1, height), width],
    };
    let limits = [depth, height, width];
    let zyx = [0, 1, 2].map(|axis| zyx[axis].clamp(1, limits[axis]));
    Ok(Extent::new(&zyx[3 - image.n_axes()..])?)
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
