//! From a plan to lateral context, and to constructors over inputs alone.

use std::sync::Arc;

use patchweave_config::{ContextDepth, ContextSource, DataPlan, LateralPlan, PaddingPlan};
use patchweave_construct::{
    AlphaRange, BasicPatchConstr, ConstructError, LateralContext, PatchConstr, PatchExtractor,
    PredMsPatchConstr,
};
use patchweave_geometry::{Context, ContextPadding, GeometryError};
use patchweave_patching::Patching;

use crate::{NamedImages, PipelineError};

/// The constructor of a prediction over tiles.
pub(crate) fn prediction_constructor(
    data: &DataPlan,
    channels: Option<Vec<usize>>,
    tiles: Arc<dyn Patching>,
    images: &NamedImages,
) -> Result<Arc<dyn PatchConstr>, PipelineError> {
    input_constructor(data, channels, tiles, images.extractor_with_levels(n_levels(data))?)
}

/// The constructor over inputs alone, of images that are joined already.
pub(crate) fn input_constructor(
    data: &DataPlan,
    channels: Option<Vec<usize>>,
    strategy: Arc<dyn Patching>,
    input: PatchExtractor,
) -> Result<Arc<dyn PatchConstr>, PipelineError> {
    Ok(match &data.lateral {
        None => Arc::new(BasicPatchConstr::new(strategy, input, None, channels)?),
        Some(lateral) => {
            Arc::new(PredMsPatchConstr::new(strategy, input, lateral_context(lateral)?, channels)?)
        }
    })
}

/// How many levels of a pyramid the scales are read from.
pub(crate) fn n_levels(data: &DataPlan) -> usize {
    match &data.lateral {
        Some(lateral) if lateral.source == ContextSource::Pyramid => lateral.multiscale_count,
        _ => 1,
    }
}

/// What surrounds a patch and is used with it.
pub(crate) fn used_context(data: &DataPlan) -> Result<Context, PipelineError> {
    Ok(data.lateral.as_ref().map(context).transpose()?.unwrap_or(Context::none()))
}

/// The windows of a plan.
fn context(lateral: &LateralPlan) -> Result<Context, GeometryError> {
    let padding = match lateral.padding {
        PaddingPlan::Reflect => ContextPadding::Reflect,
        PaddingPlan::Wrap => ContextPadding::WrapWindow,
        PaddingPlan::WrapImage => ContextPadding::WrapImage,
        PaddingPlan::Constant { .. } => ContextPadding::Constant,
    };
    let context = Context::new(lateral.multiscale_count, padding)?;
    Ok(match lateral.depth {
        ContextDepth::Grow => context,
        ContextDepth::Keep => context.keeping_depth(),
    })
}

pub(crate) fn lateral_context(lateral: &LateralPlan) -> Result<LateralContext, GeometryError> {
    let windows = LateralContext::new(context(lateral)?);
    Ok(match lateral.padding {
        PaddingPlan::Constant { value } => {
            #[expect(clippy::cast_possible_truncation, reason = "pixels are f32")]
            let value = value as f32;
            windows.with_fill(value)
        }
        _ => windows,
    })
}

pub(crate) fn alpha_ranges(lateral: &LateralPlan) -> Result<Option<Vec<AlphaRange>>, ConstructError> {
    let ranges = lateral.alpha_ranges.as_ref();
    ranges
        .map(|ranges| ranges.iter().map(|range| AlphaRange::new(range.low, range.high)).collect())
        .transpose()
}
