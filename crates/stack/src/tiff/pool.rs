//! Open files that wait for their next reader: few for the whole process, however many it reads.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many files the process keeps open for a next reader; a process may often open no more than 256.
const MOST_IDLE: usize = 64;

/// The files nobody reads and the number of their path, last used at the end.
static IDLE: Mutex<VecDeque<(u64, File)>> = Mutex::new(VecDeque::new());

static N_PATHS: AtomicU64 = AtomicU64::new(0);

/// One path, opened as often as there are readers at once and only while it is needed.
#[derive(Debug)]
pub(super) struct PooledFile {
    path: PathBuf,
    number: u64,
}

impl PooledFile {
    pub fn new(path: &Path) -> Self {
        PooledFile { path: path.to_owned(), number: N_PATHS.fetch_add(1, Ordering::Relaxed) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does something with the open file, which is closed if that fails.
    pub fn with<T>(&self, action: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        let mut file = self.take()?;
        let result = action(&mut file)?;
        let mut idle = all_idle();
        idle.push_back((self.number, file));
        if idle.len() > MOST_IDLE {
            idle.pop_front();
        }
        Ok(result)
    }

    fn take(&self) -> io::Result<File> {
        let mut idle = all_idle();
        let place = idle.iter().rposition(|(number, _)| *number == self.number);
        let found = place.and_then(|place| idle.remove(place));
        drop(idle);
        found.map_or_else(|| File::open(&self.path), |(_, file)| Ok(file))
    }
}

impl Drop for PooledFile {
    fn drop(&mut self) {
        all_idle().retain(|(number, _)| *number != self.number);
    }
}

fn all_idle() -> MutexGuard<'static, VecDeque<(u64, File)>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}
