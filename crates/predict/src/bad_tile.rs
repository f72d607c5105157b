//! Tiles that cannot be read.

use std::error::Error;

use patchweave_geometry::TileSpec;
use patchweave_loader::LoaderError;

/// What becomes of an image with a tile that cannot be read, or of which the [mask](crate::Predictor::with_masks) cannot be;
/// [`Predictor::run_telling`](crate::Predictor::run_telling) tells of it.
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
    /// This value stands in all outputs in the place of the tile; an image of which a model wants statistics is given up.
    Fill(f32),
}

/// A tile that could not be read, or of which the mask could not be, where that is no failure.
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
    pub error: &'a (dyn Error + 'static),
    /// Whether a model wants statistics of all of the image: it is given up then, whatever becomes of other tiles that cannot be
    /// read.
    pub of_statistics: bool,
}

/// A tile whose units are written anew, although they were written before; see
/// [`PredictOptions::anew`](crate::PredictOptions::anew).
///
/// ```
/// use patchweave_predict::AnewTile;
///
/// assert!(AnewTile { data_idx: 0, tile_idx: 9 } < AnewTile { data_idx: 1, tile_idx: 0 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnewTile {
    /// The image of the data set.
    pub data_idx: usize,
    /// The tile, counted in the image.
    pub tile_idx: usize,
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
