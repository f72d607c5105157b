//! Proof that training uses no pixel of validation patches, or the patch that does.

use std::collections::BTreeMap;
use std::fmt;

use patchweave_geometry::{Context, Extent, ImageShape, PatchSpec, PerAxis, coordinate};

use crate::conflict::{Conflicts, Pixels};
use crate::fixed::patches;
use crate::starts::{Kind, StartSet};
use crate::{FixedPatching, Patching, PatchingError};

/// A pixel that training and validation share; found by [`LeakSearch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leak {
    /// Which validation patch.
    pub val_index: usize,
    /// Its spec.
    pub val: PatchSpec,
    /// A training patch that can be drawn.
    pub train: PatchSpec,
    /// A pixel that both use, counted in the image they come from.
    pub pixel: PerAxis<usize>,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Leak { val_index, val, train, pixel } = self;
        write!(
            f,
            "pixel {pixel:?} of image {}, sample {} is used by validation patch {val_index} at {:?} and by the \
             training patch at {:?}",
            train.data_idx, train.sample_idx, val.coords, train.coords
        )
    }
}

/// A sample of a training image that has planes of a sample of a validation image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedSample {
    /// The training image.
    pub data_idx: usize,
    /// Its sample.
    pub sample_idx: usize,
    /// Planes that are the same, as positions along Z: in the validation image, and in the training image.
    pub depths: Vec<(usize, usize)>,
}

/// For samples of validation images, called by image and sample, the training samples that have planes of them.
pub type SharedSamples = BTreeMap<(usize, usize), Vec<SharedSample>>;

/// Looks for pixels that training and validation share, at any scale of lateral context and after padding.
///
/// No patch is drawn: for each validation patch the starts of all training patches that would use one of its
/// pixels are computed, and the training strategy tells whether it can draw one of them.
///
/// ```
/// use patchweave_geometry::{Context, Extent, ImageShape, PatchSpec, PerAxis};
/// use patchweave_patching::{FixedPatching, LeakSearch, RandomPatching};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 64, 64])?];
/// let train = RandomPatching::new(&shapes, Extent::new(&[8, 8])?)?;
/// let val = FixedPatching::new(vec![
///     PatchSpec {
///         data_idx: 0,
///         sample_idx: 0,
///         coords: PerAxis::new(&[16, 0])?,
///         patch_size: Extent::new(&[8, 8])?,
///     }
///     .into(),
/// ]);
/// let search = LeakSearch::new(&shapes, Context::none());
/// let leak = search.find(&train, &val)?.expect("random patches may be anywhere");
/// assert_eq!(
///     leak.to_string(),
///     "pixel [16, 0] of image 0, sample 0 is used by validation patch 0 at [16, 0] and by the training patch at [9, 0]"
/// );
/// // The validation patches come from an image that training does not have.
/// assert_eq!(search.with_stacks(&[None]).find(&train, &val)?, None);
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LeakSearch<'a> {
    images: &'a [ImageShape],
    context: Context,
    shared: Shared<'a>,
    val_images: &'a [ImageShape],
    val_context: Context,
}

/// Where validation images stand in the training.
#[derive(Debug, Clone, Copy)]
enum Shared<'a> {
    SameIndex,
    Stacks(&'a [Option<usize>]),
    Samples(&'a SharedSamples),
}

impl<'a> LeakSearch<'a> {
    /// A search in training images of these shapes, where training and validation patches have one context.
    ///
    /// Validation stacks are the training stacks of the same index.
    pub fn new(images: &'a [ImageShape], context: Context) -> Self {
        LeakSearch { images, context, shared: Shared::SameIndex, val_images: &[], val_context: context }
    }

    /// Says for every validation stack which training stack holds the same image, if any does.
    #[must_use]
    pub fn with_stacks(self, train_stacks: &'a [Option<usize>]) -> Self {
        LeakSearch { shared: Shared::Stacks(train_stacks), ..self }
    }

    /// Says for validation images of these shapes, whose patches have this context, which training samples have planes
    /// of theirs; samples that are not named share none.
    #[must_use]
    pub fn with_samples(
        self,
        val_images: &'a [ImageShape],
        context: Context,
        shared: &'a SharedSamples,
    ) -> Self {
        LeakSearch { shared: Shared::Samples(shared), val_images, val_context: context, ..self }
    }

    /// A shared pixel, or `None`, which proves that there is none.
    ///
    /// # Errors
    /// [`PatchingError::UnknownStarts`] if the strategy does not tell where its patches start,
    /// [`PatchingError::NoImage`] if a validation patch is of a stack that nothing is said about,
    /// [`PatchingError::Geometry`] for patches of another rank than their image.
    pub fn find(&self, train: &dyn Patching, val: &FixedPatching) -> Result<Option<Leak>, PatchingError> {
        for ((data_idx, sample_idx), val_patches) in self.by_sample(val)? {
            let image = self.train_image(data_idx)?;
            let in_sample = InSample { data_idx, sample_idx, image, context: self.context, val_patches };
            let leak = match train.starts(data_idx, sample_idx).0 {
                Kind::Unknown => return Err(PatchingError::UnknownStarts { data_idx, sample_idx }),
                Kind::Listed(patches) => in_sample.among_listed(patches)?,
                Kind::Among(starts) => in_sample.among(&*starts)?,
            };
            if leak.is_some() {
                return Ok(leak);
            }
        }
        Ok(None)
    }

    fn train_image(&self, data_idx: usize) -> Result<Extent, PatchingError> {
        Ok(self.images.get(data_idx).ok_or(PatchingError::NoImage { data_idx })?.extent)
    }

    /// Validation patches with their indices and pixels, by the training sample that they come from.
    fn by_sample(&self, val: &FixedPatching) -> Result<PatchesBySample, PatchingError> {
        let mut by_sample = PatchesBySample::new();
        for (val_index, spec) in val.specs().iter().enumerate() {
            for patch in patches(spec) {
                for (sample, pixels) in self.in_training(patch)? {
                    let val_patch = ValPatch { index: val_index, patch: *patch, pixels };
                    by_sample.entry(sample).or_default().push(val_patch);
                }
            }
        }
        Ok(by_sample)
    }

    /// The training samples that have pixels of a validation patch, and the pixels as they count there.
    fn in_training(&self, patch: &PatchSpec) -> Result<PixelsBySample, PatchingError> {
        let PatchSpec { data_idx, sample_idx, .. } = *patch;
        let no_image = PatchingError::NoImage { data_idx };
        let same = match self.shared {
            Shared::SameIndex => Some(data_idx),
            Shared::Stacks(stacks) => *stacks.get(data_idx).ok_or(no_image)?,
            Shared::Samples(shared) => {
                let Some(samples) = shared.get(&(data_idx, sample_idx)) else { return Ok(Vec::new()) };
                let image = self.val_images.get(data_idx).ok_or(no_image)?.extent;
                let pixels = Pixels::of(patch, &image, &self.val_context)?;
                let moved = samples.iter().map(|shared| {
                    let sample = (shared.data_idx, shared.sample_idx);
                    (sample, pixels.clone().at_depths(&shared.depths))
                });
                return Ok(moved.collect());
            }
        };
        let Some(train_idx) = same else { return Ok(Vec::new()) };
        let pixels = Pixels::of(patch, &self.train_image(train_idx)?, &self.context)?;
        Ok(vec![((train_idx, sample_idx), pixels)])
    }
}

/// Training samples, and pixels of them.
type PixelsBySample = Vec<((usize, usize), Pixels)>;

type PatchesBySample = BTreeMap<(usize, usize), Vec<ValPatch>>;

/// A validation patch and the pixels of a training sample that it uses.
struct ValPatch {
    index: usize,
    patch: PatchSpec,
    pixels: Pixels,
}

/// The search in one training sample.
struct InSample {
    data_idx: usize,
    sample_idx: usize,
    image: Extent,
    context: Context,
    val_patches: Vec<ValPatch>,
}

impl InSample {
    fn among_listed(
        &self,
        train: impl Iterator<Item = Result<PatchSpec, PatchingError>>,
    ) -> Result<Option<Leak>, PatchingError> {
        for train in train {
            let train = train?;
            let pixels = self.pixels(&train)?;
            for val in &self.val_patches {
                if let Some(pixel) = pixels.shared(&val.pixels) {
                    return Ok(Some(self.leak(val, train, pixel)));
                }
            }
        }
        Ok(None)
    }

    fn among(&self, starts: &dyn StartSet) -> Result<Option<Leak>, PatchingError> {
        let patch_size = starts.patch_size();
        let mut conflicts = Conflicts::new(self.context, self.image, patch_size)?;
        for val in &self.val_patches {
            let found =
                conflicts.with_pixels(&val.pixels)?.iter().find_map(|within| starts.start_within(within));
            let Some(start) = found else { continue };
            let coords = self.along_axes(start).map(coordinate);
            let data_idx = self.data_idx;
            let sample_idx = self.sample_idx;
            let train = PatchSpec { data_idx, sample_idx, coords, patch_size };
            if let Some(pixel) = self.pixels(&train)?.shared(&val.pixels) {
                return Ok(Some(self.leak(val, train, pixel)));
            }
        }
        Ok(None)
    }

    fn pixels(&self, patch: &PatchSpec) -> Result<Pixels, PatchingError> {
        Ok(Pixels::of(patch, &self.image, &self.context)?)
    }

    fn along_axes(&self, zyx: [usize; 3]) -> PerAxis<usize> {
        self.image.per_axis().of_zyx(zyx)
    }

    fn leak(&self, val: &ValPatch, train: PatchSpec, pixel: [usize; 3]) -> Leak {
        Leak { val_index: val.index, val: val.patch, train, pixel: self.along_axes(pixel) }
    }
}
