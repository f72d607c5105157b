//! A data set: constructed, normalised and augmented samples by index.

use std::sync::Arc;

use patchweave_geometry::RegionSpec;
use patchweave_patching::{Draw, PatchRng, Round};
use patchweave_transform::{Augmentation, Normalizer, PlaneSymmetry};
use tracing::trace_span;

use crate::scratch::{NotFinite, Scratch};
use crate::{
    ConstructError, ImageMetadata, Job, PatchConstr, PatchConstrExt, PatchRole, SampleLayout, SampleViewMut,
};

/// An augmentation and, if it has one, its own seed.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentationStep {
    /// What is done.
    pub augmentation: Augmentation,
    /// Replaces the data set's seed for the draws of this step.
    pub seed: Option<u64>,
}

/// Samples by index, ready for a model: constructed, then normalised, then augmented.
///
/// A sample is a function of (data, configuration, seed, round, index) and of nothing else. Input and
/// target get the same augmentation; every step draws from a stream of its own.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor, Sample, Scratch};
/// use patchweave_geometry::Extent;
/// use patchweave_patching::RandomPatching;
/// use patchweave_stack::ArrayStack;
/// use patchweave_transform::{Normalizer, Scaling, TargetScaling};
///
/// let image = Array::from_elem((64, 64), 12_u16).into_dyn();
/// let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
/// let patching = RandomPatching::new(input.shapes(), Extent::new(&[16, 16])?)?;
/// let constr = BasicPatchConstr::new(patching, input, None, None)?;
/// let normalizer = Normalizer::new(Scaling::mean_std(&[10.0], &[1.0])?, TargetScaling::Missing);
/// let dataset = Dataset::new(Arc::new(constr), 42).with_normalizer(normalizer);
/// let mut sample = Sample::zeros(&dataset.layout(5)?)?;
/// dataset.write(5, 0, &mut Scratch::default(), sample.view_mut())?;
/// assert!((sample.input[[0, 0, 3, 3]] - 2.0).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Dataset {
    constr: Arc<dyn PatchConstr>,
    normalizer: Normalizer,
    augmentations: Vec<AugmentationStep>,
    seed: u64,
    is_repeating: bool,
    fails_not_finite: bool,
}

impl Dataset {
    /// Samples as the constructor makes them, drawn with `seed`.
    pub fn new(constr: Arc<dyn PatchConstr>, seed: u64) -> Self {
        let normalizer = Normalizer::none();
        let augmentations = Vec::new();
        Dataset { constr, normalizer, augmentations, seed, is_repeating: false, fails_not_finite: false }
    }

    /// The same with samples of another constructor.
    #[must_use]
    pub fn with_constr(&self, constr: Arc<dyn PatchConstr>) -> Self {
        Dataset { constr, ..self.clone() }
    }

    /// Normalises inputs and targets.
    #[must_use]
    pub fn with_normalizer(self, normalizer: Normalizer) -> Self {
        Dataset { normalizer, ..self }
    }

    /// Refuses samples with pixels that are infinite or no number, which are otherwise kept; see
    /// [`Scratch::not_finite`].
    #[must_use]
    pub fn failing_not_finite(self, fails: bool) -> Self {
        Dataset { fails_not_finite: fails, ..self }
    }

    /// Makes the same samples in every epoch, those of the first; for validation.
    #[must_use]
    pub fn repeating(self) -> Self {
        Dataset { is_repeating: true, ..self }
    }

    /// Augments, in the order of the list.
    ///
    /// # Errors
    /// [`ConstructError::NotSquare`] if a step may turn patches whose last two sizes differ.
    pub fn with_augmentations(self, augmentations: Vec<AugmentationStep>) -> Result<Self, ConstructError> {
        let may_turn = augmentations.iter().any(|step| step.augmentation.needs_square());
        if may_turn && self.constr.n_patches() > 0 {
            check_square(self.constr.layout(0)?.input.extent)?;
            // Stacks may be cut in sizes of their own. Where samples belong to no single stack, all have one size.
            for data_idx in 0..self.constr.input_shapes().len() {
                let Ok(indices) = self.constr.patch_indices(data_idx) else { break };
                if let Some(index) = indices.iter().next() {
                    check_square(self.constr.layout(index)?.input.extent)?;
                }
            }
        }
        Ok(Dataset { augmentations, ..self })
    }

    /// The constructor behind the samples.
    pub fn constr(&self) -> &Arc<dyn PatchConstr> {
        &self.constr
    }

    /// How samples are normalised, and predictions brought back.
    pub fn normalizer(&self) -> &Normalizer {
        &self.normalizer
    }

    /// How samples are augmented, in this order.
    pub fn augmentations(&self) -> &[AugmentationStep] {
        &self.augmentations
    }

    /// The seed of all draws.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many samples one epoch has.
    pub fn n_patches(&self) -> usize {
        self.constr.n_patches()
    }

    /// The shapes of sample `index`.
    ///
    /// # Errors
    /// [`ConstructError::Patching`] if there is no such sample.
    pub fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        self.constr.layout(index)
    }

    /// The metadata of the image that a sample was cut from; that of an input has the number of selected channels.
    pub fn metadata(&self, role: PatchRole, spec: &RegionSpec) -> Option<Arc<ImageMetadata>> {
        self.constr.sources().sample_metadata(role, spec)
    }

    /// Where sample `index` of a round is cut, without reading pixels; `None` if only making it tells.
    ///
    /// # Errors
    /// What the constructor reports.
    pub fn locate(
        &self,
        index: usize,
        round: impl Into<Round>,
    ) -> Result<Option<RegionSpec>, ConstructError> {
        self.constr.locate(index, &mut self.rng(index, round.into()))
    }

    fn rng(&self, index: usize, round: Round) -> PatchRng {
        let epoch = if self.is_repeating { 0 } else { round.epoch };
        PatchRng::for_patch(self.seed, Round { epoch, ..round }, index)
    }

    /// Writes sample `index` of a round, which an epoch may stand for, and returns where it was cut.
    ///
    /// Listeners to `tracing` see it as a span `patch`; spans of what its stacks do are in it.
    ///
    /// # Errors
    /// What the constructor and the normalisation report; [`ConstructError::PixelsNotFinite`] where that was asked
    /// for.
    pub fn write(
        &self,
        index: usize,
        round: impl Into<Round>,
        scratch: &mut Scratch,
        mut out: SampleViewMut<'_>,
    ) -> Result<RegionSpec, ConstructError> {
        let round = round.into();
        let _span = trace_span!("patch", index, epoch = round.epoch).entered();
        let mut lap = scratch.meter.start();
        let mut rng = self.rng(index, round);
        let job = Job::new(index, &mut rng, scratch);
        let constructed = self.constr.construct_into(job, out.reborrow());
        scratch.meter.constructed(&mut lap);
        let spec = constructed?;
        let symmetry = self.draw(&rng);
        lap.augmented();
        let input =
            scratch.finish(&mut lap, out.input, symmetry, |plane| self.normalizer.apply_input(plane))?;
        let target = match out.target {
            Some(target) => {
                scratch.finish(&mut lap, target, symmetry, |plane| self.normalizer.apply_target(plane))?
            }
            None => true,
        };
        scratch.not_finite = NotFinite { input: !input, target: !target };
        scratch.meter.end(&lap);
        if self.fails_not_finite && scratch.not_finite != NotFinite::default() {
            return Err(self.not_finite(index, &spec, scratch.not_finite));
        }
        Ok(spec)
    }

    fn not_finite(&self, index: usize, spec: &RegionSpec, found: NotFinite) -> ConstructError {
        let (patch_role, role) =
            if found.input { (PatchRole::Input, "input") } else { (PatchRole::Target, "target") };
        let source_name = self.metadata(patch_role, spec).map(|image| image.source.clone());
        let source_name = source_name.unwrap_or_else(|| "an image".to_owned());
        ConstructError::PixelsNotFinite { source_name, role, index }
    }

    fn draw(&self, rng: &PatchRng) -> PlaneSymmetry {
        let steps = (0..).zip(&self.augmentations);
        steps.fold(PlaneSymmetry::IDENTITY, |before, (place, step)| {
            let seed = step.seed.unwrap_or(self.seed);
            let mut own = rng.fork_seeded(seed, Draw::Augmentation(place));
            step.augmentation.draw(&mut own).after(before)
        })
    }
}

fn check_square(patch_size: patchweave_geometry::Extent) -> Result<(), ConstructError> {
    let [_, y, x] = patch_size.to_zyx();
    if y == x { Ok(()) } else { Err(ConstructError::NotSquare { patch_size }) }
}
