//! Lateral context: how many scales a patch is seen in, and how channels are mixed.

/// Patches that are seen in several scales, and inputs that are mixed from channels.
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
    /// How many scales an input has, the patch itself included; 1 to 16.
    pub multiscale_count: usize,
    /// What stands where a window leaves the image.
    pub padding: PaddingPlan,
    /// What the coarse scales are read from.
    pub source: ContextSource,
    /// Whether `Z` grows with the scales.
    pub depth: ContextDepth,
    /// The weights that channels are mixed with, drawn from one range each; equal weights without ranges.
    /// Where channels are selected, the ranges belong to the channels of the source.
    pub alpha_ranges: Option<Vec<AlphaRange>>,
    /// How probable it is that the channels of a sample come from different places, 0 to 1.
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

/// What stands where a window leaves the image.
///
/// ```
/// assert_eq!(patchweave_config::PaddingPlan::WrapImage.name(), "wrap_image");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PaddingPlan {
    /// The image mirrored, its edge pixels not repeated.
    Reflect,
    /// The part of the image around the window, repeated as CAREamics does.
    Wrap,
    /// The whole image, repeated.
    WrapImage,
    /// The same value everywhere.
    Constant {
        /// In raw intensity units.
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

/// What the coarse scales of lateral context are read from.
///
/// ```
/// assert_eq!(patchweave_config::ContextSource::Pyramid.name(), "pyramid");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextSource {
    /// The image itself, made coarser window by window as CAREamics does.
    Image,
    /// The levels of a multiscale image in Zarr: faster, with other values.
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

/// What happens along `Z` in the coarse scales of lateral context.
///
/// ```
/// assert_eq!(patchweave_config::ContextDepth::Keep.name(), "keep");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextDepth {
    /// `Z` grows as `Y` and `X` do, which is what CAREamics does.
    Grow,
    /// Only `Y` and `X` grow.
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

/// The weights one channel may be mixed with.
///
/// ```
/// let range = patchweave_config::AlphaRange { low: 0.2, high: 0.8 };
/// assert!(range.low < range.high);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlphaRange {
    /// Finite; the smallest weight.
    pub low: f64,
    /// Finite, at least `low`; weights stay below it.
    pub high: f64,
}
