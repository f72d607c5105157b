//! Images that are made in a folder under a temporary name.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::memory_work::this_process;
use crate::temporary::NEW;
use crate::work_place::WorkPlace;
use crate::{Durability, Syncing};

/// Files that are being written and have no name yet.
const SCRATCH: &str = "scratch";
/// Held by whoever puts the output together.
const ALONE: &str = "alone";
/// Files that are put under a name.
const FILES: &str = "work";

/// A folder in which an image is made.
#[derive(Debug, Clone)]
pub(crate) struct FolderWork {
    folder: PathBuf,
    output: PathBuf,
    durability: Durability,
    /// What is on the disk once it is marked: all, unless work of before a restart of the machine is begun anew.
    at_once: Durability,
    /// The start of the machine after which marks are believed; any, if `None`.
    boot: Option<&'static str>,
}

impl FolderWork {
    pub fn new(folder: &Path, durability: Durability) -> Self {
        let boot = boot();
        let at_once = if boot.is_some() { Durability::None } else { durability };
        FolderWork { folder: folder.into(), output: folder.join(NEW), durability, at_once, boot }
    }

    /// A folder whose marks are believed by other machines, and after a restart of this one.
    pub fn lasting(folder: &Path, durability: Durability) -> Self {
        FolderWork { at_once: durability, boot: None, ..Self::new(folder, durability) }
    }

    /// The file under a name that stands for what was done.
    pub fn marked(folder: &Path, name: &str) -> PathBuf {
        folder.join(FILES).join(name)
    }

    /// The same with its output under another name.
    pub fn with_output(&self, name: &str) -> Self {
        FolderWork { output: self.folder.join(name), ..self.clone() }
    }

    /// The file under a name, whether it is there or not.
    pub fn file(&self, name: &str) -> PathBuf {
        Self::marked(&self.folder, name)
    }

    /// The file under a name, open; `None` if there is none.
    pub fn open(&self, name: &str) -> io::Result<Option<File>> {
        unless_missing(File::open(self.file(name)))
    }

    pub fn sync(&self, target: &Path, file: &File) -> io::Result<()> {
        Syncing::new(self.at_once).open_file(target, file)
    }

    /// Brings an output that is a file to the disk, under the name that it will have.
    pub fn sync_output(&self, target: &Path) -> io::Result<()> {
        Syncing::new(self.durability).open_file(target, &File::options().write(true).open(&self.output)?)
    }

    /// Puts bytes into a file in one step; creates the folders above it.
    fn put_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let scratch = self.folder.join(SCRATCH);
        // Processes of several machines may have one number, and forked ones one name.
        let temporary = scratch.join(format!("{:016x}-{}-{number}", this_process(), std::process::id()));
        self.with_folder(&scratch, || fs::write(&temporary, bytes))?;
        let named = Syncing::new(self.at_once).file(&temporary).and_then(|()| {
            self.with_folder(path.parent().unwrap_or(&self.folder), || fs::rename(&temporary, path))
        });
        named.inspect_err(|_| fs::remove_file(&temporary).unwrap_or_default())
    }

    /// Does something in a folder below that of the work, which is made if that fails without it; what has lost its work is
    /// lost.
    fn with_folder<T>(&self, folder: &Path, act: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match act() {
            Err(error) if error.kind() == ErrorKind::NotFound && self.folder.is_dir() => {
                fs::create_dir_all(folder)?;
                act()
            }
            done => done,
        }
    }
}

impl WorkPlace for FolderWork {
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.put_file(&self.file(name), bytes)
    }

    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        unless_missing(fs::read(self.file(name)))
    }

    fn read_part(&self, name: &str, start: u64, part: &mut [u8]) -> io::Result<()> {
        let mut file = File::open(self.file(name))?;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)
    }

    fn has(&self, name: &str) -> io::Result<bool> {
        self.file(name).try_exists()
    }

    fn names(&self, folder: &str) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            let Some(entries) = unless_missing(fs::read_dir(self.file(&folder)))? else { continue };
            for entry in entries {
                let entry = entry?;
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                if entry.file_type()?.is_dir() {
                    open.push(name);
                } else {
                    names.insert(name);
                }
            }
        }
        Ok(names)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        unless_missing(fs::remove_file(self.file(name))).map(drop)
    }

    fn mark(&self, name: &str) -> io::Result<()> {
        let path = self.file(name);
        self.with_folder(path.parent().unwrap_or(&self.folder), || File::create(&path)).map(drop)
    }

    fn put_output(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.put_file(&self.output.join(name), bytes)
    }

    fn get_output(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        unless_missing(fs::read(self.output.join(name)))
    }

    fn remove_output(&self, name: &str) -> io::Result<()> {
        unless_missing(fs::remove_file(self.output.join(name))).map(drop)
    }

    fn output(&self, _target: &Path) -> PathBuf {
        self.output.clone()
    }

    fn marks_are_of(&self) -> Option<&'static str> {
        self.boot
    }

    fn alone(&self) -> io::Result<Option<File>> {
        let file = File::create(self.folder.join(ALONE))?;
        match file.lock() {
            // Where the file system cannot lock, there is one who completes.
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
            _ => Ok(Some(file)),
        }
    }
}

/// Which of all starts of the machine this is, where it tells: what was written before another one may not have reached the
/// disk, whatever is marked.
pub(crate) fn boot() -> Option<&'static str> {
    static BOOT: OnceLock<Option<String>> = OnceLock::new();
    let read =
        || fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().filter(|id| !id.trim().is_empty());
    BOOT.get_or_init(read).as_deref().map(str::trim)
}

/// `None` for what is not there.
pub(crate) fn unless_missing<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
