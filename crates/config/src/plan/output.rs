//! In which formats the results of a prediction are written, and how.

use patchweave_geometry::Axis;

use crate::text::ConfigValue;

/// One output of a prediction: a format and how it is written.
///
/// Which formats, codecs and settings there are, only those know who write; a plan keeps what the file says.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{ConfigValue, LevelCount, OutputPlan};
///
/// let text = r#"
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict:
///   input: a.tiff
///   models: [identity]
///   formats: [tiff, {name: ome_zarr, levels: auto, compression: zstd:9, version: "0.4"}]
/// "#;
/// let outputs = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.predict.unwrap().formats;
/// assert_eq!(outputs[0], OutputPlan::named("tiff"));
/// assert_eq!((outputs[1].format.as_str(), outputs[1].levels), ("ome_zarr", LevelCount::Auto));
/// let compression = outputs[1].compression.as_ref().unwrap();
/// assert_eq!((compression.codec.as_str(), compression.level), ("zstd", Some(9)));
/// assert_eq!(outputs[1].settings, [("version".to_owned(), ConfigValue::from("0.4"))]);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct OutputPlan {
    /// The name of the format.
    pub format: String,
    /// How many levels an image has; 1 by default.
    pub levels: LevelCount,
    /// The axes along which levels get smaller.
    pub level_axes: LevelAxesPlan,
    /// The size of chunks; `None` lets the format choose.
    pub chunks: Option<AxisSizes>,
    /// The size of shards, files of several chunks; `None` lets the format choose.
    pub shards: Option<AxisSizes>,
    /// How pixels are compressed; `None` lets the format choose.
    pub compression: Option<CompressionPlan>,
    /// Settings of the format itself, as written.
    pub settings: Vec<(String, ConfigValue)>,
}

impl OutputPlan {
    /// A format of that name, written as it is by default.
    pub fn named(format: impl Into<String>) -> Self {
        OutputPlan {
            format: format.into(),
            levels: LevelCount::Given(1),
            level_axes: LevelAxesPlan::default(),
            chunks: None,
            shards: None,
            compression: None,
            settings: Vec::new(),
        }
    }
}

/// How many levels an image has, itself included.
///
/// ```
/// assert_ne!(patchweave_config::LevelCount::Auto, patchweave_config::LevelCount::Given(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LevelCount {
    /// As many as it takes until the smallest is small.
    Auto,
    /// So many, 1 to 32.
    Given(usize),
}

/// The axes along which levels get smaller.
///
/// ```
/// assert_eq!(patchweave_config::LevelAxesPlan::default().name(), "auto");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LevelAxesPlan {
    /// `Y`, `X`, and `Z` unless its pixels are much longer.
    #[default]
    Auto,
    /// `Y` and `X`.
    Yx,
    /// `Z`, `Y` and `X`.
    Zyx,
}

impl LevelAxesPlan {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            LevelAxesPlan::Auto => "auto",
            LevelAxesPlan::Yx => "yx",
            LevelAxesPlan::Zyx => "zyx",
        }
    }
}

/// A size in pixels along each axis that is named.
///
/// ```
/// use patchweave_config::AxisSizes;
/// use patchweave_geometry::Axis;
///
/// let sizes = AxisSizes(vec![(Axis::Y, 128), (Axis::X, 256)]);
/// assert_eq!((sizes.along(Axis::X), sizes.along(Axis::Z)), (Some(256), None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AxisSizes(
    /// Axes, each once, with sizes of at least 1.
    pub Vec<(Axis, usize)>,
);

impl AxisSizes {
    /// The size along an axis, if it is given.
    pub fn along(&self, axis: Axis) -> Option<usize> {
        self.0.iter().find(|(own, _)| *own == axis).map(|(_, size)| *size)
    }
}

/// How pixels are compressed.
///
/// ```
/// use patchweave_config::CompressionPlan;
///
/// let zstd = CompressionPlan { codec: "zstd".to_owned(), level: Some(9) };
/// assert_eq!(zstd.level, Some(9));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompressionPlan {
    /// The name of the codec.
    pub codec: String,
    /// The level in the numbers of the codec; `None` lets it choose.
    pub level: Option<i32>,
}
