//! Where the image of a job is made: who may go on with it, who removes it, and how it gets its name.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_remote::{RemoteOptions, is_url};
use serde::Serialize;

use crate::error::io_error;
use crate::folder_work::FolderWork;
use crate::journal_place::JournalPlace;
use crate::memory_work::{MemoryWork, this_process};
#[cfg(feature = "remote")]
use crate::staged_store::StagedStore;
use crate::staging::{StagedOutput, Started, is_store};
use crate::temporary::making;
use crate::token::TokenPlace;
use crate::work_place::WorkPlace;
use crate::{Durability, Location, OutputKind, SinkError, Syncing, Work};

/// What is made, to be compared by whoever finds it.
const BEGUN: &str = "begun.json";
/// Set when the output is about to get its name: what is found so may be without it.
const LAST_STEP: &str = "publishing";
/// Set when something stood under the final name as the work began.
const REPLACES: &str = "replaces";
/// What the image will be called.
const TARGET: &str = "target";

/// Where the image of a job is made.
pub(crate) enum Place {
    Folder(StagedOutput),
    /// In a folder of a journal.
    Journal(StagedOutput),
    Memory(Arc<MemoryWork>),
    #[cfg(feature = "remote")]
    Store(StagedStore),
}

impl Place {
    /// A new place for what will stand at `target`.
    pub fn start(target: &Path, output: OutputKind, remote: &RemoteOptions) -> Result<Self, SinkError> {
        match output {
            OutputKind::Memory => Ok(Place::Memory(MemoryWork::create())),
            _ if is_url(target) => in_store(target, output, remote),
            _ => Ok(Place::Folder(StagedOutput::create(target, output)?)),
        }
    }

    /// Goes on with what was begun there before of the same and left, or else starts anew, and says which of them. What was
    /// begun of something else is removed.
    pub fn resume(
        target: &Path,
        output: OutputKind,
        durability: Durability,
        remote: &RemoteOptions,
        of: &impl Serialize,
    ) -> Result<(Self, Work, bool), SinkError> {
        let (place, is_begun) = Self::claim(target, output, remote)?;
        let work = place.work(target, durability);
        if !is_begun {
            return Ok((place, work, false));
        }
        let words = words(&work, of);
        if words.is_some() && work.get(BEGUN)? == words && place.may_go_on(&work)? {
            return Ok((place, work, true));
        }
        place.discard(target)?;
        Self::resume(target, output, durability, remote, of)
    }

    /// A new place, or what was begun there before and left, and whether it is that.
    fn claim(target: &Path, output: OutputKind, remote: &RemoteOptions) -> Result<(Self, bool), SinkError> {
        if output == OutputKind::Memory {
            return Ok((Self::start(target, output, remote)?, false));
        }
        if is_url(target) {
            #[cfg(feature = "remote")]
            if let Some(begun) = StagedStore::find(target, remote)? {
                return Ok((Place::Store(begun), true));
            }
            return Ok((in_store(target, output, remote)?, false));
        }
        Ok(match StagedOutput::claim(target, output)? {
            Started::New(staged) => (Place::Folder(staged), false),
            Started::Left(staged) => (Place::Folder(staged), true),
        })
    }

    /// A place in a journal for what will stand at `target`.
    pub fn in_journal(
        target: &Path,
        output: OutputKind,
        place: JournalPlace,
        remote: &RemoteOptions,
    ) -> Result<Self, SinkError> {
        let is_folder = matches!(place, JournalPlace::Folder(_));
        match place {
            JournalPlace::Folder(folder) if output != OutputKind::Memory && !is_url(target) => {
                let mark = FolderWork::marked(&folder, LAST_STEP);
                Ok(Place::Journal(StagedOutput::in_journal(target, output, &folder, mark)?))
            }
            #[cfg(feature = "remote")]
            JournalPlace::Store(entry) if output == OutputKind::Store && is_url(target) => {
                Ok(Place::Store(StagedStore::in_journal(target, entry, remote)?))
            }
            _ => {
                let got = "an image in memory or in an object store".to_owned();
                let expected = "a file or folder: others go on with nothing else".to_owned();
                let stored = ("an image outside of the object store of its journal", "one in it");
                let (got, expected) = match is_folder {
                    true => (got, expected),
                    false => (stored.0.to_owned(), stored.1.to_owned()),
                };
                Err(SinkError::Unfit { path: target.into(), got, expected })
            }
        }
    }

    /// Whether an image of a journal has its name.
    pub fn is_named(&self, work: &Work) -> Result<bool, SinkError> {
        match self {
            #[cfg(feature = "remote")]
            Place::Store(staged) => staged.is_named(work.target()),
            _ => is_published(work),
        }
    }

    /// At a place in a journal: whether the same was begun there; otherwise all that is there is removed, and what stands at the
    /// final name is replaced only if `replaces` says so. Of folders nobody else prepares this one.
    pub fn find_begun(
        self,
        work: &Work,
        of: &impl Serialize,
        (name, replaces): (&Path, bool),
    ) -> Result<(Self, bool), SinkError> {
        let path = || work.target().to_owned();
        #[cfg(feature = "remote")]
        if let Place::Store(staged) = &self {
            staged.claim(work.target(), (name, replaces), &|| work.has(BEGUN))?;
        }
        let begun = work.get(BEGUN)?;
        if begun.is_some() && words(work, of) != begun {
            return Err(SinkError::OtherImage { path: path() });
        }
        let Place::Journal(staged) = self else { return Ok((self, begun.is_some())) };
        match begun {
            Some(_) => {
                let replaces = work.has(REPLACES)?;
                Ok((Place::Journal(staged.replacing(replaces)), true))
            }
            None => {
                staged.clear()?;
                let would_replace = staged.would_replace();
                if would_replace && !replaces {
                    return Err(SinkError::Appeared { path: path() });
                }
                if would_replace {
                    work.mark(REPLACES)?;
                }
                Ok((Place::Journal(staged.replacing(would_replace)), false))
            }
        }
    }

    /// Waits until nobody else begins this, for as long as what is returned lives.
    pub fn making(&self, target: &Path) -> Result<Option<File>, SinkError> {
        let Place::Journal(staged) = self else { return Ok(None) };
        making(staged.folder()).map(Some).map_err(io_error("lock the work on", target))
    }

    /// What another process, or another part of this one, has started.
    pub fn join(
        target: &Path,
        place: &TokenPlace,
        output: OutputKind,
        remote: &RemoteOptions,
    ) -> Result<Self, SinkError> {
        let path = || target.to_owned();
        match place {
            TokenPlace::Folder(folder) => Ok(Place::Folder(StagedOutput::join(target, output, folder)?)),
            TokenPlace::Memory { process, .. } if *process != this_process() => {
                Err(SinkError::OtherProcess { path: path() })
            }
            TokenPlace::Memory { number, .. } => {
                let found = MemoryWork::find(*number).ok_or_else(|| SinkError::Gone { path: path() })?;
                Ok(Place::Memory(found))
            }
            #[cfg(feature = "remote")]
            TokenPlace::Store { owner } => Ok(Place::Store(StagedStore::join(target, owner, remote)?)),
            #[cfg(not(feature = "remote"))]
            TokenPlace::Store { .. } => in_store(target, output, remote),
        }
    }

    /// What is known there of the image called `target`.
    pub fn work(&self, target: &Path, durability: Durability) -> Work {
        match self {
            Place::Folder(staged) => Work::new(target, staged.folder(), durability),
            Place::Journal(staged) => Work::lasting(target, staged.folder(), durability),
            Place::Memory(work) => Work::at(target, Arc::clone(work) as _),
            #[cfg(feature = "remote")]
            Place::Store(staged) => Work::at(target, Arc::clone(staged.work()) as _),
        }
    }

    /// What others need to join it, and `target` as they find it.
    pub fn token(&self, target: &Path) -> (TokenPlace, PathBuf) {
        match self {
            // Whoever joins may have another working folder.
            Place::Folder(staged) | Place::Journal(staged) => {
                (TokenPlace::Folder(absolute(staged.folder())), absolute(target))
            }
            Place::Memory(work) => {
                (TokenPlace::Memory { process: this_process(), number: work.number() }, target.into())
            }
            #[cfg(feature = "remote")]
            Place::Store(staged) => {
                (TokenPlace::Store { owner: staged.work().owner().into() }, target.into())
            }
        }
    }

    /// Makes what has to be there before a format prepares anything.
    pub fn prepare(&self, work: &Work, output: OutputKind) -> Result<(), SinkError> {
        match self {
            Place::Folder(_) | Place::Journal(_) if output == OutputKind::Store => {
                std::fs::create_dir(work.output()).map_err(|source| work.failed("create", source))
            }
            _ => Ok(()),
        }
    }

    /// Whether what was begun may be gone on with: not if it was about to get its name, and is gone.
    fn may_go_on(&self, work: &Work) -> Result<bool, SinkError> {
        match self {
            Place::Folder(_) | Place::Journal(_) => Ok(!is_published(work)?),
            _ => Ok(true),
        }
    }

    /// Removes what was begun and says if that fails.
    fn discard(self, target: &Path) -> Result<(), SinkError> {
        match self {
            Place::Folder(staged) | Place::Journal(staged) => staged.discard(),
            Place::Memory(_) => Ok(()),
            #[cfg(feature = "remote")]
            Place::Store(staged) => staged.discard(target),
        }
    }

    /// Gives what is complete its name.
    pub fn publish(
        self,
        work: &Work,
        output: OutputKind,
        durability: Durability,
    ) -> Result<Location, SinkError> {
        let target = work.target();
        match self {
            Place::Folder(staged) | Place::Journal(staged) => {
                // Chunks make the folders that they need, but a store without its metadata is none.
                if output == OutputKind::Store && !is_store(&work.output()) {
                    let source = std::io::ErrorKind::NotFound.into();
                    return Err(work.failed("find the metadata that was written of", source));
                }
                work.mark(LAST_STEP)?;
                staged.publish_with(&Syncing::new(durability))?;
                Ok(Location::Path(target.into()))
            }
            Place::Memory(memory) => {
                let levels = memory.take_levels().map(Location::Memory);
                levels.ok_or_else(|| SinkError::Gone { path: target.into() })
            }
            #[cfg(feature = "remote")]
            Place::Store(staged) => {
                let owned = work.check_owned();
                if let Err(error) = owned {
                    return Err(Place::Store(staged).fail(error));
                }
                staged.publish(target)?;
                Ok(Location::Url(target.to_string_lossy().trim_end_matches('/').to_owned()))
            }
        }
    }

    /// Lets go of it after a failure: what is on the way over a network stays, unless units are missing.
    pub fn fail(self, error: SinkError) -> SinkError {
        #[cfg(feature = "remote")]
        if let Place::Store(staged) = self
            && !matches!(error, SinkError::Incomplete { .. })
        {
            staged.leave();
        }
        error
    }

    /// Lets go of it without removing it; of memory nothing stays.
    pub fn leave(self) {
        match self {
            Place::Folder(staged) | Place::Journal(staged) => staged.leave(),
            Place::Memory(_) => {}
            #[cfg(feature = "remote")]
            Place::Store(staged) => staged.leave(),
        }
    }
}

/// Whether what was made had its last step, and is not here any more: it has its name.
fn is_published(work: &Work) -> Result<bool, SinkError> {
    let is_there = || work.output().try_exists().map_err(|source| work.failed("look at", source));
    Ok(work.has(LAST_STEP)? && !is_there()?)
}

/// Whether in a folder of a journal a unit was written, or all that it was for is done.
pub(crate) fn has_work(folder: &Path) -> std::io::Result<bool> {
    let work = FolderWork::lasting(folder, Durability::default());
    Ok(work.has(LAST_STEP)? || !work.names("done")?.is_empty())
}

/// Says what the image will be called in the folder of its journal, as far as that is text.
pub(crate) fn begin_as(work: &Work, name: &Path) -> Result<(), SinkError> {
    name.to_str().map_or(Ok(()), |name| work.put(TARGET, name.as_bytes()))
}

/// What the image in a folder of a journal will be called, where that is known.
pub(crate) fn target_in(folder: &Path) -> std::io::Result<Option<PathBuf>> {
    let name = FolderWork::lasting(folder, Durability::default()).get(TARGET)?;
    Ok(name.and_then(|name| String::from_utf8(name).ok()).map(PathBuf::from))
}

/// Says what is made, once it may be gone on with. Names that are no text cannot be told, and are begun anew.
pub(crate) fn begin(work: &Work, of: &impl Serialize) -> Result<(), SinkError> {
    words(work, of).map_or(Ok(()), |words| work.put(BEGUN, &words))
}

/// What has to be the same for work to be gone on with.
fn words(work: &Work, of: &impl Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(&(of, work.place().marks_are_of())).ok()
}

/// A new place in an object store.
fn in_store(url: &Path, output: OutputKind, remote: &RemoteOptions) -> Result<Place, SinkError> {
    check_url(url, output)?;
    #[cfg(feature = "remote")]
    return Ok(Place::Store(StagedStore::create(url, remote)?));
    #[cfg(not(feature = "remote"))]
    crate::refusals::no_urls(url)
}

/// Refuses a URL for what is one file.
pub(crate) fn check_url(url: &Path, output: OutputKind) -> Result<(), SinkError> {
    if output == OutputKind::Store {
        return Ok(());
    }
    let got = "a URL".to_owned();
    let expected = "a path, or the format ome_zarr: object stores hold no files of other formats".to_owned();
    Err(SinkError::Unfit { path: url.into(), got, expected })
}

/// A path from the root, as far as the working folder is known.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
