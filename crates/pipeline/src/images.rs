//! The opened images of a run.

use std::path::PathBuf;
use std::sync::Arc;

use patchweave_config::{ByRole, DataPlan, RunPlan, TrainPlan};
use patchweave_construct::{ConstructError, PatchExtractor};
use patchweave_formats::ChunkCache;
use patchweave_sink::SinkFormats;
use patchweave_stack::{ExactStack, Identity, ImageStack};

/// The opened images of a run.
pub struct Images {
    /// The images of every role; those of roles that the run lacks are empty.
    pub roles: ByRole<NamedImages>,
    /// The images of other configurations that share the batches of the training.
    pub mixed: Vec<MixedImages>,
    /// Decoded chunks of all images together.
    pub(crate) cache: ChunkCache,
    /// The formats that results are written in.
    pub(crate) sinks: SinkFormats,
    /// Whether patches with pixels that are infinite or no number are errors.
    pub(crate) fails_not_finite: bool,
}

/// Stacks and the path each was opened from.
#[derive(Default, Clone)]
pub struct NamedImages {
    /// The stacks in the order of the configuration.
    pub stacks: Vec<Arc<dyn ImageStack>>,
    /// One path per stack; one path may hold several.
    pub paths: Vec<PathBuf>,
    /// For each stack the entry of the configuration that it comes from.
    pub(crate) entries: Vec<usize>,
    /// For each stack the levels of its pyramid, where scales are read from them.
    pub(crate) levels: Vec<Vec<Arc<dyn ImageStack>>>,
    /// Which image each stack is, also where its source does not say.
    pub(crate) identities: Vec<Identity>,
}

impl NamedImages {
    /// An extractor over the stacks, or over their pyramids where several levels are read.
    pub(crate) fn extractor_with_levels(&self, n_levels: usize) -> Result<PatchExtractor, ConstructError> {
        if n_levels > 1 {
            PatchExtractor::of_pyramids(self.levels.clone())
        } else {
            PatchExtractor::new(self.stacks.clone())
        }
    }

    /// Lets pixels that `f32` does not hold be errors, as labels need it.
    pub(crate) fn make_exact(&mut self) {
        let exact = |stack: &mut Arc<dyn ImageStack>| {
            let rounding = Arc::clone(stack);
            *stack = Arc::new(ExactStack::new(rounding));
        };
        self.stacks.iter_mut().chain(self.levels.iter_mut().flatten()).for_each(exact);
    }

    /// An extractor over the stacks, unless there are none.
    pub(crate) fn extractor_if_any(&self) -> Result<Option<PatchExtractor>, ConstructError> {
        if self.stacks.is_empty() { Ok(None) } else { self.extractor_with_levels(1).map(Some) }
    }
}

/// A configuration whose data is mixed into a training.
#[derive(Debug, Clone)]
pub struct MixedPlan {
    /// The configuration; its warnings name what is not used of it.
    pub plan: RunPlan,
    /// How many samples of a cycle come from it.
    pub ratio: usize,
}

/// The images of a configuration whose data is mixed into a training.
pub struct MixedImages {
    /// The configuration file.
    pub file: PathBuf,
    /// What its images are.
    pub data: DataPlan,
    /// Which of them it trains with.
    pub train: TrainPlan,
    /// How many samples of a cycle come from it.
    pub ratio: usize,
    /// Its images.
    pub images: Images,
    /// The whole configuration, for the lines of its keys.
    pub(crate) plan: RunPlan,
}

impl MixedImages {
    /// The configuration without its images.
    pub(crate) fn mixed_plan(&self) -> MixedPlan {
        MixedPlan { plan: self.plan.clone(), ratio: self.ratio }
    }
}

impl Images {
    /// The cache that all images share.
    #[must_use]
    pub fn cache(&self) -> &ChunkCache {
        &self.cache
    }

    /// Everything that training reads, sources that are drawn from first.
    pub(crate) fn training(&self) -> Vec<&NamedImages> {
        with_images(&self.roles.train_inputs, &self.roles.train_targets)
    }

    /// Everything that validation reads, if it has images of its own.
    pub(crate) fn validation(&self) -> Vec<&NamedImages> {
        with_images(&self.roles.val_inputs, &self.roles.val_targets)
    }
}

fn with_images<'a>(inputs: &'a NamedImages, targets: &'a [NamedImages]) -> Vec<&'a NamedImages> {
    std::iter::once(inputs).chain(targets).filter(|images| !images.stacks.is_empty()).collect()
}
