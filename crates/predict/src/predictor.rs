//! From tiles to finished images.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use crossbeam_channel::{Sender, bounded};
use ndarray::{ArrayView4, ArrayView5, Axis};
use patchweave_construct::{ChosenPatchConstr, ConstructError, Dataset, PatchConstr, PatchConstrExt};
use patchweave_geometry::{RegionSpec, TileGrid};
use patchweave_loader::{Batch, Loader, LoaderError, LoaderOptions, LoaderStats, OnFailure};
use patchweave_model::{Model, ModelError};
use patchweave_sink::SinkError;
use patchweave_stack::ImageStack;

use crate::bad_tile::failed_samples;
use crate::batch_model::BatchModel;
use crate::by_image::{ByImage, Damage, Images, Unknown};
use crate::masks::Masks;
use crate::memory::{BATCHES_AHEAD, MemoryForecast, input_bytes, model_bytes};
use crate::open_image::{Made, OpenImage, OpenOutput, Plan};
use crate::output_grid::common_unit;
use crate::skip::SkipLimits;
use crate::tile_order::{TileOrder, tile_order};
use crate::unit_writer::UnitTask;
use crate::writing::{BeforeUnit, Writing, send};
use crate::{
    BadTile, Finished, OnBadTile, OutputImage, PredictError, PredictOptions, PredictTimes, Progress, Target,
    Tiling,
};

/// Images are opened until they have so many tiles together.
const PORTION_TILES: usize = 4096;
/// Images that are open at once.
const PORTION_IMAGES: usize = 32;
/// So many tiles that masks decide on lie between two looks at whether to go on.
const TILES_BETWEEN: usize = 256;
/// Targets that are open at once, unless one image has more: each of them holds a file.
const PORTION_TARGETS: usize = 64;

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
    /// Where there is something to predict, image by image.
    masks: Masks,
    /// Is told of every tile that is left out, by its image and number.
    left_out: Option<&'a (dyn Fn(usize, usize) + Sync)>,
    before_unit: BeforeUnit<'a>,
}

/// The tiles that are predicted next, of some of the images.
#[derive(Default)]
struct Portion {
    /// The numbers of the images in the data set.
    numbers: Vec<usize>,
    images: Vec<OpenImage>,
    /// The place in `images`, and the tile.
    tiles: Vec<(usize, usize)>,
    /// The sample of the data set of every tile.
    indices: Vec<usize>,
    /// Tiles that are not read.
    unread: VecDeque<Unread>,
    /// The bytes of tiles that are kept at once, at most.
    n_bytes_kept: usize,
}

/// A tile that is not read: a mask leaves it out, or it is filled because its mask cannot be read.
struct Unread {
    /// How many of the tiles that are read come before it.
    n_before: usize,
    /// The place in the images of the portion, and the tile.
    tile: (usize, usize),
    /// What stands in the results instead.
    value: f32,
    is_left_out: bool,
}

/// The models, with what they know of images.
struct Models<'a> {
    batch_models: Vec<BatchModel<'a>>,
    by_image: ByImage<'a>,
    images: Images<'a>,
}

impl Models<'_> {
    /// Predicts a batch; `places` are the image and the sample of every tile in it, which the models know.
    fn predict(&mut self, inputs: ArrayView5<'_, f32>, places: &[(usize, usize)]) -> Result<(), ModelError> {
        for (model_idx, model) in self.batch_models.iter_mut().enumerate() {
            let of_samples: Vec<Option<&dyn Model>> =
                places.iter().map(|(data, sample)| self.by_image.of(model_idx, *data, *sample)).collect();
            model.predict(inputs, &of_samples)?;
        }
        Ok(())
    }
}

/// The sample of an image that a region is of.
fn sample_idx(spec: &RegionSpec) -> usize {
    match spec {
        RegionSpec::Tile(tile) => tile.patch.sample_idx,
        RegionSpec::Patch(patch) => patch.sample_idx,
        // No tile of a prediction.
        RegionSpec::Uncorrelated(_) => 0,
    }
}

impl Portion {
    fn n_targets(&self) -> usize {
        let outputs = self.images.iter().flat_map(OpenImage::outputs);
        outputs.map(OpenOutput::n_targets).sum()
    }
}

/// What the caller wants to know and to decide.
struct Caller<'c> {
    keep_going: &'c mut dyn FnMut(Progress) -> bool,
    watch: &'c mut dyn FnMut(&Batch),
    tell: &'c mut dyn FnMut(BadTile<'_>),
}

/// What is needed to tell where the time went.
struct Clock {
    start: Instant,
    /// What was read for portions that are done.
    reading: LoaderStats,
}

impl Clock {
    fn tell(&self, times: &mut PredictTimes, batches: &LoaderStats, writing: &Writing<'_>) {
        let mut reading = self.reading;
        reading += *batches;
        times.elapsed = self.start.elapsed();
        times.waited_for_tiles = reading.waited;
        times.reading = reading.work;
        times.writing = writing.busy();
    }
}

impl<'a> Predictor<'a> {
    /// Joins a data set of tiles or whole samples, cut as `tiling` says, and models.
    pub fn new(
        dataset: &'a Dataset,
        tiling: Tiling,
        models: Vec<&'a dyn Model>,
        options: PredictOptions,
    ) -> Self {
        let masks = Masks::default();
        Predictor { dataset, tiling, models, options, masks, left_out: None, before_unit: None }
    }

    /// The same with a mask for each image that has one: tiles in which all of its pixels are 0 are left out, and not read.
    ///
    /// Masks have one channel and the samples and the size of their image. What stands in results instead says
    /// [`PredictOptions::skip`]; 0 where that is none.
    #[must_use]
    pub fn with_masks(self, masks: Vec<Option<Arc<dyn ImageStack>>>) -> Self {
        Predictor { masks: Masks(masks), ..self }
    }

    /// The same, which tells of every tile that is left out, before any unit that it has a part in is written: the number of
    /// its image and its own.
    #[must_use]
    pub fn telling_left_out(self, tell: &'a (dyn Fn(usize, usize) + Sync)) -> Self {
        Predictor { left_out: Some(tell), ..self }
    }

    /// The same with something to do before each unit is written, on the threads that write: whoever goes on with the
    /// targets takes a unit for written afterwards, and learns nothing more of its tiles. A failure ends the prediction.
    #[must_use]
    pub fn before_each_unit(self, act: &'a (dyn Fn() -> Result<(), SinkError> + Sync)) -> Self {
        Predictor { before_unit: Some(act), ..self }
    }

    /// Predicts everything and says what was written, image by image, model by model, output by output.
    ///
    /// `targets` makes the places that an output of a model for an image is written to; there may be none. A target that was
    /// [resumed](patchweave_sink::Job::resume) gets only the units that it lacks. `keep_going` is called after every batch,
    /// and again and again while models read whole images, and may end the run by `false`; once more when all is written.
    /// `watch` sees every batch before it is predicted.
    ///
    /// # Errors
    /// [`PredictError`]; targets that are not finished by then are removed, unless the options say that they stay.
    pub fn run(
        &self,
        targets: &mut dyn FnMut(&OutputImage<'_>) -> Result<Vec<Target>, PredictError>,
        keep_going: impl FnMut(Progress) -> bool,
        watch: impl FnMut(&Batch),
    ) -> Result<Vec<Finished>, PredictError> {
        self.run_telling(targets, keep_going, watch, |_| ())
    }

    /// As [`run`](Self::run), and tells of every tile that could not be read, where the options say that this is no failure.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_telling(
        &self,
        targets: &mut dyn FnMut(&OutputImage<'_>) -> Result<Vec<Target>, PredictError>,
        mut keep_going: impl FnMut(Progress) -> bool,
        mut watch: impl FnMut(&Batch),
        mut tell: impl FnMut(BadTile<'_>),
    ) -> Result<Vec<Finished>, PredictError> {
        let mut caller = Caller { keep_going: &mut keep_going, watch: &mut watch, tell: &mut tell };
        let writing = Writing::new(self.before_unit);
        let n_writers = self.options.n_writers.max(1);
        let start = Instant::now();
        let (tasks, queue) = bounded(n_writers);
        let fed = std::thread::scope(|scope| {
            for _ in 0..n_writers {
                let (queue, writing) = (queue.clone(), &writing);
                scope.spawn(move || writing.work(&queue));
            }
            drop(queue);
            let fed = self.feed(&tasks, targets, &mut caller, (&writing, start));
            // So that the queue ends, and with it those who write.
            drop(tasks);
            fed
        });
        if let Some(failure) = writing.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failure);
        }
        let mut progress = fed?;
        let times = &mut progress.times;
        // Since then nothing was done but to wait for what is written.
        times.waited_for_writers += start.elapsed().saturating_sub(times.elapsed);
        times.elapsed = start.elapsed();
        times.writing = writing.busy();
        // There is nothing left to stop.
        (caller.keep_going)(progress);
        let mut finished = writing.finished.into_inner().unwrap_or_else(PoisonError::into_inner);
        finished.sort_by_key(|one| (one.data_idx, one.model_idx, one.output_idx, one.target_idx));
        Ok(finished)
    }

    fn feed(
        &self,
        tasks: &Sender<UnitTask>,
        targets: &mut dyn FnMut(&OutputImage<'_>) -> Result<Vec<Target>, PredictError>,
        caller: &mut Caller<'_>,
        (writing, start): (&Writing<'_>, Instant),
    ) -> Result<Progress, PredictError> {
        let constr = self.dataset.constr();
        let shapes = constr.input_shapes();
        let n_channels = if constr.n_patches() == 0 { 1 } else { constr.layout(0)?.input.n_channels };
        let infos = || self.models.iter().map(|model| model.info());
        let normalizer = self.dataset.normalizer();
        let mut plan = Plan {
            tiling: self.tiling,
            blend: &self.options.blend,
            models: infos().collect(),
            unit: if self.tiling == Tiling::Whole { [1; 3] } else { common_unit(infos()) },
            n_channels,
            leaves: self.options.leaves_unfinished,
            part: self.options.part,
            anew: &self.options.anew,
            n_tiles: 0,
            normalizer,
            skip: self
                .options
                .skip
                .map(|skip| SkipLimits::new(skip, normalizer, n_channels))
                .transpose()
                .map_err(ConstructError::from)?,
        };
        self.masks.check(shapes)?;
        let grids = shapes.iter().map(|shape| plan.grid(*shape)).collect::<Result<Vec<TileGrid>, _>>()?;
        let batch_models: Vec<BatchModel<'_>> =
            self.models.iter().map(|model| BatchModel::new(*model)).collect();
        self.check_tiles(&grids, &batch_models, n_channels)?;
        plan.n_tiles = grids.iter().map(TileGrid::n_tiles).sum();
        let images = Images { dataset: self.dataset, shapes, grids: &grids, n_channels };
        let mut progress = Progress {
            n_tiles: 0,
            n_skipped: 0,
            n_total: plan.n_tiles,
            memory: MemoryForecast::default(),
            times: PredictTimes { n_writers: self.options.n_writers.max(1), ..PredictTimes::default() },
        };
        let by_image = ByImage::new(&self.models, &images, &mut || (caller.keep_going)(progress))?;
        let mut models = Models { batch_models, by_image, images };
        let mut clock = Clock { start, reading: LoaderStats::default() };
        let mut begun = start;
        let mut next = 0;
        let mut first_index = 0;
        while next < shapes.len() {
            let mut portion = Portion::default();
            while next < shapes.len()
                && portion.tiles.len() < PORTION_TILES
                && portion.images.len() < PORTION_IMAGES
                && portion.n_targets() < PORTION_TARGETS
            {
                let all_tiles = first_index..first_index + grids[next].n_tiles();
                if !plan.part.touches(&all_tiles, plan.n_tiles) {
                    progress.n_total -= all_tiles.len();
                    first_index = all_tiles.end;
                    next += 1;
                    continue;
                }
                let mut finished = Vec::new();
                let named = (next, models.images.name(next), shapes[next]);
                let mut image = OpenImage::open(named, &all_tiles, &plan, targets, &mut finished)?;
                writing.finished.lock().unwrap_or_else(PoisonError::into_inner).extend(finished);
                let TileOrder { tiles: needed, n_bytes_kept } = tile_order(&image)?;
                portion.n_bytes_kept = portion.n_bytes_kept.max(n_bytes_kept);
                progress.n_total -= grids[next].n_tiles() - needed.len();
                let told = (&mut progress, &mut *caller, writing);
                self.sort_tiles((next, first_index), &mut image, &needed, &mut portion, told)?;
                portion.images.push(image);
                portion.numbers.push(next);
                first_index = all_tiles.end;
                next += 1;
            }
            progress.memory = progress.memory.max(self.forecast(&portion, n_channels)?);
            if !(caller.keep_going)(progress) {
                return Err(PredictError::Interrupted);
            }
            progress.times.preparing += begun.elapsed();
            progress.times.elapsed = start.elapsed();
            let told = (&mut progress, &mut clock, &mut *caller);
            self.predict(&mut portion, &mut models, &plan, (tasks, writing), told)?;
            begun = Instant::now();
        }
        progress.times.elapsed = start.elapsed();
        Ok(progress)
    }

    /// Sorts the tiles of an image that are needed into those that are read and those that its mask leaves out. Where the
    /// mask cannot be read, that is as if the tile could not be.
    fn sort_tiles(
        &self,
        (data_idx, first_index): (usize, usize),
        image: &mut OpenImage,
        needed: &[usize],
        portion: &mut Portion,
        (progress, caller, writing): (&mut Progress, &mut Caller<'_>, &Writing<'_>),
    ) -> Result<(), PredictError> {
        let image_idx = portion.images.len();
        let (n_before, n_unread) = (portion.tiles.len(), portion.unread.len());
        let left_out = self.options.skip.map_or(0.0, |skip| skip.value);
        for part in needed.chunks(TILES_BETWEEN) {
            let mut is_given_up = false;
            for (&tile_idx, is_masked) in part.iter().zip(self.masks.leave_out(data_idx, image, part)) {
                let (tile, n_before) = ((image_idx, tile_idx), portion.tiles.len());
                let error = match is_masked {
                    Ok(false) => {
                        portion.tiles.push(tile);
                        portion.indices.push(first_index + tile_idx);
                        continue;
                    }
                    Ok(true) => {
                        self.tell_left_out(image, tile_idx);
                        let unread = Unread { n_before, tile, value: left_out, is_left_out: true };
                        portion.unread.push_back(unread);
                        continue;
                    }
                    Err(error) => error,
                };
                if self.options.on_bad_tile == OnBadTile::Fail {
                    return Err(error);
                }
                if let Some((data_idx, name, tile)) = image.tile(tile_idx) {
                    (caller.tell)(BadTile {
                        data_idx,
                        image: name,
                        tile,
                        error: &error,
                        of_statistics: false,
                    });
                }
                match self.options.on_bad_tile {
                    OnBadTile::Fill(value) => {
                        portion.unread.push_back(Unread { n_before, tile, value, is_left_out: false });
                    }
                    OnBadTile::Fail | OnBadTile::SkipImage => is_given_up = true,
                }
            }
            if is_given_up {
                image.give_up();
                portion.tiles.truncate(n_before);
                portion.indices.truncate(n_before);
                portion.unread.truncate(n_unread);
                progress.n_total -= needed.len();
                return Ok(());
            }
            if self.masks.has(data_idx) {
                going_on(progress, caller, writing)?;
            }
        }
        Ok(())
    }

    /// Fills tiles that could not be read, or gives up their images; says how many there were.
    fn bad_tiles(
        &self,
        failed: &[(usize, &LoaderError)],
        portion: &mut Portion,
        models: &mut Models<'_>,
        (plan, tasks): (&Plan<'_>, &Sender<UnitTask>),
        (progress, caller): (&mut Progress, &mut Caller<'_>),
    ) -> Result<usize, PredictError> {
        let mut whole = Vec::new();
        let mut n_bad = 0;
        for &(index, error) in failed {
            let Some(&(image_idx, tile_idx)) = portion.tiles.get(index) else { continue };
            n_bad += 1;
            let tile = portion.images.get(image_idx).and_then(|image| image.tile(tile_idx));
            let Some((.., tile)) = tile else { continue };
            let place = (image_idx, tile.patch.sample_idx);
            if matches!(self.options.on_bad_tile, OnBadTile::Fill(_))
                && !self.is_known(place, portion, models, (*progress, caller))?
            {
                continue;
            }
            let Some(image) = portion.images.get_mut(image_idx) else { continue };
            if let Some((data_idx, name, tile)) = image.tile(tile_idx) {
                (caller.tell)(BadTile { data_idx, image: name, tile, error, of_statistics: false });
            }
            match self.options.on_bad_tile {
                OnBadTile::Fill(value) => {
                    image.add(tile_idx, Made::LeftOut(value), plan.normalizer, &mut whole)?;
                    progress.times.waited_for_writers += send(tasks, &mut whole)?;
                }
                OnBadTile::Fail | OnBadTile::SkipImage => image.give_up(),
            }
        }
        Ok(n_bad)
    }

    fn tell_left_out(&self, image: &OpenImage, tile_idx: usize) {
        if let (Some(tell), Some((data_idx, ..))) = (self.left_out, image.tile(tile_idx)) {
            tell(data_idx, tile_idx);
        }
    }

    /// Adds the tiles that are not read and come before the `n_before`-th of the others.
    fn add_unread(
        &self,
        n_before: usize,
        portion: &mut Portion,
        (plan, tasks): (&Plan<'_>, &Sender<UnitTask>),
        (progress, caller, writing): (&mut Progress, &mut Caller<'_>, &Writing<'_>),
    ) -> Result<(), PredictError> {
        let mut whole = Vec::new();
        while portion.unread.front().is_some_and(|unread| unread.n_before <= n_before)
            && let Some(unread) = portion.unread.pop_front()
        {
            let Unread { tile: (image_idx, tile_idx), value, is_left_out, .. } = unread;
            let image = &mut portion.images[image_idx];
            image.add(tile_idx, Made::LeftOut(value), plan.normalizer, &mut whole)?;
            progress.times.waited_for_writers += send(tasks, &mut whole)?;
            progress.n_tiles += 1;
            progress.n_skipped += usize::from(is_left_out);
            if progress.n_tiles.is_multiple_of(TILES_BETWEEN) {
                going_on(progress, caller, writing)?;
            }
        }
        Ok(())
    }

    /// Whether something is made of an image, and all models know what they want to of it. An image of which they cannot is given
    /// up, where that is no failure.
    fn is_known(
        &self,
        (image_idx, sample_idx): (usize, usize),
        portion: &mut Portion,
        models: &mut Models<'_>,
        (progress, caller): (Progress, &mut Caller<'_>),
    ) -> Result<bool, PredictError> {
        let (Some(image), Some(&data_idx)) =
            (portion.images.get_mut(image_idx), portion.numbers.get(image_idx))
        else {
            return Ok(false);
        };
        if image.is_given_up() {
            return Ok(false);
        }
        let Models { by_image, images, .. } = models;
        let known = by_image.know(data_idx, sample_idx, images, &mut || (caller.keep_going)(progress));
        let Damage { model, data_idx, tile_idx, source } = match known {
            Ok(()) => return Ok(true),
            Err(Unknown::Other(error)) => return Err(error),
            Err(Unknown::Damaged(damage)) => damage,
        };
        let error = PredictError::StatisticsOfImage { model, image: images.name(data_idx), source };
        if self.options.on_bad_tile == OnBadTile::Fail {
            return Err(error);
        }
        if let Some((data_idx, name, tile)) = image.tile(tile_idx) {
            (caller.tell)(BadTile { data_idx, image: name, tile, error: &error, of_statistics: true });
        }
        image.give_up();
        Ok(false)
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

    /// The memory that a portion needs.
    fn forecast(&self, portion: &Portion, n_channels: usize) -> Result<MemoryForecast, PredictError> {
        let mut forecast = MemoryForecast { tiles: portion.n_bytes_kept, ..MemoryForecast::default() };
        for image in &portion.images {
            let [z, y, x] = image.tile_size().to_zyx();
            let inputs = [self.options.batch_size, n_channels, z, y, x];
            forecast = forecast.max(MemoryForecast {
                batches: input_bytes(inputs, self.options.prefetch_bytes),
                models: model_bytes(&self.models, inputs, rayon::current_num_threads())?,
                tiles: 0,
                units: image.unit_bytes(self.options.n_writers.max(1))?,
            });
        }
        Ok(forecast)
    }

    /// Predicts the tiles of a portion.
    fn predict(
        &self,
        portion: &mut Portion,
        models: &mut Models<'_>,
        plan: &Plan<'_>,
        (tasks, writing): (&Sender<UnitTask>, &Writing<'_>),
        (progress, clock, caller): (&mut Progress, &mut Clock, &mut Caller<'_>),
    ) -> Result<(), PredictError> {
        if portion.indices.is_empty() {
            self.add_unread(0, portion, (plan, tasks), (progress, caller, writing))?;
            clock.tell(&mut progress.times, &LoaderStats::default(), writing);
            return going_on(progress, caller, writing);
        }
        let chosen =
            ChosenPatchConstr::new(Arc::clone(self.dataset.constr()), std::mem::take(&mut portion.indices))?;
        let options = LoaderOptions {
            batch_size: self.options.batch_size,
            n_workers: self.options.n_workers,
            on_failure: match self.options.on_bad_tile {
                OnBadTile::Fail => OnFailure::Fail,
                OnBadTile::SkipImage | OnBadTile::Fill(_) => OnFailure::Skip,
            },
            prefetch_batches: BATCHES_AHEAD,
            prefetch_bytes: self.options.prefetch_bytes,
            ..LoaderOptions::default()
        };
        let loader = Loader::new(self.dataset.with_constr(Arc::new(chosen)), options)?;
        let mut whole = Vec::new();
        let mut n_seen = 0;
        let mut batches = loader.epoch(0)?;
        while let Some(batch) = batches.next() {
            let goes_on = self.options.on_bad_tile != OnBadTile::Fail;
            let batch = match batch {
                // Nothing of it could be read.
                Err(ref error @ LoaderError::AllSkipped { batch_idx, n, .. }) if goes_on => {
                    let first = batch_idx * self.options.batch_size;
                    let failed: Vec<_> = (first..first + n).map(|index| (index, error)).collect();
                    let n_bad =
                        self.bad_tiles(&failed, portion, models, (plan, tasks), (&mut *progress, caller))?;
                    n_seen += n_bad;
                    progress.n_tiles += n_bad;
                    clock.tell(&mut progress.times, &batches.stats(), writing);
                    going_on(progress, caller, writing)?;
                    continue;
                }
                batch => batch?,
            };
            (caller.watch)(&batch);
            let mut shown = plan.shown(batch.inputs());
            let n_left_out = batch.len() - shown.len();
            for (place, index) in batch.indices().enumerate() {
                if shown.binary_search(&place).is_err()
                    && let Some(&(image_idx, tile_idx)) = portion.tiles.get(index)
                {
                    self.tell_left_out(&portion.images[image_idx], tile_idx);
                }
            }
            let place = |(index, spec): (usize, &RegionSpec)| {
                (portion.tiles.get(index).map_or(0, |(image_idx, _)| *image_idx), sample_idx(spec))
            };
            let begun = Instant::now();
            let places: Vec<(usize, usize)> = batch.indices().zip(batch.specs()).map(place).collect();
            let mut of_images = Vec::with_capacity(shown.len());
            for place in std::mem::take(&mut shown) {
                let (image_idx, sample_idx) = places.get(place).copied().unwrap_or_default();
                if self.is_known((image_idx, sample_idx), portion, models, (*progress, caller))? {
                    of_images.push((portion.numbers.get(image_idx).copied().unwrap_or(0), sample_idx));
                    shown.push(place);
                }
            }
            progress.times.preparing += begun.elapsed();
            let begun = Instant::now();
            if shown.len() == batch.len() {
                models.predict(batch.inputs(), &of_images)?;
            } else if !shown.is_empty() {
                models.predict(batch.inputs().select(Axis(0), &shown).view(), &of_images)?;
            }
            progress.times.models += begun.elapsed();
            for (place, (index, spec)) in batch.indices().zip(batch.specs()).enumerate() {
                let &(image_idx, tile_idx) = portion
                    .tiles
                    .get(index)
                    .ok_or(PredictError::TileCount { got: index + 1, expected: portion.tiles.len() })?;
                self.add_unread(index, portion, (plan, tasks), (progress, caller, writing))?;
                let image = &mut portion.images[image_idx];
                image.check_spec(tile_idx, spec)?;
                let predicted: Vec<ArrayView4<'_, f32>>;
                let made = match shown.binary_search(&place) {
                    // Of an image that was given up nothing is made.
                    Err(_) => Made::LeftOut(plan.skip.as_ref().map_or(0.0, |skip| skip.value)),
                    Ok(place) => {
                        predicted =
                            models.batch_models.iter().flat_map(|model| model.sample(place)).collect();
                        Made::Predicted(&predicted)
                    }
                };
                image.add(tile_idx, made, plan.normalizer, &mut whole)?;
                progress.times.waited_for_writers += send(tasks, &mut whole)?;
            }
            let failed = failed_samples(batch.skipped());
            let n_bad = self.bad_tiles(&failed, portion, models, (plan, tasks), (&mut *progress, caller))?;
            n_seen += batch.len() + n_bad;
            progress.n_tiles += batch.len() + n_bad;
            progress.n_skipped += n_left_out;
            clock.tell(&mut progress.times, &batches.stats(), writing);
            going_on(progress, caller, writing)?;
        }
        let last = portion.tiles.len();
        self.add_unread(last, portion, (plan, tasks), (progress, caller, writing))?;
        clock.tell(&mut progress.times, &batches.stats(), writing);
        clock.reading += batches.stats();
        models.by_image.forget();
        let expected = portion.tiles.len();
        if n_seen == expected { Ok(()) } else { Err(PredictError::TileCount { got: n_seen, expected }) }
    }
}

/// Whether the caller wants it to go on, and nobody who writes has failed.
fn going_on(progress: &Progress, caller: &mut Caller<'_>, writing: &Writing<'_>) -> Result<(), PredictError> {
    match (caller.keep_going)(*progress) && !writing.has_failed.load(Ordering::Acquire) {
        true => Ok(()),
        false => Err(PredictError::Interrupted),
    }
}
