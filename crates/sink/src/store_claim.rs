//! How an image of a journal in an object store is begun, by any number of processes that know nothing of each other.

use std::io;
use std::path::Path;

use crate::SinkError;
use crate::error::io_error;
use crate::journal_entry::JournalEntry;
use crate::store_work::{Found, StoreWork};
use crate::temporary::TRIES;

/// An image of a journal that is about to be begun or gone on with.
pub(crate) struct StoreClaim<'a> {
    pub url: &'a Path,
    pub work: &'a StoreWork,
    pub entry: &'a JournalEntry,
    /// Whether it may take the place of an image that stands there.
    pub replaces: bool,
}

/// What stands where an image is begun.
enum Place {
    /// What was begun of it, or nothing that is not of this journal.
    Own,
    Nothing,
    /// Something that it takes the place of.
    Replaced,
}

impl StoreClaim<'_> {
    /// Makes sure that the image is that of its journal, and that nothing else is there unless it was begun. Of those who
    /// share a journal nobody removes anything, because another one may write already.
    pub fn take(&self, name: &Path, is_begun: &dyn Fn() -> Result<bool, SinkError>) -> Result<(), SinkError> {
        // Who comes late finds images of which it knows nothing.
        self.check_current()?;
        self.entry.begin(&name.to_string_lossy()).map_err(|error| self.failed(error))?;
        for _ in 0..TRIES {
            match self.look(is_begun)? {
                Place::Own => return self.check_current(),
                Place::Nothing if self.work.take().map_err(|error| self.failed(error))? => {
                    return self.check_current();
                }
                // Somebody was faster.
                Place::Nothing => {}
                Place::Replaced if self.entry.is_shared => return Err(self.not_replaced()),
                Place::Replaced => {
                    self.work.take_over().map_err(|error| self.failed(error))?;
                    return self.check_current();
                }
            }
        }
        Err(SinkError::Busy { path: self.url.into() })
    }

    fn look(&self, is_begun: &dyn Fn() -> Result<bool, SinkError>) -> Result<Place, SinkError> {
        let failed = |error| self.failed(error);
        let path = || self.url.to_owned();
        match self.work.found_owner().map_err(failed)? {
            Some(owner) if owner == self.entry.id => {
                // What was begun in the meantime is of this journal.
                let is_own = is_begun()? || !self.work.has_objects().map_err(failed)? || is_begun()?;
                Ok(if is_own { Place::Own } else { Place::Replaced })
            }
            Some(_) if self.entry.is_shared => Err(SinkError::TakenOver { path: path() }),
            Some(_) => Ok(Place::Replaced),
            None => match self.work.look_at().map_err(failed)? {
                Found::Nothing | Found::Begun => Ok(Place::Nothing),
                Found::Others => Err(SinkError::NotAStore { path: path() }),
                // It got its name in the meantime.
                Found::Image if self.entry.is_named().map_err(failed)? => {
                    Err(SinkError::TakenOver { path: path() })
                }
                Found::Image if self.replaces => Ok(Place::Replaced),
                Found::Image => Err(SinkError::Appeared { path: path() }),
            },
        }
    }

    /// Whoever has begun otherwise in the meantime has the say.
    fn check_current(&self) -> Result<(), SinkError> {
        match self.entry.is_current().map_err(io_error("read the journal of", self.url))? {
            true => Ok(()),
            false => Err(SinkError::TakenOver { path: self.url.into() }),
        }
    }

    fn not_replaced(&self) -> SinkError {
        let got = "one of several processes that would replace what stands there".to_owned();
        let expected = "a place without results, because in an object store none of them knows whether another writes already";
        SinkError::Unfit { path: self.url.into(), got, expected: expected.to_owned() }
    }

    fn failed(&self, error: io::Error) -> SinkError {
        io_error("begin", self.url)(error)
    }
}
