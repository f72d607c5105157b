//! Mixtures: several data sets in one stream of batches.

use std::path::PathBuf;

use patchweave_loader::MixLength;

/// A mixture: several data sets in one stream of batches.
///
/// Ratios are integers in lowest terms: 0.7 and 0.3 become 7 and 3.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_loader::MixLength;
///
/// let text = "
/// output: out
/// data_config:
///   mode: training
///   data_type: tiff
///   axes: YX
///   patching: {name: random, patch_size: [64, 64]}
///   normalization: {name: none}
/// train: {input: a.tiff, ratio: 0.7, mix: [{config: other.yaml, ratio: 0.3}]}
/// ";
/// let mix = patchweave_config::parse(text, Path::new("configs/a.yaml"), &|_| None)?.train.unwrap().mix.unwrap();
/// assert_eq!((mix.ratio, mix.until), (7, MixLength::Longest));
/// assert_eq!((mix.others[0].config.as_path(), mix.others[0].ratio), (Path::new("configs/other.yaml"), 3));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixPlan {
    /// Samples per cycle from the data of this file, at least 1.
    pub ratio: usize,
    /// The other data sets, at least one.
    pub others: Vec<MixedFile>,
    /// When an epoch ends.
    pub until: MixLength,
}

/// Another configuration whose data set is mixed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixedFile {
    /// The path of the configuration file.
    pub config: PathBuf,
    /// Samples per cycle from its data, at least 1.
    pub ratio: usize,
}
