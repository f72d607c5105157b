//! Statistics that steps need: which ones, and their values over any number of blocks.

use ndarray::{ArrayViewMut4, Axis};
use patchweave_model::{Cause, WholePixels};
use patchweave_transform::{BetweenPixels, ChannelMoments, FinePixelCounts, OpenQuantiles, PixelCounts};

use crate::{Bound, Over, Step, steps};

/// Which tensor a statistic is of, before its first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Input,
    Output(usize),
}

/// A pair of statistics.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measure {
    pub of: Of,
    pub over: Over,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Mean and standard deviation.
    Moments,
    /// Two quantiles, from 0 to 1.
    Quantiles { levels: [f64; 2], between: BetweenPixels },
}

/// The values of a measure: one of each for all channels, or one for every channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    pub first: Vec<f64>,
    pub second: Vec<f64>,
}

/// Pixels of a statistic that are infinite or no number.
#[derive(Debug, thiserror::Error)]
#[error("pixels are infinite or no number, expected finite ones for their {0}")]
struct NotFinite(&'static str);

/// What a step of a tensor needs, in the order in which [`apply`] takes it.
pub(crate) fn needs(step: &Step, of: Of) -> Vec<Measure> {
    let quantiles = |of: Of, over: &Over, percentiles: [f64; 2], between| {
        let kind = Kind::Quantiles { levels: percentiles.map(|percentile| percentile / 100.0), between };
        vec![Measure { of, over: *over, kind }]
    };
    match step {
        Step::ZeroMeanUnitVariance { over, .. } => vec![Measure { of, over: *over, kind: Kind::Moments }],
        Step::ScaleMeanVariance { over, .. } => {
            let moments = |of| Measure { of, over: *over, kind: Kind::Moments };
            vec![moments(of), moments(Of::Input)]
        }
        Step::ScaleRange { percentiles, over, of_input, .. } => {
            quantiles(if *of_input { Of::Input } else { of }, over, *percentiles, BetweenPixels::Linear)
        }
        Step::Clip { low, high, over } => {
            let percentile = |bound: &Option<Bound>| match bound {
                Some(Bound::Percentile(percentile)) => Some(*percentile),
                Some(Bound::Value(_)) | None => None,
            };
            match (percentile(low), percentile(high)) {
                (None, None) => Vec::new(),
                (low, high) => {
                    let percentiles = [low.unwrap_or(0.0), high.unwrap_or(100.0)];
                    quantiles(of, over, percentiles, BetweenPixels::InvertedCdf)
                }
            }
        }
        Step::EnsureDtype(_)
        | Step::Binarize { .. }
        | Step::ScaleLinear { .. }
        | Step::Sigmoid
        | Step::Softmax
        | Step::FixedZeroMeanUnitVariance { .. } => Vec::new(),
    }
}

/// Applies a step; `values` are those of what it [`needs`].
pub(crate) fn apply(step: &Step, pixels: &mut ArrayViewMut4<'_, f32>, values: &[&Pair]) {
    match (step, values) {
        (Step::EnsureDtype(data_type), _) => steps::ensure_dtype(pixels, *data_type),
        (Step::Binarize { threshold }, _) => steps::binarize(pixels, threshold),
        (Step::Clip { low, high, .. }, _) => {
            let none = Pair { first: vec![f64::NEG_INFINITY], second: vec![f64::INFINITY] };
            let pair = values.first().copied().unwrap_or(&none);
            let bound = |bound: &Option<Bound>, quantiles: &[f64], without: f64| match bound {
                Some(Bound::Value(value)) => vec![*value],
                Some(Bound::Percentile(_)) => quantiles.to_vec(),
                None => vec![without],
            };
            let low = bound(low, &pair.first, f64::NEG_INFINITY);
            steps::clip(pixels, &low, &bound(high, &pair.second, f64::INFINITY));
        }
        (Step::ScaleLinear { gain, offset }, _) => steps::scale_linear(pixels, gain, offset),
        (Step::Sigmoid, _) => steps::sigmoid(pixels),
        (Step::Softmax, _) => steps::softmax(pixels),
        (Step::FixedZeroMeanUnitVariance { mean, std, eps }, _) => {
            steps::zero_mean_unit_variance(pixels, mean, std, *eps);
        }
        (Step::ZeroMeanUnitVariance { eps, .. }, [own, ..]) => {
            steps::zero_mean_unit_variance(pixels, &own.first, &own.second, *eps);
        }
        (Step::ScaleRange { eps, .. }, [range, ..]) => {
            steps::scale_range(pixels, &range.first, &range.second, *eps);
        }
        (Step::ScaleMeanVariance { eps, .. }, [own, reference, ..]) => steps::scale_mean_variance(
            pixels,
            [&own.first, &own.second],
            [&reference.first, &reference.second],
            *eps,
        ),
        // There are as many values as the step needs.
        (Step::ZeroMeanUnitVariance { .. } | Step::ScaleRange { .. } | Step::ScaleMeanVariance { .. }, _) => {
        }
    }
}

/// The values of measures over pixels, in one pass, or in two where quantiles need it; exact, in memory of a fixed size.
pub(crate) fn measure(measures: &[&Measure], pixels: &dyn WholePixels) -> Result<Vec<Pair>, Cause> {
    if measures.is_empty() {
        return Ok(Vec::new());
    }
    let n_channels = pixels.n_channels();
    let wants_moments = measures.iter().any(|measure| measure.kind == Kind::Moments);
    let mut moments = ChannelMoments::new(n_channels);
    let wants_counts = |per_channel: bool| {
        let counts =
            |measure: &&&Measure| measure.kind != Kind::Moments && measure.over.per_channel == per_channel;
        measures.iter().any(|measure| counts(&measure))
    };
    let mut counts = Vec::new();
    for per_channel in [false, true].into_iter().filter(|per_channel| wants_counts(*per_channel)) {
        counts.push((per_channel, PixelCounts::new(n_channels, per_channel)?));
    }
    pixels.each_block(&mut |block| {
        if wants_moments {
            moments.update(block);
        }
        counts.iter_mut().try_for_each(|(_, counts)| counts.update(block))?;
        Ok(())
    })?;
    if wants_moments && !moments.is_finite() {
        return Err(NotFinite("mean").into());
    }
    if !counts.iter().all(|(_, counts)| counts.is_finite()) {
        return Err(NotFinite("percentiles").into());
    }
    let mut open: Vec<Option<(OpenQuantiles, FinePixelCounts)>> = Vec::with_capacity(measures.len());
    for measure in measures {
        let Kind::Quantiles { levels, between } = &measure.kind else {
            open.push(None);
            continue;
        };
        let of = counts.iter().find(|(per_channel, _)| *per_channel == measure.over.per_channel);
        let Some((_, counts)) = of else { continue };
        let quantiles = counts.open_quantiles_between(&[&levels[..1], &levels[1..]], *between)?;
        let fine = quantiles.counts()?;
        open.push(Some((quantiles, fine)));
    }
    if open.iter().flatten().any(|(quantiles, _)| quantiles.needs_second_pass()) {
        pixels.each_block(&mut |block| {
            open.iter_mut().flatten().for_each(|(_, fine)| fine.update(block));
            Ok(())
        })?;
    }
    let pair = |(measure, open): (&&Measure, &Option<(OpenQuantiles, FinePixelCounts)>)| {
        let Some((quantiles, fine)) = open else {
            let per_channel = measure.over.per_channel;
            return Ok(Pair { first: moments.means(per_channel), second: moments.stds(per_channel) });
        };
        let mut found = quantiles.quantiles(fine)?.into_iter();
        let mut next = || found.next().unwrap_or_default();
        Ok::<Pair, Cause>(Pair { first: next(), second: next() })
    };
    measures.iter().zip(&open).map(pair).collect()
}

/// Blocks of arrays in memory, `BCZYX`.
pub(crate) struct InMemory<'a>(pub ndarray::ArrayView5<'a, f32>);

impl WholePixels for InMemory<'_> {
    fn n_channels(&self) -> usize {
        self.0.len_of(Axis(1))
    }

    fn is_one_tile(&self) -> bool {
        true
    }

    fn each_block(
        &self,
        look: &mut dyn FnMut(ndarray::ArrayView4<'_, f32>) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        self.0.axis_iter(Axis(0)).try_for_each(look)
    }
}
