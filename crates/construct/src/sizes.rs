//! Rules about sizes that all constructors share: checked when they are built, or before they write.

use ndarray::ArrayViewMut4;
use patchweave_geometry::{Extent, PatchSpec, RegionSpec};
use patchweave_patching::Patching;

use crate::{BlockLayout, ConstructError, LateralContext, PatchExtractor, SampleLayout, SampleViewMut};

/// Checks that memory has the shapes of a sample.
pub(crate) fn check_output(out: &SampleViewMut<'_>, layout: &SampleLayout) -> Result<(), ConstructError> {
    check_block("input", &out.input, Some(&layout.input))?;
    match &out.target {
        Some(target) => check_block("target", target, layout.target.as_ref()),
        None => Ok(()),
    }
}

fn check_block(
    role: &'static str,
    out: &ArrayViewMut4<'_, f32>,
    layout: Option<&BlockLayout>,
) -> Result<(), ConstructError> {
    let expected = layout.map_or([0; 4], BlockLayout::to_czyx);
    if out.shape() == expected {
        return Ok(());
    }
    Err(ConstructError::OutputShape { role, got: out.shape().to_vec(), expected: expected.to_vec() })
}

/// Checks that the windows of every patch can be addressed and, if channels are cut at different places, that
/// all patches have one size. Most strategies give all patches of a stack the same size, so one of each is looked
/// at; a list of patches that differ is found out when they are cut.
pub(crate) fn check_windows<'a, P: Patching + ?Sized + 'a>(
    sources: impl IntoIterator<Item = (&'a P, &'a PatchExtractor)>,
    context: &LateralContext,
    places_differ: bool,
) -> Result<(), ConstructError> {
    let sources: Vec<_> = sources.into_iter().collect();
    // One channel that is read from levels makes all of them be.
    let with_levels = sources.iter().any(|(_, images)| images.has_levels());
    let mut first: Option<Extent> = None;
    for (patching, images) in sources {
        if with_levels {
            check_levels(images, context)?;
        }
        for data_idx in 0..images.shapes().len() {
            let Some(index) = patching.indices_of(data_idx).iter().next() else { continue };
            let patch_size = patching.patch_size(index)?;
            context.context().window(&patch_size)?;
            let &mut expected = first.get_or_insert(patch_size);
            if places_differ && patch_size != expected {
                return Err(ConstructError::UnequalPatches { patch_size, expected });
            }
        }
    }
    Ok(())
}

/// Checks that every scale has its level.
fn check_levels(images: &PatchExtractor, context: &LateralContext) -> Result<(), ConstructError> {
    for (data_idx, shape) in images.shapes().iter().enumerate() {
        let full = shape.extent;
        for scale in 1..context.context().n_scales() {
            let info = images.level(0, data_idx, scale)?.info();
            let got = info.shape().extent;
            let factors = context.context().factors(scale, full.n_axes());
            let factors = full.per_axis().of_zyx(factors);
            let sizes = full.per_axis().map_indexed(|axis, n| n.div_ceil(factors[axis]));
            let expected = Extent::try_from(sizes)?;
            if got.iter().zip(sizes.iter()).any(|(got, size)| got.abs_diff(size) > 1) {
                let source_name = info.source.clone();
                return Err(ConstructError::LevelSize { source_name, got, expected, scale, full });
            }
        }
    }
    Ok(())
}

/// The patch of a spec whose channels come from one place.
pub(crate) fn plain_patch(index: usize, spec: &RegionSpec) -> Result<&PatchSpec, ConstructError> {
    match spec {
        RegionSpec::Patch(patch) => Ok(patch),
        RegionSpec::Tile(tile) => Ok(&tile.patch),
        RegionSpec::Uncorrelated(_) => Err(ConstructError::UncorrelatedSpec { index }),
    }
}
