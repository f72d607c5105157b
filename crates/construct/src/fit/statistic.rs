//! What is computed over patches, and what comes out.

/// A pair of statistics for every channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Statistic {
    /// Mean and population standard deviation.
    MeanStd,
    /// Smallest and largest value.
    MinMax,
    /// Two quantiles; one level for all channels or one for each.
    Quantile {
        /// Levels of the lower values, 0 to 1.
        lower: Vec<f64>,
        /// Levels of the upper values, 0 to 1.
        upper: Vec<f64>,
        /// How they are found.
        method: QuantileMethod,
    },
}

/// How quantiles are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuantileMethod {
    /// As by sorting all pixels as `f32`, see [`PixelCounts`](patchweave_transform::PixelCounts): one pass where all are
    /// integers of 8 or 16 bits, otherwise two.
    #[default]
    Exact,
    /// The estimate of the reference from one pass, see
    /// [`QuantileHistogram`](patchweave_transform::QuantileHistogram). Where most pixels are equal, or a few are
    /// far from the others, it may be far off, also below the smallest pixel.
    Streaming,
}

/// The two numbers of every channel, or one pair over all channels, in raw intensity units.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelStatistics {
    /// Means, or lower limits.
    pub first: Vec<f64>,
    /// Standard deviations, or upper limits.
    pub second: Vec<f64>,
}

/// What [`fit`](super::fit) found.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedStatistics {
    /// Of the input, if it was asked for; where it has several scales, of the native one.
    pub input: Option<ChannelStatistics>,
    /// Of the target, if there is one and it was asked for.
    pub target: Option<ChannelStatistics>,
    /// How many patches were looked at.
    pub n_patches: usize,
}
