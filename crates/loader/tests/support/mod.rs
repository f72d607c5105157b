//! Data sets for tests, and what a consumer can see of a stream.
#![allow(clippy::unwrap_used, dead_code, reason = "a test that fails panics; no test uses all of it")]

use std::sync::Arc;

use ndarray::Array;
use patchweave_construct::{
    AugmentationStep, BasicPatchConstr, ConstructError, Dataset, Job, PatchConstr, PatchExtractor,
    SampleLayout, SampleViewMut, Sources,
};
use patchweave_geometry::{Extent, RegionSpec};
use patchweave_loader::{Batch, Batches, LoaderError, SampleId};
use patchweave_patching::{PatchRng, RandomPatching};
use patchweave_stack::{ArrayStack, ImageStack};
use patchweave_transform::{Augmentation, XyFlip};

/// An image of noise.
pub fn image(shape: &[usize], axes: &str, seed: usize) -> Arc<dyn ImageStack> {
    let mut value = seed;
    let image = Array::from_shape_simple_fn(shape, || {
        value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u16::try_from(value >> 48 & 0xffff).unwrap()
    });
    Arc::new(ArrayStack::new(image, &axes.parse().unwrap()).unwrap())
}

pub fn extractor(stacks: Vec<Arc<dyn ImageStack>>) -> PatchExtractor {
    PatchExtractor::new(stacks).unwrap()
}

/// Random patches of 8 × 8 pixels, flipped at random, of images of these sizes.
pub fn dataset(sizes: &[[usize; 2]], seed: u64) -> Dataset {
    let images = sizes.iter().enumerate().map(|(n, size)| image(size, "YX", n + 1)).collect();
    random_patches(images, &[8, 8], seed)
}

/// Random patches of any images, flipped at random.
pub fn random_patches(images: Vec<Arc<dyn ImageStack>>, patch: &[usize], seed: u64) -> Dataset {
    let input = extractor(images);
    let patching = RandomPatching::new(input.shapes(), Extent::new(patch).unwrap()).unwrap();
    let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
    let flip = Augmentation::XyFlip(XyFlip::new(true, true, 0.5).unwrap());
    Dataset::new(Arc::new(constr), seed)
        .with_augmentations(vec![AugmentationStep { augmentation: flip, seed: None }])
        .unwrap()
}

/// Everything of a batch that a consumer can see, to the bit.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub epoch: u64,
    pub batch_idx: usize,
    pub samples: Vec<SampleId>,
    pub specs: Vec<RegionSpec>,
    pub inputs: Vec<u32>,
}

impl Seen {
    pub fn of(batch: &Batch) -> Self {
        Seen {
            epoch: batch.epoch(),
            batch_idx: batch.batch_idx(),
            samples: batch.samples().collect(),
            specs: batch.specs().cloned().collect(),
            inputs: batch.inputs().iter().map(|value| value.to_bits()).collect(),
        }
    }
}

/// All batches, or the first error.
pub fn seen(batches: Batches) -> Result<Vec<Seen>, LoaderError> {
    batches.map(|batch| batch.map(|batch| Seen::of(&batch))).collect()
}

/// Runs before a patch of this index is made, instead of it if it fails.
pub type Hook = Box<dyn Fn(usize) -> Result<(), ConstructError> + Send + Sync>;

/// A constructor that does as another one does, but for a hook; it may keep to itself where patches are.
pub struct Hooked {
    inner: Arc<dyn PatchConstr>,
    before: Hook,
    /// Runs before a patch of this index is located.
    before_locating: Hook,
    tells_places: bool,
    sources: Sources,
}

impl Hooked {
    pub fn new(inner: Arc<dyn PatchConstr>, before: Hook) -> Self {
        let sources = inner.sources().clone();
        Hooked { inner, before, before_locating: Box::new(|_| Ok(())), tells_places: true, sources }
    }

    pub fn before_locating(self, hook: Hook) -> Self {
        Hooked { before_locating: hook, ..self }
    }

    /// Keeps to itself where patches are.
    pub fn without_places(self) -> Self {
        Hooked { tells_places: false, sources: self.sources.without_patches("it is a test"), ..self }
    }
}

/// A data set whose patches are made only after a hook was asked.
pub fn hooked(
    dataset: &Dataset,
    before: impl Fn(usize) -> Result<(), ConstructError> + Send + Sync + 'static,
) -> Dataset {
    let hooked = Hooked::new(Arc::clone(dataset.constr()), Box::new(before));
    Dataset::new(Arc::new(hooked), dataset.seed())
}

/// The failure that tests make.
pub fn no_such_image(index: usize) -> ConstructError {
    ConstructError::NoSuchImage { index, data_idx: 9, n_images: 1 }
}

impl PatchConstr for Hooked {
    fn n_patches(&self) -> usize {
        self.inner.n_patches()
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        self.inner.layout(index)
    }

    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        (self.before)(job.index)?;
        self.inner.construct_into(job, out)
    }

    fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        (self.before_locating)(index)?;
        if self.tells_places { self.inner.locate(index, rng) } else { Ok(None) }
    }
}
