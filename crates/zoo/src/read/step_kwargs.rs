//! Settings of steps that both versions of the format have.

use super::field::{Field, Reader};
use crate::{AxisDescr, AxisKind, AxisSize, Over, Scope};

/// The tensor that steps belong to.
pub(super) struct Tensor<'a> {
    pub axes: &'a [AxisDescr],
    /// The id of the input, which steps may name as their reference.
    pub input_id: &'a str,
    pub is_output: bool,
}

impl Tensor<'_> {
    /// How many channels it has; 1 where it has no such axis.
    fn n_channels(&self) -> Option<usize> {
        match self.axes.iter().find(|axis| axis.kind == AxisKind::Channel).map(|axis| &axis.size) {
            None => Some(1),
            Some(AxisSize::Fixed(n)) => Some(*n),
            Some(_) => None,
        }
    }

    /// What a statistic is over that is taken along these axes.
    pub fn over<'t>(
        &self,
        reader: &mut Reader<'t>,
        field: &Field<'t>,
        along: &[&AxisDescr],
        scope: Scope,
    ) -> Option<Over> {
        let is_along = |axis: &AxisDescr| along.iter().any(|own| own.kind == axis.kind);
        let alone = self
            .axes
            .iter()
            .find(|axis| axis.kind.is_space() && axis.size != AxisSize::Fixed(1) && !is_along(axis));
        if let Some(axis) = alone {
            let found = format!("got statistics for every position along {}", axis.id);
            return reader.refuse_found(
                &field.path,
                found,
                "all of z, y and x that there are, for whole images",
            );
        }
        let channel = self.axes.iter().find(|axis| axis.kind == AxisKind::Channel);
        Some(Over { scope, per_channel: channel.is_some_and(|channel| !is_along(channel)) })
    }

    /// A number for all channels or one for each.
    pub fn numbers<'t>(&self, reader: &mut Reader<'t>, field: &Field<'t>) -> Option<Vec<f64>> {
        let n_channels = self.n_channels();
        let expected = match n_channels {
            Some(n) if n != 1 => format!("a number, or {n} numbers, one for each channel"),
            _ => "a number".to_owned(),
        };
        let numbers = field.numbers(reader, &expected)?;
        if numbers.len() == 1 || Some(numbers.len()) == n_channels {
            return Some(numbers);
        }
        reader.refuse(field, expected)
    }
}

/// Reads `kwargs`, which may be absent where nothing has to be in it.
pub(super) fn kwargs<'t>(reader: &mut Reader<'t>, step: &Field<'t>, known: &[&str]) -> Option<Field<'t>> {
    static NOTHING: patchweave_config::ConfigValue = patchweave_config::ConfigValue::Map(Vec::new());
    let path = if step.path.is_empty() { "kwargs".to_owned() } else { format!("{}.kwargs", step.path) };
    let field = step.get("kwargs").unwrap_or(Field { path, value: &NOTHING });
    field.only(reader, known).then_some(field)
}

/// Reads a list with a number for all channels or one for each, or takes a number where there is none.
pub(super) fn numbers_or<'t>(
    reader: &mut Reader<'t>,
    tensor: &Tensor<'_>,
    kwargs: &Field<'t>,
    key: &str,
    default: f64,
) -> Option<Vec<f64>> {
    match kwargs.get(key) {
        Some(field) => tensor.numbers(reader, &field),
        None => Some(vec![default]),
    }
}

/// Reads `eps`, above 0 and at most 0.1.
pub(super) fn eps<'t>(reader: &mut Reader<'t>, kwargs: &Field<'t>) -> Option<f64> {
    match kwargs.get("eps") {
        Some(field) => field.number(reader, f64::MIN_POSITIVE..=0.1, "a number above 0 and at most 0.1"),
        None => Some(1e-6),
    }
}

/// Reads deviations, each at least as large as the smallest that a package may have.
pub(super) fn deviations<'t>(
    reader: &mut Reader<'t>,
    tensor: &Tensor<'_>,
    field: &Field<'t>,
) -> Option<Vec<f64>> {
    let numbers = tensor.numbers(reader, field)?;
    if numbers.iter().all(|number| *number >= 1e-6) {
        return Some(numbers);
    }
    reader.refuse_found(&field.path, format!("got {numbers:?}"), "deviations of at least 1e-6")
}

/// Reads `min_percentile` and `max_percentile`, the first below the second.
pub(super) fn percentiles<'t>(reader: &mut Reader<'t>, kwargs: &Field<'t>) -> Option<[f64; 2]> {
    let low = match kwargs.get("min_percentile") {
        Some(field) => min_percentile(reader, &field),
        None => Some(0.0),
    };
    let high = match kwargs.get("max_percentile") {
        Some(field) => max_percentile(reader, &field),
        None => Some(100.0),
    };
    let (low, high) = (low?, high?);
    if low < high {
        return Some([low, high]);
    }
    let found = format!("got {low} and {high}");
    let expected = "a min_percentile below the max_percentile";
    reader.refuse_found(&format!("{}.min_percentile", kwargs.path), found, expected)
}

pub(super) fn min_percentile<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<f64> {
    field.number(reader, 0.0..=f64::from_bits(100.0_f64.to_bits() - 1), "a number from 0 to below 100")
}

pub(super) fn max_percentile<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<f64> {
    // Numbers up to 1 are probably meant as parts of 1.
    field.number(reader, f64::from_bits(1.0_f64.to_bits() + 1)..=100.0, "a number above 1, up to 100")
}

/// Refuses a reference to anything but the input before its steps.
pub(super) fn reference<'t>(reader: &mut Reader<'t>, tensor: &Tensor<'_>, field: &Field<'t>) -> Option<()> {
    let expected = format!("{}, the only input", tensor.input_id);
    if field.text(reader, &expected)? == tensor.input_id {
        return Some(());
    }
    reader.refuse(field, expected)
}

/// Refuses a step that is known and not supported.
pub(super) fn refuse_unsupported<T>(reader: &mut Reader<'_>, name: &Field<'_>, id: &str) -> Option<T> {
    let what = match id {
        "custom" => "custom steps are Python code, which is not run here",
        "stardist_postprocessing" => "the postprocessing of StarDist is not supported",
        "cellpose_flow_dynamics" => "the flow dynamics of Cellpose are not supported",
        _ => return reader.refuse(name, format!("one of {}", STEPS.join(", "))),
    };
    reader.refuse(name, format!("one of {}; {what}", STEPS.join(", ")))
}

/// Whether a step of this name is supported.
pub(super) fn is_step(id: &str) -> bool {
    STEPS.contains(&id)
}

/// The names of all steps.
const STEPS: &[&str] = &[
    "binarize",
    "clip",
    "ensure_dtype",
    "fixed_zero_mean_unit_variance",
    "scale_linear",
    "scale_mean_variance",
    "scale_range",
    "sigmoid",
    "softmax",
    "zero_mean_unit_variance",
];
