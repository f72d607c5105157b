//! Bringing pixels to the range that models like, and predictions back.

use ndarray::{ArrayViewMut4, Axis};

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
        let (n_first, n_second) = (offsets.len(), widths.len());
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

    /// Normalises a block `CZYX` in place.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`] unless there is one entry, or one for every channel.
    pub fn apply(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.map(block, |Linear { offset, divisor, .. }, pixel| (pixel - offset) / divisor)
    }

    /// Undoes [`apply`](Self::apply) in place.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn invert(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.map(block, |Linear { offset, factor, .. }, pixel| pixel * factor + offset)
    }

    fn map(
        &self,
        mut block: ArrayViewMut4<'_, f32>,
        f: impl Fn(Linear, f32) -> f32,
    ) -> Result<(), NormalizeError> {
        let n_channels = block.len_of(Axis(0));
        let n_statistics = self.channels.len();
        if n_statistics != 1 && n_statistics != n_channels {
            return Err(NormalizeError::ChannelCount { n_statistics, n_channels });
        }
        for (mut pixels, &linear) in block.axis_iter_mut(Axis(0)).zip(self.channels.iter().cycle()) {
            pixels.map_inplace(|pixel| *pixel = f(linear, *pixel));
        }
        Ok(())
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
        let of_scaling = |scaling: Option<&Scaling>| -> Vec<u32> {
            let channels = scaling.into_iter().flat_map(|scaling| &scaling.channels);
            channels.flat_map(|c| [c.offset, c.divisor, c.factor].map(f32::to_bits)).collect()
        };
        let kinds = vec![u32::from(self.input.is_some()), target.0];
        [kinds, of_scaling(self.input.as_ref()), of_scaling(target.1)].concat()
    }

    /// Normalises an input block in place.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`].
    pub fn apply_input(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.input.as_ref().map_or(Ok(()), |scaling| scaling.apply(block))
    }

    /// Normalises a target block in place.
    ///
    /// # Errors
    /// [`NormalizeError::NoTargetStatistics`] or [`NormalizeError::ChannelCount`].
    pub fn apply_target(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        match &self.target {
            TargetScaling::Missing => Err(NormalizeError::NoTargetStatistics),
            TargetScaling::Skip => Ok(()),
            TargetScaling::Given(scaling) => scaling.apply(block),
        }
    }

    /// Brings a predicted block back to raw intensities in place: by target statistics where there are
    /// some, else by those of the input.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`].
    pub fn invert(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        match (&self.target, &self.input) {
            (TargetScaling::Skip, _) | (TargetScaling::Missing, None) => Ok(()),
            (TargetScaling::Given(scaling), _) | (TargetScaling::Missing, Some(scaling)) => {
                scaling.invert(block)
            }
        }
    }

    /// Brings a block that looks like the input, such as a smoothed input, back to raw intensities.
    ///
    /// # Errors
    /// [`NormalizeError::ChannelCount`].
    pub fn invert_input(&self, block: ArrayViewMut4<'_, f32>) -> Result<(), NormalizeError> {
        self.input.as_ref().map_or(Ok(()), |scaling| scaling.invert(block))
    }
}
