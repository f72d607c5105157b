//! `patchweave bench`: how fast a training is loaded, where the time goes, and what would help.
//!
//! Everything that is measured starts with an empty cache of chunks; files may be in the memory of the operating system.
//! Nothing is written.

mod alternatives;
mod phase;
mod report;
mod setup;
mod text;
mod verdict;

use std::path::Path;
use std::time::Duration;

use patchweave_config::{NormalizationPlan, RunPlan, TrainPlan};
use patchweave_loader::{Forecast, Loader, LoaderError, LoaderOptions, LoaderStats, Order};
use patchweave_pipeline::{CheckedRun, ExistingResults, Opening, StatisticsOrigin};
use tracing::info_span;

use crate::arguments::BenchOptions;
use crate::forecast::{decodes_of, described, n_cores};
use crate::not_finite::NotFiniteImages;
use crate::{Console, Failure, interrupt};
use alternatives::{alternative, changes, forecast_of};
use phase::{Consumer, Epochs, take_batches};
use report::{EpochForecast, Measured, MixingReport, Replayed, Report, Settings, Tried, ratio, stages};
use setup::{Setup, not_simulated};
use verdict::{Alternative, Facts};

/// Batches that are replayed at most.
const MAX_REPLAYED: usize = 32;

/// Samples are made for so long, for a forecast of time.
const PROBE: Duration = Duration::from_millis(250);

pub(crate) fn bench(
    config: &Path,
    options: &BenchOptions,
    opening: &Opening,
    console: &Console,
) -> Result<(), Failure> {
    interrupt::listen()?;
    // Nothing is written.
    let checked = CheckedRun::load_with(config, opening, ExistingResults::Replaced)?;
    let plan = checked.plan().clone();
    let Some(train) = &plan.train else {
        let expected = "a `train` section, whose loading is measured";
        return Err(plan.errors(vec![plan.problem_at("train", "there is none", expected)]).into());
    };
    let setup = {
        // The setup keeps what it needs of them, so that another one can take their place.
        let images = checked.into_images(opening).map_err(|errors| not_simulated(errors, &plan))?;
        Setup::new(&plan, train, &images, options)?
    };
    if setup.loader.n_batches() == 0 {
        let n_patches = setup.loader.n_patches();
        return Err(Failure::Arguments(format!(
            "an epoch has no batch: there are {n_patches} patches, and a batch that is not full is left out"
        )));
    }
    Bench { plan: &plan, train, options, opening, console }.run(config, setup)
}

struct Bench<'a> {
    plan: &'a RunPlan,
    train: &'a TrainPlan,
    options: &'a BenchOptions,
    opening: &'a Opening,
    console: &'a Console,
}

impl Bench<'_> {
    fn say(&self, line: impl AsRef<str>) -> Result<(), Failure> {
        if self.options.json { Ok(()) } else { self.console.say(line) }
    }

    fn run(&self, config: &Path, setup: Setup) -> Result<(), Failure> {
        let mut warnings = self.plan.warnings.iter().chain(&setup.warnings);
        warnings.try_for_each(|warning| self.say(format!("warning: {warning}")))?;
        self.say_statistics(&setup)?;
        setup.cache.clear();
        let (epoch, time) = self.forecast(&setup)?;
        self.say(format!("forecast of an epoch: {}", described(&epoch, time)))?;
        let (stats, measured) = self.measure(&setup, &epoch)?;
        if measured.n_patches == 0 {
            return Err(Failure::Arguments(format!(
                "nothing was loaded: all {} patches that were tried were skipped; patchweave run tells why",
                measured.n_skipped
            )));
        }
        let mut report = self.report(config, &setup, (&epoch, time), &stats, measured)?;
        self.say_report(&report, stats.work.n_workers)?;
        if self.options.tries {
            self.attempt(setup, &mut report)?;
        }
        self.say(&report.verdict.text)?;
        if self.options.json {
            self.console.say(serde_json::to_string_pretty(&report).map_err(Failure::Json)?)?;
        }
        Ok(())
    }

    /// What an epoch needs, and about how long it takes, as far as a sample can be made.
    fn forecast(&self, setup: &Setup) -> Result<(Forecast, Option<Duration>), Failure> {
        let loader = &setup.loader;
        let (epoch, spent) = info_span!("forecast").in_scope(|| {
            let epoch = loader.forecast(0, setup.cache.budget())?;
            // A sample that cannot be made is reported by its batch.
            Ok::<_, LoaderError>((epoch, loader.probe(0, PROBE.min(self.limit())).ok()))
        })?;
        let n_threads = loader.options().n_workers.min(n_cores());
        let time = spent.and_then(|spent| epoch.time(&spent, n_threads));
        Ok((epoch, time))
    }

    /// All that was found out, with a verdict but nothing tried yet.
    fn report(
        &self,
        config: &Path,
        setup: &Setup,
        (epoch, time): (&Forecast, Option<Duration>),
        stats: &LoaderStats,
        measured: Measured,
    ) -> Result<Report, Failure> {
        let of_loader = *setup.loader.options();
        let budget = setup.cache.budget();
        let facts = Facts {
            stages: stages(stats),
            elapsed: measured.seconds,
            consumer_waited: stats.waited.as_secs_f64(),
            n_workers: of_loader.n_workers,
            n_cores: n_cores(),
            prefetch_batches: of_loader.prefetch_batches,
            is_cache_chosen: self.plan.has_key("reading.cache_mib"),
            n_decodes: measured.n_decodes as f64,
            decodes_per_chunk: measured.decodes_per_chunk_and_epoch,
            alternatives: &[],
        };
        let alternatives = alternatives(setup, epoch, &facts, measured.n_made as f64)?;
        let facts = Facts { alternatives: &alternatives, ..facts };
        let verdict = facts.judge();
        let reported = |one: &Alternative| report::Alternative {
            setting: one.change.setting(),
            decodes_per_patch: ratio(one.n_decodes, measured.n_made as f64),
            gain: facts.gain_of(one),
        };
        Ok(Report {
            config: config.display().to_string(),
            settings: Settings {
                order: of_loader.order.name(),
                batch_size: of_loader.batch_size,
                n_workers: of_loader.n_workers,
                n_cores: n_cores(),
                cache_bytes: budget,
                seconds: self.options.seconds,
                consume_ms: self.options.consume_ms,
            },
            forecast: EpochForecast::new(epoch, time.map(|time| time.as_secs_f64())),
            mixing: MixingReport::new(&epoch.mixing, of_loader.batch_size),
            mixing_shuffled: shuffled_mixing(&setup.loader, budget)?,
            replayed: self.replay(setup, &measured)?,
            alternatives: alternatives.iter().map(reported).collect(),
            verdict: report::Verdict {
                kind: verdict.kind,
                share: verdict.share,
                text: facts.line(&verdict),
                advice: verdict.advice,
                setting: verdict.advice.map(|advice| advice.change.setting()),
            },
            measured,
            tried: None,
        })
    }

    fn say_report(&self, report: &Report, n_workers: usize) -> Result<(), Failure> {
        self.say(text::mixing_line(report))?;
        for line in text::measured_lines(&report.measured, n_workers) {
            self.say(line)?;
        }
        if report.measured.n_skipped > 0 || report.measured.n_retries > 0 {
            self.say(text::losses_line(&report.measured))?;
        }
        self.say(text::against_line(report))?;
        self.say(text::replay_line(report.replayed.as_ref()))?;
        for line in text::alternative_lines(report) {
            self.say(line)?;
        }
        Ok(())
    }

    fn limit(&self) -> Duration {
        Duration::from_secs_f64(self.options.seconds)
    }

    fn consumer(&self) -> Consumer {
        let per_batch = Duration::from_millis(self.options.consume_ms);
        Consumer { limit: self.limit(), per_batch, epochs: Epochs::Following }
    }

    fn say_statistics(&self, setup: &Setup) -> Result<(), Failure> {
        let name = match setup.statistics.normalization() {
            NormalizationPlan::None => return Ok(()),
            normalization => normalization.name(),
        };
        let seen = match setup.statistics.origin() {
            StatisticsOrigin::Given => return Ok(()),
            StatisticsOrigin::Patches(n) => format!("{n} patches"),
            StatisticsOrigin::Images | StatisticsOrigin::Begun => "all pixels".to_owned(),
        };
        self.say(format!("normalisation: {name}, computed from {seen} and not written down"))?;
        let mut warnings = setup.statistics.warnings().iter();
        warnings.try_for_each(|warning| self.say(format!("warning: normalisation: {warning}")))
    }

    /// Takes batches for a while to warm up, then with an empty cache for as long as is asked for.
    fn measure(&self, setup: &Setup, epoch: &Forecast) -> Result<(LoaderStats, Measured), Failure> {
        let budget = setup.cache.budget();
        let mut not_finite = NotFiniteImages::default();
        info_span!("warm up").in_scope(|| {
            let limit = self.limit() / 4;
            let consumer = Consumer { limit, per_batch: Duration::ZERO, ..self.consumer() };
            take_batches(&setup.loader, consumer, &mut NotFiniteImages::default())
        })?;
        setup.cache.clear();
        let stats = info_span!("measure")
            .in_scope(|| take_batches(&setup.loader, self.consumer(), &mut not_finite))?;
        if !self.options.json {
            not_finite.tell(self.console)?;
        }
        let n_made = stats.work.spent.n_patches;
        let as_many = forecast_of(&setup.loader, usize::try_from(n_made).unwrap_or(usize::MAX), budget)?;
        let decodes = decodes_of(&as_many, budget, n_made as f64);
        let measured = Measured::new(&stats, epoch, decodes);
        Ok((stats, measured))
    }

    /// Takes the first batches again and again, as many as have their chunks in the cache.
    fn replay(&self, setup: &Setup, measured: &Measured) -> Result<Option<Replayed>, Failure> {
        let loader = &setup.loader;
        let room = setup.cache.budget() as f64 * 0.8;
        let batch_size = loader.options().batch_size;
        let mut n_batches = loader.n_batches().min(MAX_REPLAYED);
        while forecast_of(loader, n_batches * batch_size, u64::MAX)?.decoded_bytes > room {
            n_batches /= 2;
            if n_batches == 0 {
                return Ok(None);
            }
        }
        let max_patches = Some((n_batches * batch_size).min(loader.n_patches()));
        let first = loader.with_options(LoaderOptions { max_patches, ..*loader.options() })?;
        if first.n_batches() == 0 {
            return Ok(None);
        }
        let consumer = Consumer { per_batch: Duration::ZERO, epochs: Epochs::First, ..self.consumer() };
        let stats = info_span!("replay").in_scope(|| {
            // All of their chunks are in the cache after this; what cannot be made is told by what is measured.
            first.epoch(0)?.for_each(drop);
            take_batches(&first, consumer, &mut NotFiniteImages::default())
        })?;
        let patches_per_second = ratio(stats.n_patches as f64, stats.elapsed.as_secs_f64());
        let head_room = ratio(patches_per_second, measured.patches_per_second);
        Ok(Some(Replayed { n_batches, patches_per_second, head_room }))
    }

    /// Measures with the advice.
    fn attempt(&self, setup: Setup, report: &mut Report) -> Result<(), Failure> {
        let Some(advice) = report.verdict.advice else {
            return self.say("nothing was tried, because the verdict advises nothing");
        };
        let setup = setup.with_change(advice.change, self.plan, self.train, self.options, self.opening)?;
        let epoch = setup.loader.forecast(0, setup.cache.budget())?;
        let (_, measured) = info_span!("try").in_scope(|| self.measure(&setup, &epoch))?;
        let tried = Tried {
            setting: advice.change.setting(),
            predicted_gain: advice.gain,
            gain: ratio(measured.patches_per_second, report.measured.patches_per_second),
            measured,
        };
        self.say(text::tried_line(&tried, &report.measured))?;
        report.tried = Some(tried);
        Ok(())
    }
}

/// What could be done about reading, if anything is decoded.
fn alternatives(
    setup: &Setup,
    epoch: &Forecast,
    facts: &Facts<'_>,
    n_made: f64,
) -> Result<Vec<Alternative>, Failure> {
    if facts.n_decodes <= 0.0 {
        return Ok(Vec::new());
    }
    let predict = |change| {
        // Who is faster makes more patches in the same time, which decode fewer chunks each as the cache fills.
        let mut found = alternative(setup, change, n_made, 1.0)?;
        for _ in 0..2 {
            found = alternative(setup, change, n_made, facts.gain_of(&found))?;
        }
        Ok(found)
    };
    changes(setup, epoch)?.into_iter().map(predict).collect()
}

/// How a plain shuffle would mix, unless that is what is measured.
fn shuffled_mixing(loader: &Loader, cache_bytes: u64) -> Result<Option<MixingReport>, Failure> {
    let options = *loader.options();
    if options.order == Order::Shuffled {
        return Ok(None);
    }
    let shuffled = loader.with_options(LoaderOptions { order: Order::Shuffled, ..options })?;
    let mixing = shuffled.forecast(0, cache_bytes)?.mixing;
    Ok(Some(MixingReport::new(&mixing, options.batch_size)))
}
