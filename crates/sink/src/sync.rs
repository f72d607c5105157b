//! When what was written is on the disk, rather than in the memory of the system, and how it gets there.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tracing::trace_span;

/// What is on the disk, rather than in the memory of the system, once something has its name.
///
/// Nothing of this matters if only the process ends, however it ends: what has a name is whole then in any case.
///
/// ```
/// use patchweave_sink::Durability;
///
/// assert_eq!(Durability::default(), Durability::Full);
/// assert!(Durability::None < Durability::Files && Durability::Files < Durability::Full);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// Nothing is waited for: after a loss of power, files may be missing, empty or damaged.
    None,
    /// The bytes of every file: after a loss of power, a file that has its name is whole, but its name may be missing.
    Files,
    /// The bytes of every file and the names in every folder: what was written survives a loss of power.
    #[default]
    Full,
}

/// Called with every path before it is synced; its error stops that.
pub type BeforeSync<'a> = &'a (dyn Fn(&Path) -> io::Result<()> + Sync);

/// Brings files and the names in folders to the disk, as far as a [`Durability`] asks for it.
///
/// Every wait is a span `sync` of `tracing`.
///
/// ```
/// use patchweave_sink::{Durability, Syncing};
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("a"), "bytes")?;
/// Syncing::new(Durability::Full).tree(folder.path())?;
/// let stop = |_: &std::path::Path| Err(std::io::Error::other("on purpose"));
/// assert!(Syncing::with_hook(Durability::Full, &stop).tree(folder.path()).is_err());
/// Syncing::with_hook(Durability::None, &stop).tree(folder.path())?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Syncing<'a> {
    durability: Durability,
    before: BeforeSync<'a>,
}

impl Syncing<'static> {
    /// Syncs what `durability` asks for.
    #[must_use]
    pub fn new(durability: Durability) -> Self {
        Syncing { durability, before: &|_| Ok(()) }
    }
}

impl<'a> Syncing<'a> {
    /// The same, with something to do before each sync, such as counting or failing.
    #[must_use]
    pub fn with_hook(durability: Durability, before: BeforeSync<'a>) -> Self {
        Syncing { durability, before }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// What the operating system or the hook says.
    pub fn file(&self, path: &Path) -> io::Result<()> {
        if self.durability < Durability::Files {
            return Ok(());
        }
        self.sync(path, || File::options().write(true).open(path)?.sync_all())
    }

    /// The bytes of a file that is open, and called `path`.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn open_file(&self, path: &Path, file: &File) -> io::Result<()> {
        if self.durability < Durability::Files {
            return Ok(());
        }
        self.sync(path, || file.sync_all())
    }

    /// The names in a folder, but nothing below; where the system does not sync folders, nothing happens.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn folder(&self, folder: &Path) -> io::Result<()> {
        if self.durability < Durability::Full {
            return Ok(());
        }
        self.sync(folder, || {
            let synced = if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) };
            match synced {
                // Some file systems of other machines have no such thing.
                Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
                    Ok(())
                }
                synced => synced,
            }
        })
    }

    /// Everything below a folder and the names in it, files side by side on the threads of the caller's pool.
    ///
    /// # Errors
    /// As [`file`](Self::file), for the first that fails.
    pub fn tree(&self, folder: &Path) -> io::Result<()> {
        if self.durability == Durability::None {
            return Ok(());
        }
        let Tree { files, folders } = Tree::below(folder)?;
        files.par_iter().try_for_each(|file| self.file(&folder.join(file)))?;
        folders.par_iter().try_for_each(|below| self.folder(&folder.join(below)))
    }

    fn sync(&self, path: &Path, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let _span = trace_span!("sync", path = %path.display()).entered();
        (self.before)(path)?;
        sync()
    }
}

/// What is below a folder, named from there on; the folder itself has an empty name and comes last.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// std::fs::create_dir(folder.path().join("a"))?;
/// std::fs::write(folder.path().join("a/b"), "bytes")?;
/// let tree = patchweave_sink::Tree::below(folder.path())?;
/// assert_eq!(tree.files, [std::path::Path::new("a/b")]);
/// assert_eq!(tree.folders, [std::path::Path::new("a"), std::path::Path::new("")]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// All files.
    pub files: Vec<PathBuf>,
    /// All folders, each behind those in it.
    pub folders: Vec<PathBuf>,
}

impl Tree {
    /// Lists a folder; links are files.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn below(folder: &Path) -> io::Result<Self> {
        let mut tree = Tree::default();
        tree.list(folder, PathBuf::new())?;
        Ok(tree)
    }

    fn list(&mut self, folder: &Path, below: PathBuf) -> io::Result<()> {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.list(folder, name)?;
            } else {
                self.files.push(name);
            }
        }
        self.folders.push(below);
        Ok(())
    }
}

/// Makes a folder and those above it where they are missing, and brings their names to the disk.
///
/// # Errors
/// What the operating system says.
pub fn make_folders(folder: &Path, syncing: &Syncing<'_>) -> io::Result<()> {
    let above = |path: &Path| match path.parent() {
        Some(above) if above != Path::new("") => above.to_owned(),
        _ => PathBuf::from("."),
    };
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let changed: Vec<PathBuf> = folder.ancestors().take_while(is_missing).map(above).collect();
    fs::create_dir_all(folder)?;
    changed.iter().try_for_each(|folder| syncing.folder(folder))
}
