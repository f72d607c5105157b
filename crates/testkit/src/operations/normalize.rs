//! Normalisation with given statistics, there and back.

use ndarray::{ArrayD, ArrayViewMut4, Axis, Ix4};
use patchweave_construct::{QuantileMethod, Statistic};
use patchweave_transform::{Normalizer, Scaling, TargetScaling};
use serde_json::Value;

use super::axes::with_depth;
use crate::golden::{CaseError, OperationError, Outcomes, Request, number};

/// A normalisation as cases configure it.
pub(super) struct Config<'a> {
    pub(super) name: &'a str,
    pub(super) per_channel: bool,
    pub(super) skip_target: bool,
    value: &'a Value,
}

/// The two lists of a role: means and standard deviations, or lower and upper limits.
pub(super) struct Pair {
    pub(super) keys: [String; 2],
    pub(super) lists: Option<[Vec<f64>; 2]>,
}

impl<'a> Config<'a> {
    pub(super) fn read(request: &Request<'a>) -> Result<Self, OperationError> {
        let value = request.required("config")?;
        let flag = |key: &str, default: bool| match value.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| entry(key, value, "true or false")),
        };
        let name = value.get("name").and_then(Value::as_str);
        Ok(Config {
            name: name.ok_or_else(|| entry("config", value, "a name"))?,
            per_channel: flag("per_channel", true)?,
            skip_target: flag("skip_target", false)?,
            value,
        })
    }

    /// The statistics of `input` or `target`.
    pub(super) fn pair(&self, role: &str) -> Result<Pair, OperationError> {
        let endings = match self.name {
            "mean_std" => ["means", "stds"],
            "min_max" => ["mins", "maxes"],
            "quantile" => ["lower_quantile_values", "upper_quantile_values"],
            other => return Err(OperationError::refused(format!("no normalisation is called {other:?}"))),
        };
        let keys = endings.map(|ending| format!("{role}_{ending}"));
        let lists = match (self.statistics(&keys[0])?, self.statistics(&keys[1])?) {
            (None, None) => None,
            (Some(first), Some(second)) => Some([first, second]),
            (Some(_), None) | (None, Some(_)) => {
                return Err(OperationError::refused(format!("{keys:?} must be given together")));
            }
        };
        Ok(Pair { keys, lists })
    }

    /// A number or a list of numbers, if it is there.
    fn statistics(&self, key: &str) -> Result<Option<Vec<f64>>, OperationError> {
        let value = match self.value.get(key) {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value,
        };
        let list = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        let numbers: Option<Vec<f64>> = list.iter().map(number).collect();
        let numbers = numbers.ok_or_else(|| entry(key, value, "numbers"))?;
        if !self.per_channel && numbers.len() > 1 {
            return Err(OperationError::refused(format!("{key} has several entries, per_channel is false")));
        }
        Ok(Some(numbers))
    }

    /// What is computed where statistics are lacking.
    pub(super) fn statistic(&self) -> Result<Statistic, OperationError> {
        let levels = |key: &str, default: f64| -> Result<Vec<f64>, OperationError> {
            Ok(self.statistics(key)?.unwrap_or_else(|| vec![default]))
        };
        match self.name {
            "mean_std" => Ok(Statistic::MeanStd),
            "min_max" => Ok(Statistic::MinMax),
            "quantile" => {
                let lower = levels("lower_quantiles", 0.01)?;
                let upper = levels("upper_quantiles", 0.99)?;
                // Cases record what the reference estimates.
                Ok(Statistic::Quantile { lower, upper, method: QuantileMethod::Streaming })
            }
            other => Err(OperationError::refused(format!("no normalisation is called {other:?}"))),
        }
    }

    fn scaling(&self, role: &str) -> Result<Option<Scaling>, OperationError> {
        let Some([first, second]) = self.pair(role)?.lists else { return Ok(None) };
        if self.name == "mean_std" {
            return Ok(Some(Scaling::mean_std(&first, &second)?));
        }
        // A rule of configurations; the arithmetic itself takes any limits.
        if first.iter().zip(&second).any(|(low, high)| low >= high) {
            return Err(OperationError::refused("lower limits must be below upper limits"));
        }
        Ok(Some(Scaling::range(&first, &second)?))
    }

    fn normalizer(&self) -> Result<Normalizer, OperationError> {
        if self.name == "none" {
            return Ok(Normalizer::none());
        }
        let input = self.scaling("input")?;
        let input = input.ok_or_else(|| OperationError::refused("the input has no statistics"))?;
        let target = match self.scaling("target")? {
            _ if self.skip_target => TargetScaling::Skip,
            Some(scaling) => TargetScaling::Given(scaling),
            None => TargetScaling::Missing,
        };
        Ok(Normalizer::new(input, target))
    }
}

fn entry(key: &str, got: &Value, expected: &'static str) -> CaseError {
    CaseError::Entry { name: key.to_owned(), got: got.to_string(), expected }
}

pub(super) fn apply(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let normalizer = Config::read(request)?.normalizer()?;
    let patch = request.required_input("patch")?.to_f32();
    let patch = on_block(patch, |block| Ok(normalizer.apply_input(block).map(drop)?))?;
    let outcomes = Outcomes::default().with_array("patch", patch);
    if !request.flag("with_target", false)? {
        return Ok(outcomes);
    }
    let target = request.required_input("target")?.to_f32();
    let target = on_block(target, |block| Ok(normalizer.apply_target(block).map(drop)?))?;
    Ok(outcomes.with_array("target", target))
}

pub(super) fn invert(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let normalizer = Config::read(request)?.normalizer()?;
    let batch = request.required_input(request.text("prediction")?.unwrap_or("prediction"))?.to_f32();
    let shape = batch.shape().to_vec();
    let mut batch = with_depth(batch, 1);
    for sample in batch.axis_iter_mut(Axis(0)) {
        normalizer.invert(sample.into_dimensionality::<Ix4>()?)?;
    }
    Ok(Outcomes::default().with_reshaped("out", &batch, &shape)?)
}

/// Changes an array `C(Z)YX` in place through a view `CZYX`.
fn on_block(
    array: ArrayD<f32>,
    change: impl Fn(ArrayViewMut4<'_, f32>) -> Result<(), OperationError>,
) -> Result<ArrayD<f32>, OperationError> {
    let shape = array.shape().to_vec();
    let mut block = with_depth(array, 0);
    change(block.view_mut().into_dimensionality::<Ix4>()?)?;
    Ok(block.into_shape_with_order(shape)?)
}
