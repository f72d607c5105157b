//! Images that are made together, over several runs or by several processes at once: what they are made of, and where.

use std::path::{Path, PathBuf};

use patchweave_remote::is_url;

use crate::folder_journal::FolderJournal;
use crate::journal_place::JournalPlace;
use crate::memory_work::this_process;
#[cfg(feature = "remote")]
use crate::store_journal::StoreJournal;
use crate::{Fingerprint, ImageSpec, Job, JournalOptions, SinkError, SinkFormats};

/// Images that are made together, over several runs or by several processes at once.
///
/// It is a hidden folder beside the images: what they are made of, and what is finished of each. Whoever opens it again for the
/// same goes on where others stopped, on another machine too if the folder is shared; units are on the disk before they are
/// known to be written, unless the durability is [`None`](crate::Durability::None): then nothing is gone on with elsewhere or after the
/// machine has started again. File systems without locks keep nobody out; there, those who share a journal must not begin the same
/// moment.
///
/// Behind a URL it is objects beside those of the images. An object store keeps nobody out: all who open the journal for the
/// same write the same images. Who begins anew takes the place of the others, who are told with their next unit
/// ([`SinkError::TakenOver`]). Those who share a journal there replace and remove nothing. Servers without conditional writes
/// must not have two beginners at the same moment; one of them stops with an error then.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_sink::{Fingerprint, ImageSpec, Journal, JournalOptions, SinkFormats};
///
/// let folder = tempfile::tempdir()?;
/// let formats = SinkFormats::default();
/// let target = folder.path().join("image.tif");
/// let about = Fingerprint::from([("sigma".into(), "2".into())]);
/// let layout = ArrayLayout::new("TYX".parse()?, &[2, 4, 4])?;
/// for unit_idx in 0..2 {
///     // Every turn is what another process could do.
///     let journal = Journal::open(&formats, folder.path(), &about, JournalOptions::default())?;
///     let spec = ImageSpec::new(layout.clone(), PixelType::U8);
///     let job = journal.job(&formats, &target, None, spec)?.unwrap();
///     let unit = job.sink().info().unit(unit_idx)?;
///     job.sink().write(unit_idx, TypedArray::zeros(PixelType::U8, &unit.size).unwrap().view())?;
///     if unit_idx == 1 {
///         job.commit()?;
///         journal.close()?;
///     }
/// }
/// assert!(target.exists());
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Journal {
    /// The folder of the images.
    parent: PathBuf,
    home: Home,
}

/// What a journal lives in.
#[derive(Debug)]
enum Home {
    Folder(FolderJournal),
    #[cfg(feature = "remote")]
    Store(StoreJournal),
}

/// Does the same with a journal wherever it lives.
macro_rules! at_home {
    ($home:expr, $journal:ident => $does:expr) => {
        match $home {
            Home::Folder($journal) => $does,
            #[cfg(feature = "remote")]
            Home::Store($journal) => $does,
        }
    };
}

impl Journal {
    /// What the images are made of that were begun in a folder and not finished, where something of them was written.
    ///
    /// # Errors
    /// [`SinkError::Io`], [`SinkError::Journal`] for one that cannot be understood.
    pub fn begun(formats: &SinkFormats, parent: &Path) -> Result<Option<Fingerprint>, SinkError> {
        if !is_url(parent) {
            return FolderJournal::begun(parent);
        }
        #[cfg(feature = "remote")]
        return StoreJournal::begun(parent, formats.remote());
        #[cfg(not(feature = "remote"))]
        crate::refusals::no_urls(parent)
    }

    /// Opens the journal of images that will stand in a folder or below, to go on with what was begun; or begins it.
    ///
    /// What was begun of something else and has no units is removed; in an object store not by those who share it.
    ///
    /// # Errors
    /// [`SinkError::OtherJournal`] for what was begun of something else, [`SinkError::Busy`] if somebody works on it who does
    /// not share it, [`SinkError::Journal`], [`SinkError::Io`].
    pub fn open(
        formats: &SinkFormats,
        parent: &Path,
        about: &Fingerprint,
        options: JournalOptions,
    ) -> Result<Self, SinkError> {
        let parent = parent.to_owned();
        if !is_url(&parent) {
            let home = Home::Folder(FolderJournal::open(&parent, about, options)?);
            return Ok(Journal { parent, home });
        }
        #[cfg(feature = "remote")]
        return StoreJournal::open(&parent, about, options, formats.remote())
            .map(|journal| Journal { parent, home: Home::Store(journal) });
        #[cfg(not(feature = "remote"))]
        crate::refusals::no_urls(&parent)
    }

    /// Notes something about the images, which stays until the journal is closed; a note of the same name is replaced. Names
    /// are those of files.
    ///
    /// # Errors
    /// [`SinkError`].
    pub fn note(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        at_home!(&self.home, journal => journal.note(name, bytes))
    }

    /// As [`note`](Self::note), beside the notes of other processes: only this one replaces it.
    ///
    /// # Errors
    /// As [`note`](Self::note).
    pub fn note_own(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        // Processes of several machines may have one number, and forked ones one name.
        self.note(&format!("{:016x}-{}-{name}", this_process(), std::process::id()), bytes)
    }

    /// All that was [noted](Self::note), by whomever, in the order of the names.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn noted(&self) -> Result<Vec<Vec<u8>>, SinkError> {
        at_home!(&self.home, journal => journal.noted())
    }

    /// Removes what was begun in a folder and not finished; whether there was something.
    ///
    /// # Errors
    /// [`SinkError::Busy`] if somebody works on it, [`SinkError::Io`].
    pub fn discard(formats: &SinkFormats, parent: &Path) -> Result<bool, SinkError> {
        if !is_url(parent) {
            return FolderJournal::discard(parent);
        }
        #[cfg(feature = "remote")]
        return StoreJournal::discard(parent, formats.remote());
        #[cfg(not(feature = "remote"))]
        crate::refusals::no_urls(parent)
    }

    /// Starts an image of the journal, or goes on with it; `None` if it has its name already. `target` lies in the folder of
    /// the journal or below.
    ///
    /// A job that is dropped stays to be gone on with.
    ///
    /// # Errors
    /// As [`Job::start`]; [`SinkError::OtherImage`] if an image was begun there with another specification.
    pub fn job(
        &self,
        formats: &SinkFormats,
        target: &Path,
        format: Option<&str>,
        spec: ImageSpec,
    ) -> Result<Option<Job>, SinkError> {
        let name = target.strip_prefix(&self.parent).unwrap_or(target);
        let (place, replaces) = match &self.home {
            Home::Folder(journal) => (JournalPlace::Folder(journal.image(name)), journal.replaces),
            #[cfg(feature = "remote")]
            Home::Store(journal) => (JournalPlace::Store(journal.entry(name)), journal.replaces),
        };
        Job::in_journal(formats, target, format, spec, (place, name, replaces))
    }

    /// Removes the journal of images that are all finished.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn close(self) -> Result<(), SinkError> {
        at_home!(self.home, journal => journal.close())
    }

    /// Whether nothing of any image was written.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn is_empty(&self) -> Result<bool, SinkError> {
        at_home!(&self.home, journal => journal.is_empty())
    }
}
