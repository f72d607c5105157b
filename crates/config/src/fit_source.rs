//! The `statistics` of a training: what the statistics of a normalization are computed from.

use crate::reader::{Reader, Value};
use crate::scalar::{Fractions, Names, fraction};

/// What statistics are computed from, where the configuration does not give them.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::FitSource;
///
/// let text = "
/// output: out
/// data_config:
///   mode: training
///   data_type: tiff
///   axes: YX
///   patching: {name: random, patch_size: [64, 64]}
///   normalization: {name: mean_std}
/// train: {input: a.tiff, statistics: {from: patches, tolerance: 0.001}}
/// ";
/// let train = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.train.unwrap();
/// assert_eq!(train.statistics, FitSource::Patches { tolerance: Some(0.001) });
/// assert_ne!(train.statistics, FitSource::default());
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FitSource {
    /// The training patches of one epoch, as CAREamics does.
    Patches {
        /// The standard error of means and of deviations, as a part of the deviation and above 0, at which no more
        /// patches are needed; all of them without one.
        tolerance: Option<f64>,
    },
    /// All pixels of the training images.
    Images,
}

impl Default for FitSource {
    fn default() -> Self {
        FitSource::Patches { tolerance: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Patches,
    Images,
}

const NAMES: Names<'_, From> =
    Names { known: &[("patches", From::Patches), ("images", From::Images)], refused: &[] };

/// The `statistics` of `train`.
pub(crate) fn fit_source(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<FitSource> {
    let block = value.block(reader)?.only(reader, &["from", "tolerance"]);
    let from = block.or(reader, "from", From::Patches, |reader, value| NAMES.read(reader, value));
    let tolerance =
        block.maybe(reader, "tolerance", |reader, value| fraction(reader, value, Fractions::AboveZero));
    if let (Some(From::Images), Some(value)) = (from, block.given("tolerance")) {
        return reader.refuse_found(
            &value,
            "a tolerance with statistics from images",
            "from: patches, or no tolerance, because all pixels are used",
        );
    }
    Some(match from? {
        From::Patches => FitSource::Patches { tolerance: tolerance? },
        From::Images => FitSource::Images,
    })
}
