//! How a prediction runs, and how far it is.

use patchweave_loader::LoaderOptions;

use crate::{AnewTile, Blend, MemoryForecast, OnBadTile, Part, PredictTimes, Skip};

/// What a prediction has done so far; see [`Predictor::run`](crate::Predictor::run).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Tiles predicted or left out.
    pub n_tiles: usize,
    /// Those of them that were left out.
    pub n_skipped: usize,
    /// Tiles of all images, without those that need no prediction; images that are not opened yet count with all of theirs.
    pub n_total: usize,
    /// The most memory that is needed from here on, as far as images are open; known before the first batch.
    pub memory: MemoryForecast,
    /// Where the time went so far.
    pub times: PredictTimes,
}

/// How a prediction runs.
///
/// ```
/// use patchweave_predict::{Blend, PredictOptions};
///
/// let options = PredictOptions { batch_size: 4, blend: Blend::Hann, ..PredictOptions::default() };
/// assert_eq!(options.n_writers, 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PredictOptions {
    /// Tiles per batch, at least 1.
    pub batch_size: usize,
    /// Threads that read, at least 1.
    pub n_workers: usize,
    /// The limit in bytes for batches that are made ahead.
    pub prefetch_bytes: usize,
    /// Threads that put units together and encode them, at least 1.
    pub n_writers: usize,
    /// What becomes of a pixel that several tiles have.
    pub blend: Blend,
    /// Which tiles are left out.
    pub skip: Option<Skip>,
    /// What becomes of images with tiles that cannot be read.
    pub on_bad_tile: OnBadTile,
    /// Whether the targets of images that are not finished stay, to be [resumed](patchweave_sink::Job::resume).
    pub leaves_unfinished: bool,
    /// What of the prediction is made; of one that is not the whole, nothing is finished and all of it stays.
    pub part: Part,
    /// Tiles whose units are written anew although they were written before, in targets that are
    /// [resumed](patchweave_sink::Job::resume) and not complete: those that were filled then and can be read now.
    pub anew: Vec<AnewTile>,
}

impl Default for PredictOptions {
    /// One tile per batch, one thread each, crops, no tile is left out, and nothing stays that is not finished.
    fn default() -> Self {
        let LoaderOptions { batch_size, n_workers, prefetch_bytes, .. } = LoaderOptions::default();
        PredictOptions {
            batch_size,
            n_workers,
            prefetch_bytes,
            n_writers: 1,
            blend: Blend::Crop,
            skip: None,
            on_bad_tile: OnBadTile::Fail,
            leaves_unfinished: false,
            part: Part::default(),
            anew: Vec::new(),
        }
    }
}
