//! How patch indices are dealt out to stacks and samples.

use std::ops::Range;

use patchweave_geometry::{Extent, ImageShape};

use crate::PatchingError;

/// Prefix sums over stacks: stacks in order, in each its samples, in each sample the same number of patches.
#[derive(Debug, Clone)]
pub(crate) struct Counts {
    stacks: Vec<StackCount>,
    n_patches: usize,
}

#[derive(Debug, Clone, Copy)]
struct StackCount {
    first: usize,
    per_sample: usize,
    shape: ImageShape,
}

/// Where an index belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub data_idx: usize,
    pub sample_idx: usize,
    /// Position among the patches of the sample.
    pub within: usize,
    pub shape: ImageShape,
}

impl Counts {
    /// Counts with `per_sample(data_idx, shape)` patches for every sample of a stack, which is at least 1.
    pub fn new(
        shapes: &[ImageShape],
        per_sample: impl Fn(usize, &ImageShape) -> Result<usize, PatchingError>,
    ) -> Result<Self, PatchingError> {
        let mut stacks = Vec::with_capacity(shapes.len());
        let mut n_patches = 0_usize;
        for (data_idx, &shape) in shapes.iter().enumerate() {
            let per_sample = per_sample(data_idx, &shape)?.max(1);
            stacks.push(StackCount { first: n_patches, per_sample, shape });
            n_patches = per_sample
                .checked_mul(shape.n_samples)
                .and_then(|n| n.checked_add(n_patches))
                .ok_or(PatchingError::TooMany { data_idx })?;
        }
        Ok(Counts { stacks, n_patches })
    }

    /// Counts with as many patches for every sample as are needed to cover it once, `Π ceil(N / p)`.
    pub fn covering(shapes: &[ImageShape], patch_size: Extent) -> Result<Self, PatchingError> {
        Counts::new(shapes, |data_idx, shape| {
            check_rank(data_idx, shape, patch_size)?;
            product(data_idx, shape.extent.iter().zip(patch_size.iter()).map(|(n, p)| n.div_ceil(p)))
        })
    }

    pub fn n_patches(&self) -> usize {
        self.n_patches
    }

    /// The shape of the stack that a sample belongs to; `None` if there is no such sample.
    pub fn shape_of(&self, data_idx: usize, sample_idx: usize) -> Option<ImageShape> {
        let shape = self.stacks.get(data_idx)?.shape;
        (sample_idx < shape.n_samples).then_some(shape)
    }

    /// The indices of one sample; none if there is no such sample.
    pub fn indices_of_sample(&self, data_idx: usize, sample_idx: usize) -> Range<usize> {
        let stack = self.stacks.get(data_idx).filter(|stack| sample_idx < stack.shape.n_samples);
        stack.map_or(0..0, |stack| {
            let first = stack.first + sample_idx * stack.per_sample;
            first..first + stack.per_sample
        })
    }

    pub fn locate(&self, index: usize) -> Result<Place, PatchingError> {
        if index >= self.n_patches {
            return Err(PatchingError::IndexOutOfRange { index, n_patches: self.n_patches });
        }
        let data_idx = self.stacks.partition_point(|stack| stack.first <= index) - 1;
        let StackCount { first, per_sample, shape } = self.stacks[data_idx];
        let in_stack = index - first;
        Ok(Place { data_idx, sample_idx: in_stack / per_sample, within: in_stack % per_sample, shape })
    }

    pub fn indices_of(&self, data_idx: usize) -> Range<usize> {
        self.stacks.get(data_idx).map_or(0..0, |stack| {
            let n = stack.per_sample * stack.shape.n_samples;
            stack.first..stack.first + n
        })
    }
}

/// The product of counts per axis, or a refusal if it cannot be counted.
pub(crate) fn product(
    data_idx: usize,
    mut counts: impl Iterator<Item = usize>,
) -> Result<usize, PatchingError> {
    counts.try_fold(1_usize, usize::checked_mul).ok_or(PatchingError::TooMany { data_idx })
}

/// Checks that patch and image have the same number of spatial axes.
pub(crate) fn check_rank(
    data_idx: usize,
    shape: &ImageShape,
    patch_size: Extent,
) -> Result<(), PatchingError> {
    let n_axes = shape.extent.n_axes();
    if n_axes == patch_size.n_axes() {
        Ok(())
    } else {
        Err(PatchingError::RankMismatch { patch_size, data_idx, n_axes })
    }
}

/// The whole part of a number, 0 for negative ones and the largest count for larger ones.
pub(crate) fn whole_number(value: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, which is what is asked for"
    )]
    let whole = value as usize;
    whole
}
