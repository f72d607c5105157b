//! A bounded number of open files, the least recently used of which are closed for others.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use patchweave_files::{is_behind_network, open_file};
use patchweave_stack::Process;
use patchweave_stack::read_cost::{book_read_bytes, reading};
use tracing::trace_span;

use crate::mapped::{MappedFile, OpenFile};

/// Files that are kept open, and mapped, for the next read, at most as many as its capacity; the least recently used is
/// closed first.
///
/// Clones share their files. A file that is being read stays open until that is done, also if the pool has closed it.
/// Files are opened and closed while no other use of the pool waits; only who wants the very file that another thread
/// opens waits for that.
///
/// ```
/// use patchweave_formats::FilePool;
///
/// let pool = FilePool::new(1);
/// assert!(pool.file(std::path::Path::new("no/such/file")).open().is_err());
/// assert!(pool.held().is_empty());
/// ```
#[derive(Clone)]
pub struct FilePool {
    pool: Arc<Pool>,
}

/// One path as one image reads it: opened when it is needed and closed with the last use of it.
///
/// Two of the same path share nothing, so that an image that is opened after a file was replaced reads the new one.
#[derive(Debug)]
pub struct PooledFile {
    pool: FilePool,
    slot: Arc<Slot>,
}

struct Pool {
    capacity: usize,
    /// Counts uses, but for those of the file that was used last.
    clock: AtomicU64,
    held: Mutex<Held>,
    open: Opener,
}

type Opener = Box<dyn Fn(&Path) -> io::Result<File> + Send + Sync>;

/// Locked for moments only; never while a file is opened, mapped or closed.
struct Held {
    slots: Vec<Arc<Slot>>,
    /// Files that are being opened and have room already.
    n_opening: usize,
    /// What threads of another process were opening, nobody ends opening in this one.
    process: Process,
}

#[derive(Debug)]
struct Slot {
    path: PathBuf,
    /// The time of the last use on the clock of the pool.
    used: AtomicU64,
    file: Mutex<Option<Arc<OpenFile>>>,
    /// Held by the one who opens the file, so that nobody does it twice. A thread of another process holds its own for
    /// ever.
    turn: Mutex<(Process, Arc<Mutex<()>>)>,
    /// What the file was like when it was opened first.
    first: OnceLock<Mark>,
}

/// Size and time of a file, which tell it from another one that took its place.
type Mark = (u64, Option<Duration>);

/// The share of the files that a process may have open which [`FilePool::of_process`] takes.
const SHARE: u64 = 4;
const FEWEST: u64 = 4;
const MOST: u64 = 1024;

impl FilePool {
    /// A pool that keeps at most `capacity` files open.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::with_opener(capacity, Box::new(open_file))
    }

    /// The pool that all who do not ask for another one share: a quarter of the files that the process may have open
    /// (`ulimit -n`) when it is first used, at least 4 and at most 1024.
    #[must_use]
    pub fn of_process() -> Self {
        static POOL: OnceLock<FilePool> = OnceLock::new();
        let n_files = |limit: u64| usize::try_from((limit / SHARE).clamp(FEWEST, MOST)).unwrap_or(64);
        POOL.get_or_init(|| FilePool::new(n_files(most_open_files()))).clone()
    }

    fn with_opener(capacity: usize, open: Opener) -> Self {
        let held = Held { slots: Vec::new(), n_opening: 0, process: Process::current() };
        let pool = Pool { capacity, clock: AtomicU64::new(0), held: Mutex::new(held), open };
        FilePool { pool: Arc::new(pool) }
    }

    /// The file at a path, which is not opened yet.
    #[must_use]
    pub fn file(&self, path: &Path) -> PooledFile {
        let slot = Slot {
            path: path.to_owned(),
            used: AtomicU64::new(0),
            file: Mutex::default(),
            turn: Mutex::new((Process::current(), Arc::default())),
            first: OnceLock::new(),
        };
        PooledFile { pool: self.clone(), slot: Arc::new(slot) }
    }

    /// How many files are kept open at most.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.pool.capacity
    }

    /// The paths of the files that are kept open, least recently used first.
    #[must_use]
    pub fn held(&self) -> Vec<PathBuf> {
        let mut slots = self.pool.held().slots.clone();
        slots.sort_by_key(|slot| slot.used.load(Ordering::Relaxed));
        slots.iter().map(|slot| slot.path.clone()).collect()
    }
}

impl Pool {
    fn held(&self) -> MutexGuard<'_, Held> {
        let mut held = lock(&self.held);
        if !held.process.is_current() {
            (held.n_opening, held.process) = (0, Process::current());
        }
        held
    }

    /// Closes files until one more may be opened, which counts from now on.
    fn make_room(&self) {
        let mut held = self.held();
        held.n_opening += 1;
        let n_left = self.capacity.saturating_sub(held.n_opening);
        let closed = held.shrink_to(n_left);
        drop(held);
        // Closing may take long, where a map is large or a server slow.
        drop(closed);
    }

    /// Takes back the room of a file that was opened, or could not be.
    fn fill(&self, slot: &Arc<Slot>, file: Option<&Arc<OpenFile>>) {
        let mut held = self.held();
        held.n_opening = held.n_opening.saturating_sub(1);
        let Some(file) = file.filter(|_| self.capacity > 0) else { return };
        let closed = held.shrink_to(self.capacity - 1);
        *lock(&slot.file) = Some(Arc::clone(file));
        slot.used.store(self.next_use(), Ordering::Relaxed);
        held.slots.push(Arc::clone(slot));
        drop(held);
        drop(closed);
    }

    fn next_use(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    fn close_all(&self) {
        let closed = self.held().shrink_to(0);
        drop(closed);
    }
}

impl Held {
    /// Takes out the least recently used files; they are closed when the result is dropped.
    #[must_use]
    fn shrink_to(&mut self, n_files: usize) -> Vec<Arc<OpenFile>> {
        let mut closed = Vec::new();
        while self.slots.len() > n_files {
            let used =
                self.slots.iter().enumerate().min_by_key(|(_, slot)| slot.used.load(Ordering::Relaxed));
            let Some((oldest, _)) = used else { break };
            closed.extend(lock(&self.slots.swap_remove(oldest).file).take());
        }
        closed
    }
}

impl Slot {
    fn turn(&self) -> Arc<Mutex<()>> {
        let mut turn = lock(&self.turn);
        if !turn.0.is_current() {
            *turn = (Process::current(), Arc::default());
        }
        turn.1.clone()
    }
}

impl PooledFile {
    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.slot.path
    }

    /// The file, opened for reading unless it is open already.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be opened or is a named pipe, a device or the like, or if it was closed in between and
    /// is not what it was.
    pub fn open(&self) -> io::Result<Arc<OpenFile>> {
        if let Some(file) = self.if_open() {
            return Ok(file);
        }
        let turn = self.slot.turn();
        let _turn = lock(&turn);
        if let Some(file) = self.if_open() {
            return Ok(file);
        }
        let pool = &self.pool.pool;
        pool.make_room();
        let opened = self.open_anew().map(|file| Arc::new(OpenFile::new(file)));
        pool.fill(&self.slot, opened.as_ref().ok());
        opened
    }

    fn if_open(&self) -> Option<Arc<OpenFile>> {
        let file = lock(&self.slot.file).clone()?;
        // Threads that read one file all the time do not write the clock in turns.
        let pool = &self.pool.pool;
        if self.slot.used.load(Ordering::Relaxed) != pool.clock.load(Ordering::Relaxed) {
            self.slot.used.store(pool.next_use(), Ordering::Relaxed);
        }
        Some(file)
    }

    fn open_anew(&self) -> io::Result<File> {
        let pool = &self.pool.pool;
        let file: File = match (pool.open)(&self.slot.path) {
            // Others in this process have many files open; those of the pool can be had again.
            Err(error) if is_out_of_files(&error) => {
                pool.close_all();
                (pool.open)(&self.slot.path)?
            }
            opened => opened?,
        };
        let metadata = file.metadata()?;
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let mark = (metadata.len(), changed);
        if *self.slot.first.get_or_init(|| mark) != mark {
            return Err(io::Error::other("the file was changed or replaced since the image was opened"));
        }
        Ok(file)
    }

    /// Whether the file may be mapped: where the caller allows it and it does not lie behind a network.
    pub(crate) fn may_map(&self, is_allowed: bool) -> io::Result<bool> {
        let file = self.open()?;
        Ok(is_allowed && !is_behind_network(&file))
    }

    /// The file in memory; `None` if the system does not map it.
    pub(crate) fn map(&self) -> io::Result<Option<MappedFile>> {
        MappedFile::of(self.open()?)
    }

    /// Fills `bytes` from a place of the file, which other threads may read at the same time.
    ///
    /// # Errors
    /// [`io::Error`] if the file cannot be opened or ends before.
    pub fn read_exact_at(&self, bytes: &mut [u8], start: u64) -> io::Result<()> {
        let _span = trace_span!("read", file = %self.path().display(), start, len = bytes.len()).entered();
        reading(|| {
            let file = self.open()?;
            read_exact_at(&file, bytes, start)
        })
    }
}

impl Drop for PooledFile {
    fn drop(&mut self) {
        let mut held = self.pool.pool.held();
        held.slots.retain(|slot| !Arc::ptr_eq(slot, &self.slot));
        let closed = lock(&self.slot.file).take();
        drop(held);
        drop(closed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many files the process may have open.
#[cfg(unix)]
fn most_open_files() -> u64 {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// What the C library of Windows allows.
#[cfg(not(unix))]
fn most_open_files() -> u64 {
    512
}

#[cfg(unix)]
fn is_out_of_files(error: &io::Error) -> bool {
    let of_process_or_system = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    of_process_or_system.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
fn is_out_of_files(_: &io::Error) -> bool {
    false
}

/// Fills `bytes` from a place of an open file, which other threads may read at the same time.
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    reading(|| read_all(file, bytes, start))?;
    book_read_bytes(bytes.len());
    Ok(())
}

fn read_all(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, bytes, start);
    #[cfg(not(unix))]
    {
        use std::io::{Read, Seek, SeekFrom};

        // All who read an open file share its position.
        static POSITION: Mutex<()> = Mutex::new(());
        let _guard = lock(&POSITION);
        let mut file = file;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(bytes)
    }
}

impl fmt::Debug for FilePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePool").field("capacity", &self.pool.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
