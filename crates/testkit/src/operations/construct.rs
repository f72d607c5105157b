//! The basic constructor: patches of input and target with what is told about them.

use patchweave_construct::{
    BasicPatchConstr, BlockLayout, ChannelSource, ImageMetadata, PatchConstr, PatchConstrExt, PatchExtractor,
    PatchRole, Sample,
};
use patchweave_geometry::RegionSpec;
use patchweave_patching::{FixedPatching, PatchRng};
use serde_json::{Map, Value, json};

use super::extract::{array_stack, shape_lists};
use super::specs::{read_specs, spec_fields};
use crate::golden::{OperationError, Outcomes, Request};

pub(super) fn construct_basic(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let axes = request.required_axes("axes")?;
    let input = PatchExtractor::new(vec![array_stack(request.required_input("image")?, &axes)?])?;
    let target = if request.flag("with_target", false)? {
        let axes = request.axes("target_axes")?.unwrap_or(axes);
        Some(PatchExtractor::new(vec![array_stack(request.required_input("target")?, &axes)?])?)
    } else {
        None
    };
    let patching = FixedPatching::new(read_specs(request, "specs")?);
    let constr = BasicPatchConstr::new(patching, input, target, request.optional_naturals("channels")?)?;
    let mut outcomes = constructor_fields(&constr);
    if request.value("data_idx").is_some() {
        let indices: Vec<usize> = constr.patch_indices(request.natural("data_idx")?)?.iter().collect();
        outcomes = outcomes.with("patch_indices", indices);
    }
    if request.value("index").is_some() {
        let index = request.natural("index")?;
        let (sample, spec) = constr.construct_patch(index, &mut PatchRng::for_patch(0, 0, index))?;
        outcomes = sample_fields(&constr, index, &sample, &spec, outcomes)?;
    }
    Ok(outcomes)
}

/// What a constructor tells about itself.
pub(super) fn constructor_fields(constr: &dyn PatchConstr) -> Outcomes {
    let shapes = |role| {
        let images = constr.sources().of(role);
        images.map_or(Value::Null, |images| json!(shape_lists(images.shapes())))
    };
    Outcomes::default()
        .with("n_patches", constr.n_patches())
        .with("input_shapes", shapes(PatchRole::Input))
        .with("target_shapes", shapes(PatchRole::Target))
}

/// A sample and what is told about it.
pub(super) fn sample_fields(
    constr: &dyn PatchConstr,
    index: usize,
    sample: &Sample,
    spec: &RegionSpec,
    outcomes: Outcomes,
) -> Result<Outcomes, OperationError> {
    let layout = constr.layout(index)?;
    let metadata = |role| {
        let metadata = constr.sources().of(role).and_then(|images| images.metadata(spec));
        metadata.map_or(Value::Null, |metadata| metadata_fields(&metadata))
    };
    let principal = constr.principal_input(sample.input.view());
    let principal_layout = BlockLayout { n_channels: principal.shape()[0], ..layout.input };
    let outcomes = outcomes
        .with("spec", sample_spec(constr, spec)?)
        .with("input_metadata", metadata(PatchRole::Input))
        .with("target_metadata", metadata(PatchRole::Target))
        .with_reshaped("input", &sample.input, &layout.input.to_vec())?
        .with_reshaped("principal_input", &principal, &principal_layout.to_vec())?;
    match (&sample.target, layout.target) {
        (Some(target), Some(layout)) => Ok(outcomes.with_reshaped("target", target, &layout.to_vec())?),
        _ => Ok(outcomes),
    }
}

/// The spec of a sample with the number of tiles of its image.
pub(super) fn sample_spec(constr: &dyn PatchConstr, spec: &RegionSpec) -> Result<Value, OperationError> {
    let n_of_image = match spec.tile() {
        Some(tile) => constr.patch_indices(tile.patch.data_idx)?.len(),
        None => 0,
    };
    Ok(spec_fields(spec, |_| n_of_image))
}

pub(super) fn metadata_fields(metadata: &ImageMetadata) -> Value {
    let chunking = [("chunks", &metadata.chunks), ("shards", &metadata.shards)];
    let mut additional: Map<String, Value> = chunking
        .into_iter()
        .filter_map(|(key, sizes)| Some((key.to_owned(), json!(sizes.as_ref()?))))
        .collect();
    if !metadata.channels.is_empty() {
        let of_all = |field: fn(&ChannelSource) -> Value| metadata.channels.iter().map(field).collect();
        additional.extend([
            ("all_sources".to_owned(), of_all(|channel| json!(channel.source))),
            ("all_data_shapes".to_owned(), of_all(|channel| json!(channel.data_shape.to_vec()))),
            ("all_original_data_shapes".to_owned(), of_all(|channel| json!(channel.original.shape()))),
        ]);
    }
    json!({
        "source": metadata.source,
        "dtype": metadata.dtype,
        "data_shape": metadata.data_shape.to_vec(),
        "original_data_shape": metadata.original.shape(),
        "additional_metadata": additional,
    })
}
