//! Steps of format 0.5.

use patchweave_config::ConfigValue;

use super::field::{Field, Reader};
use super::step_kwargs::{
    Tensor, deviations, eps, is_step, kwargs, max_percentile, min_percentile, numbers_or, percentiles,
    reference, refuse_unsupported,
};
use crate::{AxisDescr, AxisKind, Bound, DataType, Over, Scope, Step};

/// Reads a step.
pub(super) fn step<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, field: &Field<'t>) -> Option<Step> {
    let name = field.need(reader, "id", "the name of a step")?;
    let id = name.text(reader, "the name of a step")?;
    if id == "scale_mean_variance" && !tensor.is_output {
        return reader.refuse(&name, "a step of a preprocessing; this one is for a postprocessing");
    }
    // What is not supported has other keys.
    if is_step(id) && !field.only(reader, &["id", "kwargs"]) {
        return None;
    }
    match id {
        "ensure_dtype" => ensure_dtype(reader, tensor, field),
        "binarize" => binarize(reader, tensor, field),
        "clip" => clip(reader, tensor, field),
        "scale_linear" => scale_linear(reader, tensor, field),
        "sigmoid" => sigmoid(reader, tensor, field),
        "softmax" => softmax(reader, tensor, field),
        "fixed_zero_mean_unit_variance" => fixed(reader, tensor, field),
        "zero_mean_unit_variance" => zero_mean_unit_variance(reader, tensor, field),
        "scale_range" => scale_range(reader, tensor, field),
        "scale_mean_variance" => scale_mean_variance(reader, tensor, field),
        other => refuse_unsupported(reader, &name, other),
    }
}

fn ensure_dtype<'t>(reader: &mut Reader<'t>, _: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["dtype"])?;
    let field = kwargs.need(reader, "dtype", &DataType::names())?;
    data_type(reader, &field).map(Step::EnsureDtype)
}

/// Reads the name of a type of values.
pub(super) fn data_type<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<DataType> {
    let expected = format!("one of {}", DataType::names());
    match DataType::named(field.text(reader, &expected)?) {
        Some(data_type) => Some(data_type),
        None => reader.refuse(field, expected),
    }
}

fn binarize<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["threshold", "axis"])?;
    let axis = channel_axis(reader, tensor, &kwargs);
    let threshold = kwargs.need(reader, "threshold", "a number")?;
    let threshold = tensor.numbers(reader, &threshold);
    axis?;
    Some(Step::Binarize { threshold: threshold? })
}

fn clip<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["min", "max", "min_percentile", "max_percentile", "axes"])?;
    let bound = |reader: &mut Reader<'t>,
                 [value, percentile]: [&str; 2],
                 read: fn(&mut Reader<'t>, &Field<'t>) -> Option<f64>|
     -> Option<Option<Bound>> {
        match (kwargs.get(value), kwargs.get(percentile)) {
            (None, None) => Some(None),
            (Some(field), None) => {
                let read = field.number(reader, f64::MIN..=f64::MAX, "a number");
                read.map(|value| Some(Bound::Value(value)))
            }
            (None, Some(field)) => read(reader, &field).map(|read| Some(Bound::Percentile(read))),
            (Some(_), Some(field)) => {
                reader.refuse_found(&field.path, format!("got {value} as well"), "one of the two")
            }
        }
    };
    let low = bound(reader, ["min", "min_percentile"], min_percentile)?;
    let high = bound(reader, ["max", "max_percentile"], max_percentile)?;
    let order = |low: f64, high: f64| low < high;
    match (low, high) {
        (None, None) => {
            return reader.refuse_found(&kwargs.path, "got no bound", "min, max, or a percentile");
        }
        (Some(Bound::Value(low)), Some(Bound::Value(high)))
        | (Some(Bound::Percentile(low)), Some(Bound::Percentile(high)))
            if !order(low, high) =>
        {
            let found = format!("got bounds {low} and {high}");
            return reader.refuse_found(&kwargs.path, found, "the first below the second");
        }
        _ => {}
    }
    let over = over(reader, tensor, &kwargs)?;
    Some(Step::Clip { low, high, over })
}

fn scale_linear<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["gain", "offset", "axis"])?;
    let axis = channel_axis(reader, tensor, &kwargs);
    let gain = numbers_or(reader, tensor, &kwargs, "gain", 1.0);
    let offset = numbers_or(reader, tensor, &kwargs, "offset", 0.0);
    axis?;
    Some(Step::ScaleLinear { gain: gain?, offset: offset? })
}

fn sigmoid<'t>(reader: &mut Reader<'t>, _: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    kwargs(reader, step, &[]).map(|_| Step::Sigmoid)
}

fn softmax<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["axis"])?;
    channel_axis(reader, tensor, &kwargs)?;
    Some(Step::Softmax)
}

fn fixed<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["mean", "std", "axis"])?;
    let axis = channel_axis(reader, tensor, &kwargs);
    let mean = kwargs.need(reader, "mean", "a number");
    let mean = mean.and_then(|mean| tensor.numbers(reader, &mean));
    let std = kwargs.need(reader, "std", "a number");
    let std = std.and_then(|std| deviations(reader, tensor, &std));
    axis?;
    Some(Step::FixedZeroMeanUnitVariance { mean: mean?, std: std?, eps: 1e-6 })
}

fn zero_mean_unit_variance<'t>(
    reader: &mut Reader<'t>,
    tensor: &Tensor<'_>,
    step: &Field<'t>,
) -> Option<Step> {
    let kwargs = kwargs(reader, step, &["axes", "eps"])?;
    let over = over(reader, tensor, &kwargs);
    let eps = eps(reader, &kwargs);
    Some(Step::ZeroMeanUnitVariance { over: over?, eps: eps? })
}

fn scale_range<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, step: &Field<'t>) -> Option<Step> {
    let known = ["axes", "min_percentile", "max_percentile", "eps", "reference_tensor"];
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
    let kwargs = kwargs(reader, step, &["reference_tensor", "axes", "eps"])?;
    let over = over(reader, tensor, &kwargs);
    let eps = eps(reader, &kwargs);
    let field = kwargs.need(reader, "reference_tensor", "the id of the input")?;
    reference(reader, tensor, &field)?;
    Some(Step::ScaleMeanVariance { over: over?, eps: eps? })
}

/// Reads `axis`, along which settings may differ; only channels are supported.
fn channel_axis<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, kwargs: &Field<'t>) -> Option<()> {
    let Some(field) = kwargs.get("axis") else { return Some(()) };
    let expected = "the channel axis, along which alone settings may differ here";
    let id = field.text(reader, expected)?;
    match tensor.axes.iter().find(|axis| axis.id == id) {
        Some(axis) if axis.kind == AxisKind::Channel => Some(()),
        _ => reader.refuse(&field, expected),
    }
}

/// Reads `axes`; without them, or with the batch among them, statistics are those of all samples.
fn over<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, kwargs: &Field<'t>) -> Option<Over> {
    let Some(field) = kwargs.get("axes") else {
        return Some(Over { scope: Scope::Dataset, per_channel: false });
    };
    let known: Vec<&str> = tensor.axes.iter().map(|axis| axis.id.as_str()).collect();
    let expected = format!("a list of axes among {}", known.join(", "));
    let along: Option<Vec<&AxisDescr>> = field
        .entries(reader, &expected)?
        .iter()
        .map(|entry| match entry.value {
            ConfigValue::Text(id) => tensor.axes.iter().find(|axis| axis.id == *id),
            _ => None,
        })
        .collect();
    let Some(along) = along else { return reader.refuse(&field, expected) };
    let has_batch = along.iter().any(|axis| axis.kind == AxisKind::Batch);
    let scope = if has_batch { Scope::Dataset } else { Scope::Sample };
    tensor.over(reader, &field, &along, scope)
}
