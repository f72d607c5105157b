//! Tiles that cannot be read.

use patchweave_geometry::TileSpec;
use patchweave_loader::LoaderError;

/// What becomes of an image with a tile that cannot be read; [`Predictor::run_telling`](crate::Predictor::run_telling) tells of it.
///
/// ```
/// use patchweave_predict::OnBadTile;
///
/// assert_eq!(OnBadTile::default(), OnBadTile::Fail);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum OnBadTile {
    /// The prediction fails.
    #[default]
    Fail,
    /// The image is given up: its targets are not finished.
    SkipImage,
    /// This value stands in all outputs in the place of the tile.
    Fill(f32),
}

/// A tile that could not be read, where that is no failure.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct BadTile<'a> {
    /// The image of the data set.
    pub data_idx: usize,
    /// Its source.
    pub image: &'a str,
    /// The tile.
    pub tile: TileSpec,
    /// Why it could not be read.
    pub error: &'a LoaderError,
}

/// The samples of a batch that could not be made, by their numbers in the data set of the loader, as far as they are known.
pub(crate) fn failed_samples(errors: &[LoaderError]) -> Vec<(usize, &LoaderError)> {
    let sample = |error| match error {
        &LoaderError::Patch { ref sample, .. } | &LoaderError::Panicked { ref sample, .. } => {
            Some((sample.id.index, error))
        }
        _ => None,
    };
    errors.iter().filter_map(sample).collect()
}
