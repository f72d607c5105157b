//! Temporary names, whose they are, and what runs that were killed have left under them.
//!
//! Whoever writes under a temporary name holds a lock on it, which the system lets go of when the process ends in
//! whatever way. What nobody holds is a leftover. A file is locked under another name before it gets its temporary one, and
//! the lock of a folder is put into it so; nobody sees one of either that is made and not locked yet.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use patchweave_files::is_behind_network;
use tempfile::{Builder, NamedTempFile, TempPath};

/// A name of its own in the same folder, so that the last rename never crosses a file system.
const PREFIX: &str = ".patchweave-";
const SUFFIX: &str = ".part";
/// Files that are made and not locked yet.
const UNLOCKED: &str = ".unlocked";

/// In a temporary folder: the file that is locked, which says for which name the folder is.
const LOCK: &str = "lock";
/// In a temporary folder: the file that is locked by whoever goes on with what was left there.
const CLAIM: &str = "claim";
/// In a temporary folder: what will have the name, what had it before, and that while it is deleted.
pub(crate) const NEW: &str = "new";
pub(crate) const OLD: &str = "old";
const GONE: &str = "gone";

/// How often a lock is tried that somebody seems to hold.
const TRIES: u32 = 11;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);

/// What is not locked is locked in less than this, or nobody is left to do it.
const BEING_MADE: Duration = Duration::from_secs(3600);

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
        Ok(Claim::Left(TemporaryFolder { path, is_kept: false, lock: Some(lock), claim: Some(claim) }))
    }

    /// A folder that another process has made and works in, which stays when this one lets go of it.
    pub fn join(path: &Path) -> io::Result<Self> {
        let lock = lockable(&path.join(LOCK))?;
        lock.try_lock_shared()?;
        Ok(TemporaryFolder { path: path.into(), is_kept: true, lock: Some(lock), claim: None })
    }

    fn locked(path: PathBuf, parent: &Path, name: &OsStr) -> io::Result<Self> {
        let mut folder = TemporaryFolder { path, is_kept: false, lock: None, claim: None };
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
        unless_gone(fs::remove_dir_all(&self.path))
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

/// Removes what killed runs have left in a folder, and returns where it was; what a living process works on stays.
///
/// A store that a run had moved aside, and not yet replaced when it was killed, gets its name back. What was begun on
/// another machine stays in folders that are behind a network, whose locks may not reach as far.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let living = patchweave_sink::StagedFile::create(&folder.path().join("a.tif"))?;
/// let left = folder.path().join(".patchweave-0123.part");
/// std::fs::write(&left, "half of an image")?;
/// assert_eq!(patchweave_sink::remove_leftovers(folder.path())?, [left]);
/// living.publish(Default::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the operating system says when the folder is listed; nothing for what is no folder, or for leftovers
/// that cannot be removed.
pub fn remove_leftovers(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries?,
    };
    let is_far = cfg!(unix) && File::open(folder).is_ok_and(|folder| is_behind_network(&folder));
    let mut removed = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if is_far && !is_of_this_machine(&name) {
            continue;
        }
        let path = entry.path();
        let is_gone = match Temporary::by(&name) {
            None => false,
            Some(Temporary::Unlocked) => is_left_unlocked(&path) && fs::remove_file(&path).is_ok(),
            Some(Temporary::Locked) => match entry.file_type() {
                Ok(file_type) if file_type.is_dir() => remove_folder(&path, folder),
                // Whoever had it may have given it its name since.
                file_type => file_type.is_ok_and(|file_type| file_type.is_file()) && remove_file(&path),
            },
        };
        if is_gone {
            removed.push(path);
        }
    }
    removed.sort();
    Ok(removed)
}

/// Whether something was made and not locked, so long ago that nobody is about to.
fn is_left_unlocked(path: &Path) -> bool {
    let age = fs::symlink_metadata(path).and_then(|found| found.modified()).map(|made| made.elapsed());
    matches!(age, Ok(Ok(age)) if age > BEING_MADE)
}

/// Whether a file was a leftover and is gone.
fn remove_file(path: &Path) -> bool {
    lockable(path).is_ok_and(|file| file.try_lock().is_ok()) && fs::remove_file(path).is_ok()
}

/// Opens a file to lock it, for which network file systems want it to be open for writing.
fn lockable(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(path)
}

/// Whether a temporary folder was a leftover and is gone.
fn remove_folder(path: &Path, parent: &Path) -> bool {
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

/// Names that killed runs may leave.
enum Temporary {
    Locked,
    Unlocked,
}

impl Temporary {
    fn by(name: &OsStr) -> Option<Self> {
        let name = name.as_encoded_bytes().strip_prefix(PREFIX.as_bytes())?;
        let forms = [(SUFFIX, Temporary::Locked), (UNLOCKED, Temporary::Unlocked)];
        forms.into_iter().find_map(|(suffix, form)| name.ends_with(suffix.as_bytes()).then_some(form))
    }
}

fn is_of_this_machine(name: &OsStr) -> bool {
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

/// FNV-1a: short, and the same in every process.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
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
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::{Durability, SinkError, StagedFile, StagedFolder};

    fn left(parent: &Path, name: &str) -> PathBuf {
        let path = parent.join(name);
        fs::create_dir(&path).unwrap();
        path
    }

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

    #[test]
    fn what_somebody_works_on_stays_and_the_rest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let file = StagedFile::create(&folder.path().join("a")).unwrap();
        let store = StagedFolder::create(&folder.path().join("b")).unwrap();
        for name in [".patchweave-x.part", ".patchweave-00000000-y.part", "patchweave-.part", ".patchweave-"]
        {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let locked = left(folder.path(), ".patchweave-z.part");
        fs::write(locked.join(LOCK), "c").unwrap();
        let expected = [".patchweave-00000000-y.part", ".patchweave-x.part", ".patchweave-z.part"];
        assert_eq!(remove_leftovers(folder.path()).unwrap(), expected.map(|name| folder.path().join(name)));
        assert!(remove_leftovers(folder.path()).unwrap().is_empty());
        fs::write(store.folder().join("zarr.json"), "{}").unwrap();
        file.publish(Durability::None).unwrap();
        store.publish(Durability::None).unwrap();
        assert!(folder.path().join("a").exists() && folder.path().join("b").exists());
        assert!(
            folder.path().join(".patchweave-").exists() && folder.path().join("patchweave-.part").exists()
        );
        assert!(remove_leftovers(&folder.path().join("none")).unwrap().is_empty());
    }

    /// What has no lock yet is about to get it, unless it is old.
    #[test]
    fn what_is_being_made_stays_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let made = [".patchweave-x.part", ".patchweave-y.unlocked"].map(|name| folder.path().join(name));
        fs::create_dir(&made[0]).unwrap();
        fs::write(&made[1], "").unwrap();
        assert!(remove_leftovers(folder.path()).unwrap().is_empty());
        for path in &made {
            let before = std::time::SystemTime::now() - 2 * BEING_MADE;
            File::open(path).unwrap().set_modified(before).unwrap();
        }
        assert_eq!(remove_leftovers(folder.path()).unwrap(), made);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    /// Killed between two renames, a run has left the store that stood there before without its name.
    #[test]
    fn a_store_that_was_moved_aside_gets_its_name_back() {
        for is_replaced in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let part = left(folder.path(), ".patchweave-x.part");
            for (name, text) in [(OLD, "old"), (NEW, "new")] {
                fs::create_dir(part.join(name)).unwrap();
                fs::write(part.join(name).join("zarr.json"), text).unwrap();
            }
            fs::write(part.join(LOCK), "image.zarr").unwrap();
            let place = folder.path().join("image.zarr");
            if is_replaced {
                fs::rename(part.join(NEW), &place).unwrap();
            }
            assert_eq!(remove_leftovers(folder.path()).unwrap(), vec![part.clone()]);
            let expected = if is_replaced { "new" } else { "old" };
            assert_eq!(fs::read_to_string(place.join("zarr.json")).unwrap(), expected);
            assert!(!part.exists());
        }
        for name in ["../out", "a/b", "", "/tmp/x", ".."] {
            let folder = tempfile::tempdir().unwrap();
            let part = left(folder.path(), ".patchweave-x.part");
            fs::create_dir(part.join(OLD)).unwrap();
            fs::write(part.join(LOCK), name).unwrap();
            assert!(remove_leftovers(folder.path()).unwrap().is_empty(), "{name}");
            assert!(part.join(OLD).exists(), "what has no name is not thrown away");
        }
    }

    /// What was replaced and is half deleted is no store that could get its name back.
    #[test]
    fn what_was_being_deleted_is_not_moved_back() {
        let folder = tempfile::tempdir().unwrap();
        let part = left(folder.path(), ".patchweave-x.part");
        fs::create_dir(part.join(GONE)).unwrap();
        fs::write(part.join(GONE).join("zarr.json"), "half").unwrap();
        fs::write(part.join(LOCK), "image.zarr").unwrap();
        assert_eq!(remove_leftovers(folder.path()).unwrap(), vec![part.clone()]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn those_who_write_are_not_disturbed_by_those_who_clean_up() {
        let folder = tempfile::tempdir().unwrap();
        let is_done = AtomicBool::new(false);
        let write = |writer: usize| {
            for number in 0..400 {
                let path = folder.path().join(format!("{writer}-{number}"));
                if number % 2 == 0 {
                    let mut file = StagedFile::create(&path)?;
                    file.write_all(b"bytes")?;
                    file.publish(Durability::None)?;
                } else {
                    let store = StagedFolder::create(&path)?;
                    fs::write(store.folder().join("zarr.json"), "{}").unwrap();
                    store.publish(Durability::None)?;
                }
            }
            Ok::<(), SinkError>(())
        };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !is_done.load(Ordering::Relaxed) {
                        remove_leftovers(folder.path()).unwrap();
                    }
                });
            }
            let writers = [0, 1].map(|writer| {
                let write = &write;
                scope.spawn(move || write(writer))
            });
            let written = writers.map(|writer| writer.join());
            is_done.store(true, Ordering::Relaxed);
            written.into_iter().for_each(|written| written.unwrap().unwrap());
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 800);
    }
}
