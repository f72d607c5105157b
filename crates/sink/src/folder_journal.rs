//! A journal in a folder, with a lock on it.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use patchweave_files::read_file;

use crate::difference::differences;
use crate::error::io_error;
use crate::folder_work::{boot, unless_missing};
use crate::journal_header::{HEADER, Header, IMAGES, MAX_HEADER, NAME, NOTES};
use crate::lock::is_same;
use crate::sync::make_folders;
use crate::temporary::{BETWEEN_TRIES, LOCK, OLD, TRIES, fnv, leftover_name, making};
use crate::{Durability, Fingerprint, JournalOptions, SinkError, Syncing, write_file_atomically};

/// The field of what is believed only until the machine starts again.
const START: &str = "start of the machine (durability: none)";

/// A journal in a folder, open.
#[derive(Debug)]
pub(crate) struct FolderJournal {
    folder: PathBuf,
    durability: Durability,
    pub replaces: bool,
    /// Open as long as this is.
    lock: File,
}

impl FolderJournal {
    pub fn begun(parent: &Path) -> Result<Option<Fingerprint>, SinkError> {
        let folder = parent.join(NAME);
        let Some(header) = header(&folder)? else { return Ok(None) };
        let has_work = has_work(&folder.join(IMAGES)).map_err(io_error("look through", &folder))?;
        Ok(has_work.then_some(header.about))
    }

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
                return Ok(Self::of(folder, options, lock));
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
                        Ok(Self::of(folder, options, lock))
                    }
                    _ => Err(others()),
                };
            }
        }
        // What has no header that says what it is made of is believed by nobody.
        set_aside(&folder).map_err(io_error("remove what was begun in", &folder))?;
        let text = Header::new(about, options.replaces, String::new()).bytes(&folder)?;
        write_file_atomically(&folder.join(HEADER), &text, options.durability)?;
        Ok(Self::of(folder, options, lock))
    }

    fn of(folder: PathBuf, options: JournalOptions, lock: File) -> Self {
        let JournalOptions { durability, replaces, .. } = options;
        FolderJournal { folder, durability, replaces, lock }
    }

    pub fn note(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        write_file_atomically(&self.folder.join(NOTES).join(name), bytes, self.durability)
    }

    pub fn noted(&self) -> Result<Vec<Vec<u8>>, SinkError> {
        let folder = self.folder.join(NOTES);
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

    /// The folder of an image that has this name in the folder of the images.
    pub fn image(&self, name: &Path) -> PathBuf {
        let hash = fnv(name.as_os_str().as_encoded_bytes().iter().copied());
        self.folder.join(IMAGES).join(format!("{hash:016x}"))
    }

    pub fn close(self) -> Result<(), SinkError> {
        remove(&self.folder, self.lock)
    }

    pub fn is_empty(&self) -> Result<bool, SinkError> {
        let has_work = has_work(&self.folder.join(IMAGES));
        has_work.map(|has_work| !has_work).map_err(io_error("look through", &self.folder))
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
    Header::read(&path, &bytes).map(Some)
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
