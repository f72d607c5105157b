//! Images that are made together, over several runs or by several processes at once: what they are made of, and where.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use patchweave_files::read_file;
use serde::{Deserialize, Serialize};

use crate::difference::differences;
use crate::error::io_error;
use crate::folder_work::{boot, unless_missing};
use crate::lock::is_same;
use crate::sync::make_folders;
use crate::temporary::{BETWEEN_TRIES, LOCK, OLD, TRIES, fnv, leftover_name, making};
use crate::{
    Durability, Fingerprint, ImageSpec, Job, SinkError, SinkFormats, Syncing, write_file_atomically,
};

/// The folder of a journal in the folder of its images.
const NAME: &str = ".patchweave-journal";
/// In it: what the images are made of, and the images.
const HEADER: &str = "journal.json";
const IMAGES: &str = "images";
/// In it: what was noted about them.
const NOTES: &str = "notes";
/// The field of what is believed only until the machine starts again.
const START: &str = "start of the machine (durability: none)";
/// Other versions of the program may write others.
const FORMAT: u64 = 1;
/// A hundred bytes for each image of a large prediction; larger files are something else.
const MAX_HEADER: u64 = 1 << 30;

/// How a [`Journal`] is opened.
///
/// ```
/// use patchweave_sink::JournalOptions;
///
/// assert!(!JournalOptions::default().is_shared);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JournalOptions {
    /// Whether other processes may have it open at the same time, each of which writes units of its own.
    pub is_shared: bool,
    /// Whether images take the place of what stands under their names.
    pub replaces: bool,
    /// What is on the disk once the journal says so.
    pub durability: Durability,
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u64,
    about: Fingerprint,
    /// Whether images take the place of what stands under their names, as whoever began them said.
    replaces: bool,
}

/// Images that are made together, over several runs or by several processes at once.
///
/// It is a hidden folder beside the images: what they are made of, and what is finished of each. Whoever opens it again for the
/// same goes on where others stopped, on another machine too if the folder is shared; units are on the disk before they are
/// known to be written, unless the durability is [`None`](Durability::None): then nothing is gone on with elsewhere or after the
/// machine has started again. File systems without locks keep nobody out; there, those who share a journal must not begin the same
/// moment.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_sink::{Fingerprint, ImageSpec, Journal, JournalOptions, SinkFormats};
///
/// let folder = tempfile::tempdir()?;
/// let target = folder.path().join("image.tif");
/// let about = Fingerprint::from([("sigma".into(), "2".into())]);
/// let layout = ArrayLayout::new("TYX".parse()?, &[2, 4, 4])?;
/// for unit_idx in 0..2 {
///     // Every turn is what another process could do.
///     let journal = Journal::open(folder.path(), &about, JournalOptions::default())?;
///     let spec = ImageSpec::new(layout.clone(), PixelType::U8);
///     let job = journal.job(&SinkFormats::default(), &target, None, spec)?.unwrap();
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
    options: JournalOptions,
    /// Open as long as this is.
    lock: File,
}

impl Journal {
    /// What the images are made of that were begun in a folder and not finished, where something of them was written.
    ///
    /// # Errors
    /// [`SinkError::Io`], [`SinkError::Journal`] for one that cannot be understood.
    pub fn begun(parent: &Path) -> Result<Option<Fingerprint>, SinkError> {
        let folder = parent.join(NAME);
        let Some(header) = header(&folder)? else { return Ok(None) };
        let has_work = has_work(&folder.join(IMAGES)).map_err(io_error("look through", &folder))?;
        Ok(has_work.then_some(header.about))
    }

    /// Opens the journal of images that will stand in a folder or below, to go on with what was begun; or begins it.
    ///
    /// What was begun of something else and has no units is removed.
    ///
    /// # Errors
    /// [`SinkError::OtherJournal`] for what was begun of something else, [`SinkError::Busy`] if somebody works on it who does
    /// not share it, [`SinkError::Journal`], [`SinkError::Io`].
    pub fn open(parent: &Path, about: &Fingerprint, options: JournalOptions) -> Result<Self, SinkError> {
        let asked = about;
        let about = &with_start(asked, options.durability);
        let folder = parent.join(NAME);
        let syncing = Syncing::new(options.durability);
        make_folders(&folder, &syncing).map_err(io_error("create", &folder))?;
        let Some(lock) = locked(&folder, options.is_shared)? else {
            return Err(SinkError::Busy { path: parent.into() });
        };
        // Those who share it may come at the same moment.
        let alone = making(&folder).map_err(io_error("lock", &folder))?;
        let begun = header(&folder)?;
        if let Some(begun) = &begun {
            let differences = differences(&begun.about, about);
            if differences.is_empty() {
                let options = JournalOptions { replaces: options.replaces || begun.replaces, ..options };
                return Ok(Journal { parent: parent.into(), options, lock });
            }
            let others = || SinkError::OtherJournal { path: parent.into(), differences };
            if has_work(&folder.join(IMAGES)).map_err(io_error("look through", &folder))? {
                return Err(others());
            }
            if options.is_shared {
                // Only who is alone knows that nobody is about to write the first unit.
                drop((alone, lock));
                match Self::open(parent, asked, JournalOptions { is_shared: false, ..options }) {
                    // Another one may be clearing it for the same.
                    Ok(_) | Err(SinkError::Busy { .. }) => {}
                    Err(error) => return Err(error),
                }
                return match (locked(&folder, true)?, header(&folder)?) {
                    (Some(lock), Some(header)) if header.about == *about => {
                        Ok(Journal { parent: parent.into(), options, lock })
                    }
                    _ => Err(others()),
                };
            }
        }
        // What has no header that says what it is made of is believed by nobody.
        set_aside(&folder).map_err(io_error("remove what was begun in", &folder))?;
        let header = Header { format: FORMAT, about: about.clone(), replaces: options.replaces };
        let text = serde_json::to_vec_pretty(&header);
        let text = text.map_err(|error| io_error("write", &folder)(error.into()))?;
        write_file_atomically(&folder.join(HEADER), &text, options.durability)?;
        Ok(Journal { parent: parent.into(), options, lock })
    }

    /// Notes something about the images, which stays until the journal is closed; a note of the same name is replaced. Names
    /// are those of files.
    ///
    /// # Errors
    /// [`SinkError`].
    pub fn note(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        write_file_atomically(&self.notes().join(name), bytes, self.options.durability)
    }

    /// All that was [noted](Self::note), by whomever, in the order of the names.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn noted(&self) -> Result<Vec<Vec<u8>>, SinkError> {
        let folder = self.notes();
        let failed = || io_error("read", &folder);
        let Some(entries) = unless_missing(fs::read_dir(&folder)).map_err(failed())? else {
            return Ok(Vec::new());
        };
        let mut paths = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed())?;
            // What is being written has a hidden name.
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                paths.push(entry.path());
            }
        }
        paths.sort();
        paths.iter().map(|path| read_file(path, MAX_HEADER).map_err(failed())).collect()
    }

    fn notes(&self) -> PathBuf {
        self.parent.join(NAME).join(NOTES)
    }

    /// Removes what was begun in a folder and not finished; whether there was something.
    ///
    /// # Errors
    /// [`SinkError::Busy`] if somebody works on it, [`SinkError::Io`].
    pub fn discard(parent: &Path) -> Result<bool, SinkError> {
        let folder = parent.join(NAME);
        if !folder.is_dir() {
            return Ok(false);
        }
        let Some(lock) = locked(&folder, false)? else {
            return Err(SinkError::Busy { path: parent.into() });
        };
        give_back(parent, &folder.join(IMAGES)).map_err(io_error("look through", &folder))?;
        remove(&folder, lock)?;
        Ok(true)
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
        let hash = fnv(name.as_os_str().as_encoded_bytes().iter().copied());
        let folder = self.parent.join(NAME).join(IMAGES).join(format!("{hash:016x}"));
        Job::in_journal(formats, target, format, spec, (&folder, name, self.options.replaces))
    }

    /// Removes the journal of images that are all finished.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn close(self) -> Result<(), SinkError> {
        remove(&self.parent.join(NAME), self.lock)
    }

    /// Whether nothing of any image was written.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn is_empty(&self) -> Result<bool, SinkError> {
        let folder = self.parent.join(NAME).join(IMAGES);
        has_work(&folder).map(|has_work| !has_work).map_err(io_error("look through", &folder))
    }
}

/// What images are made of, with the start of the machine where nothing is known to be on the disk after another one.
fn with_start(about: &Fingerprint, durability: Durability) -> Fingerprint {
    let mut about = about.clone();
    if let (Durability::None, Some(boot)) = (durability, boot()) {
        about.insert(START.into(), boot.into());
    }
    about
}

/// What a journal says it is about; `None` if there is none.
fn header(folder: &Path) -> Result<Option<Header>, SinkError> {
    let path = folder.join(HEADER);
    if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(None);
    }
    let bytes = read_file(&path, MAX_HEADER).map_err(io_error("read", &path))?;
    let header: Header = serde_json::from_slice(&bytes)
        .map_err(|source| SinkError::Journal { path: path.clone(), source: Some(source.into()) })?;
    if header.format == FORMAT { Ok(Some(header)) } else { Err(SinkError::Journal { path, source: None }) }
}

/// Removes the images and notes of a journal, in one step as far as those are concerned who look for them.
fn set_aside(folder: &Path) -> io::Result<()> {
    for name in [IMAGES, NOTES] {
        let aside = folder.join(leftover_name());
        if unless_missing(fs::rename(folder.join(name), &aside))?.is_some() {
            fs::remove_dir_all(aside)?;
        }
    }
    Ok(())
}

/// Whether an image is finished or a unit of one was written.
fn has_work(images: &Path) -> io::Result<bool> {
    let Some(images) = unless_missing(fs::read_dir(images))? else { return Ok(false) };
    for image in images {
        if crate::place::has_work(&image?.path())? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Holds the lock of a journal; `None` if somebody else does.
fn locked(folder: &Path, is_shared: bool) -> Result<Option<File>, SinkError> {
    let path = folder.join(LOCK);
    for number in 0..TRIES {
        if number > 0 {
            std::thread::sleep(BETWEEN_TRIES);
        }
        let file = File::options().create(true).truncate(false).write(true).read(true).open(&path);
        let file = match file {
            // Who held it has finished.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(folder).map_err(io_error("create", folder))?;
                continue;
            }
            file => file.map_err(io_error("lock", folder))?,
        };
        match if is_shared { file.try_lock_shared() } else { file.try_lock() } {
            Ok(()) if is_same(&file, &path) => return Ok(Some(file)),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // Nobody can be kept out.
            Err(TryLockError::Error(_)) => return Ok(Some(file)),
        }
    }
    Ok(None)
}

/// Gives what was moved aside for a result, and not replaced, its name back.
fn give_back(parent: &Path, images: &Path) -> io::Result<()> {
    let Some(images) = unless_missing(fs::read_dir(images))? else { return Ok(()) };
    for image in images {
        let image = image?.path();
        let (old, name) = (image.join(OLD), crate::place::target_in(&image)?);
        if let (true, Some(name)) = (old.exists(), name) {
            let target = parent.join(name);
            if !target.try_exists()? {
                fs::rename(old, target)?;
            }
        }
    }
    Ok(())
}

/// Removes the folder of a journal, under a name of which nobody takes a half for a journal.
fn remove(folder: &Path, lock: File) -> Result<(), SinkError> {
    let gone = folder.with_file_name(leftover_name());
    // Some file systems do not rename a folder in which a file is open.
    let lock = if cfg!(unix) { Some(lock) } else { None };
    fs::rename(folder, &gone).map_err(io_error("remove", folder))?;
    drop(lock);
    fs::remove_dir_all(&gone).map_err(io_error("remove", folder))
}
