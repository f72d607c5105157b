//! Quantiles of a stream of pixels.

use ndarray::{Axis, Ix2};
use patchweave_transform::{ChannelExtremes, ChannelQuantiles};
use serde_json::Value;

use crate::golden::{CaseError, OperationError, Outcomes, Request, float, number};

pub(super) fn quantile_stream(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let values = request.required_input("values")?.to_f32().into_dimensionality::<Ix2>()?;
    let n_channels = values.len_of(Axis(0));
    let mut quantiles = ChannelQuantiles::new(n_channels, true);
    let mut extremes = ChannelExtremes::new(n_channels);
    let mut rest = values.view();
    for n in request.naturals("splits")? {
        let (update, later) = rest.split_at(Axis(1), n);
        let block = update.insert_axis(Axis(1)).insert_axis(Axis(1));
        quantiles.update(block)?;
        extremes.update(block);
        rest = later;
    }
    let floats = |list: Vec<f64>| list.into_iter().map(float).collect::<Vec<Value>>();
    #[expect(clippy::cast_possible_truncation, reason = "the case has the difference as f32")]
    let range = |(high, low): (f64, f64)| f64::from((high - low) as f32);
    let range = extremes.highs(true).into_iter().zip(extremes.lows(true)).map(range);
    Ok(Outcomes::default()
        .with("lower", floats(quantiles.quantiles(&levels(request, "lower_quantiles")?)?))
        .with("upper", floats(quantiles.quantiles(&levels(request, "upper_quantiles")?)?))
        .with("range", floats(range.collect())))
}

fn levels(request: &Request<'_>, name: &str) -> Result<Vec<f64>, CaseError> {
    let value = request.required(name)?;
    let levels = value.as_array().and_then(|list| list.iter().map(number).collect());
    levels.ok_or_else(|| CaseError::Entry {
        name: name.to_owned(),
        got: value.to_string(),
        expected: "a list of numbers",
    })
}
