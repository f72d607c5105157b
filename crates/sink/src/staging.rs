//! Temporary names, and the step from there to the final name; knows nothing of image formats.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::SinkError;

/// A name of its own in the same folder, so that the last rename never crosses a file system.
const PREFIX: &str = ".patchweave-";
const SUFFIX: &str = ".part";

/// Any of these makes a folder a Zarr store of version 2 or 3.
const STORE_MARKERS: [&str; 4] = ["zarr.json", ".zgroup", ".zarray", ".zattrs"];

/// Writes a small file as a whole: after this, `path` holds `bytes`, or what it held before.
///
/// Creates the parent folders; an existing file is replaced in one step.
///
/// ```
/// use patchweave_sink::write_file_atomically;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("reports").join("loss.json");
/// write_file_atomically(&path, b"[0.5]")?;
/// write_file_atomically(&path, b"[0.5, 0.25]")?;
/// assert_eq!(std::fs::read(&path)?, b"[0.5, 0.25]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SinkError::FolderInTheWay`] if `path` is a folder, [`SinkError::NoFileName`], [`SinkError::Io`].
pub fn write_file_atomically(path: &Path, bytes: &[u8]) -> Result<(), SinkError> {
    let mut staged = StagedFile::create(path)?;
    staged.write_all(bytes)?;
    staged.publish()
}

/// Makes sure that files can be written into a folder: creates it where it is missing, and tries.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let results = folder.path().join("run").join("results");
/// patchweave_sink::prepare_folder(&results)?;
/// assert_eq!(std::fs::read_dir(&results)?.count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SinkError::Io`] if the folder cannot be created or nothing can be written into it.
pub fn prepare_folder(folder: &Path) -> Result<(), SinkError> {
    fs::create_dir_all(folder).map_err(io_error("create", folder))?;
    file_builder().tempfile_in(folder).map_err(io_error("write into", folder))?;
    Ok(())
}

/// A file under a temporary name, removed if it is dropped.
///
/// ```
/// use patchweave_sink::StagedFile;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("lines.txt");
/// let mut file = StagedFile::create(&path)?;
/// file.write_all(b"one\n")?;
/// file.write_all(b"two\n")?;
/// assert!(!path.exists());
/// file.publish()?;
/// assert_eq!(std::fs::read(&path)?, b"one\ntwo\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StagedFile {
    path: PathBuf,
    temporary: NamedTempFile,
}

impl StagedFile {
    /// Starts a file that will stand at `path` once it is published; creates the parent folders.
    ///
    /// # Errors
    /// [`SinkError::FolderInTheWay`] if `path` is a folder, [`SinkError::NoFileName`], [`SinkError::Io`].
    pub fn create(path: &Path) -> Result<Self, SinkError> {
        refuse_folder(path)?;
        let parent = create_parent(path)?;
        let temporary = file_builder().tempfile_in(parent).map_err(io_error("create", path))?;
        Ok(StagedFile { path: path.into(), temporary })
    }

    pub(crate) fn file_mut(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Writes bytes behind those that were written before; small ones are better collected first.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.file_mut().write_all(bytes).map_err(io_error("write", &self.path))
    }

    /// Flushes everything to the disk and gives the file its name, replacing what stood there in one step.
    ///
    /// # Errors
    /// [`SinkError::FolderInTheWay`], [`SinkError::Io`].
    pub fn publish(self) -> Result<(), SinkError> {
        refuse_folder(&self.path)?;
        self.temporary.as_file().sync_all().map_err(io_error("write", &self.path))?;
        match self.temporary.persist(&self.path) {
            Ok(_) => Ok(()),
            Err(failure) => Err(io_error("replace", &self.path)(failure.error)),
        }
    }
}

/// A Zarr store under a temporary name, removed if it is dropped.
///
/// ```
/// use patchweave_sink::StagedFolder;
///
/// let parent = tempfile::tempdir()?;
/// let path = parent.path().join("image.zarr");
/// let staged = StagedFolder::create(&path)?;
/// std::fs::write(staged.folder().join("zarr.json"), "{}")?;
/// assert!(!path.exists());
/// staged.publish()?;
/// assert_eq!(std::fs::read(path.join("zarr.json"))?, b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StagedFolder {
    path: PathBuf,
    // Holds the new folder, and for a moment the one that it replaces.
    temporary: TempDir,
}

impl StagedFolder {
    /// Starts a store that will stand at `path` once it is published; creates the parent folders.
    ///
    /// # Errors
    /// [`SinkError::NotAStore`] or [`SinkError::FileInTheWay`] if what stands there must not be replaced,
    /// [`SinkError::NoFileName`], [`SinkError::Io`].
    pub fn create(path: &Path) -> Result<Self, SinkError> {
        is_replaceable_store(path)?;
        let parent = create_parent(path)?;
        let temporary = Builder::new()
            .prefix(PREFIX)
            .suffix(SUFFIX)
            .tempdir_in(parent)
            .map_err(io_error("create", path))?;
        let staged = StagedFolder { path: path.into(), temporary };
        fs::create_dir(staged.folder()).map_err(io_error("create", path))?;
        Ok(staged)
    }

    /// Where to write.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.temporary.path().join("new")
    }

    /// Flushes everything to the disk and gives the store its name.
    ///
    /// A store that stood there is moved aside, replaced and then deleted, and moved back if that fails.
    ///
    /// # Errors
    /// [`SinkError::NotAStore`] or [`SinkError::FileInTheWay`] if what stands there must not be replaced,
    /// [`SinkError::Io`].
    pub fn publish(self) -> Result<(), SinkError> {
        sync_folder(&self.folder()).map_err(io_error("write", &self.path))?;
        self.publish_unsynced()
    }

    /// As [`publish`](Self::publish), but leaves it to the system when what was written reaches the disk.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn publish_unsynced(self) -> Result<(), SinkError> {
        let is_replacement = is_replaceable_store(&self.path)?;
        let aside = self.temporary.path().join("old");
        if is_replacement {
            fs::rename(&self.path, &aside).map_err(io_error("move aside", &self.path))?;
        }
        if let Err(failure) = fs::rename(self.folder(), &self.path) {
            if is_replacement && let Err(stuck) = fs::rename(&aside, &self.path) {
                let path = self.temporary.keep().join("old");
                return Err(io_error("move back the replaced store from", &path)(stuck));
            }
            return Err(io_error("replace", &self.path)(failure));
        }
        self.temporary.close().map_err(io_error("remove what was replaced by", &self.path))
    }
}

/// Whether a Zarr store stands at `path`, which a new one may replace.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// assert!(!patchweave_sink::is_replaceable_store(&folder.path().join("nothing"))?);
/// let error = patchweave_sink::is_replaceable_store(folder.path()).unwrap_err();
/// assert!(error.to_string().contains("is a folder but not a Zarr store"), "{error}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SinkError::NotAStore`] or [`SinkError::FileInTheWay`] if something else stands there, [`SinkError::Io`].
pub fn is_replaceable_store(path: &Path) -> Result<bool, SinkError> {
    if path.is_dir() {
        let is_store = STORE_MARKERS.iter().any(|marker| path.join(marker).is_file());
        return if is_store { Ok(true) } else { Err(SinkError::NotAStore { path: path.into() }) };
    }
    match fs::symlink_metadata(path) {
        Ok(_) => Err(SinkError::FileInTheWay { path: path.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(io_error("look at", path)(error)),
    }
}

fn refuse_folder(path: &Path) -> Result<(), SinkError> {
    if path.is_dir() { Err(SinkError::FolderInTheWay { path: path.into() }) } else { Ok(()) }
}

fn create_parent(path: &Path) -> Result<&Path, SinkError> {
    if path.file_name().is_none_or(OsStr::is_empty) {
        return Err(SinkError::NoFileName { path: path.into() });
    }
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(io_error("create the folder of", path))?;
    Ok(parent)
}

/// Temporary files are private by default; results get the permissions of ordinary files.
fn file_builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

/// Brings every file below `folder` to the disk before the rename makes them visible.
fn sync_folder(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folder(&entry.path())?;
        } else {
            File::options().write(true).open(entry.path())?.sync_all()?;
        }
    }
    Ok(())
}

pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    move |source| SinkError::Io { action, path: path.into(), source }
}
