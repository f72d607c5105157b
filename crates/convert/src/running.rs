//! Units that are read, converted and written by several threads within a budget of memory.

use std::sync::Mutex;
use std::sync::PoisonError;

use patchweave_pixel::{Lost, TypedArray};
use patchweave_sink::{ImageSink, Job, Location};
use rayon::prelude::*;

use crate::{ConvertError, Source};

/// A unit is in memory as it is read, in the type that it gets, and while it is encoded.
const COPIES: u64 = 4;
/// Bytes of sums for every pixel, while levels are made of it.
const SUM_BYTES: u64 = 6;

/// How an image is converted.
///
/// ```
/// let running = patchweave_convert::Running::default();
/// assert_eq!(running.memory_bytes, 512 << 20);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// Threads that read, convert and write, at least 1.
    pub n_threads: usize,
    /// Bytes that pixels may take in memory; fewer threads work if they do not fit.
    pub memory_bytes: u64,
}

impl Default for Running {
    /// A thread for every core, 512 MiB.
    fn default() -> Self {
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
        Running { n_threads, memory_bytes: 512 << 20 }
    }
}

/// What came of a conversion.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Where the result is.
    pub location: Location,
    /// Units of the image.
    pub n_units: usize,
    /// Units that were written before, by a run that was stopped.
    pub n_found: usize,
    /// What was lost when pixels became another type, in units that this run wrote.
    pub lost: Lost,
}

/// Writes a source to a job, unit by unit, and commits it.
///
/// Units that were written before are left as they are. `progress` is called after every unit with the units that are done,
/// from any thread; it may end the run by `false`. If the run ends early, the job is [left](Job::leave), so that it can be
/// gone on with.
///
/// # Errors
/// [`ConvertError::Budget`] before anything is read, otherwise the first failure, and [`ConvertError::Interrupted`].
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_convert::{Running, Selection, Source, convert, spec_of};
/// use patchweave_pixel::{PixelMap, PixelType};
/// use patchweave_sink::{Job, SinkFormats};
/// use patchweave_stack::ArrayStack;
///
/// let image = ndarray::Array2::<u16>::ones((300, 400)).into_dyn();
/// let stack = Arc::new(ArrayStack::new(image, &"YX".parse()?)?);
/// let source = Source::new(stack, Selection::whole(), PixelMap::to(PixelType::U16))?;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ones.ome.zarr");
/// let job = Job::resume(&SinkFormats::default(), &path, None, spec_of(&source)?)?;
/// let outcome = convert(job, &source, Running::default(), |_| true)?;
/// assert_eq!(outcome.location.path(), Some(path.as_path()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn convert(
    job: Job,
    source: &Source,
    running: Running,
    progress: impl Fn(usize) -> bool + Sync,
) -> Result<Outcome, ConvertError> {
    match write(&job, source, running, progress) {
        Ok(Written { n_units, n_found, lost }) => {
            Ok(Outcome { location: job.commit()?, n_units, n_found, lost })
        }
        // Nothing was begun that could be gone on with.
        Err(error @ ConvertError::Budget { .. }) if !job.is_resumed() => Err(error),
        Err(error) => {
            job.leave();
            Err(error)
        }
    }
}

/// What was written of a source.
///
/// ```
/// assert_eq!(patchweave_convert::Written::default().n_units, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Units of the image.
    pub n_units: usize,
    /// Units that were written before, by a run that was stopped.
    pub n_found: usize,
    /// What was lost when pixels became another type, in units that this run wrote.
    pub lost: Lost,
}

/// Writes a source to a job and [completes](Job::complete) it, without its final name.
///
/// # Errors
/// As [`convert`]; the job is as it was left.
pub fn write(
    job: &Job,
    source: &Source,
    running: Running,
    progress: impl Fn(usize) -> bool + Sync,
) -> Result<Written, ConvertError> {
    let n_threads = fitting_threads(job, source, running)?;
    in_pool(n_threads, || {
        let written = write_units(job, source, &progress)?;
        let is_complete = job.complete_while(&|| progress(written.n_units))?;
        if is_complete { Ok(written) } else { Err(ConvertError::Interrupted) }
    })
}

/// Does something on so many threads, at least 1.
///
/// # Errors
/// [`ConvertError::Threads`] if they cannot be started; otherwise what `act` reports.
///
/// ```
/// assert_eq!(patchweave_convert::in_pool(2, || Ok(rayon::current_num_threads()))?, 2);
/// # Ok::<(), patchweave_convert::ConvertError>(())
/// ```
pub fn in_pool<T: Send>(
    n_threads: usize,
    act: impl FnOnce() -> Result<T, ConvertError> + Send,
) -> Result<T, ConvertError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads.max(1)).build();
    pool.map_err(|source| ConvertError::Threads(source.into()))?.install(act)
}

/// As many of the threads as fit into the memory.
///
/// # Errors
/// [`ConvertError::Budget`] if not even one does.
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_convert::{Running, Selection, Source, fitting_threads, spec_of};
/// use patchweave_pixel::{PixelMap, PixelType};
/// use patchweave_sink::{Job, SinkFormats};
/// use patchweave_stack::ArrayStack;
///
/// let stack = Arc::new(ArrayStack::new(ndarray::Array2::<u16>::ones((300, 400)).into_dyn(), &"YX".parse()?)?);
/// let source = Source::new(stack, Selection::whole(), PixelMap::to(PixelType::U16))?;
/// let job = Job::start(&SinkFormats::default(), "ones".as_ref(), Some("memory"), spec_of(&source)?)?;
/// assert_eq!(fitting_threads(&job, &source, Running { n_threads: 2, ..Running::default() })?, 2);
/// assert!(fitting_threads(&job, &source, Running { n_threads: 2, memory_bytes: 9 }).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fitting_threads(job: &Job, source: &Source, running: Running) -> Result<usize, ConvertError> {
    let sink = job.sink();
    let n_pixels: u64 = sink.info().units.unit_size().iter().map(|size| *size as u64).product();
    let widest = sink.info().pixel_type.n_bytes().max(source.stack().info().pixel_type.n_bytes());
    let sums = if job.spec().levels > 1 { SUM_BYTES } else { 0 };
    let needed = n_pixels.saturating_mul((widest as u64).saturating_mul(COPIES) + sums);
    let budget = running.memory_bytes;
    if needed > budget {
        return Err(ConvertError::Budget { needed, budget });
    }
    let fitting = usize::try_from(budget / needed.max(1)).unwrap_or(usize::MAX);
    Ok(running.n_threads.clamp(1, fitting))
}

fn write_units(
    job: &Job,
    source: &Source,
    progress: &(impl Fn(usize) -> bool + Sync),
) -> Result<Written, ConvertError> {
    let sink = job.sink();
    let counts = Mutex::new(Written::default());
    // In order, so that neighbours find what was decoded for the unit before.
    (0..sink.info().units.n_units()).par_bridge().try_for_each_init(Room::default, |room, unit_idx| {
        let is_found = job.is_resumed() && sink.is_written(unit_idx)?;
        let lost =
            if is_found { Lost::default() } else { write_unit(sink.as_ref(), source, unit_idx, room)? };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.n_units += 1;
        counts.n_found += usize::from(is_found);
        counts.lost += lost;
        if progress(counts.n_units) { Ok(()) } else { Err(ConvertError::Interrupted) }
    })?;
    Ok(counts.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The unit that a thread wrote last, whose memory it uses again.
#[derive(Default)]
struct Room(Option<TypedArray>);

fn write_unit(
    sink: &dyn ImageSink,
    source: &Source,
    unit_idx: usize,
    room: &mut Room,
) -> Result<Lost, ConvertError> {
    let info = sink.info();
    let unit = info.unit(unit_idx)?;
    let fits = |pixels: &TypedArray| pixels.shape() == unit.size && pixels.pixel_type() == info.pixel_type;
    let mut pixels = room.0.take().filter(fits).map_or_else(|| info.zeros(&unit), Ok)?;
    let lost = source.read_into(info.units.layout(), &unit, &mut pixels)?;
    sink.write(unit_idx, pixels.view())?;
    room.0 = Some(pixels);
    Ok(lost)
}
