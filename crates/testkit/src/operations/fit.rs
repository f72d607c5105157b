//! Statistics over all patches of a data set.

use ndarray::ArrayD;
use patchweave_construct::{
    BasicPatchConstr, ChannelStatistics, FitOptions, PatchConstr, PatchExtractor, Statistic, fit,
};
use patchweave_geometry::Axes;
use patchweave_patching::{FixedPatching, Patching, WholePatching};
use serde_json::{Map, Value, json};

use super::extract::array_stack;
use super::mixing;
use super::normalize::Config;
use super::specs::read_specs;
use crate::golden::{CaseError, NumericArray, OperationError, Outcomes, Request, float, number};

pub(super) fn norm_fit(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let config = Config::read(request)?;
    if config.name == "none" {
        return Ok(Outcomes::default().with("stats", Map::new()));
    }
    let with_target = request.flag("with_target", request.value("multiscale_count").is_some())?;
    let constr: Box<dyn PatchConstr> = match request.value("multiscale_count") {
        Some(_) => Box::new(mixing::multi_channel_constructor(request)?),
        None => Box::new(constructor(request, with_target)?),
    };
    Ok(Outcomes::default().with("stats", fitted(&config, &*constr, with_target)?))
}

/// The statistics of a configuration, those it lacks computed over all patches.
pub(super) fn fitted(
    config: &Config<'_>,
    constr: &dyn PatchConstr,
    with_target: bool,
) -> Result<Map<String, Value>, OperationError> {
    let input = config.pair("input")?;
    let target = config.pair("target")?;
    let fits_target = target.lists.is_none() && !config.skip_target && with_target;
    let mut found = None;
    if input.lists.is_none() || fits_target {
        let options = FitOptions {
            statistic: config.statistic()?,
            per_channel: config.per_channel,
            with_input: input.lists.is_none(),
            with_target: fits_target,
            seed: 0,
            tolerance: None,
            max_bytes: usize::MAX,
        };
        found = Some(fit(constr, &options, &|| true)?);
    }
    let lists = |statistics: &ChannelStatistics| [statistics.first.clone(), statistics.second.clone()];
    let (of_input, of_target) = found.map_or((None, None), |found| (found.input, found.target));
    let of_input = of_input.as_ref().map(lists);
    let of_target = of_target.as_ref().map(lists);
    let mut stats = Map::new();
    if let Statistic::Quantile { lower, upper, .. } = config.statistic()? {
        stats.insert("lower_quantiles".to_owned(), json!(lower));
        stats.insert("upper_quantiles".to_owned(), json!(upper));
    }
    for (pair, fitted) in [(input, of_input), (target, of_target)] {
        // Given statistics stay as they are.
        let lists = pair.lists.or(fitted);
        if let (Some([lows, highs]), false) = (&lists, config.name == "mean_std")
            && lows.iter().zip(highs).any(|(low, high)| low >= high)
        {
            return Err(OperationError::refused("lower limits must be below upper limits"));
        }
        let lists = lists.map(|lists| lists.map(Some)).unwrap_or_default();
        for (key, list) in pair.keys.into_iter().zip(lists) {
            let list = list.map(|list| list.into_iter().map(float).collect::<Vec<_>>());
            stats.insert(key, json!(list));
        }
    }
    Ok(stats)
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
