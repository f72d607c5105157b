//! Steps of format 0.4.

use super::field::{Field, Reader};
use super::step_kwargs::{
    Tensor, deviations, eps, is_step, kwargs, numbers_or, percentiles, reference, refuse_unsupported,
};
use crate::{AxisDescr, Bound, Over, Scope, Step};

/// Reads a step.
pub(super) fn step<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, field: &Field<'t>) -> Option<Step> {
    let name = field.need(reader, "name", "the name of a step")?;
    let id = name.text(reader, "the name of a step")?;
    if id == "scale_mean_variance" && !tensor.is_output {
        return reader.refuse(&name, "a step of a preprocessing; this one is for a postprocessing");
    }
    // What is not supported has other keys.
    if is_step(id) && !field.only(reader, &["name", "kwargs"]) {
        return None;
    }
    match id {
        "binarize" => binarize(reader, tensor, field),
        "clip" => clip(reader, tensor, field),
        "scale_linear" => scale_linear(reader, tensor, field),
        "sigmoid" => sigmoid(reader, tensor, field),
        "zero_mean_unit_variance" => zero_mean_unit_variance(reader, tensor, field),
        "scale_range" => scale_range(reader, tensor, field),
        "scale_mean_variance" => scale_mean_variance(reader, tensor, field),
        other => refuse_unsupported(reader, &name, other),
    }
}

fn binarize<'t>(reader: &mut Reader<'t>, _: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["threshold"])?;
    let field = kwargs.need(reader, "threshold", "a number")?;
    let threshold = field.number(reader, f64::MIN..=f64::MAX, "a number")?;
    Some(Step::Binarize { threshold: vec![threshold] })
}

fn clip<'t>(reader: &mut Reader<'t>, _: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["min", "max"])?;
    let bound = |reader: &mut Reader<'t>, key: &str| {
        let field = kwargs.need(reader, key, "a number")?;
        field.number(reader, f64::MIN..=f64::MAX, "a number")
    };
    let low = bound(reader, "min");
    let (low, high) = (low?, bound(reader, "max")?);
    if low >= high {
        let found = format!("got bounds {low} and {high}");
        return reader.refuse_found(&kwargs.path, found, "the first below the second");
    }
    let over = Over { scope: Scope::Sample, per_channel: false };
    Some(Step::Clip { low: Some(Bound::Value(low)), high: Some(Bound::Value(high)), over })
}

fn scale_linear<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["gain", "offset", "axes"])?;
    let axes = match kwargs.get("axes") {
        None => Some(()),
        Some(field) => along(reader, tensor, &field, Scope::Sample).map(|_| ()),
    };
    let gain = numbers_or(reader, tensor, &kwargs, "gain", 1.0);
    let offset = numbers_or(reader, tensor, &kwargs, "offset", 0.0);
    axes?;
    Some(Step::ScaleLinear { gain: gain?, offset: offset? })
}

fn sigmoid<'t>(reader: &mut Reader<'t>, _: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    kwargs(reader, step, &[]).map(|_| Step::Sigmoid)
}

fn zero_mean_unit_variance<'t>(
    reader: &mut Reader<'t>,
    tensor: &Tensor<'_>,
    step: &Field<'t>,
) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["mode", "axes", "mean", "std", "eps"])?;
    let eps = eps(reader, &kwargs);
    let is_fixed = kwargs.get("mode").is_none_or(|mode| mode.value == &"fixed".into());
    if !is_fixed {
        if let Some(field) = kwargs.get("mean").or_else(|| kwargs.get("std")) {
            return reader.refuse(&field, "none, because the mode is not fixed");
        }
        let over = over(reader, tensor, &kwargs);
        return Some(Step::ZeroMeanUnitVariance { over: over?, eps: eps? });
    }
    let axes = kwargs.need(reader, "axes", AXES);
    let axes = axes.and_then(|axes| along(reader, tensor, &axes, Scope::Sample));
    let mean = kwargs.need(reader, "mean", "a number");
    let mean = mean.and_then(|mean| tensor.numbers(reader, &mean));
    let std = kwargs.need(reader, "std", "a number");
    let std = std.and_then(|std| deviations(reader, tensor, &std));
    axes?;
    Some(Step::FixedZeroMeanUnitVariance { mean: mean?, std: std?, eps: eps? })
}

fn scale_range<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let known = ["mode", "axes", "min_percentile", "max_percentile", "eps", "reference_tensor"];
    let kwargs = kwargs(reader, step, &known)?;
    let over = over(reader, tensor, &kwargs);
    let percentiles = percentiles(reader, &kwargs);
    let eps = eps(reader, &kwargs);
    let of_input = match kwargs.get("reference_tensor") {
        None => Some(false),
        Some(field) => reference(reader, tensor, &field).map(|()| true),
    };
    Some(Step::ScaleRange { percentiles: percentiles?, over: over?, eps: eps?, of_input: of_input? })
}

fn scale_mean_variance<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["mode", "reference_tensor", "axes", "eps"])?;
    let eps = eps(reader, &kwargs);
    let over = match kwargs.get("axes") {
        Some(_) => over(reader, tensor, &kwargs),
        None => {
            let scope = mode(reader, &kwargs);
            scope.map(|scope| Over { scope, per_channel: false })
        }
    };
    let field = kwargs.need(reader, "reference_tensor", "the name of the input")?;
    reference(reader, tensor, &field)?;
    Some(Step::ScaleMeanVariance { over: over?, eps: eps? })
}

const AXES: &str = "letters of czyx, axes of the tensor";

/// Reads `mode` and `axes`.
fn over<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, kwargs: &Field<'t>) -> Option<Over> {
    let scope = mode(reader, kwargs);
    let axes = kwargs.need(reader, "axes", AXES)?;
    along(reader, tensor, &axes, scope?)
}

fn mode<'t>(reader: &mut Reader<'t>, kwargs: &Field<'t>) -> Option<Scope> {
    let expected = "per_sample or per_dataset";
    let mode = kwargs.need(reader, "mode", expected)?;
    match mode.text(reader, expected)? {
        "per_sample" => Some(Scope::Sample),
        "per_dataset" => Some(Scope::Dataset),
        _ => reader.refuse(&mode, expected),
    }
}

/// Reads axes by their letters.
fn along<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, field: &Field<'t>, scope: Scope) -> Option<Over> {
    let letters = field.text(reader, AXES)?;
    let axis = |letter: char| {
        let own = |axis: &&AxisDescr| axis.kind.letter().eq_ignore_ascii_case(&letter);
        tensor.axes.iter().filter(|_| letter != 'b').find(own)
    };
    let along: Option<Vec<&AxisDescr>> = letters.chars().map(axis).collect();
    let Some(along) = along else { return reader.refuse(field, AXES) };
    tensor.over(reader, field, &along, scope)
}
