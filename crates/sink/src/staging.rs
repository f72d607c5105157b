//! Temporary names, and the step from there to the final name; knows nothing of image formats.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::io_error;
use crate::leftovers::remove_leftovers;
use crate::sync::make_folders;
use crate::temporary::{Claim, NEW, OLD, TemporaryFolder, temporary_file};
use crate::{Durability, OutputKind, SinkError, Syncing};

/// Any of these makes a folder a Zarr store of version 2 or 3.
pub(crate) const STORE_MARKERS: [&str; 4] = ["zarr.json", ".zgroup", ".zarray", ".zattrs"];

/// Writes a small file as a whole: after this, `path` holds `bytes`, or what it held before.
///
/// Creates the parent folders; an existing file is replaced in one step.
///
/// ```
/// use patchweave_sink::{Durability, write_file_atomically};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("reports").join("loss.json");
/// write_file_atomically(&path, b"[0.5]", Durability::Full)?;
/// write_file_atomically(&path, b"[0.5, 0.25]", Durability::None)?;
/// assert_eq!(std::fs::read(&path)?, b"[0.5, 0.25]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SinkError::FolderInTheWay`] if `path` is a folder, [`SinkError::NotAFile`], [`SinkError::NoFileName`],
/// [`SinkError::Io`].
pub fn write_file_atomically(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), SinkError> {
    let mut staged = StagedFile::create(path)?;
    staged.write_all(bytes)?;
    staged.publish(durability)
}

/// Removes a file, if there is one.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// patchweave_sink::remove_file_if_any(&folder.path().join("nothing"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SinkError::Io`].
pub fn remove_file_if_any(path: &Path) -> Result<(), SinkError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Makes sure that files can be written into a folder: creates it where it is missing, removes what killed runs have left
/// there and returns where that was, and tries.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let results = folder.path().join("run").join("results");
/// patchweave_sink::prepare_folder(&results, patchweave_sink::Durability::Full)?;
/// assert_eq!(std::fs::read_dir(&results)?.count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SinkError::Io`] if the folder cannot be created or nothing can be written into it.
pub fn prepare_folder(folder: &Path, durability: Durability) -> Result<Vec<PathBuf>, SinkError> {
    make_folders(folder, &Syncing::new(durability)).map_err(io_error("create", folder))?;
    let removed = remove_leftovers(folder).map_err(io_error("look through", folder))?;
    temporary_file(folder).map_err(io_error("write into", folder))?;
    Ok(removed)
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
/// file.publish(patchweave_sink::Durability::Files)?;
/// assert_eq!(std::fs::read(&path)?, b"one\ntwo\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StagedFile {
    path: PathBuf,
    missing: Missing,
    temporary: NamedTempFile,
}

impl StagedFile {
    /// Starts a file that will stand at `path` once it is published; creates the parent folders.
    ///
    /// # Errors
    /// [`SinkError::FolderInTheWay`] if `path` is a folder, [`SinkError::NotAFile`] if it is a pipe, a device or the
    /// like, [`SinkError::NoFileName`], [`SinkError::Io`].
    pub fn create(path: &Path) -> Result<Self, SinkError> {
        refuse_others(path)?;
        let (parent, missing) = create_parent(path)?;
        let temporary = temporary_file(parent).map_err(io_error("create", path))?;
        Ok(StagedFile { path: path.into(), missing, temporary })
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

    /// Gives the file its name, replacing what stood there in one step, and brings to the disk what is asked for.
    ///
    /// # Errors
    /// [`SinkError::FolderInTheWay`], [`SinkError::NotAFile`], [`SinkError::Io`]. If the last is about the folder, the
    /// file has its name already.
    pub fn publish(self, durability: Durability) -> Result<(), SinkError> {
        self.publish_with(&Syncing::new(durability))
    }

    pub(crate) fn publish_with(self, syncing: &Syncing<'_>) -> Result<(), SinkError> {
        refuse_others(&self.path)?;
        let synced = syncing.open_file(&self.path, self.temporary.as_file());
        synced.map_err(io_error("write", &self.path))?;
        if let Err(failure) = self.temporary.persist(&self.path) {
            return Err(io_error("replace", &self.path)(failure.error));
        }
        self.missing.sync(&self.path, syncing)
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
/// staged.publish(patchweave_sink::Durability::Full)?;
/// assert_eq!(std::fs::read(path.join("zarr.json"))?, b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StagedFolder {
    path: PathBuf,
    missing: Missing,
    // Holds the new folder, and for a moment the one that it replaces.
    temporary: TemporaryFolder,
}

impl StagedFolder {
    /// Starts a store that will stand at `path` once it is published; creates the parent folders.
    ///
    /// # Errors
    /// [`SinkError::NotAStore`] or [`SinkError::FileInTheWay`] if what stands there must not be replaced,
    /// [`SinkError::NoFileName`], [`SinkError::Io`].
    pub fn create(path: &Path) -> Result<Self, SinkError> {
        is_replaceable_store(path)?;
        let (parent, missing) = create_parent(path)?;
        let name = path.file_name().unwrap_or_default();
        let temporary = TemporaryFolder::create(parent, name).map_err(io_error("create", path))?;
        let staged = StagedFolder { path: path.into(), missing, temporary };
        fs::create_dir(staged.folder()).map_err(io_error("create", path))?;
        Ok(staged)
    }

    /// Where to write.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.temporary.path().join(NEW)
    }

    /// Gives the store its name, and brings to the disk what is asked for.
    ///
    /// A store that stood there is moved aside, replaced and then deleted, and moved back if that fails. If the process
    /// ends in between, [`remove_leftovers`] moves it back.
    ///
    /// # Errors
    /// [`SinkError::NotAStore`] or [`SinkError::FileInTheWay`] if what stands there must not be replaced,
    /// [`SinkError::Io`]. If the last is about the folder or what was replaced, the store has its name already.
    pub fn publish(self, durability: Durability) -> Result<(), SinkError> {
        self.publish_with(&Syncing::new(durability))
    }

    pub(crate) fn publish_with(self, syncing: &Syncing<'_>) -> Result<(), SinkError> {
        publish_store(&self.path, self.temporary, &self.missing, syncing)
    }
}

/// A file or folder that is made in a folder of its own, which others may join.
#[derive(Debug)]
pub(crate) struct StagedOutput {
    path: PathBuf,
    kind: OutputKind,
    /// Whether something stood there when it was started, which it replaces.
    replaces: bool,
    missing: Missing,
    // Holds the new output, and for a moment the one that it replaces.
    temporary: TemporaryFolder,
}

/// What came of starting an output that may have been begun before.
pub(crate) enum Started {
    New(StagedOutput),
    Left(StagedOutput),
}

impl StagedOutput {
    /// Starts what will stand at `path` once it is published; creates the parent folders.
    pub fn create(path: &Path, kind: OutputKind) -> Result<Self, SinkError> {
        let (parent, missing) = prepare_parent(path, kind)?;
        let replaces = stands(path);
        let name = path.file_name().unwrap_or_default();
        let temporary = TemporaryFolder::create(parent, name).map_err(io_error("create", path))?;
        Ok(StagedOutput { path: path.into(), kind, replaces, missing, temporary })
    }

    /// As [`create`](Self::create), or finds what was begun before and left.
    pub fn claim(path: &Path, kind: OutputKind) -> Result<Started, SinkError> {
        let (parent, missing) = prepare_parent(path, kind)?;
        let name = path.file_name().unwrap_or_default();
        let replaces = stands(path);
        let staged = |temporary| StagedOutput { path: path.into(), kind, replaces, missing, temporary };
        match TemporaryFolder::claim(parent, name).map_err(io_error("create", path))? {
            Claim::New(temporary) => Ok(Started::New(staged(temporary))),
            Claim::Left(temporary) => Ok(Started::Left(staged(temporary))),
            Claim::Busy => Err(SinkError::Busy { path: path.into() }),
        }
    }

    /// Joins what another process has started.
    pub fn join(path: &Path, kind: OutputKind, folder: &Path) -> Result<Self, SinkError> {
        let temporary = TemporaryFolder::join(folder).map_err(io_error("join the work on", path))?;
        // Who joins does not know what was there before.
        let (replaces, missing) = (true, Missing(Vec::new()));
        Ok(StagedOutput { path: path.into(), kind, replaces, missing, temporary })
    }

    /// What is made in a folder of a journal, begun or not, and stays there until it has its name.
    pub fn in_journal(
        path: &Path,
        kind: OutputKind,
        folder: &Path,
        mark: PathBuf,
    ) -> Result<Self, SinkError> {
        let (_, missing) = prepare_parent(path, kind)?;
        fs::create_dir_all(folder).map_err(io_error("create", path))?;
        let temporary = TemporaryFolder::in_journal(folder, mark);
        Ok(StagedOutput { path: path.into(), kind, replaces: false, missing, temporary })
    }

    /// Whether something stands where it will.
    pub fn would_replace(&self) -> bool {
        stands(&self.path)
    }

    /// Lets it replace what stands there.
    pub fn replacing(self, replaces: bool) -> Self {
        StagedOutput { replaces, ..self }
    }

    /// Removes what was made of it.
    pub fn clear(&self) -> Result<(), SinkError> {
        self.temporary.clear().map_err(io_error("remove what was begun of", &self.path))
    }

    /// The folder that it is made in.
    pub fn folder(&self) -> &Path {
        self.temporary.path()
    }

    /// Removes it and says if that fails.
    pub fn discard(self) -> Result<(), SinkError> {
        self.temporary.close().map_err(io_error("remove what was begun of", &self.path))
    }

    /// Lets go of it without removing it.
    pub fn leave(self) {
        self.temporary.leave();
    }

    /// Gives it its name. What has appeared there since it was started is not replaced; then it stays to be gone on with.
    pub fn publish_with(self, syncing: &Syncing<'_>) -> Result<(), SinkError> {
        check_replaceable(&self.path, self.kind)?;
        if !self.replaces && stands(&self.path) {
            self.temporary.leave();
            return Err(SinkError::Appeared { path: self.path });
        }
        let new = self.temporary.path().join(NEW);
        match self.kind {
            OutputKind::Store => publish_store(&self.path, self.temporary, &self.missing, syncing),
            // What is made in memory is never staged.
            OutputKind::File | OutputKind::Memory => {
                syncing.file(&new).map_err(io_error("write", &self.path))?;
                fs::rename(new, &self.path).map_err(io_error("replace", &self.path))?;
                self.missing.sync(&self.path, syncing)?;
                self.temporary.close().map_err(io_error("clean up after", &self.path))
            }
        }
    }
}

fn prepare_parent(path: &Path, kind: OutputKind) -> Result<(&Path, Missing), SinkError> {
    check_replaceable(path, kind)?;
    create_parent(path)
}

/// Refuses what an output of that kind must not take the place of.
fn check_replaceable(path: &Path, kind: OutputKind) -> Result<(), SinkError> {
    match kind {
        OutputKind::Store => is_replaceable_store(path).map(drop),
        OutputKind::File | OutputKind::Memory => refuse_others(path),
    }
}

/// Gives a store its name; what stood there is moved aside, and deleted at the end.
fn publish_store(
    path: &Path,
    temporary: TemporaryFolder,
    missing: &Missing,
    syncing: &Syncing<'_>,
) -> Result<(), SinkError> {
    let new = temporary.path().join(NEW);
    syncing.tree(&new).map_err(io_error("write", path))?;
    let is_replacement = is_replaceable_store(path)?;
    let aside = temporary.path().join(OLD);
    if is_replacement {
        fs::rename(path, &aside).map_err(io_error("move aside", path))?;
    }
    if let Err(failure) = fs::rename(new, path) {
        if is_replacement && let Err(stuck) = fs::rename(&aside, path) {
            let path = temporary.keep().join(OLD);
            return Err(io_error("move back the replaced store from", &path)(stuck));
        }
        return Err(io_error("replace", path)(failure));
    }
    // Before the old one is deleted, so that one of them is there after a loss of power.
    missing.sync(path, syncing)?;
    temporary.close().map_err(io_error("remove what was replaced by", path))
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
        return if is_store(path) { Ok(true) } else { Err(SinkError::NotAStore { path: path.into() }) };
    }
    match fs::symlink_metadata(path) {
        Ok(_) => Err(SinkError::FileInTheWay { path: path.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(io_error("look at", path)(error)),
    }
}

/// Whether anything stands at a path.
fn stands(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a folder is a Zarr store.
pub(crate) fn is_store(folder: &Path) -> bool {
    STORE_MARKERS.iter().any(|marker| folder.join(marker).is_file())
}

/// Refuses whatever a file must not take the place of.
fn refuse_others(path: &Path) -> Result<(), SinkError> {
    if path.is_dir() {
        return Err(SinkError::FolderInTheWay { path: path.into() });
    }
    // Of a link only the link is replaced.
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() && !found.is_symlink() => {
            Err(SinkError::NotAFile { path: path.into() })
        }
        _ => Ok(()),
    }
}

/// The folders above an output that were missing, whose names are brought to the disk with that of the output.
#[derive(Debug)]
struct Missing(Vec<PathBuf>);

impl Missing {
    /// The names on the way to what was published at `path`.
    fn sync(&self, path: &Path, syncing: &Syncing<'_>) -> Result<(), SinkError> {
        let made = self.0.iter().map(PathBuf::as_path).chain([path]);
        made.map(parent_of).try_for_each(|folder| syncing.folder(folder)).map_err(io_error("write", path))
    }
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn create_parent(path: &Path) -> Result<(&Path, Missing), SinkError> {
    if path.file_name().is_none_or(OsStr::is_empty) {
        return Err(SinkError::NoFileName { path: path.into() });
    }
    let parent = parent_of(path);
    let missing = parent.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists());
    let missing = Missing(missing.map(Path::to_owned).collect());
    fs::create_dir_all(parent).map_err(io_error("create the folder of", path))?;
    Ok((parent, missing))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// What is synced, in this order, and whether the output had its name then.
    fn synced(
        durability: Durability,
        root: &Path,
        output: &Path,
        publish: impl FnOnce(&Syncing<'_>),
    ) -> Vec<(String, bool)> {
        let seen = Mutex::new(Vec::new());
        let hook = |path: &Path| {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            // What is synced under its temporary name is called by what is behind that.
            let name = name.split_once("/new").map_or(name.clone(), |(_, inside)| format!("new{inside}"));
            seen.lock().unwrap().push((name, output.exists()));
            Ok(())
        };
        publish(&Syncing::with_hook(durability, &hook));
        let mut seen = seen.into_inner().unwrap();
        // Files of a store are synced side by side.
        seen.sort_by_key(|(name, has_name)| (*has_name, name.starts_with("new"), name.clone()));
        seen
    }

    #[test]
    fn bytes_are_on_the_disk_before_the_name_and_names_after() {
        for (durability, expected) in [
            (Durability::None, &[][..]),
            (Durability::Files, &[("a/b/file", false)]),
            (Durability::Full, &[("a/b/file", false), ("", true), ("a", true), ("a/b", true)]),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a/b/file");
            let staged = StagedFile::create(&path).unwrap();
            let seen =
                synced(durability, folder.path(), &path, |syncing| staged.publish_with(syncing).unwrap());
            let expected = expected.iter().map(|(name, is)| ((*name).to_owned(), *is)).collect::<Vec<_>>();
            assert_eq!(seen, expected, "{durability:?}");
        }
    }

    #[test]
    fn files_and_folders_of_a_store_are_synced_and_then_its_name() {
        for (durability, expected) in [
            (Durability::None, &[][..]),
            (Durability::Files, &[("new/c/0", false), ("new/zarr.json", false)]),
            (
                Durability::Full,
                &[("new", false), ("new/c", false), ("new/c/0", false), ("new/zarr.json", false), ("", true)],
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("image.zarr");
            let staged = StagedFolder::create(&path).unwrap();
            fs::create_dir(staged.folder().join("c")).unwrap();
            fs::write(staged.folder().join("c/0"), "chunk").unwrap();
            fs::write(staged.folder().join("zarr.json"), "{}").unwrap();
            let seen =
                synced(durability, folder.path(), &path, |syncing| staged.publish_with(syncing).unwrap());
            let mut seen: Vec<_> = seen.iter().map(|(name, is)| (name.trim_end_matches('/'), *is)).collect();
            seen.sort_by_key(|(name, is)| (*is, *name));
            assert_eq!(seen, expected, "{durability:?}");
        }
    }

    /// An error of the disk before the rename leaves what was there, one behind it is told.
    #[test]
    fn failures_to_sync_are_errors() {
        for (n_fine, has_name) in [(0, false), (1, true)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("file");
            let left = Mutex::new(n_fine);
            let hook = |_: &Path| {
                let mut left = left.lock().unwrap();
                *left -= 1;
                if *left < 0 { Err(io::Error::other("no disk")) } else { Ok(()) }
            };
            let error = StagedFile::create(&path).unwrap();
            let error = error.publish_with(&Syncing::with_hook(Durability::Full, &hook)).unwrap_err();
            assert!(matches!(error, SinkError::Io { action: "write", .. }), "{error}");
            assert_eq!(path.exists(), has_name);
        }
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_sockets_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = write_file_atomically(&path, b"x", Durability::None).unwrap_err();
        assert!(error.to_string().ends_with("socket is not a file, it is not replaced by one"), "{error}");
    }
}
