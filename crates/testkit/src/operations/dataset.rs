//! Data sets built from configurations: their items with what is told about them, and which images they take.

use std::sync::Arc;

use patchweave_config::{ConstructorPlan, DataPlan, Mode};
use patchweave_construct::{Dataset, PatchExtractor, PatchRole, Sample, Scratch};
use patchweave_patching::FixedPatching;
use patchweave_pipeline::{DatasetImages, Statistics, dataset_of};
use serde_json::{Value, json};

use super::axes::numbered;
use super::config::{given, is_microsplit, reference_form};
use super::construct::{metadata_fields, sample_spec};
use super::extract::array_stack;
use super::specs::read_specs;
use crate::golden::{NumericArray, OperationError, Outcomes, Request};

pub(super) fn item(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let is_microsplit = is_microsplit(request)?;
    let data = given(request, "config", is_microsplit)?;
    let image = request.required_input("image")?;
    let target = request.input("target")?.map(|target| extractor(&data, PatchRole::Target, vec![target]));
    let mut images = if is_microsplit && data.mode != Mode::Predicting && target.is_none() {
        // The one image of such a case has the channels that are mixed.
        let target = extractor(&data, PatchRole::Target, vec![image])?;
        DatasetImages::new(ConstructorPlan::MultiChannelTarget, None, vec![target])
    } else {
        let constructor = if is_microsplit { ConstructorPlan::Paired } else { ConstructorPlan::Basic };
        let input = extractor(&data, PatchRole::Input, vec![image])?;
        DatasetImages::new(constructor, Some(input), target.transpose()?.into_iter().collect())
    };
    if request.value("specs").is_some() {
        let fixed = FixedPatching::new(read_specs(request, "specs")?);
        images.strategies = Some(vec![Arc::new(fixed)]);
    }
    let (dataset, statistics) = dataset_of(&data, &images, &|| true)?;
    let outcomes = told(&data, &dataset, statistics)?;
    with_sample(outcomes, &dataset, request.natural("index")?)
}

/// What a data set tells about itself.
fn told(data: &DataPlan, dataset: &Dataset, statistics: Statistics) -> Result<Outcomes, OperationError> {
    let complete = DataPlan { normalization: statistics.normalization().clone(), ..data.clone() };
    let normalization = reference_form(&complete)?.get("normalization").cloned();
    Ok(Outcomes::default()
        .with("length", dataset.n_patches())
        .with("normalization", normalization)
        .with("axes", data.axes.to_string())
        .with("target_axes", data.target_axes().to_string()))
}

fn with_sample(outcomes: Outcomes, dataset: &Dataset, index: usize) -> Result<Outcomes, OperationError> {
    let layout = dataset.layout(index)?;
    let mut sample = Sample::zeros(&layout)?;
    let spec = dataset.write(index, 0, &mut Scratch::default(), sample.view_mut())?;
    let metadata =
        |role| dataset.metadata(role, &spec).map_or(Value::Null, |metadata| metadata_fields(&metadata));
    let of_input = metadata(PatchRole::Input);
    let of_target = metadata(PatchRole::Target);
    let mut outcomes = outcomes
        .with_reshaped("data", &sample.input, &layout.input.to_vec())?
        .with("dtype_of_data", "float32")
        .with("region_spec", sample_spec(dataset.constr().as_ref(), &spec)?)
        .with("target_shape", of_target["data_shape"].clone())
        .with("target_data_shape", of_target["data_shape"].clone());
    for key in ["source", "dtype", "data_shape", "original_data_shape", "additional_metadata"] {
        outcomes = outcomes.with(key, of_input[key].clone());
    }
    match (&sample.target, layout.target) {
        (Some(target), Some(layout)) => Ok(outcomes.with_reshaped("target", target, &layout.to_vec())?),
        _ => Ok(outcomes),
    }
}

/// Which images a configuration takes; their pixels do not matter.
pub(super) fn shapes(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let data = given(request, "config", is_microsplit(request)?)?;
    let arrays =
        request.natural_lists("shapes")?.iter().map(|shape| numbered(shape)).collect::<Result<_, _>>()?;
    let input = extractor(&data, PatchRole::Input, arrays)?;
    let images = DatasetImages::new(ConstructorPlan::Basic, Some(input), Vec::new());
    let (dataset, _) = dataset_of(&data, &images, &|| true)?;
    Ok(Outcomes::default().with("length", json!(dataset.n_patches())))
}

fn extractor(
    data: &DataPlan,
    role: PatchRole,
    arrays: Vec<NumericArray>,
) -> Result<PatchExtractor, OperationError> {
    let axes = match role {
        PatchRole::Input => &data.axes,
        PatchRole::Target => data.target_axes(),
    };
    let stacks = arrays.into_iter().map(|array| array_stack(array, axes));
    Ok(PatchExtractor::new(stacks.collect::<Result<_, _>>()?)?)
}
