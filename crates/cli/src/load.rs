//! The training part of `patchweave run`: loads batches as a training would, and keeps where that stands.

use std::path::{Path, PathBuf};

use patchweave_config::TrainPlan;
use patchweave_loader::{Batch, Batches, Loader, LoaderError, LoaderState, LoaderStats};
use patchweave_pipeline::{Montage, PipelineError, Training, read_state, write_state};
use patchweave_sink::{Durability, remove_leftovers};
use patchweave_stack::with_causes;

use crate::console::{counted, shown};
use crate::not_finite::NotFiniteImages;
use crate::steps::Steps;
use crate::{Console, Failure, interrupt};

/// So many patches that were left out are told about one by one.
const MAX_REASONS: usize = 3;

/// The file that says where loading stands, if a run has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StateFile<'a> {
    pub path: Option<&'a Path>,
    pub durability: Durability,
    pub console: &'a Console,
}

impl StateFile<'_> {
    /// Refuses a file that does not say where loading stands.
    ///
    /// # Errors
    /// What reading it reports.
    pub fn check(&self) -> Result<(), Failure> {
        self.path.map_or(Ok(None), read_state)?;
        if let Some(path) = self.path {
            tell_leftovers(folder_of(path), self.console)?;
        }
        Ok(())
    }

    /// Refuses a file that belongs to another stream.
    ///
    /// # Errors
    /// [`Failure::OtherState`].
    pub fn check_stream(&self, loader: &Loader) -> Result<(), Failure> {
        match self.path.map_or(Ok(None), read_state)? {
            Some(_) => self.begin(loader).map(drop),
            None => Ok(()),
        }
    }

    /// The batches to begin with: those of the first epoch, or what was not loaded before.
    fn begin(&self, loader: &Loader) -> Result<(Batches, Option<LoaderState>), Failure> {
        let Some((path, state)) = self.path.and_then(|path| Some((path, read_state(path).transpose()?)))
        else {
            return Ok((loader.epoch(0)?, None));
        };
        let state = state?;
        match loader.resume(&state) {
            Ok(batches) => Ok((batches, Some(state))),
            Err(source @ (LoaderError::OtherStream { .. } | LoaderError::StateFormat { .. })) => {
                Err(Failure::OtherState { path: path.to_owned(), source })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, state: &LoaderState) -> Result<(), Failure> {
        if let Some(path) = self.path {
            write_state(path, state, self.durability)?;
        }
        Ok(())
    }

    /// Tells how a run with this file will go on.
    fn tell(&self, state: &LoaderState, n_epochs: usize) -> Result<(), Failure> {
        let Some(path) = self.path else { return Ok(()) };
        let path = shown(path);
        self.console.say(match state.epoch >= n_epochs as u64 {
            true => {
                format!("state: {path}: all {} were loaded", counted(n_epochs, "epoch", "epochs"))
            }
            false => {
                let epoch = state.epoch + 1;
                let batch = state.next_batch + 1;
                format!("state: {path}: next is epoch {epoch} of {n_epochs}, batch {batch}")
            }
        })
    }

    /// Keeps where a run stands that ends early; that it ends is told in any case.
    fn keep(&self, state: &LoaderState, n_epochs: usize) {
        if let Err(failure) = self.write(state).and_then(|()| self.tell(state, n_epochs)) {
            self.console.complain(&failure);
        }
    }
}

/// Removes what killed runs have left in a folder, and says so.
///
/// # Errors
/// [`Failure::Pipeline`] if the folder cannot be looked through.
pub(crate) fn tell_leftovers(folder: &Path, console: &Console) -> Result<(), Failure> {
    let failed = |source| PipelineError::Io { action: "look through", path: folder.to_owned(), source };
    let removed = remove_leftovers(folder).map_err(failed)?;
    say_removed(&removed, folder, console)
}

/// Says what was removed from a folder.
pub(crate) fn say_removed(removed: &[PathBuf], folder: &Path, console: &Console) -> Result<(), Failure> {
    if removed.is_empty() {
        return Ok(());
    }
    let n_removed = counted(removed.len(), "unfinished file or folder", "unfinished files and folders");
    console.say(format!("removed {n_removed} of killed runs from {}", shown(folder)))
}

/// The folder that a file stands in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What was loaded, and what was not.
#[derive(Default)]
pub(crate) struct Loaded {
    pub stats: LoaderStats,
    /// Patches by data set of a mixture.
    n_of_dataset: Vec<usize>,
    n_skipped: usize,
    reasons: Vec<String>,
    /// Why a whole batch is missing, for a run that gets no other.
    empty: Option<LoaderError>,
    /// Images with pixels that are no numbers; what was told before comes from earlier steps of the run.
    pub not_finite: NotFiniteImages,
}

impl Loaded {
    /// Nothing yet, in a run that has told of such images.
    pub fn after(not_finite: NotFiniteImages) -> Self {
        Loaded { not_finite, ..Loaded::default() }
    }

    fn note_skipped(&mut self, skipped: &LoaderError, n: usize) {
        self.n_skipped += n;
        if self.reasons.len() < MAX_REASONS {
            self.reasons.push(with_causes(skipped));
        }
    }

    /// Books a batch; one of which all patches were skipped is no reason to end.
    ///
    /// # Errors
    /// Every other failure.
    pub fn add(&mut self, batch: Result<Batch, LoaderError>) -> Result<Option<Batch>, LoaderError> {
        match batch {
            Ok(batch) => {
                self.not_finite.add(&batch);
                batch.skipped().iter().for_each(|skipped| self.note_skipped(skipped, 1));
                for sample in batch.samples() {
                    if self.n_of_dataset.len() <= sample.dataset {
                        self.n_of_dataset.resize(sample.dataset + 1, 0);
                    }
                    self.n_of_dataset[sample.dataset] += 1;
                }
                Ok(Some(batch))
            }
            Err(error) => match &error {
                LoaderError::AllSkipped { n, .. } => {
                    self.note_skipped(&error, *n);
                    self.empty = Some(error);
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }

    /// Tells what was left out or tried again.
    ///
    /// # Errors
    /// Where nothing at all was loaded because everything was skipped.
    pub fn tell_losses(&mut self, console: &Console) -> Result<(), Failure> {
        self.say_losses(console)?;
        match self.empty.take() {
            Some(error) if self.stats.n_patches == 0 => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Tells of a run that ends early what was left out or tried again.
    fn tell_losses_so_far(&mut self, batches: &Batches, console: &Console) {
        self.stats += batches.stats();
        if let Err(failure) = self.say_losses(console) {
            console.complain(&failure);
        }
    }

    fn say_losses(&mut self, console: &Console) -> Result<(), Failure> {
        self.not_finite.tell(console)?;
        if self.n_skipped > 0 {
            let n_skipped = counted(self.n_skipped, "patch", "patches");
            console.say(format!("skipped {n_skipped} that could not be made:"))?;
            self.reasons.iter().try_for_each(|reason| console.say(format!("  {reason}")))?;
            if self.n_skipped > self.reasons.len() {
                console.say("  …")?;
            }
        }
        if self.stats.n_retries > 0 {
            let n_retries = usize::try_from(self.stats.n_retries).unwrap_or(usize::MAX);
            console.say(format!(
                "tried {} to make patches that had failed",
                counted(n_retries, "time more", "times more")
            ))?;
        }
        Ok(())
    }

    /// How many patches came from every data set of a mixture.
    fn tell_mixture(&self, names: &[String], console: &Console) -> Result<(), Failure> {
        if names.len() < 2 {
            return Ok(());
        }
        let n_of = |place: usize| self.n_of_dataset.get(place).copied().unwrap_or(0);
        let parts = names
            .iter()
            .enumerate()
            .map(|(place, name)| format!("{} from {name}", counted(n_of(place), "patch", "patches")));
        console.say(format!("mixed: {}", parts.collect::<Vec<_>>().join(", ")))
    }
}

/// Loads all batches of a training that were not loaded before; `names` are those of its data sets.
pub(crate) fn load(
    training: &Training,
    train: &TrainPlan,
    names: &[String],
    montage: &mut Montage,
    state_file: StateFile<'_>,
    not_finite: NotFiniteImages,
) -> Result<Loaded, Failure> {
    let loader = &training.loader;
    let console = state_file.console;
    let n_epochs = train.epochs;
    let (batches, from) = state_file.begin(loader)?;
    let mut loaded = Loaded::after(not_finite);
    let max_batches = train.max_batches.unwrap_or(usize::MAX);
    // Of the epoch that the state is in, by this rank.
    let world_size = loader.options().shard.world_size as u64;
    let n_before = from.map_or(0, |state| state.next_batch.div_ceil(world_size));
    let n_before = usize::try_from(n_before).unwrap_or(usize::MAX);
    let n_batches = batches.n_batches().saturating_add(n_before).min(max_batches);
    console.say(training_line(training, n_batches, n_epochs))?;
    if let Some(state) = &from {
        state_file.tell(state, n_epochs)?;
        if state.epoch >= n_epochs as u64 {
            return Ok(loaded);
        }
    }
    // A file that cannot be written is told before an epoch was loaded for nothing.
    state_file.write(&batches.state())?;
    let first_epoch = from.map_or(0, |state| state.epoch);
    let n_left = usize::try_from(n_epochs as u64 - first_epoch).unwrap_or(usize::MAX);
    let n_steps = n_batches.saturating_mul(n_left).saturating_sub(n_before);
    let bar = Steps::new("loading", n_steps, "batches");
    let mut epochs = EpochLoader { loaded: &mut loaded, montage, bar: &bar, state_file, n_epochs };
    let mut state = epochs.load(batches, first_epoch, max_batches.saturating_sub(n_before))?;
    for epoch in first_epoch + 1..n_epochs as u64 {
        state = epochs.load(loader.epoch(epoch)?, epoch, max_batches)?;
    }
    bar.finish_and_clear();
    state_file.tell(&state, n_epochs)?;
    loaded.tell_mixture(names, console)?;
    Ok(loaded)
}

/// What is going to be loaded.
fn training_line(training: &Training, n_batches: usize, n_epochs: usize) -> String {
    let options = training.loader.options();
    let n_images = training.n_images + training.mixed.iter().map(|mixed| mixed.n_images).sum::<usize>();
    let shard = match options.shard.world_size {
        1 => String::new(),
        n => format!(", rank {} of {n}", options.shard.rank),
    };
    format!(
        "training: {} from {}, {} of up to {} each, {}{shard}",
        counted(training.loader.n_patches(), "patch", "patches"),
        counted(n_images, "image", "images"),
        counted(n_batches, "batch", "batches"),
        options.batch_size,
        counted(n_epochs, "epoch", "epochs"),
    )
}

/// Loads epochs one after the other, and keeps where that stands when one ends early.
struct EpochLoader<'a> {
    loaded: &'a mut Loaded,
    montage: &'a mut Montage,
    bar: &'a Steps,
    state_file: StateFile<'a>,
    n_epochs: usize,
}

impl EpochLoader<'_> {
    /// Loads the batches of an epoch, at most so many; where the run goes on after it.
    fn load(&mut self, mut batches: Batches, epoch: u64, max_batches: usize) -> Result<LoaderState, Failure> {
        for _ in 0..max_batches {
            let before = batches.state();
            let Some(batch) = batches.next() else { break };
            match self.loaded.add(batch) {
                Ok(Some(batch)) => self.montage.add(&batch),
                Ok(None) => {}
                Err(error) => {
                    self.end_early(&batches, &before);
                    return Err(error.into());
                }
            }
            self.bar.inc(1);
            if interrupt::asked() {
                self.end_early(&batches, &batches.state());
                return Err(Failure::Interrupted);
            }
        }
        self.loaded.stats += batches.stats();
        let next = LoaderState { epoch, ..batches.state() }.next_epoch();
        self.state_file.write(&next)?;
        let console = self.state_file.console;
        self.bar.suspend(|| self.loaded.not_finite.tell(console))?;
        Ok(next)
    }

    fn end_early(&mut self, batches: &Batches, state: &LoaderState) {
        self.bar.finish_and_clear();
        self.loaded.tell_losses_so_far(batches, self.state_file.console);
        self.state_file.keep(state, self.n_epochs);
    }
}
