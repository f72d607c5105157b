//! Decoders that wait for their next reader: few for the whole process, however many files it reads.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tiff::decoder::{Decoder, Limits};

use super::pages::show;
use crate::StackError;

/// How many files the process keeps open for a next reader; a process may often open no more than 256.
const MOST_IDLE: usize = 64;

/// The decoders nobody uses and the number of their file, last used at the end.
static IDLE: Mutex<VecDeque<(u64, PageDecoder)>> = Mutex::new(VecDeque::new());

static N_FILES: AtomicU64 = AtomicU64::new(0);

/// A decoder and the directory it stands at.
pub(super) struct PageDecoder {
    pub decoder: Decoder<BufReader<File>>,
    pub directory: usize,
}

/// The decoders of one file: as many as there are readers at once, opened when they are needed.
pub(super) struct Decoders {
    path: PathBuf,
    limits: Limits,
    file: u64,
}

impl Decoders {
    pub fn new(path: &Path, limits: Limits) -> Self {
        Decoders { path: path.to_owned(), limits, file: N_FILES.fetch_add(1, Ordering::Relaxed) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An idle decoder of this file, or a new one.
    pub fn take(&self) -> Result<PageDecoder, StackError> {
        let mut idle = all_idle();
        let place = idle.iter().rposition(|(file, _)| *file == self.file);
        let found = place.and_then(|place| idle.remove(place));
        drop(idle);
        found.map_or_else(|| self.open(), |(_, decoder)| Ok(decoder))
    }

    /// Keeps a decoder for the next reader; one that failed is dropped instead.
    pub fn give_back(&self, decoder: PageDecoder) {
        let mut idle = all_idle();
        idle.push_back((self.file, decoder));
        if idle.len() > MOST_IDLE {
            idle.pop_front();
        }
    }

    fn open(&self) -> Result<PageDecoder, StackError> {
        let file = File::open(&self.path).map_err(|source| StackError::Io {
            stack: show(&self.path),
            action: "open the file",
            source,
        })?;
        let decoder = Decoder::new(BufReader::new(file)).map_err(|source| StackError::Tiff {
            stack: show(&self.path),
            place: "the file header".to_owned(),
            source,
        })?;
        Ok(PageDecoder { decoder: decoder.with_limits(self.limits.clone()), directory: 0 })
    }
}

impl Drop for Decoders {
    fn drop(&mut self) {
        all_idle().retain(|(file, _)| *file != self.file);
    }
}

fn all_idle() -> MutexGuard<'static, VecDeque<(u64, PageDecoder)>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}
