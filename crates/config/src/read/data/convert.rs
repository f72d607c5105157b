//! From the `data_config` of a training to that of a validation or prediction.

use std::path::Path;

use patchweave_geometry::{Axes, Axis, Extent, Overlaps};

use super::alone;
use crate::plan::{DataPlan, DataType, LateralPlan, LoaderParams, Mode, PatchingPlan, Space, TilingPlan};
use crate::read::rules::Rules;
use crate::text::{ConfigErrors, counted};

/// What to change together with the mode; by default nothing.
///
/// ```
/// use patchweave_config::{ChannelChange, ConversionOptions};
///
/// let options = ConversionOptions { batch_size: Some(4), ..ConversionOptions::default() };
/// assert_eq!(options.channels, ChannelChange::Keep);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConversionOptions {
    /// The size of a tile or validation patch. By default images are predicted as a whole, and validation patches have the
    /// size of training patches.
    pub patch_size: Option<Extent>,
    /// The overlaps of tiles; required with a tile size.
    pub overlaps: Option<Overlaps>,
    /// Samples per batch.
    pub batch_size: Option<usize>,
    /// The kind of source.
    pub data_type: Option<DataType>,
    /// The axes of the input arrays.
    pub axes: Option<Axes>,
    /// The axes of the target arrays.
    pub target_axes: Option<Axes>,
    /// The channels that are read.
    pub channels: ChannelChange,
    /// Whether images are held in memory.
    pub in_memory: Option<bool>,
    /// Settings of the loader for the new mode.
    pub loader: Option<LoaderParams>,
}

/// The channels that a converted configuration reads.
///
/// ```
/// assert_ne!(patchweave_config::ChannelChange::All, patchweave_config::ChannelChange::These(vec![0]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ChannelChange {
    /// Those of the training.
    #[default]
    Keep,
    /// All channels.
    All,
    /// The given channels.
    These(Vec<usize>),
}

/// Why a configuration cannot be converted.
///
/// ```
/// let error = patchweave_config::ConversionError::MissingOverlaps;
/// assert_eq!(error.to_string(), "tiles have no overlaps, expected one per axis of their size");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionError {
    /// The mode to convert from is not training, or the mode to convert to is.
    #[error("got a conversion from {} to {}, expected one from training to validating or predicting", from.name(), to.name())]
    Modes {
        /// The mode of the configuration.
        from: Mode,
        /// The requested mode.
        to: Mode,
    },
    /// The new axes have another number of spatial axes, or another depth axis.
    #[error("axes {to} differ in depth from axes {from}, expected {} spatial axes{}", n_spatial, czi_note(*is_czi))]
    Depth {
        /// The axes of the training.
        from: Axes,
        /// The new axes.
        to: Axes,
        /// The number of spatial axes of the training.
        n_spatial: usize,
        /// Whether both are CZI files.
        is_czi: bool,
    },
    /// Several channels for a training without a channel axis.
    #[error("got {} for a training without a channel axis, expected one or all", n_of(*n_channels))]
    NewChannels {
        /// The requested number of channels.
        n_channels: usize,
    },
    /// Axes without `C` for a training with several channels.
    #[error("got axes {axes} for a training with {}, expected axes with C", n_of(*n_channels))]
    NoChannels {
        /// The new axes.
        axes: Axes,
        /// The number of channels of the training.
        n_channels: usize,
    },
    /// Another number of channels than in the training.
    #[error("got {}, expected {expected} as in the training", n_of(*got))]
    ChannelCount {
        /// The requested number of channels.
        got: usize,
        /// The number of channels of the training.
        expected: usize,
    },
    /// A tile size without overlaps.
    #[error("tiles have no overlaps, expected one per axis of their size")]
    MissingOverlaps,
    /// The result is not a valid configuration.
    #[error("the converted configuration is not valid")]
    Invalid(#[from] ConfigErrors),
}

fn czi_note(is_czi: bool) -> &'static str {
    if is_czi { ", with the same depth axis (Z or T)" } else { "" }
}

/// How images are cut for a prediction.
fn tiling(options: &ConversionOptions) -> Result<TilingPlan, ConversionError> {
    let Some(patch_size) = options.patch_size else { return Ok(TilingPlan::Whole) };
    let overlaps = options.overlaps.ok_or(ConversionError::MissingOverlaps)?;
    Ok(TilingPlan::Tiled { patch_size, overlaps })
}

fn n_of(n_channels: usize) -> String {
    counted(n_channels, "channel", "channels")
}

impl DataPlan {
    /// Converts the plan of a training to that of a validation or prediction.
    ///
    /// Validation patches are drawn once, with the global seed. Filters are dropped. Statistics, augmentations, seeds,
    /// settings of loaders and lateral context are kept, but channels are mixed with equal weights and cut at one
    /// position.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use patchweave_config::{ConversionOptions, DataRules, Mode, PatchingPlan, TilingPlan, parse_data_config};
    ///
    /// let text = "
    /// mode: training
    /// data_type: tiff
    /// axes: YX
    /// patching: {name: stratified, patch_size: [64, 64]}
    /// normalization: {name: mean_std}
    /// ";
    /// let data = parse_data_config(text, Path::new("a.yaml"), DataRules::Own)?;
    /// let predicted = data.converted(Mode::Predicting, &ConversionOptions::default()).unwrap();
    /// assert_eq!(predicted.patching, PatchingPlan::Tiling(TilingPlan::Whole));
    /// let error = predicted.converted(Mode::Validating, &ConversionOptions::default()).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "got a conversion from predicting to validating, expected one from training to validating or predicting",
    /// );
    /// # Ok::<(), patchweave_config::ConfigErrors>(())
    /// ```
    ///
    /// # Errors
    /// [`ConversionError`] if modes, axes or channels do not fit, and [`Invalid`](ConversionError::Invalid) if the result is
    /// not a valid configuration.
    pub fn converted(&self, mode: Mode, options: &ConversionOptions) -> Result<DataPlan, ConversionError> {
        if self.mode != Mode::Training || mode == Mode::Training {
            return Err(ConversionError::Modes { from: self.mode, to: mode });
        }
        let data_type = options.data_type.unwrap_or(self.data_type);
        let axes = options.axes.clone().unwrap_or_else(|| self.axes.clone());
        self.check_depth(data_type, &axes)?;
        let channels = match &options.channels {
            ChannelChange::Keep => self.channels.clone(),
            ChannelChange::All => None,
            ChannelChange::These(channels) => Some(channels.clone()),
        };
        self.check_channels(&axes, channels.as_deref())?;
        let patching = match mode {
            Mode::Validating => self.validation_patching(options),
            _ => PatchingPlan::Tiling(tiling(options)?),
        };
        let loader = |of_mode, own: &LoaderParams| match &options.loader {
            Some(loader) if mode == of_mode => loader.clone(),
            _ => own.clone(),
        };
        let plan = DataPlan {
            mode,
            data_type,
            axes,
            own_target_axes: options.target_axes.clone().or_else(|| self.own_target_axes.clone()),
            patching,
            batch_size: options.batch_size.unwrap_or(self.batch_size),
            in_memory: options.in_memory.unwrap_or(self.in_memory),
            channels,
            patch_filter: None,
            mask_filter: None,
            val_loader: loader(Mode::Validating, &self.val_loader),
            pred_loader: loader(Mode::Predicting, &self.pred_loader),
            lateral: self.lateral.as_ref().map(|lateral| LateralPlan {
                alpha_ranges: None,
                uncorrelated_channel_prob: 0.0,
                ..lateral.clone()
            }),
            ..self.clone()
        };
        // Parsing the result checks it by the rules for all other configurations.
        let text = plan.to_reference_form().to_yaml();
        Ok(alone::read(&text, Path::new("converted data_config"), Rules::WRITTEN)?)
    }

    fn validation_patching(&self, options: &ConversionOptions) -> PatchingPlan {
        match options.patch_size.or_else(|| self.patching.training_size()) {
            Some(patch_size) => PatchingPlan::FixedRandom { patch_size, seed: self.seed },
            None => PatchingPlan::Tiling(TilingPlan::Whole),
        }
    }

    fn check_depth(&self, data_type: DataType, axes: &Axes) -> Result<(), ConversionError> {
        let n_spatial = self.n_spatial();
        let is_czi = self.data_type == DataType::Czi && data_type == DataType::Czi;
        let has_other_depth =
            is_czi && n_spatial == 3 && axes.contains(Axis::Z) != self.axes.contains(Axis::Z);
        if Space::new(axes, Some(data_type)).n_spatial == n_spatial && !has_other_depth {
            return Ok(());
        }
        Err(ConversionError::Depth { from: self.axes.clone(), to: axes.clone(), n_spatial, is_czi })
    }

    fn check_channels(&self, axes: &Axes, channels: Option<&[usize]>) -> Result<(), ConversionError> {
        match (self.axes.contains(Axis::C), axes.contains(Axis::C), &self.channels, channels) {
            (false, true, _, Some(new)) if new.len() != 1 => {
                Err(ConversionError::NewChannels { n_channels: new.len() })
            }
            (true, false, Some(old), _) if old.len() != 1 => {
                Err(ConversionError::NoChannels { axes: axes.clone(), n_channels: old.len() })
            }
            (_, _, Some(old), Some(new)) if old.len() != new.len() => {
                Err(ConversionError::ChannelCount { got: new.len(), expected: old.len() })
            }
            _ => Ok(()),
        }
    }
}
