//! Predictions under way: begun, gone on with, shared out, finished.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use patchweave_config::RunPlan;
use patchweave_loader::Batch;
use patchweave_model::Model;
use patchweave_pixel::Lost;
use patchweave_predict::{
    BadTile, Finished, MemoryForecast, OnBadTile, OutputImage, Part, PredictError, PredictOptions,
    PredictTimes, Predictor, Progress, Target,
};
use patchweave_sink::{Journal, JournalOptions, SinkError};

use crate::bad_tiles::{UnreadTile, noted};
use crate::fingerprint::STATISTICS;
use crate::left_out::{self, LeftOutNotes};
use crate::missing_units::MissingUnits;
use crate::renewed::Renewed;
use crate::result_jobs::job;
use crate::{KeepGoing, Output, OutputFolder, PipelineError, Prediction, ResultLabel, Statistics};

/// What becomes of a prediction that was begun in the output folder and not finished.
///
/// ```
/// use patchweave_pipeline::Unfinished;
///
/// assert_eq!(Unfinished::default(), Unfinished::Refused);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unfinished {
    /// An error, so that nobody loses what was made.
    #[default]
    Refused,
    /// It is gone on with, if it is the same.
    GoneOnWith,
    /// It is removed.
    Removed,
}

/// How a [`Prediction`] is begun.
///
/// ```
/// use patchweave_pipeline::PredictionStart;
///
/// assert!(PredictionStart::default().part.is_whole());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PredictionStart {
    /// What becomes of what was begun before. Parts always go on with it.
    pub unfinished: Unfinished,
    /// What of it this process makes.
    pub part: Part,
    /// Whether results that exist are replaced.
    pub replaces: bool,
}

/// What an output of a model has given for all images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicted {
    /// What was written, image by image, format by format.
    pub files: Vec<PathBuf>,
    /// What was lost of each image where its values became pixels, in what was written now.
    pub lost: Vec<Lost>,
}

/// What a prediction has made.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// For each of the [results](Prediction::results) what was written; nothing of a part.
    pub predicted: Vec<Predicted>,
    /// The tiles that could not be read, where that is no error.
    pub bad_tiles: Vec<UnreadTile>,
    /// The images that were given up because of them, by their places.
    pub given_up: BTreeSet<usize>,
    /// Results of these images that stand in the output folder all the same: an earlier run has written them.
    pub earlier: Vec<PathBuf>,
    /// The numbers of the tiles that were left out because nothing is in them, by the places of their images, whoever left
    /// them out; `None` of a part.
    pub left_out: Option<BTreeMap<usize, Vec<usize>>>,
    /// How many tiles an earlier process has filled, could be read now and were predicted.
    pub n_renewed: usize,
}

/// Whether a prediction was begun in a folder and not finished, with something to lose.
///
/// # Errors
/// [`PipelineError::Sink`].
pub fn is_begun(folder: &OutputFolder) -> Result<bool, PipelineError> {
    Ok(Journal::begun(folder.sinks(), folder.path())?.is_some())
}

/// The statistics of a prediction of a plan that was begun in its output folder and not finished, so that who goes on with it
/// need not compute them; `None` if there is none. [`Prediction::begin`] refuses them for anything else.
///
/// # Errors
/// [`PipelineError::Sink`].
pub fn begun_statistics(plan: &RunPlan, folder: &OutputFolder) -> Result<Option<Statistics>, PipelineError> {
    let about = Journal::begun(folder.sinks(), folder.path())?;
    let text = about.as_ref().and_then(|about| about.get(STATISTICS));
    Ok(text.and_then(|text| Statistics::recalled(&plan.data.normalization, text)))
}

/// A [`Prediction`] under way: finished units stay, whatever happens, until all of it is finished.
pub struct Predicting<'a> {
    prediction: &'a Prediction,
    journal: Journal,
    part: Part,
}

impl Prediction {
    /// Begins the prediction, or goes on with what was begun.
    ///
    /// # Errors
    /// [`PipelineError::Begun`] where that must not be gone on with, [`PipelineError::Sink`]: above all
    /// [`OtherJournal`](patchweave_sink::SinkError::OtherJournal) for what was begun otherwise, and
    /// [`Busy`](patchweave_sink::SinkError::Busy) while somebody works on it.
    pub fn begin(&self, start: PredictionStart) -> Result<Predicting<'_>, PipelineError> {
        let folder = &self.folder;
        if start.part.is_whole() {
            match start.unfinished {
                Unfinished::Refused if is_begun(folder)? => {
                    return Err(PipelineError::Begun { folder: folder.path().into() });
                }
                Unfinished::Removed => drop(Journal::discard(folder.sinks(), folder.path())?),
                _ => {}
            }
        } else if start.replaces && folder.is_store() && !is_begun(folder)? {
            self.refuse_to_replace()?;
        }
        let options = JournalOptions {
            is_shared: !start.part.is_whole(),
            replaces: start.replaces,
            durability: folder.durability(),
        };
        let journal = Journal::open(folder.sinks(), folder.path(), &self.about, options)?;
        self.remove_coverage()?;
        Ok(Predicting { prediction: self, journal, part: start.part })
    }

    /// Runs all models over all images, and says what was written, result by result, image by image, format by format.
    ///
    /// # Errors
    /// As [`begin`](Self::begin) and [`Predicting::run`].
    pub fn run(&self, keep_going: impl FnMut(Progress) -> bool) -> Result<Outcome, PipelineError> {
        self.begin(PredictionStart::default())?.run(keep_going, |_| ())
    }
}

impl Predicting<'_> {
    /// Runs all models over all that is not written yet of this part, and shows every batch that was loaded to `watch`;
    /// says what was written, result by result, image by image, format by format. A part finishes nothing.
    ///
    /// # Errors
    /// [`PipelineError::Predict`]; what was written stays then, to be gone on with.
    pub fn run(
        self,
        mut keep_going: impl FnMut(Progress) -> bool,
        watch: impl FnMut(&Batch),
    ) -> Result<Outcome, PipelineError> {
        let Predicting { prediction, journal, part } = self;
        let is_filled = matches!(prediction.options.on_bad_tile, OnBadTile::Fill(_));
        let renewed = match is_filled && part.is_whole() {
            true => {
                let (n_total, memory) = (prediction.n_tiles(), MemoryForecast::default());
                let times = PredictTimes::default();
                let progress = Progress { n_tiles: 0, n_skipped: 0, n_total, memory, times };
                Renewed::find(prediction, &journal, &mut || keep_going(progress))?
            }
            false => Renewed::default(),
        };
        let models = prediction.models.iter().map(|model| model.model.as_ref() as &dyn Model).collect();
        let options = PredictOptions { part, anew: renewed.tiles.clone(), ..prediction.options.clone() };
        let masks = prediction
            .images
            .iter()
            .map(|image| image.mask.as_ref().map(|(mask, _)| Arc::clone(mask)))
            .collect();
        let left_out = LeftOutNotes::new(&journal);
        let tell_left_out = |data_idx, tile_idx| left_out.tell(data_idx, tile_idx);
        let keep_left_out = || left_out.keep();
        let predictor = Predictor::new(&prediction.dataset, prediction.tiling, models, options)
            .with_masks(masks)
            .telling_left_out(&tell_left_out)
            .before_each_unit(&keep_left_out);
        let is_given_up = prediction.options.on_bad_tile == OnBadTile::SkipImage;
        let mut bad_tiles = Vec::new();
        let mut unnoted = None;
        let tell = |bad: BadTile<'_>| {
            let tile = UnreadTile::of(bad);
            if let Err(error) = tile.note(&journal) {
                unnoted.get_or_insert(error);
            }
            bad_tiles.push(tile);
        };
        let mut make = |image: &OutputImage<'_>| targets(prediction, &journal, image);
        let run = predictor.run_telling(&mut make, keep_going, watch, tell);
        match run {
            Ok(finished) => {
                if let Some(error) = unnoted {
                    return Err(error.into());
                }
                left_out.keep()?;
                if is_filled && part.is_whole() {
                    // What was filled before, by this process or others, stands in results; what was given up does not.
                    let mut filled = renewed.told(noted(&journal)?, &bad_tiles);
                    filled.retain(|tile| !tile.of_statistics);
                    bad_tiles.retain(|tile| tile.of_statistics);
                    bad_tiles.extend(filled);
                    bad_tiles.sort();
                }
                let given_up = bad_tiles.iter().filter(|tile| is_given_up || tile.of_statistics);
                let given_up: BTreeSet<usize> = given_up.map(|tile| tile.data_idx).collect();
                let left_out = part.is_whole().then(|| prediction.left_out(&journal)).transpose()?;
                let n_renewed = renewed.n_tiles(&bad_tiles, &given_up);
                let (predicted, earlier) = (Vec::new(), Vec::new());
                let mut outcome = Outcome { predicted, bad_tiles, given_up, earlier, left_out, n_renewed };
                if part.is_whole() {
                    journal.close()?;
                    outcome.earlier = prediction.standing(&outcome.given_up)?;
                    let of = |result| self::predicted(prediction, result, (&finished, &outcome.given_up));
                    outcome.predicted = prediction.results.iter().map(of).collect();
                }
                Ok(outcome)
            }
            Err(error) => {
                // There is nothing to go on with.
                if part.is_whole() && journal.is_empty().unwrap_or(false) {
                    journal.close()?;
                }
                Err(error.into())
            }
        }
    }

    /// Finishes what parts have written: makes the smaller levels and gives all results their names.
    ///
    /// # Errors
    /// [`PipelineError::Missing`] before anything is finished, if units are missing; [`PipelineError::Sink`], after which it can
    /// be tried again.
    pub fn finish(self, keep_going: KeepGoing<'_>) -> Result<Outcome, PipelineError> {
        let Predicting { prediction, journal, .. } = self;
        let mut bad_tiles = noted(&journal)?;
        let is_skipped = prediction.options.on_bad_tile == OnBadTile::SkipImage;
        let may_be_given_up = bad_tiles.iter().filter(|tile| is_skipped || tile.of_statistics);
        let may_be_given_up: BTreeSet<usize> = may_be_given_up.map(|tile| tile.data_idx).collect();
        let mut given_up = BTreeSet::new();
        let mut missing = Vec::new();
        for (data_idx, image, result, output) in prediction.targets() {
            let Some(job) = job(prediction, &journal, (image, result, output))? else { continue };
            let written = job.sink().written()?;
            let n_units = written.len();
            let n_missing = written.iter().filter(|is_written| !**is_written).count();
            if n_missing > 0 && may_be_given_up.contains(&data_idx) {
                given_up.insert(data_idx);
            } else if n_missing > 0 {
                let path = prediction.path(&image.name, &result.label, output);
                missing.push(MissingUnits { path, n_missing, n_units });
            }
            if !keep_going() {
                return Err(PipelineError::Interrupted);
            }
        }
        if !missing.is_empty() {
            return Err(PipelineError::Missing { missing });
        }
        let finished = prediction.targets().filter(|(data_idx, ..)| !given_up.contains(data_idx));
        for (_, image, result, output) in finished {
            if let Some(job) = job(prediction, &journal, (image, result, output))? {
                if !job.complete_while(keep_going)? {
                    return Err(PipelineError::Interrupted);
                }
                job.commit()?;
            }
        }
        let is_filled = matches!(prediction.options.on_bad_tile, OnBadTile::Fill(_));
        // Others could be read in the end.
        bad_tiles.retain(|tile| is_filled && !tile.of_statistics || given_up.contains(&tile.data_idx));
        let left_out = Some(prediction.left_out(&journal)?);
        journal.close()?;
        let of = |result| predicted(prediction, result, (&[], &given_up));
        let predicted = prediction.results.iter().map(of).collect();
        let earlier = prediction.standing(&given_up)?;
        Ok(Outcome { predicted, bad_tiles, given_up, earlier, left_out, n_renewed: 0 })
    }
}

impl Prediction {
    /// The tiles of every image that were left out, where any are.
    fn left_out(&self, journal: &Journal) -> Result<BTreeMap<usize, Vec<usize>>, SinkError> {
        if self.options.skip.is_some() { left_out::noted(journal) } else { Ok(BTreeMap::new()) }
    }

    /// Parts in an object store replace nothing, because none of them knows whether another one writes already.
    fn refuse_to_replace(&self) -> Result<(), PipelineError> {
        let all = (0..self.images.len()).collect();
        match self.standing(&all)?.into_iter().next() {
            Some(path) => Err(PipelineError::PartReplaces { path }),
            None => Ok(()),
        }
    }
}

/// Where an output of a model for an image is written to, without what is finished.
fn targets(
    prediction: &Prediction,
    journal: &Journal,
    made: &OutputImage<'_>,
) -> Result<Vec<Target>, PredictError> {
    let place = (made.model_idx, made.output_idx);
    let Some(image) = prediction.images.get(made.data_idx) else { return Ok(Vec::new()) };
    let mut targets = Vec::new();
    for result in prediction.results.iter().filter(|result| result.place == place) {
        let form = prediction.form_of(image, result);
        let form = form.map_err(|source| PredictError::Layout { data_idx: made.data_idx, source })?;
        let Some((spec, map, _)) = form else { continue };
        for output in &prediction.outputs {
            let path = prediction.path(&image.name, &result.label, output);
            let job = journal.job(
                prediction.folder.sinks(),
                &path,
                Some(output.name()),
                output.spec(spec.clone()),
            )?;
            targets.extend(job.map(|job| Target::new(job, map).with_content(result.content.clone())));
        }
    }
    Ok(targets)
}

/// What was written of one result, all of which is finished.
fn predicted(
    prediction: &Prediction,
    result: &ResultLabel,
    (finished, given_up): (&[Finished], &BTreeSet<usize>),
) -> Predicted {
    let mut predicted = Predicted { files: Vec::new(), lost: Vec::new() };
    for (data_idx, image) in prediction.images.iter().enumerate() {
        if given_up.contains(&data_idx) {
            predicted.lost.push(Lost::default());
            continue;
        }
        let path = |output: &Output| prediction.path(&image.name, &result.label, output);
        let files: Vec<PathBuf> = prediction.outputs.iter().map(path).collect();
        let is_own = |one: &&Finished| {
            let place = one.location.to_string();
            one.data_idx == data_idx && files.iter().any(|file| file.display().to_string() == place)
        };
        // All files of a result lose the same.
        predicted.lost.push(finished.iter().find(is_own).map_or_else(Lost::default, |one| one.lost));
        predicted.files.extend(files);
    }
    predicted
}
