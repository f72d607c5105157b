//! `patchweave run`: simulate, load for training, predict, check, list what was written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use patchweave_config::{
    BadTilePlan, ModelPlan, NormalizationPlan, PredictPlan, RunPlan, RuntimePlan, TrainPlan,
};
use patchweave_loader::{Batch, Loader, LoaderStats};
use patchweave_pipeline::{
    CheckedRun, Comparison, ExistingResults, Images, LabelledModel, Montage, Opening, Outcome, Output,
    OutputFolder, PipelineError, Predicted, Predicting, Prediction, PredictionImage, PredictionStart,
    ResultLabel, Statistics, StatisticsOrigin, Unfinished, begun_statistics, compare, durability_of,
    is_begun, prediction, remove_left_out, simulated_data, training, write_left_out, write_mixed_statistics,
    write_statistics,
};
use patchweave_pixel::Lost;
use patchweave_predict::{MemoryForecast, Progress, Tiling};
use patchweave_stack::ImageStack;

use crate::console::{bytes, counted, grouped, shown};
use crate::forecast::{self, RunForecast};
use crate::load::{Loaded, StateFile, load, say_removed};
use crate::memory_line::BesidePrediction;
use crate::not_finite::NotFiniteImages;
use crate::simulate::describe;
use crate::steps::Steps;
use crate::verdict::Setup;
use crate::wanted::Wanted;
use crate::{Console, Failure, interrupt, numbers, quality, verdict};

pub(crate) fn run(
    config: &Path,
    wanted: &Wanted,
    opening: &Opening,
    console: &Console,
) -> Result<(), Failure> {
    interrupt::listen()?;
    let mut checked = CheckedRun::load_with(config, opening, wanted.existing)?;
    if wanted.may_begin() && !is_begun(&OutputFolder::of(checked.plan(), opening))? {
        // Results that exist are not finished ones of what goes on.
        checked = CheckedRun::load_with(config, opening, ExistingResults::Refused)?;
    }
    let plan = checked.plan().clone();
    let state = wanted.state.as_deref();
    let mixed = checked.mixed().to_vec();
    let plans = || std::iter::once(&plan).chain(mixed.iter().map(|mixed| &mixed.plan));
    let mut warnings = plans().flat_map(|plan| &plan.warnings);
    warnings.try_for_each(|warning| console.say(format!("warning: {warning}")))?;
    if state.is_some() && plan.train.is_none() {
        let message = format!("--state needs a train section in {}", config.display());
        return Err(Failure::Arguments(message));
    }
    if !wanted.trains && plan.predict.is_none() {
        let message = format!("predict needs a predict section in {}", config.display());
        return Err(Failure::Arguments(message));
    }
    let durability = durability_of(plan.durability);
    let mut run = Run {
        plan: &plan,
        output: OutputFolder::of(&plan, opening),
        wanted,
        state: StateFile { path: state, durability, console },
        console,
        rank: rank(&plan),
        written: Vec::new(),
        not_finite: NotFiniteImages::default(),
        left_out: None,
    };
    run.state.check()?;
    run.check_unfinished()?;
    let removed = run.output.prepare(&plan.output)?;
    say_removed(&removed, &plan.output, console)?;
    for simulate in plans().filter_map(|plan| plan.simulate.as_ref()) {
        let data = simulated_data(simulate, durability, &|| !interrupt::asked())?;
        console.say(describe(simulate, &data))?;
        run.written.extend(data.files);
    }
    let images = checked.into_images(opening)?;
    // Those of a training may have changed with it.
    let goes_on = plan.train.is_none() && wanted.start.unfinished == Unfinished::GoneOnWith;
    let begun = if goes_on { begun_statistics(&plan, &run.output)? } else { None };
    let statistics = match &plan.train {
        _ if begun.is_some() => begun,
        Some(train) if wanted.trains => Some(run.train(train, &images)?),
        Some(train) => {
            let training = training(&plan.data, train, &images, &|| !interrupt::asked());
            Some(training.map_err(|error| error.at(&plan))?.statistics)
        }
        None => None,
    };
    match &plan.predict {
        Some(predict) if run.rank == 0 || !wanted.trains => {
            run.predict(predict, &images, statistics.as_ref())?
        }
        Some(_) => console.say("prediction: left to rank 0")?,
        None => {}
    }
    run.list_written()?;
    run.left_out.map_or(Ok(()), Err)
}

/// Which of several processes this is; ranks share an output folder, into which the first one writes alone.
fn rank(plan: &RunPlan) -> usize {
    plan.train.as_ref().map_or(0, |train| train.loading.shard.rank)
}

struct Run<'a> {
    plan: &'a RunPlan,
    output: OutputFolder,
    wanted: &'a Wanted,
    rank: usize,
    state: StateFile<'a>,
    console: &'a Console,
    written: Vec<PathBuf>,
    not_finite: NotFiniteImages,
    /// What could not be predicted, which ends the command in its own way.
    left_out: Option<Failure>,
}

impl Run<'_> {
    /// Refuses what was begun and not finished before any work, where it must not be lost.
    fn check_unfinished(&self) -> Result<(), Failure> {
        let predicts = self.plan.predict.is_some() && (self.rank == 0 || !self.wanted.trains);
        let is_refused = self.wanted.start.unfinished == Unfinished::Refused;
        if self.wanted.finishes && !is_begun(&self.output)? {
            let output = self.plan.output.display();
            return Err(Failure::Arguments(format!(
                "there is nothing to finish in {output}: no part has written"
            )));
        }
        if predicts && is_refused && is_begun(&self.output)? {
            return Err(PipelineError::Begun { folder: self.plan.output.clone() }.into());
        }
        Ok(())
    }

    fn train(&mut self, train: &TrainPlan, images: &Images) -> Result<Statistics, Failure> {
        let training = training(&self.plan.data, train, images, &|| !interrupt::asked())
            .map_err(|error| error.at(self.plan))?;
        let warnings = training.notices.iter().map(|notice| notice.at(self.plan));
        let warnings = warnings.chain(training.mixed.iter().flat_map(|mixed| mixed.warnings.clone()));
        warnings.into_iter().try_for_each(|warning| self.console.say(format!("warning: {warning}")))?;
        self.state.check_stream(&training.loader)?;
        self.tell_statistics(&training.statistics)?;
        let mut names = vec![file_name(self.plan.file())];
        for (place, mixed) in training.mixed.iter().enumerate() {
            let name = file_name(&mixed.file);
            if self.tell_normalisation(&mixed.statistics, &format!(" of {name}"))? && self.rank == 0 {
                self.written.push(write_mixed_statistics(&self.output, &mixed.statistics, place)?);
            }
            names.push(name);
        }
        let n_batches = train.max_batches.unwrap_or(usize::MAX);
        let forecast = RunForecast::of(&training.loader, n_batches, self.plan.reading.cache_bytes as u64);
        self.console.say(forecast.line())?;
        let mut montage = Montage::new(if self.rank == 0 { train.montage_patches } else { 0 });
        let not_finite = std::mem::take(&mut self.not_finite);
        let mut loaded = load(&training, train, &names, &mut montage, self.state, not_finite)?;
        self.console.say(closing_line(&loaded.stats))?;
        self.console.say(forecast.against(&loaded.stats))?;
        loaded.tell_losses(self.console)?;
        self.not_finite = loaded.not_finite;
        self.written.extend(montage.write(&self.output)?);
        if let Some(validation) = &training.validation {
            self.validate(validation)?;
        }
        Ok(training.statistics)
    }

    /// Loads the validation once.
    fn validate(&mut self, loader: &Loader) -> Result<(), Failure> {
        let bar = Steps::new("validation", loader.n_batches(), "batches");
        let mut loaded = Loaded::after(std::mem::take(&mut self.not_finite));
        let mut batches = loader.epoch(0)?;
        for batch in batches.by_ref() {
            loaded.add(batch)?;
            bar.inc(1);
            interrupt::check()?;
        }
        loaded.stats = batches.stats();
        bar.finish_and_clear();
        let n_patches = counted(loader.n_patches(), "patch", "patches");
        self.console.say(format!("validation: {n_patches}, {}", closing_line(&loaded.stats)))?;
        loaded.tell_losses(self.console)?;
        self.not_finite = loaded.not_finite;
        Ok(())
    }

    fn tell_statistics(&mut self, statistics: &Statistics) -> Result<(), Failure> {
        if self.tell_normalisation(statistics, "")? && self.rank == 0 {
            self.written.push(write_statistics(&self.output, statistics)?);
        }
        Ok(())
    }

    /// Tells statistics that the configuration does not give; whether there are any.
    fn tell_normalisation(&self, statistics: &Statistics, whose: &str) -> Result<bool, Failure> {
        let seen = match statistics.origin() {
            StatisticsOrigin::Given => return Ok(false),
            StatisticsOrigin::Patches(n_patches) => counted(n_patches, "patch", "patches"),
            StatisticsOrigin::Images => "all pixels".to_owned(),
            StatisticsOrigin::Begun => "what the prediction was begun with".to_owned(),
        };
        let (between, what) = match statistics.normalization() {
            NormalizationPlan::MeanStd { .. } => ("±", "mean ± std"),
            NormalizationPlan::MinMax { .. } => ("to", "smallest to largest"),
            NormalizationPlan::Quantile { .. } => ("to", "lower to upper quantile"),
            NormalizationPlan::None => return Ok(false),
        };
        let is_range = !matches!(statistics.normalization(), NormalizationPlan::MeanStd { .. });
        let list = |pairs: &[(f64, f64)]| {
            let one = |&(first, second): &(f64, f64)| {
                numbers::pair(first, second, if is_range { second - first } else { second }, between)
            };
            pairs.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let (input, target) = statistics.pairs();
        let target = if target.is_empty() { String::new() } else { format!("; target {}", list(&target)) };
        let input = list(&input);
        self.console.say(format!("normalisation{whose}: input {input}{target} ({what}, of {seen})"))?;
        for warning in statistics.warnings() {
            self.console.say(format!("warning: normalisation{whose}: {warning}"))?;
        }
        Ok(true)
    }

    fn predict(
        &mut self,
        predict: &PredictPlan,
        images: &Images,
        statistics: Option<&Statistics>,
    ) -> Result<(), Failure> {
        let prediction = prediction(self.plan, predict, images, statistics, &|| !interrupt::asked())?;
        let start = self.wanted.start;
        let start = PredictionStart { replaces: start.replaces || self.plan.overwrite, ..start };
        let predicting = prediction.begin(start)?;
        match start.part.is_whole() {
            // The training has told them.
            _ if self.wanted.trains && statistics.is_some() => {}
            true => self.tell_statistics(&prediction.statistics)?,
            // Whoever finishes the results writes them.
            false => drop(self.tell_normalisation(&prediction.statistics, "")?),
        }
        for folder in prediction.subfolders() {
            let removed = self.output.prepare(&folder)?;
            say_removed(&removed, &folder, self.console)?;
        }
        for LabelledModel { label, model, .. } in prediction.models() {
            if let Some(needed) = prediction.missing_overlap(model.info()) {
                self.console.say(format!(
                    "{label}: tiles overlap by less than {needed} pixels, seams may show; raise predict.patching.overlaps"
                ))?;
            }
        }
        let mut outcome = match self.wanted.finishes {
            true => self.finish(&prediction, predicting)?,
            false => self.predict_tiles(&prediction, predicting)?,
        };
        if outcome.n_renewed > 0 {
            let n_tiles = counted(outcome.n_renewed, "tile that was filled", "tiles that were filled");
            self.console.say(format!("prediction: {n_tiles} before can be read now, predicted anew"))?;
        }
        self.tell_bad_tiles(predict, &outcome, start.part.is_whole())?;
        let unread = outcome.bad_tiles.iter().map(|tile| tile.data_idx).collect();
        let (idx, n_parts) = start.part.place();
        if n_parts > 1 {
            return self.console.say(format!(
                "prediction: part {idx} of {n_parts} is written; when all are, `predict --finish` gives the results their names"
            ));
        }
        for data_idx in 0..prediction.images.len() {
            self.written.extend(prediction.coverage_picture(data_idx, &outcome)?);
        }
        let predicted = std::mem::take(&mut outcome.predicted);
        for (result, predicted) in prediction.results().iter().zip(predicted) {
            self.tell_result(&prediction, result, predicted, &unread)?;
        }
        Ok(())
    }

    /// Finishes what parts have written.
    fn finish(&self, prediction: &Prediction, predicting: Predicting<'_>) -> Result<Outcome, Failure> {
        let finished = predicting.finish(&|| !interrupt::asked()).map_err(|error| match error {
            error if error.is_interrupted() => Failure::PredictionStopped,
            error => error.into(),
        })?;
        if let Some((n_left_out, n_tiles)) = prediction.count_left_out(&finished)? {
            self.tell_left_out(n_left_out, n_tiles)?;
        }
        Ok(finished)
    }

    /// Tells which tiles could not be read, and writes it down.
    fn tell_bad_tiles(
        &mut self,
        predict: &PredictPlan,
        outcome: &Outcome,
        is_whole: bool,
    ) -> Result<(), Failure> {
        let Outcome { bad_tiles: tiles, given_up, earlier, .. } = outcome;
        let n_given_up = given_up.len();
        let Some(first) = tiles.first() else {
            return if is_whole { Ok(remove_left_out(&self.output)?) } else { Ok(()) };
        };
        let (name, done) = match predict.on_failure {
            BadTilePlan::Fail => return Ok(()),
            BadTilePlan::Skip => {
                ("skip", format!("{} left out", counted(n_given_up, "image is", "images are")))
            }
            BadTilePlan::Fill(value) if n_given_up == 0 => ("fill", format!("{value} stands in their place")),
            BadTilePlan::Fill(value) => {
                let images = counted(n_given_up, "image is", "images are");
                let why = "left out because a model wants statistics of all of it";
                ("fill", format!("{value} stands in their place, {images} {why}"))
            }
        };
        let n_tiles = counted(tiles.len(), "tile", "tiles");
        let reason = first.reason.replace('\n', " ");
        self.console.say(format!("warning: {n_tiles} could not be read, {done}; the first: {reason}"))?;
        // Whoever finishes the results writes it, for all parts.
        if !is_whole {
            return Ok(());
        }
        if let Some(first) = earlier.first() {
            let results = counted(earlier.len(), "result of them is", "results of them are");
            let first = shown(first);
            self.console.say(format!("warning: {results} of an earlier run and still there: {first}"))?;
        }
        let report = write_left_out(&self.output, name, tiles, earlier)?;
        self.left_out = Some(Failure::LeftOut { n_tiles: tiles.len(), n_given_up, report: report.clone() });
        self.written.push(report);
        Ok(())
    }

    /// Predicts all tiles that are needed, and says how many were not.
    fn predict_tiles(
        &mut self,
        prediction: &Prediction,
        predicting: Predicting<'_>,
    ) -> Result<Outcome, Failure> {
        let bar = Steps::new("prediction", prediction.n_tiles(), "tiles");
        if let Tiling::Tiles { size, overlaps } = prediction.tiling() {
            let overlaps: Vec<String> = overlaps.iter().map(|overlap| overlap.to_string()).collect();
            self.console.say(format!("tiles: {size}, overlapping by {}", overlaps.join(" × ")))?;
        }
        let mut last = None;
        let mut told = MemoryForecast::default();
        let memory = BesidePrediction::now(prediction.decoded_bytes().min(self.plan.reading.cache_bytes));
        let keep_going = |progress: Progress| {
            if progress.memory.total() > told.total() {
                told = progress.memory;
                // Whether anybody reads it ends no prediction.
                self.console.say(memory.line(&told)).unwrap_or_default();
            }
            last = Some(progress);
            bar.set_length(progress.n_total as u64);
            bar.set_position(progress.n_tiles as u64);
            !interrupt::asked()
        };
        let watch = |batch: &Batch| self.not_finite.add(batch);
        let predicted = predicting.run(keep_going, watch);
        if let Err(error) = &predicted
            && is_begun(&self.output).unwrap_or(true)
        {
            if error.is_interrupted() {
                return Err(Failure::PredictionStopped);
            }
            self.console.say(
                "prediction: what was written stays, --resume goes on with it, of a part the same command",
            )?;
        }
        let predicted = predicted?;
        bar.finish_and_clear();
        let Some(last) = last else { return Ok(predicted) };
        let setup = Setup { n_cores: forecast::n_cores(), has_tract: self.has_tract() };
        if let Some(line) = verdict::line(&last, setup) {
            self.console.say(line)?;
        }
        let (n_left_out, n_tiles) =
            prediction.count_left_out(&predicted)?.unwrap_or((last.n_skipped, last.n_total));
        self.tell_left_out(n_left_out, n_tiles)?;
        if self.wanted.start.unfinished == Unfinished::GoneOnWith {
            let n_tiles = counted(prediction.n_tiles(), "tile", "tiles");
            self.console.say(format!(
                "prediction: {} of {n_tiles} had to be predicted",
                grouped(last.n_total as u64)
            ))?;
        }
        Ok(predicted)
    }

    /// Tells how many tiles were left out and why, where that may be.
    fn tell_left_out(&self, n_left_out: usize, n_tiles: usize) -> Result<(), Failure> {
        let Some(skip) = self.plan.predict.as_ref().and_then(|predict| predict.skip.as_ref()) else {
            return Ok(());
        };
        let below = skip.below.map(|below| format!("all of whose pixels lie below {below}"));
        let masked = (!skip.masks.is_empty()).then(|| "in which the mask is 0".to_owned());
        let why: Vec<String> = below.into_iter().chain(masked).collect();
        let (n_left_out, n_tiles) = (grouped(n_left_out as u64), counted(n_tiles, "tile", "tiles"));
        self.console.say(format!("left out: {n_left_out} of {n_tiles}, {}", why.join(" or ")))
    }

    /// Whether tract runs any network.
    fn has_tract(&self) -> bool {
        let models = self.plan.predict.iter().flat_map(|predict| &predict.models);
        models.map(|entry| &entry.model).any(|model| match model {
            ModelPlan::Onnx(network) => network.runtime == RuntimePlan::Tract,
            ModelPlan::Bioimage(package) => package.runtime == RuntimePlan::Tract,
            _ => false,
        })
    }

    /// Tells what became of one output of a model for all images.
    fn tell_result(
        &mut self,
        prediction: &Prediction,
        result: &ResultLabel,
        Predicted { files, lost }: Predicted,
        unread: &BTreeSet<usize>,
    ) -> Result<(), Failure> {
        let ResultLabel { label, is_identity, .. } = result;
        let n_images = counted(prediction.images.len(), "image", "images");
        let n_tiles = counted(prediction.n_tiles(), "tile", "tiles");
        self.console.say(format!("prediction: {label} on {n_images}, {n_tiles}"))?;
        self.not_finite.tell(self.console)?;
        self.written.extend(files);
        for (data_idx, (image, lost)) in prediction.images.iter().zip(lost).enumerate() {
            // There is nothing to compare with.
            if unread.contains(&data_idx) {
                continue;
            }
            self.tell_lost(prediction, image, label, lost)?;
            for output in prediction.outputs() {
                if *is_identity {
                    let path = prediction.path(&image.name, label, output);
                    self.check_identity(image.stack.as_ref(), prediction, &path, output)?;
                }
                interrupt::check()?;
            }
            self.written.extend(prediction.picture(image, result)?);
        }
        if !unread.is_empty() {
            return Ok(());
        }
        let quality = prediction.quality(result, &|| !interrupt::asked())?;
        quality.iter().flat_map(quality::lines).try_for_each(|line| self.console.say(line))
    }

    /// Tells how many pixels of an image were clipped.
    fn tell_lost(
        &self,
        prediction: &Prediction,
        image: &PredictionImage,
        label: &str,
        lost: Lost,
    ) -> Result<(), Failure> {
        let Lost { n_clipped, n_nan, .. } = lost;
        let pixel_type = prediction.written_type(image.stack.info());
        let told =
            [(n_clipped, "outside of the range of", "clipped"), (n_nan, "not a number in", "set to 0")];
        for (n, what, done) in told.into_iter().filter(|(n, ..)| *n > 0) {
            let pixels = if n == 1 { "pixel was" } else { "pixels were" };
            let name = if prediction.results().len() > 1 {
                format!("{} ({label})", image.name)
            } else {
                image.name.clone()
            };
            self.console
                .say(format!("warning: {name}: {} {pixels} {what} {pixel_type} and {done}", grouped(n)))?;
        }
        Ok(())
    }

    /// Reads a result back and compares it with its input, pixel by pixel.
    fn check_identity(
        &self,
        stack: &dyn ImageStack,
        prediction: &Prediction,
        path: &Path,
        output: &Output,
    ) -> Result<(), Failure> {
        let left_out = |why: &str| {
            self.console.say(format!("  identity check: left out for {}, because {why}", shown(path)))
        };
        if prediction.is_scaled() {
            return left_out("its values are spread over the pixel type");
        }
        let read = stack.info().pixel_type;
        let written = prediction.written_type(stack.info());
        if !written.holds(read) {
            return left_out(&format!("{written} does not hold every {read}"));
        }
        let comparison = compare(stack, prediction.channels(), path, output, &|| !interrupt::asked())?;
        let Some(comparison) = comparison else {
            return left_out(&format!("files of the format {} are not read again", output.name()));
        };
        let Comparison { n_pixels, n_different, largest_difference, .. } = comparison;
        let pixel_type = stack.info().pixel_type;
        let exact = pixel_type.is_integer() && pixel_type.fits_f32();
        if comparison.is_equal() {
            let pixels = grouped(n_pixels);
            let path = shown(path);
            let limit = if pixel_type.fits_f32() { "" } else { " as float32, the type that patches have" };
            self.console.say(format!(
                "  identity check: all {pixels} {pixel_type} pixels of {path} equal the input{limit}"
            ))
        } else if !exact && comparison.is_within_rounding(prediction.statistics.largest_offset()) {
            let different = grouped(n_different);
            let pixels = grouped(n_pixels);
            self.console.say(format!(
                "  identity check: {different} of {pixels} {pixel_type} pixels of {} differ by float32 rounding, at most {largest_difference:e}; \
                 normalization {{name: none}} is exact",
                shown(path)
            ))
        } else {
            Err(Failure::NotIdentical {
                input: stack.info().source.clone(),
                path: path.to_owned(),
                n_different,
                n_pixels,
                largest: largest_difference,
            })
        }
    }

    fn list_written(&self) -> Result<(), Failure> {
        self.console.say("files:")?;
        self.written.iter().try_for_each(|path| self.console.say(format!("  {}", shown(path))))
    }
}

fn closing_line(stats: &LoaderStats) -> String {
    let seconds = stats.elapsed.as_secs_f64().max(1e-9);
    #[expect(clippy::cast_precision_loss, reason = "printed with two digits")]
    let n_patches = stats.n_patches as f64;
    let n_bytes = stats.n_bytes as f64;
    format!(
        "loaded {} ({}) in {seconds:.3} s: {:.0} patches/s, {}/s; the consumer, which only takes batches, waited {:.0} % of the time",
        counted(stats.n_patches, "patch", "patches"),
        bytes(n_bytes),
        n_patches / seconds,
        bytes(n_bytes / seconds),
        100.0 * stats.waiting_share(),
    )
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
