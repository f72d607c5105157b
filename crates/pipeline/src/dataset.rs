//! One data set from a plan and images that the caller holds; the sections of a run are not needed.

use std::sync::Arc;

use patchweave_config::{ConstructorPlan, DataPlan, Mode, PatchingPlan, TilingPlan};
use patchweave_construct::{ConstructError, Dataset, PatchExtractor};
use patchweave_geometry::Extent;
use patchweave_loader::{LoaderOptions, Shapes};
use patchweave_patching::Patching;

use crate::constructors::input_constructor;
use crate::fitting::{Effort, of_patches};
use crate::parts::Parts;
use crate::sources::{Guides, strategy};
use crate::training::augmentation;
use crate::{KeepGoing, PipelineError, Statistics};

/// The images of a data set, and what it is drawn by besides its plan.
#[derive(Clone)]
pub struct DatasetImages {
    /// Which of the images a sample is made of; prediction always reads the input.
    pub constructor: ConstructorPlan,
    /// The inputs, unless they are mixed from targets.
    pub input: Option<PatchExtractor>,
    /// The targets, source by source; several sources only where they are independent.
    pub targets: Vec<PatchExtractor>,
    /// Masks of what is drawn from, for the mask filter of the plan.
    pub masks: Option<PatchExtractor>,
    /// Weights of what is drawn from, for a plan that draws by them.
    pub weights: Option<PatchExtractor>,
    /// Strategies in place of that of the plan, one for each source that is drawn from.
    pub strategies: Option<Vec<Arc<dyn Patching>>>,
    /// What the loader does with whole images of different shapes.
    pub shapes: Shapes,
}

impl DatasetImages {
    /// Images that are drawn as the plan says, without masks and weights.
    pub fn new(
        constructor: ConstructorPlan,
        input: Option<PatchExtractor>,
        targets: Vec<PatchExtractor>,
    ) -> Self {
        DatasetImages {
            constructor,
            input,
            targets,
            masks: None,
            weights: None,
            strategies: None,
            shapes: Shapes::Equal,
        }
    }
}

/// Builds the data set of a plan, with the statistics it is normalised by.
///
/// Statistics that the plan lacks are computed over all patches of the first epoch. No patches are split off for
/// validation; only the mode training augments, and mixes channels by chance.
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_config::{ConstructorPlan, DataRules, parse_data_config};
/// use patchweave_construct::PatchExtractor;
/// use patchweave_pipeline::{DatasetImages, dataset_of};
/// use patchweave_stack::ArrayStack;
///
/// let text = "{mode: training, data_type: array, axes: YX, patching: {name: random, patch_size: [8, 8]},
///     normalization: {name: mean_std}}";
/// let data = parse_data_config(text, Path::new("a.yaml"), DataRules::Own)?;
/// let images = |shape| {
///     let image = ArrayStack::new(Array::<u8, _>::zeros(shape).into_dyn(), &data.axes)?;
///     let input = PatchExtractor::new(vec![Arc::new(image)])?;
///     Ok::<_, Box<dyn std::error::Error>>(DatasetImages::new(ConstructorPlan::Basic, Some(input), vec![]))
/// };
/// let (dataset, statistics) = dataset_of(&data, &images([16, 24])?, &|| true)?;
/// assert_eq!((dataset.n_patches(), statistics.pairs().0), (6, vec![(0.0, 0.0)]));
///
/// let error = dataset_of(&data, &images([16, 7])?, &|| true).err().unwrap();
/// assert_eq!(error.to_string(), "image array has size 16 × 7, expected at least the patch size 8 × 8");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PipelineError::Unusable`] where thresholds, filters or weights leave nothing, [`PipelineError::SmallImage`] if patches do not fit, unless for prediction;
/// [`PipelineError::UnequalSizes`] if batches of whole images cannot be made; what strategies, constructors and
/// statistics report.
pub fn dataset_of(
    data: &DataPlan,
    images: &DatasetImages,
    keep_going: KeepGoing<'_>,
) -> Result<(Dataset, Statistics), PipelineError> {
    let constructor = images.constructor;
    let input = images.input.clone();
    let targets = images.targets.clone();
    let parts = Parts { constructor, input, targets };
    let drawn = match data.mode {
        Mode::Predicting => images.input.iter().collect(),
        Mode::Training | Mode::Validating => parts.drawn(),
    };
    check_sizes(data, images.shapes, &drawn)?;
    let guides = Guides { masks: images.masks.clone(), weights: images.weights.clone() };
    // A caller that holds the images can look at them; only what leaves nothing at all is an error.
    let of_plan =
        |source: &&PatchExtractor| Ok(strategy(data, source, &guides, &mut Vec::new(), keep_going)?.shared());
    let strategies = match &images.strategies {
        Some(strategies) => strategies.clone(),
        None => drawn.iter().map(of_plan).collect::<Result<_, PipelineError>>()?,
    };
    let got = strategies.len();
    let expected = drawn.len();
    if got != expected {
        return Err(PipelineError::StrategyCount { got, expected });
    }
    let (constr, fitted_on) = match (data.mode, drawn.first(), strategies.first()) {
        (Mode::Predicting, Some(&input), Some(tiles)) => {
            let tiles = input_constructor(data, data.channels.clone(), Arc::clone(tiles), input.clone())?;
            (Arc::clone(&tiles), tiles)
        }
        (Mode::Predicting, ..) => return Err(ConstructError::NoImages.into()),
        (Mode::Training | Mode::Validating, ..) => {
            if data.lateral.is_some() && !constructor.is_lateral() {
                return Err(PipelineError::UnusedContext);
            }
            let for_training = data.mode == Mode::Training;
            let constr = parts.constructor(data, strategies.clone(), for_training)?;
            (constr, parts.fitting_constructor(data, strategies, for_training)?)
        }
    };
    let effort = Effort {
        tolerance: None,
        max_bytes: LoaderOptions::default().prefetch_bytes,
        n_threads: data.n_threads(&data.train_loader),
    };
    let statistics = of_patches(data, &*fitted_on, effort, keep_going)?;
    let augmentations = match data.mode {
        Mode::Training => data.augmentations.iter().map(augmentation).collect::<Result<_, _>>()?,
        Mode::Validating | Mode::Predicting => Vec::new(),
    };
    let dataset = Dataset::new(constr, data.seed)
        .with_normalizer(statistics.normalizer()?)
        .with_augmentations(augmentations)?;
    Ok((dataset, statistics))
}

/// Checks that patches fit into images, and that whole images fit into one batch.
fn check_sizes(data: &DataPlan, shapes: Shapes, drawn: &[&PatchExtractor]) -> Result<(), PipelineError> {
    let source_name =
        |images: &PatchExtractor, at| images.info(at).map_or_else(String::new, |info| info.source.clone());
    for &images in drawn {
        let mut sizes = images.shapes().iter().map(|shape| shape.extent);
        if let (Some(patch_size), false) = (data.patching.training_size(), data.mode == Mode::Predicting) {
            let is_small = |size: Extent| patch_size.n_axes() == size.n_axes() && !size.covers(&patch_size);
            if let Some((at, size)) = sizes.enumerate().find(|(_, size)| is_small(*size)) {
                return Err(PipelineError::SmallImage {
                    source_name: source_name(images, at),
                    size,
                    patch_size,
                });
            }
        } else if data.patching == PatchingPlan::Tiling(TilingPlan::Whole)
            && data.batch_size > 1
            && shapes == Shapes::Equal
            && let Some(first) = sizes.next()
            && let Some((behind, size)) = sizes.enumerate().find(|(_, size)| *size != first)
        {
            let source_name = source_name(images, behind + 1);
            return Err(PipelineError::UnequalSizes {
                batch_size: data.batch_size,
                source_name,
                size,
                first,
            });
        }
    }
    Ok(())
}
