//! Several data sets in one stream of batches, and their ratio.

use std::path::PathBuf;

/// Several data sets in one stream.
///
/// Ratios are the smallest whole numbers that say the same: 0.7 and 0.3 are 7 and 3.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::MixUntil;
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
/// assert_eq!((mix.ratio, mix.until), (7, MixUntil::Longest));
/// assert_eq!((mix.others[0].config.as_path(), mix.others[0].ratio), (Path::new("configs/other.yaml"), 3));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixPlan {
    /// How many samples of a round come from the file's own data, at least 1.
    pub ratio: usize,
    /// The others, at least one.
    pub others: Vec<MixedFile>,
    /// When an epoch ends.
    pub until: MixUntil,
}

/// Another configuration whose data is mixed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MixedFile {
    /// The configuration.
    pub config: PathBuf,
    /// How many samples of a round come from its data, at least 1.
    pub ratio: usize,
}

/// When an epoch over several data sets ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MixUntil {
    /// When every data set was gone through; smaller ones are gone through again, with other samples.
    #[default]
    Longest,
    /// Before any data set is gone through a second time.
    Shortest,
}
