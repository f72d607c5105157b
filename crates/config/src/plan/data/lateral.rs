//! Lateral context: the scales of an input, and how channels are mixed into it.

/// Lateral context: inputs in several scales, mixed from channels.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{DataRules, PaddingPlan, parse_data_config};
///
/// let text = "
/// mode: training
/// data_type: zarr
/// axes: CYX
/// patching: {name: stratified, patch_size: [64, 64]}
/// normalization: {name: mean_std}
/// multiscale_count: 3
/// alpha_ranges: [[0.2, 0.8], [0.2, 0.8]]
/// ";
/// let lateral = parse_data_config(text, Path::new("a.yaml"), DataRules::Own)?.lateral.unwrap();
/// assert_eq!((lateral.multiscale_count, lateral.padding), (3, PaddingPlan::Reflect));
/// assert_eq!(lateral.alpha_ranges.unwrap()[1].high, 0.8);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LateralPlan {
    /// The number of scales of an input, including the patch itself; 1 to 16.
    pub multiscale_count: usize,
    /// The padding of windows that leave the image.
    pub padding: PaddingPlan,
    /// The source of the coarse scales.
    pub source: ContextSource,
    /// Whether windows grow along `Z` as well.
    pub depth: ContextDepth,
    /// The range from which the weight of each channel is drawn; equal weights without ranges. Ranges belong, by position,
    /// to the channels of the image, also where only some of them are selected.
    pub alpha_ranges: Option<Vec<AlphaRange>>,
    /// The probability that the channels of a sample are cut at different positions, 0 to 1.
    pub uncorrelated_channel_prob: f64,
}

impl Default for LateralPlan {
    fn default() -> Self {
        LateralPlan {
            multiscale_count: 1,
            padding: PaddingPlan::Reflect,
            source: ContextSource::Image,
            depth: ContextDepth::Grow,
            alpha_ranges: None,
            uncorrelated_channel_prob: 0.0,
        }
    }
}

/// The padding of windows that leave the image.
///
/// ```
/// assert_eq!(patchweave_config::PaddingPlan::WrapImage.name(), "wrap_image");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PaddingPlan {
    /// Reflection without repeating the edge pixels.
    Reflect,
    /// Repetition of the part of the image around the window, as CAREamics does.
    Wrap,
    /// Repetition of the whole image.
    WrapImage,
    /// A constant value.
    Constant {
        /// The value in raw intensity units.
        value: f64,
    },
}

impl PaddingPlan {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            PaddingPlan::Reflect => "reflect",
            PaddingPlan::Wrap => "wrap",
            PaddingPlan::WrapImage => "wrap_image",
            PaddingPlan::Constant { .. } => "constant",
        }
    }
}

/// The source of the coarse scales of lateral context.
///
/// ```
/// assert_eq!(patchweave_config::ContextSource::Pyramid.name(), "pyramid");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextSource {
    /// The image itself, downsampled window by window as CAREamics does.
    Image,
    /// The levels of a resolution pyramid: faster, but with other values.
    Pyramid,
}

impl ContextSource {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            ContextSource::Image => "image",
            ContextSource::Pyramid => "pyramid",
        }
    }
}

/// The extent of the coarse scales along `Z`.
///
/// ```
/// assert_eq!(patchweave_config::ContextDepth::Keep.name(), "keep");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextDepth {
    /// Windows grow along `Z`, `Y` and `X`, as in CAREamics.
    Grow,
    /// Windows grow along `Y` and `X` only.
    Keep,
}

impl ContextDepth {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            ContextDepth::Grow => "grow",
            ContextDepth::Keep => "keep",
        }
    }
}

/// The range from which the weight of a channel is drawn.
///
/// ```
/// let range = patchweave_config::AlphaRange { low: 0.2, high: 0.8 };
/// assert!(range.low < range.high);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlphaRange {
    /// The smallest weight; finite.
    pub low: f64,
    /// The exclusive upper bound; finite, at least `low`.
    pub high: f64,
}
