//! Units that are encoded by other threads while the caller goes on, within a budget of bytes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use patchweave_pixel::{TypedArray, TypedView};
use rayon::ThreadPool;

use crate::{ImageSink, SinkError, SinkInfo};

/// A sink whose units are encoded by the threads of a pool while the caller goes on.
///
/// [`write`](ImageSink::write) copies the pixels and returns; it waits while more than the budget is on the way, and returns
/// the error of a unit that failed before. [`wait`](Self::wait) ends when all units are written: call it before the job is
/// committed. The pool must not be the one that the caller runs in.
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_sink::{Background, ImageSink, ImageSpec, Job, SinkFormats};
///
/// let folder = tempfile::tempdir()?;
/// let spec = ImageSpec::new(ArrayLayout::new("YX".parse()?, &[600, 600])?, PixelType::U8);
/// let job = Job::start(&SinkFormats::default(), &folder.path().join("a.zarr"), None, spec)?;
/// let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build()?);
/// let sink = Background::new(job.sink(), pool, 64 << 20);
/// for unit_idx in 0..sink.info().units.n_units() {
///     let unit = sink.info().unit(unit_idx)?;
///     sink.write(unit_idx, TypedArray::zeros(PixelType::U8, &unit.size).unwrap().view())?;
/// }
/// sink.wait()?;
/// job.commit()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Background {
    sink: Arc<dyn ImageSink>,
    pool: Arc<ThreadPool>,
    budget: usize,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    under_way: Mutex<UnderWay>,
    changed: Condvar,
}

#[derive(Default)]
struct UnderWay {
    n_units: usize,
    n_bytes: usize,
    failure: Option<SinkError>,
}

impl Background {
    /// Encodes units on the threads of a pool, with at most `budget` bytes of pixels, or one unit, on the way.
    #[must_use]
    pub fn new(sink: Arc<dyn ImageSink>, pool: Arc<ThreadPool>, budget: usize) -> Self {
        Background { sink, pool, budget, state: Arc::default() }
    }

    /// Waits until nothing is on the way.
    ///
    /// # Errors
    /// The first failure of a unit that was not returned yet.
    pub fn wait(&self) -> Result<(), SinkError> {
        let mut under_way = self.until(|under_way| under_way.n_units == 0);
        under_way.failure.take().map_or(Ok(()), Err)
    }

    /// What is on the way, when it is as wanted.
    fn until(&self, is_wanted: impl Fn(&UnderWay) -> bool) -> MutexGuard<'_, UnderWay> {
        let under_way = self.state.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.state.changed.wait_while(under_way, |under_way| !is_wanted(under_way));
        wait.unwrap_or_else(PoisonError::into_inner)
    }
}

impl ImageSink for Background {
    fn info(&self) -> &SinkInfo {
        self.sink.info()
    }

    fn write(&self, unit_idx: usize, pixels: TypedView<'_>) -> Result<(), SinkError> {
        let unit = self.info().check(unit_idx, &pixels)?;
        let n_bytes = unit.n_pixels() * pixels.pixel_type().n_bytes();
        let has_room = |under_way: &UnderWay| {
            under_way.n_units == 0 || under_way.n_bytes.saturating_add(n_bytes) <= self.budget
        };
        let mut under_way = self.until(has_room);
        if let Some(failure) = under_way.failure.take() {
            return Err(failure);
        }
        under_way.n_units += 1;
        under_way.n_bytes += n_bytes;
        drop(under_way);
        let place = Place { state: Arc::clone(&self.state), n_bytes };
        let none = || SinkError::OutOfMemory { path: self.info().target.clone(), shape: unit.size.clone() };
        let pixels = pixels.to_array().ok_or_else(none)?;
        let sink = Arc::clone(&self.sink);
        self.pool.spawn(move || {
            let written = sink.write(unit_idx, pixels.view());
            drop(pixels);
            place.leave(written);
        });
        Ok(())
    }

    fn is_written(&self, unit_idx: usize) -> Result<bool, SinkError> {
        self.sink.is_written(unit_idx)
    }

    /// Waits until nothing is on the way.
    fn read(&self, unit_idx: usize) -> Result<Option<TypedArray>, SinkError> {
        self.wait()?;
        self.sink.read(unit_idx)
    }
}

impl Drop for Background {
    /// Waits, so that nobody writes into what is removed.
    fn drop(&mut self) {
        drop(self.until(|under_way| under_way.n_units == 0));
    }
}

/// The room that a unit takes until it is written, also if its thread panics.
struct Place {
    state: Arc<State>,
    n_bytes: usize,
}

impl Place {
    fn leave(self, written: Result<(), SinkError>) {
        if let Err(failure) = written {
            let mut under_way = self.state.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            under_way.failure.get_or_insert(failure);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.state.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.n_units -= 1;
        under_way.n_bytes -= self.n_bytes;
        drop(under_way);
        self.state.changed.notify_all();
    }
}
