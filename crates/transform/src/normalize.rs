//! Bringing pixels to the range that models like, and predictions back.

use ndarray::{ArrayViewMut4, Axis};

use crate::finite::{Evidence, all_finite};

/// Why a block could not be normalised.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NormalizeError {
    /// Lists of statistics of different length.
    #[error("got {n_first} {first} and {n_second} {second}, expected one of each per channel")]
    UnequalLists {
        /// What the first list holds.
        first: &'static str,
        /// Its length.
        n_first: usize,
        /// What the second list holds.
        second: &'static str,
        /// Its length.
        n_second: usize,
    },
    /// No statistics at all.
    #[error("the list of statistics is empty")]
    Empty,
    /// Neither one entry nor one per channel.
    #[error(
        "statistics for {n_statistics} channels do not fit a block of {n_channels} channels, expected 1 or {n_channels}"
    )]
    ChannelCount {
        /// Entries of the statistics.
        n_statistics: usize,
        /// Channels of the block.
        n_channels: usize,
    },
    /// Neither one quantile level nor one per channel.
    #[error(
        "got {n_levels} quantile levels for statistics of {n_channels} channels, expected 1 or {n_channels}"
    )]
    LevelCount {
        /// Levels that were asked for.
        n_levels: usize,
        /// Channels with statistics of their own.
        n_channels: usize,
    },
    /// Memory for counting pixels that the machine does not have.
    #[error("there is no memory for {n_bytes} bytes of counts; quantiles of fewer channels need less")]
    OutOfMemory {
        /// Bytes that were asked for.
        n_bytes: usize,
    },
    /// Pixels that were not the same when they were read again.
    #[error(
        "got {got} pixels of a class when they were read again, expected {expected}: images changed while quantiles were computed"
    )]
    OtherPixels {
        /// Pixels of the second pass.
        got: u64,
        /// Pixels of the first pass.
        expected: u64,
    },
    /// A target without statistics of its own.
    #[error("targets cannot be normalised: there are no target statistics and skip_target is off")]
    NoTargetStatistics,
}

/// One linear map per channel, or one for all of them.
///
/// Statistics are rounded to `f32` and all arithmetic is `f32`, as the reference has it.
///
/// ```
/// use ndarray::array;
/// use patchweave_transform::Scaling;
///
/// let scaling = Scaling::mean_std(&[10.0], &[2.0])?;
/// let mut block = array![[[[8.0_f32, 10.0, 14.0]]]];
/// scaling.apply(block.view_mut())?;
/// assert!((block[[0, 0, 0, 2]] - 2.0).abs() < 1e-5);
/// scaling.invert(block.view_mut())?;
/// assert!((block[[0, 0, 0, 0]] - 8.0).abs() < 1e-5);
/// # Ok::<(), patchweave_transform::NormalizeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    channels: Vec<Linear>,
}

/// Forward `(x - offset) / divisor`, backward `x * factor + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Linear {
    offset: f32,
    divisor: f32,
    factor: f32,
}

impl Scaling {
    /// `(x − mean) / (std + 1e-6)` and back.
    ///
    /// # Errors
    /// [`NormalizeError::UnequalLists`] or [`NormalizeError::Empty`].
    pub fn mean_std(means: &[f64], stds: &[f64]) -> Result<Self, NormalizeError> {
        Self::of_pairs(("means", means), ("standard deviations", stds), |mean, std| {
            let divisor = std + 1e-6;
            Linear { offset: mean, divisor, factor: divisor }
        })
    }

    /// `(x − low) / (high − low + 1e-8)` and, without the epsilon, back; for extremes and for quantiles.
    ///
    /// # Errors
    /// [`NormalizeError::UnequalLists`] or [`NormalizeError::Empty`].
    pub fn range(lows: &[f64], highs: &[f64]) -> Result<Self, NormalizeError> {
        Self::of_pairs(("lower limits", lows), ("upper limits", highs), |low, high| {
            let width = high - low;
            Linear { offset: low, divisor: width + 1e-8, factor: width }
        })
    }

    fn of_pairs(
        (first, offsets): (&'static str, &[f64]),
        (second, widths): (&'static str, &[f64]),
        linear: impl Fn(f32, f32) -> Linear,
    ) -> Result<Self, NormalizeError> {
        let n_first = offsets.len();
        let n_second = widths.len();
        if n_first != n_second {
            return Err(NormalizeError::UnequalLists { first, n_first, second, n_second });
        }
        if n_first == 0 {
            return Err(NormalizeError::Empty);
        }
        #[expect(clippy::cast_possible_truncation, reason = "statistics are used in f32")]
        let round = |value: f64| value as f32;
        let channels = offsets.iter().zip(widths).map(|(&a, &b)| linear(round(a), round(b))).collect();
        Ok(Scaling { channels })
    }

    /// Normalises a block `CZYX` in place; whether all its pixels were finite numbers before.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`] unless there is one entry, or one for every channel.
    pub fn apply(&self, block: ArrayViewMut4<'_, f32>) -> Result<bool, NormalizeError> {
        self.map(block, |Linear { offset, divisor, .. }, pixel| (pixel - offset) / divisor)
    }

    /// Undoes [`apply`](Self::apply) in place.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn invert(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.map(block, |Linear { offset, factor, .. }, pixel| pixel * factor + offset).map(drop)
    }

    /// As [`invert`](Self::invert), for differences between pixels such as a standard deviation: stretched, not moved.
    ///
    /// ```
    /// use ndarray::array;
    /// use patchweave_transform::Scaling;
    ///
    /// let mut deviations = array![[[[0.0_f32, 0.5]]]];
    /// Scaling::range(&[100.0], &[140.0])?.invert_differences(deviations.view_mut())?;
    /// assert_eq!(deviations, array![[[[0.0, 20.0]]]]);
    /// # Ok::<(), patchweave_transform::NormalizeError>(())
    /// ```
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn invert_differences(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.map(block, |Linear { factor, .. }, pixel| pixel * factor.abs()).map(drop)
    }

    /// Changes every pixel; whether all were finite numbers before, which costs next to nothing in the same loop.
    fn map(
        &self,
        mut block: ArrayViewMut4<'_, f32>,
        f: impl Fn(Linear, f32) -> f32,
    ) -> Result<bool, NormalizeError> {
        let n_channels = block.len_of(Axis(0));
        let n_statistics = self.channels.len();
        if n_statistics != 1 && n_statistics != n_channels {
            return Err(NormalizeError::ChannelCount { n_statistics, n_channels });
        }
        let mut seen = Evidence::default();
        for (mut pixels, &linear) in block.axis_iter_mut(Axis(0)).zip(self.channels.iter().cycle()) {
            pixels.map_inplace(|pixel| {
                seen.add(*pixel);
                *pixel = f(linear, *pixel);
            });
        }
        Ok(seen.is_finite())
    }
}

/// What happens to targets.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetScaling {
    /// There are no statistics: a target is an error, predictions go back by the input's statistics.
    Missing,
    /// Targets stay as they are, and so do predictions on their way back.
    Skip,
    /// Targets have statistics of their own, which predictions go back by.
    Given(Scaling),
}

/// Normalisation of inputs and targets, and the way back for predictions.
///
/// ```
/// use ndarray::array;
/// use patchweave_transform::{Normalizer, Scaling, TargetScaling};
///
/// let normalizer = Normalizer::new(Scaling::mean_std(&[5.0], &[1.0])?, TargetScaling::Missing);
/// let mut target = array![[[[1.0_f32]]]];
/// assert!(normalizer.apply_target(target.view_mut()).is_err());
/// # Ok::<(), patchweave_transform::NormalizeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Normalizer {
    input: Option<Scaling>,
    target: TargetScaling,
}

impl Normalizer {
    /// Normalises inputs by `input` and targets as `target` says.
    pub fn new(input: Scaling, target: TargetScaling) -> Self {
        Normalizer { input: Some(input), target }
    }

    /// Leaves everything as it is.
    pub fn none() -> Self {
        Normalizer { input: None, target: TargetScaling::Skip }
    }

    /// Numbers that are equal for two normalisations just if they scale alike.
    ///
    /// ```
    /// use patchweave_transform::{Normalizer, Scaling, TargetScaling};
    ///
    /// let of = |mean: f64| Ok::<_, patchweave_transform::NormalizeError>(
    ///     Normalizer::new(Scaling::mean_std(&[mean], &[1.0])?, TargetScaling::Skip).words()
    /// );
    /// assert_eq!(of(5.0)?, of(5.0)?);
    /// assert_ne!(of(5.0)?, of(5.5)?);
    /// # Ok::<(), patchweave_transform::NormalizeError>(())
    /// ```
    pub fn words(&self) -> Vec<u32> {
        let target = match &self.target {
            TargetScaling::Missing => (0, None),
            TargetScaling::Skip => (1, None),
            TargetScaling::Given(scaling) => (2, Some(scaling)),
        };
        // The number of channels first, or one of the input could count as one of the target.
        let of_scaling = |scaling: Option<&Scaling>| -> Vec<u32> {
            let Some(Scaling { channels }) = scaling else { return Vec::new() };
            let n_channels = u32::try_from(channels.len()).unwrap_or(u32::MAX);
            let bits = channels.iter().flat_map(|c| [c.offset, c.divisor, c.factor].map(f32::to_bits));
            std::iter::once(n_channels).chain(bits).collect()
        };
        let kinds = vec![u32::from(self.input.is_some()), target.0];
        [kinds, of_scaling(self.input.as_ref()), of_scaling(target.1)].concat()
    }

    /// Normalises an input block in place; whether all its pixels were finite numbers before.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`].
    pub fn apply_input(&self, block: ArrayViewMut4<'_, f32>) -> Result<bool, NormalizeError> {
        match &self.input {
            Some(scaling) => scaling.apply(block),
            None => Ok(all_finite(block.view())),
        }
    }

    /// Normalises a target block in place; whether all its pixels were finite numbers before.
    ///
    /// # Errors
    /// [`NormalizeError::NoTargetStatistics`] or [`NormalizeError::ChannelCount`].
    pub fn apply_target(&self, block: ArrayViewMut4<'_, f32>) -> Result<bool, NormalizeError> {
        match &self.target {
            TargetScaling::Missing => Err(NormalizeError::NoTargetStatistics),
            TargetScaling::Skip => Ok(all_finite(block.view())),
            TargetScaling::Given(scaling) => scaling.apply(block),
        }
    }

    /// Brings a predicted block back to raw intensities in place: by target statistics where there are
    /// some, else by those of the input.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`].
    pub fn invert(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.of_predictions().map_or(Ok(()), |scaling| scaling.invert(block))
    }

    /// As [`invert`](Self::invert), for differences between predicted values such as a standard deviation.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`].
    pub fn invert_differences(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.of_predictions().map_or(Ok(()), |scaling| scaling.invert_differences(block))
    }

    /// What predictions go back by.
    fn of_predictions(&self) -> Option<&Scaling> {
        match (&self.target, &self.input) {
            (TargetScaling::Skip, _) => None,
            (TargetScaling::Given(scaling), _) => Some(scaling),
            (TargetScaling::Missing, input) => input.as_ref(),
        }
    }

    /// Brings a block that looks like the input, such as a smoothed input, back to raw intensities.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`].
    pub fn invert_input(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.input.as_ref().map_or(Ok(()), |scaling| scaling.invert(block))
    }

    /// As [`invert_input`](Self::invert_input), for differences between pixels such as a standard deviation.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`].
    pub fn invert_input_differences(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.input.as_ref().map_or(Ok(()), |scaling| scaling.invert_differences(block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Statistics of 1 to 3 channels, of few values so that many are alike.
    fn scaling() -> impl Strategy<Value = Scaling> {
        let channel = (0_u8..2, 1_u8..3).prop_map(|(mean, std)| (f64::from(mean), f64::from(std)));
        prop::collection::vec(channel, 1..4).prop_map(|channels| {
            let (means, stds): (Vec<f64>, Vec<f64>) = channels.into_iter().unzip();
            Scaling::mean_std(&means, &stds).unwrap()
        })
    }

    fn normalizer() -> impl Strategy<Value = Normalizer> {
        let target = prop_oneof![
            Just(TargetScaling::Missing),
            Just(TargetScaling::Skip),
            scaling().prop_map(TargetScaling::Given),
        ];
        prop_oneof![
            Just(Normalizer::none()),
            (scaling(), target).prop_map(|(input, target)| Normalizer::new(input, target)),
        ]
    }

    proptest! {
        #[test]
        fn words_are_equal_just_if_normalisations_are(one in normalizer(), other in normalizer()) {
            prop_assert_eq!(one.words() == other.words(), one == other);
        }

        /// Every way of normalising tells what `all_finite` tells, and scales each pixel as it stands in the docs.
        #[test]
        fn pixels_that_are_not_finite_are_seen_while_they_are_scaled(
            normalizer in normalizer(),
            pixels in prop::collection::vec(prop_oneof![9 => -1e6_f32..1e6, 1 => any::<f32>()], 12..=12),
            step in prop::sample::select(vec![1_isize, 2, -1]),
        ) {
            let block = ndarray::Array4::from_shape_vec([1, 1, 3, 4], pixels).unwrap();
            let view = block.slice(ndarray::s![.., .., .., ..;step]);
            let expected = all_finite(view);
            let one_channel = |scaling: &Option<&Scaling>| scaling.is_none_or(|scaling| scaling.channels.len() == 1);
            let target = match &normalizer.target {
                TargetScaling::Given(scaling) => Some(scaling),
                TargetScaling::Skip | TargetScaling::Missing => None,
            };
            let mut scaled = block.clone();
            let input = normalizer.input.as_ref();
            if one_channel(&input) {
                let got = normalizer.apply_input(scaled.slice_mut(ndarray::s![.., .., .., ..;step]));
                prop_assert_eq!(got.unwrap(), expected);
                for (got, &pixel) in scaled.slice(ndarray::s![.., .., .., ..;step]).iter().zip(view) {
                    let scaled = input.map_or(pixel, |scaling| {
                        (pixel - scaling.channels[0].offset) / scaling.channels[0].divisor
                    });
                    prop_assert!(got.to_bits() == scaled.to_bits() || (got.is_nan() && scaled.is_nan()));
                }
            }
            if one_channel(&target) && normalizer.target != TargetScaling::Missing {
                let mut scaled = block.clone();
                let got = normalizer.apply_target(scaled.slice_mut(ndarray::s![.., .., .., ..;step]));
                prop_assert_eq!(got.unwrap(), expected);
            }
        }

        /// The channels of input and target in one row, cut at any two places.
        #[test]
        fn words_tell_channels_of_inputs_from_those_of_targets(all in prop::collection::vec(0.0_f64..9.0, 3..6)) {
            let of = |n_inputs: usize| {
                let [input, target] = [&all[..n_inputs], &all[n_inputs..]]
                    .map(|means| Scaling::mean_std(means, &vec![1.0; means.len()]).unwrap());
                Normalizer::new(input, TargetScaling::Given(target)).words()
            };
            let words: std::collections::BTreeSet<Vec<u32>> = (1..all.len()).map(of).collect();
            prop_assert_eq!(words.len(), all.len() - 1);
        }
    }
}
