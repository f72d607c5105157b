//! Temporary names and the locks on what has them.
//!
//! Whoever writes under a temporary name holds a lock on it, which the system lets go of when the process ends in
//! whatever way. A file is locked under another name before it gets its temporary one, and the lock of a folder is put into it
//! so; nobody sees one of either that is made and not locked yet.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::{Builder, NamedTempFile, TempPath};

/// A name of its own in the same folder, so that the last rename never crosses a file system.
pub(crate) const PREFIX: &str = ".patchweave-";
pub(crate) const SUFFIX: &str = ".part";
/// Files that are made and not locked yet.
pub(crate) const UNLOCKED: &str = ".unlocked";

/// In a temporary folder: the file that is locked, which says for which name the folder is.
pub(crate) const LOCK: &str = "lock";
/// In a temporary folder: the file that is locked by whoever goes on with what was left there.
pub(crate) const CLAIM: &str = "claim";
/// In a folder of a journal: the file that is locked by whoever begins something in it.
const MAKING: &str = "making";
/// In a temporary folder: what will have the name, what had it before, and that while it is deleted.
pub(crate) const NEW: &str = "new";
pub(crate) const OLD: &str = "old";
pub(crate) const GONE: &str = "gone";

/// How often a lock is tried that somebody seems to hold.
pub(crate) const TRIES: u32 = 11;
pub(crate) const BETWEEN_TRIES: Duration = Duration::from_millis(5);

/// What is not locked is locked in less than this, or nobody is left to do it.
pub(crate) const BEING_MADE: Duration = Duration::from_secs(3600);

/// A file under a temporary name in a folder, which is locked as long as it is open.
pub(crate) fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    let (file, mut unlocked) = unlocked_file(folder)?.into_parts();
    lock(&file)?;
    let path = unlocked.with_extension(&SUFFIX[1..]);
    fs::rename(&unlocked, &path)?;
    unlocked.disable_cleanup(true);
    Ok(NamedTempFile::from_parts(file, TempPath::try_from_path(path)?))
}

/// A folder under a temporary name, and the lock that is held on it.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    path: PathBuf,
    is_kept: bool,
    lock: Option<File>,
    /// Held by the one of several who found the folder at the same time.
    claim: Option<File>,
    /// What stays in the folder, and with it the folder, when the rest is removed.
    stays: Option<PathBuf>,
}

impl TemporaryFolder {
    /// For what will be called `name` in `parent`.
    pub fn create(parent: &Path, name: &OsStr) -> io::Result<Self> {
        let folder = Builder::new().prefix(&prefix()).suffix(SUFFIX).tempdir_in(parent)?;
        Self::locked(folder.keep(), parent, name)
    }

    /// The folder that whoever makes `name` in `parent` has, so that another run finds it again.
    pub fn claim(parent: &Path, name: &OsStr) -> io::Result<Claim> {
        let hash = fnv(name.as_encoded_bytes().iter().copied());
        let path = parent.join(format!("{}{hash:016x}-job{SUFFIX}", prefix()));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(Claim::New(Self::locked(path, parent, name)?)),
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
        let Ok(lock) = lockable(&path.join(LOCK)) else {
            // About to be locked, or left by somebody who was killed before.
            let is_gone = remove_folder(&path, parent);
            return if is_gone { Self::claim(parent, name) } else { Ok(Claim::Busy) };
        };
        if !is_locked_soon(&lock) {
            return Ok(Claim::Busy);
        }
        let is_of_name = fs::read(path.join(LOCK)).is_ok_and(|bytes| bytes == name.as_encoded_bytes());
        if !is_of_name || path.join(OLD).exists() {
            drop(lock);
            let is_gone = remove_folder(&path, parent);
            return if is_gone { Self::claim(parent, name) } else { Ok(Claim::Busy) };
        }
        lock.unlock()?;
        // Somebody else may have taken it in between, who then either holds the lock alone or has claimed it as well.
        if lock.try_lock_shared().is_err() {
            return Ok(Claim::Busy);
        }
        let claim = File::create(path.join(CLAIM))?;
        if let Err(TryLockError::WouldBlock) = claim.try_lock() {
            return Ok(Claim::Busy);
        }
        Ok(Claim::Left(TemporaryFolder {
            path,
            is_kept: false,
            lock: Some(lock),
            claim: Some(claim),
            stays: None,
        }))
    }

    /// A folder that another process has made and works in, which stays when this one lets go of it.
    pub fn join(path: &Path) -> io::Result<Self> {
        let lock = lockable(&path.join(LOCK))?;
        lock.try_lock_shared()?;
        Ok(TemporaryFolder { path: path.into(), is_kept: true, lock: Some(lock), claim: None, stays: None })
    }

    /// A folder of a journal, which holds a lock for all of them; of it stays what is named.
    pub fn in_journal(path: &Path, stays: PathBuf) -> Self {
        TemporaryFolder { path: path.into(), is_kept: true, lock: None, claim: None, stays: Some(stays) }
    }

    /// Removes all that is in the folder but for the lock of who begins something in it.
    pub fn clear(&self) -> io::Result<()> {
        remove_but(&self.path, &self.path.join(MAKING))
    }

    fn locked(path: PathBuf, parent: &Path, name: &OsStr) -> io::Result<Self> {
        let mut folder = TemporaryFolder { path, is_kept: false, lock: None, claim: None, stays: None };
        let mut unlocked = unlocked_file(parent)?;
        unlocked.write_all(name.as_encoded_bytes())?;
        lock(unlocked.as_file())?;
        folder.lock = Some(unlocked.persist(folder.path.join(LOCK))?);
        Ok(folder)
    }

    /// Lets go of the folder without removing it, so that it can be claimed again.
    pub fn leave(mut self) {
        self.is_kept = true;
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder and says if that fails.
    pub fn close(mut self) -> io::Result<()> {
        self.remove()
    }

    fn remove(&mut self) -> io::Result<()> {
        empty(&self.path)?;
        // Some file systems keep a folder in which a file is open.
        (self.lock, self.claim) = (None, None);
        match &self.stays {
            Some(stays) => remove_but(&self.path, stays),
            None => unless_gone(fs::remove_dir_all(&self.path)),
        }
    }

    /// Leaves the folder to whoever is told of it, under a name that is no leftover.
    pub fn keep(mut self) -> PathBuf {
        self.is_kept = true;
        let kept = self.path.with_extension("kept");
        if fs::rename(&self.path, &kept).is_ok() { kept } else { self.path.clone() }
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if !self.is_kept {
            self.remove().unwrap_or_default();
        }
    }
}

/// What stands at the place of the folder in which something is made.
pub(crate) enum Claim {
    /// Nothing did; this is a new one.
    New(TemporaryFolder),
    /// What a run has left that was killed or stopped.
    Left(TemporaryFolder),
    /// Somebody works in it.
    Busy,
}

/// Removes what is in a temporary folder but for its lock. What was there before is out of the way in one step: who is
/// killed meanwhile leaves no half of it that could get its name back.
fn empty(path: &Path) -> io::Result<()> {
    let [old, gone, new] = [OLD, GONE, NEW].map(|part| path.join(part));
    unless_gone(fs::rename(old, &gone))?;
    // What stays of them keeps the folder, which is told.
    for part in [&gone, &new] {
        fs::remove_dir_all(part).unwrap_or_default();
    }
    Ok(())
}

/// Removes all that is in a folder but for one file somewhere in it.
fn remove_but(folder: &Path, stays: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path == stays {
            continue;
        }
        let is_folder = entry.file_type()?.is_dir();
        let removed = match stays.starts_with(&path) {
            true => remove_but(&path, stays),
            false if is_folder => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        unless_gone(removed)?;
    }
    Ok(())
}

/// Waits until nobody else begins something in a folder, for as long as what is returned lives.
pub(crate) fn making(folder: &Path) -> io::Result<File> {
    let file = File::create(folder.join(MAKING))?;
    match file.lock() {
        // Where the file system cannot lock, there is one who begins.
        Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
        _ => Ok(file),
    }
}

fn unless_gone(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Whether a lock could be had at once or after a moment: a process that is just being started has the locks of the one that
/// starts it, until its program is loaded.
fn is_locked_soon(file: &File) -> bool {
    (0..TRIES).any(|number| {
        if number > 0 {
            std::thread::sleep(BETWEEN_TRIES);
        }
        file.try_lock().is_ok()
    })
}

/// Locks a new file, where the file system can; where it cannot, nobody can tell a leftover either.
///
/// The lock is shared with those who join in.
fn lock(file: &File) -> io::Result<()> {
    match file.try_lock_shared() {
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(io::Error::other("a new temporary file is locked by others")),
    }
}

/// Whether something was made and not locked, so long ago that nobody is about to.
pub(crate) fn is_left_unlocked(path: &Path) -> bool {
    let age = fs::symlink_metadata(path).and_then(|found| found.modified()).map(|made| made.elapsed());
    matches!(age, Ok(Ok(age)) if age > BEING_MADE)
}

/// Opens a file to lock it, for which network file systems want it to be open for writing.
pub(crate) fn lockable(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(path)
}

/// Whether a temporary folder was a leftover and is gone.
pub(crate) fn remove_folder(path: &Path, parent: &Path) -> bool {
    let lock_path = path.join(LOCK);
    let lock = match lockable(&lock_path) {
        Ok(lock) => Some(lock),
        // About to be locked, or about to go.
        Err(error) if error.kind() == ErrorKind::NotFound && is_left_unlocked(path) => None,
        Err(_) => return false,
    };
    if lock.as_ref().is_some_and(|lock| lock.try_lock().is_err()) {
        return false;
    }
    let old = path.join(OLD);
    if old.exists() {
        let name = fs::read(&lock_path).ok().and_then(name_from);
        let Some(name) = name.filter(|name| is_name(name)) else { return false };
        let place = parent.join(name);
        if fs::symlink_metadata(&place).is_err() && fs::rename(&old, &place).is_err() {
            return false;
        }
    }
    let is_empty = empty(path).is_ok();
    drop(lock);
    is_empty && fs::remove_dir_all(path).is_ok()
}

/// Whether a text names something in a folder, and nothing elsewhere.
fn is_name(name: &OsStr) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
}

#[cfg(unix)]
fn name_from(bytes: Vec<u8>) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

#[cfg(not(unix))]
fn name_from(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

pub(crate) fn is_of_this_machine(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(prefix().as_bytes())
}

/// How temporary names of this machine begin.
fn prefix() -> String {
    static MACHINE: OnceLock<u64> = OnceLock::new();
    let machine = MACHINE.get_or_init(|| {
        let name = fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
        fnv(name.into_iter())
    });
    format!("{PREFIX}{machine:016x}-")
}

/// A new name for what is about to be removed, which others remove if this process does not come to it.
pub(crate) fn leftover_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{}{}-{number}-gone{SUFFIX}", prefix(), std::process::id())
}

/// FNV-1a: short, and the same in every process.
pub(crate) fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A file in a folder that is not locked yet.
fn unlocked_file(folder: &Path) -> io::Result<NamedTempFile> {
    let prefix = prefix();
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(UNLOCKED);
    // Temporary files are private by default; results get the permissions of ordinary files.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of them look at the same moment, and the one who found it holds on to it.
    #[test]
    fn of_many_who_find_a_leftover_one_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let claim = || TemporaryFolder::claim(folder.path(), "a".as_ref()).unwrap();
        let Claim::New(first) = claim() else { panic!("it is not there yet") };
        first.leave();
        for _ in 0..25 {
            let start = std::sync::Barrier::new(4);
            let end = std::sync::Barrier::new(4);
            let n_found: usize = std::thread::scope(|scope| {
                let look = || {
                    start.wait();
                    let found = claim();
                    end.wait();
                    let Claim::Left(left) = found else { return 0 };
                    left.leave();
                    1
                };
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(look)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).sum()
            });
            assert!(n_found <= 1, "{n_found}");
        }
    }
}
