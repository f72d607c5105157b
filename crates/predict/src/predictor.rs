//! From tiles to finished images.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};
use ndarray::{ArrayView4, Axis};
use patchweave_construct::{ChosenPatchConstr, ConstructError, Dataset, PatchConstr, PatchConstrExt};
use patchweave_geometry::{RegionSpec, TileGrid};
use patchweave_loader::{Batch, Loader, LoaderOptions};
use patchweave_model::Model;

use crate::batch_model::BatchModel;
use crate::open_image::{Made, OpenImage, OpenOutput, Plan};
use crate::output_grid::common_unit;
use crate::skip::SkipLimits;
use crate::tile_order::tile_order;
use crate::unit_writer::UnitTask;
use crate::{Blend, Finished, OutputImage, PredictError, Skip, Target, Tiling};

/// Images are opened until they have so many tiles together.
const PORTION_TILES: usize = 4096;
/// Images that are open at once.
const PORTION_IMAGES: usize = 32;
/// Targets that are open at once, unless one image has more: each of them holds a file.
const PORTION_TARGETS: usize = 64;

/// What a prediction has done so far; see [`Predictor::run`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Tiles predicted or left out.
    pub n_tiles: usize,
    /// Those of them that were left out.
    pub n_skipped: usize,
    /// Tiles of all images, without those that need no prediction; images that are not opened yet count with all of theirs.
    pub n_total: usize,
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
    /// Whether the targets of images that are not finished stay, to be [resumed](patchweave_sink::Job::resume).
    pub leaves_unfinished: bool,
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
            leaves_unfinished: false,
        }
    }
}

/// Runs models over the tiles of a data set and writes their outputs, image by image.
///
/// All models see a tile in one pass. A tile is kept until the units of all targets that it belongs to are written, and no
/// longer; tiles come in the order in which the least has to be kept. Reading, models, and joining and encoding of units run
/// side by side. A unit is made of its tiles in the order of their numbers, so that results depend on the data, the
/// configuration and the models, not on threads. An image is finished only when all of its units are written.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor};
/// use patchweave_geometry::{Extent, PerAxis};
/// use patchweave_model::Identity;
/// use patchweave_patching::TiledPatching;
/// use patchweave_pixel::{PixelMap, PixelType};
/// use patchweave_predict::{OutputImage, PredictOptions, Predictor, Target, Tiling};
/// use patchweave_sink::{ImageSpec, Job, SinkFormats};
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::from_shape_fn((40, 50), |(y, x)| (y * x) as u16).into_dyn();
/// let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
/// let layout = input.info(0).unwrap().layout.clone();
/// let (size, overlaps) = (Extent::new(&[16, 16])?, PerAxis::new(&[4, 4])?);
/// let patching = TiledPatching::new(input.shapes(), size, Some(overlaps))?;
/// let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None)?), 0);
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("result.tiff");
/// let identity = Identity::new();
/// let options = PredictOptions { batch_size: 4, ..PredictOptions::default() };
/// let predictor = Predictor::new(&dataset, Tiling::Tiles { size, overlaps }, vec![&identity], options);
/// let mut targets = |_: &OutputImage<'_>| {
///     let spec = ImageSpec::new(layout.clone(), PixelType::U16);
///     let job = Job::start(&SinkFormats::default(), &path, Some("tiff"), spec)?;
///     Ok(vec![Target::new(job, PixelMap::to(PixelType::U16))])
/// };
/// let finished = predictor.run(&mut targets, |_| true, |_| ())?;
/// assert_eq!(finished[0].location.path(), Some(path.as_path()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Predictor<'a> {
    dataset: &'a Dataset,
    tiling: Tiling,
    models: Vec<&'a dyn Model>,
    options: PredictOptions,
}

/// The tiles that are predicted next, of some of the images.
struct Portion {
    images: Vec<OpenImage>,
    /// The place in `images`, and the tile.
    tiles: Vec<(usize, usize)>,
    /// The sample of the data set of every tile.
    indices: Vec<usize>,
}

/// How many tiles a batch had.
struct Counted {
    n_tiles: usize,
    /// Those of them that were left out.
    n_skipped: usize,
}

impl Portion {
    fn n_targets(&self) -> usize {
        let outputs = self.images.iter().flat_map(OpenImage::outputs);
        outputs.map(OpenOutput::n_targets).sum()
    }
}

/// What threads that write tell.
#[derive(Default)]
struct Writing {
    finished: Mutex<Vec<Finished>>,
    failure: Mutex<Option<PredictError>>,
    has_failed: AtomicBool,
}

impl<'a> Predictor<'a> {
    /// Joins a data set of tiles or whole samples, cut as `tiling` says, and models.
    pub fn new(
        dataset: &'a Dataset,
        tiling: Tiling,
        models: Vec<&'a dyn Model>,
        options: PredictOptions,
    ) -> Self {
        Predictor { dataset, tiling, models, options }
    }

    /// Predicts everything and says what was written, image by image, model by model, output by output.
    ///
    /// `targets` makes the places that an output of a model for an image is written to; there may be none. A target that was
    /// [resumed](patchweave_sink::Job::resume) gets only the units that it lacks. `keep_going` is called after every batch and
    /// may end the run by `false`. `watch` sees every batch before it is predicted.
    ///
    /// # Errors
    /// [`PredictError`]; targets that are not finished by then are removed, unless the options say that they stay.
    pub fn run(
        &self,
        targets: &mut dyn FnMut(&OutputImage<'_>) -> Result<Vec<Target>, PredictError>,
        mut keep_going: impl FnMut(Progress) -> bool,
        mut watch: impl FnMut(&Batch),
    ) -> Result<Vec<Finished>, PredictError> {
        let writing = Writing::default();
        let n_writers = self.options.n_writers.max(1);
        let (tasks, queue) = bounded(n_writers);
        let fed = std::thread::scope(|scope| {
            for _ in 0..n_writers {
                let (queue, writing) = (queue.clone(), &writing);
                scope.spawn(move || writing.work(&queue));
            }
            drop(queue);
            // The queue ends when this has ended.
            self.feed(tasks, targets, &mut keep_going, &mut watch, &writing)
        });
        if let Some(failure) = writing.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failure);
        }
        fed?;
        let mut finished = writing.finished.into_inner().unwrap_or_else(PoisonError::into_inner);
        finished.sort_by_key(|one| (one.data_idx, one.model_idx, one.output_idx, one.target_idx));
        Ok(finished)
    }

    fn feed(
        &self,
        tasks: Sender<UnitTask>,
        targets: &mut dyn FnMut(&OutputImage<'_>) -> Result<Vec<Target>, PredictError>,
        keep_going: &mut dyn FnMut(Progress) -> bool,
        watch: &mut dyn FnMut(&Batch),
        writing: &Writing,
    ) -> Result<(), PredictError> {
        let constr = self.dataset.constr();
        let shapes = constr.input_shapes();
        let n_channels = if constr.n_patches() == 0 { 1 } else { constr.layout(0)?.input.n_channels };
        let mut models: Vec<BatchModel<'_>> =
            self.models.iter().map(|model| BatchModel::new(*model)).collect();
        let infos = || self.models.iter().map(|model| model.info());
        let normalizer = self.dataset.normalizer();
        let plan = Plan {
            tiling: self.tiling,
            blend: &self.options.blend,
            models: infos().collect(),
            unit: if self.tiling == Tiling::Whole { [1; 3] } else { common_unit(infos()) },
            n_channels,
            leaves: self.options.leaves_unfinished,
            normalizer,
            skip: self
                .options
                .skip
                .map(|skip| SkipLimits::new(skip, normalizer, n_channels))
                .transpose()
                .map_err(ConstructError::from)?,
        };
        let grids = shapes.iter().map(|shape| plan.grid(*shape)).collect::<Result<Vec<TileGrid>, _>>()?;
        self.check_tiles(&grids, &models, n_channels)?;
        let mut progress =
            Progress { n_tiles: 0, n_skipped: 0, n_total: grids.iter().map(TileGrid::n_tiles).sum() };
        let mut next = 0;
        let mut first_index = 0;
        while next < shapes.len() {
            let mut portion = Portion { images: Vec::new(), tiles: Vec::new(), indices: Vec::new() };
            while next < shapes.len()
                && portion.tiles.len() < PORTION_TILES
                && portion.images.len() < PORTION_IMAGES
                && portion.n_targets() < PORTION_TARGETS
            {
                let mut finished = Vec::new();
                let name = image_name(constr.as_ref(), next, &grids[next]);
                let image = OpenImage::open(next, name, shapes[next], &plan, targets, &mut finished)?;
                writing.finished.lock().unwrap_or_else(PoisonError::into_inner).extend(finished);
                let needed = tile_order(&image)?;
                progress.n_total -= grids[next].n_tiles() - needed.len();
                portion.tiles.extend(needed.iter().map(|tile_idx| (portion.images.len(), *tile_idx)));
                portion.indices.extend(needed.iter().map(|tile_idx| first_index + tile_idx));
                portion.images.push(image);
                first_index += grids[next].n_tiles();
                next += 1;
            }
            self.predict(&mut portion, &mut models, &plan, &tasks, writing, &mut |batch, n| {
                match n {
                    None => watch(batch),
                    Some(Counted { n_tiles, n_skipped }) => {
                        progress.n_tiles += n_tiles;
                        progress.n_skipped += n_skipped;
                    }
                }
                n.is_none() || keep_going(progress)
            })?;
        }
        Ok(())
    }

    /// Whether the data set has the tiles that are expected, and models take them.
    fn check_tiles(
        &self,
        grids: &[TileGrid],
        models: &[BatchModel<'_>],
        n_channels: usize,
    ) -> Result<(), PredictError> {
        let (got, expected) = (self.dataset.n_patches(), grids.iter().map(TileGrid::n_tiles).sum());
        if got != expected {
            return Err(PredictError::TileCount { got, expected });
        }
        let mut sizes: Vec<[usize; 3]> = grids.iter().map(|grid| grid.tile_size().to_zyx()).collect();
        sizes.sort_unstable();
        sizes.dedup();
        for [z, y, x] in sizes {
            for model in models {
                model.prepare([self.options.batch_size, n_channels, z, y, x])?;
            }
        }
        Ok(())
    }

    /// Predicts the tiles of a portion. `step` sees every batch before, and after that how many tiles it had and how many of
    /// them were left out.
    fn predict(
        &self,
        portion: &mut Portion,
        models: &mut [BatchModel<'_>],
        plan: &Plan<'_>,
        tasks: &Sender<UnitTask>,
        writing: &Writing,
        step: &mut dyn FnMut(&Batch, Option<Counted>) -> bool,
    ) -> Result<(), PredictError> {
        if portion.indices.is_empty() {
            return Ok(());
        }
        let chosen =
            ChosenPatchConstr::new(Arc::clone(self.dataset.constr()), std::mem::take(&mut portion.indices))?;
        let options = LoaderOptions {
            batch_size: self.options.batch_size,
            n_workers: self.options.n_workers,
            prefetch_bytes: self.options.prefetch_bytes,
            ..LoaderOptions::default()
        };
        let loader = Loader::new(self.dataset.with_constr(Arc::new(chosen)), options)?;
        let mut whole = Vec::new();
        let mut n_seen = 0;
        for batch in loader.epoch(0)? {
            let batch = batch?;
            step(&batch, None);
            let shown = plan.shown(batch.inputs());
            if shown.len() == batch.len() {
                models.iter_mut().try_for_each(|model| model.predict(batch.inputs()))?;
            } else if !shown.is_empty() {
                let inputs = batch.inputs().select(Axis(0), &shown);
                models.iter_mut().try_for_each(|model| model.predict(inputs.view()))?;
            }
            for (place, (index, spec)) in batch.indices().zip(batch.specs()).enumerate() {
                let &(image_idx, tile_idx) = portion
                    .tiles
                    .get(index)
                    .ok_or(PredictError::TileCount { got: index + 1, expected: portion.tiles.len() })?;
                let image = &mut portion.images[image_idx];
                image.check_spec(tile_idx, spec)?;
                let predicted: Vec<ArrayView4<'_, f32>>;
                let made = match (shown.binary_search(&place), &plan.skip) {
                    (Err(_), Some(skip)) => Made::LeftOut(skip.value),
                    (place, _) => {
                        let place = place.unwrap_or_else(|place| place);
                        predicted = models.iter().flat_map(|model| model.sample(place)).collect();
                        Made::Predicted(&predicted)
                    }
                };
                image.add(tile_idx, made, plan.normalizer, &mut whole)?;
                for task in whole.drain(..) {
                    // Nobody takes it only if all who write have failed.
                    if tasks.send(task).is_err() {
                        return Err(PredictError::Interrupted);
                    }
                }
            }
            n_seen += batch.len();
            let counted = Counted { n_tiles: batch.len(), n_skipped: batch.len() - shown.len() };
            let goes_on = step(&batch, Some(counted));
            if !goes_on || writing.has_failed.load(Ordering::Acquire) {
                return Err(PredictError::Interrupted);
            }
        }
        let expected = portion.tiles.len();
        if n_seen == expected { Ok(()) } else { Err(PredictError::TileCount { got: n_seen, expected }) }
    }
}

/// What an image is called in messages.
fn image_name(constr: &dyn PatchConstr, data_idx: usize, grid: &TileGrid) -> String {
    let spec = grid.spec(data_idx, 0).map(RegionSpec::from);
    let metadata = spec.and_then(|spec| constr.input_image_metadata(&spec));
    metadata.map_or_else(|| "unnamed".to_owned(), |metadata| metadata.source.clone())
}

/// Says that something failed if the thread panics, so that nobody goes on without it.
struct ToldOfPanic<'a>(&'a AtomicBool);

impl Drop for ToldOfPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

impl Writing {
    fn work(&self, queue: &Receiver<UnitTask>) {
        let _told = ToldOfPanic(&self.has_failed);
        for task in queue {
            // What comes after a failure is let go of, so that nobody waits for room.
            if self.has_failed.load(Ordering::Acquire) {
                continue;
            }
            match task.run() {
                Ok(finished) => self.finished.lock().unwrap_or_else(PoisonError::into_inner).extend(finished),
                Err(error) => {
                    self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    self.has_failed.store(true, Ordering::Release);
                }
            }
        }
    }
}
