//! What runs that were killed have left under temporary names: what nobody holds a lock on.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use patchweave_files::is_behind_network;

use crate::temporary::{
    PREFIX, SUFFIX, UNLOCKED, is_left_unlocked, is_of_this_machine, lockable, remove_folder,
};

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

/// Whether a file was a leftover and is gone.
fn remove_file(path: &Path) -> bool {
    lockable(path).is_ok_and(|file| file.try_lock().is_ok()) && fs::remove_file(path).is_ok()
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::temporary::{BEING_MADE, GONE, LOCK, NEW, OLD};
    use crate::{Durability, SinkError, StagedFile, StagedFolder};

    fn left(parent: &Path, name: &str) -> PathBuf {
        let path = parent.join(name);
        fs::create_dir(&path).unwrap();
        path
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
