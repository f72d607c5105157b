//! Statistics over all patches of a data set.

use ndarray::ArrayD;
use patchweave_construct::{BasicPatchConstr, FitOptions, PatchExtractor, fit_mean_std};
use patchweave_geometry::Axes;
use patchweave_patching::{FixedPatching, Patching, WholePatching};
use serde_json::{Map, json};

use super::extract::array_stack;
use super::normalize::Config;
use super::specs::read_specs;
use crate::golden::{CaseError, NumericArray, OperationError, Outcomes, Request, float, number};

pub(super) fn norm_fit(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let config = Config::read(request)?;
    if request.value("multiscale_count").is_some() {
        return Err(OperationError::NotSupported);
    }
    match config.name {
        "none" => Ok(Outcomes::default().with("stats", Map::new())),
        "mean_std" => mean_std(request, &config),
        _ => Err(OperationError::NotSupported),
    }
}

fn mean_std(request: &Request<'_>, config: &Config<'_>) -> Result<Outcomes, OperationError> {
    let mut stats = Map::new();
    let (input, target) = (config.pair("input")?, config.pair("target")?);
    let fit_input = input.lists.is_none();
    let mut fitted = None;
    let fit_target = target.lists.is_none() && !config.skip_target && request.flag("with_target", false)?;
    if fit_input || fit_target {
        let constr = constructor(request, fit_target)?;
        let options = FitOptions {
            per_channel: config.per_channel,
            with_target: fit_target,
            seed: 0,
            max_sample_bytes: usize::MAX,
        };
        fitted = Some(fit_mean_std(&constr, &options, &|| true)?);
    }
    let of_input = fitted.as_ref().map(|fit| [fit.input_means.clone(), fit.input_stds.clone()]);
    let of_target = fitted.filter(|_| fit_target).map(|fit| [fit.target_means, fit.target_stds]);
    for (pair, fitted) in [(input, of_input), (target, of_target)] {
        // Given statistics stay as they are.
        let lists = pair.lists.or(fitted).map(|lists| lists.map(Some)).unwrap_or_default();
        for (key, list) in pair.keys.into_iter().zip(lists) {
            let list = list.map(|list| list.into_iter().map(float).collect::<Vec<_>>());
            stats.insert(key, json!(list));
        }
    }
    Ok(Outcomes::default().with("stats", stats))
}

fn constructor(
    request: &Request<'_>,
    with_target: bool,
) -> Result<BasicPatchConstr<Box<dyn Patching>>, OperationError> {
    let image = image(request)?;
    let n_dimensions = image.shape().len();
    let canonical = || (if n_dimensions == 5 { "SCZYX" } else { "SCYX" }).parse::<Axes>();
    let axes = request.axes("axes")?.map_or_else(canonical, Ok)?;
    let input = PatchExtractor::new(vec![array_stack(image, &axes)?])?;
    let patching: Box<dyn Patching> = if request.flag("no_patches", false)? {
        Box::new(FixedPatching::new(Vec::new()))
    } else if request.value("constant_image").is_some() || request.value("specs").is_none() {
        Box::new(WholePatching::new(input.shapes())?)
    } else {
        Box::new(FixedPatching::new(read_specs(request, "specs")?))
    };
    let target_axes = request.axes("target_axes")?.unwrap_or(axes);
    let target = with_target
        .then(|| {
            PatchExtractor::new(vec![array_stack(request.required_input("target")?, &target_axes)?])
                .map_err(OperationError::from)
        })
        .transpose()?;
    Ok(BasicPatchConstr::new(patching, input, target, request.optional_naturals("channels")?)?)
}

fn image(request: &Request<'_>) -> Result<NumericArray, OperationError> {
    let Some(constant) = request.value("constant_image") else {
        return Ok(request.required_input("image")?);
    };
    let value = number(constant).ok_or_else(|| CaseError::Entry {
        name: "constant_image".to_owned(),
        got: constant.to_string(),
        expected: "a number",
    })?;
    Ok(ArrayD::from_elem(request.naturals("shape")?, value).into())
}
