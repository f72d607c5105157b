//! Images that are made in the memory of this process, found by number by its other threads.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use patchweave_pixel::TypedArray;

use crate::work_place::WorkPlace;

/// The pixels of one level; nothing once they were handed over.
pub(crate) type HeldLevel = Arc<Mutex<Option<TypedArray>>>;

/// An image that is made in memory: bytes under names, and the pixels of its levels.
#[derive(Debug)]
pub(crate) struct MemoryWork {
    number: u64,
    named: Mutex<BTreeMap<String, Arc<[u8]>>>,
    levels: OnceLock<Vec<HeldLevel>>,
}

/// Those that are being made, which live as long as somebody works on them.
static TABLE: Mutex<BTreeMap<u64, Weak<MemoryWork>>> = Mutex::new(BTreeMap::new());

impl MemoryWork {
    /// A new one, which others find by its number.
    pub fn create() -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let named = Mutex::new(BTreeMap::new());
        let work = Arc::new(MemoryWork { number, named, levels: OnceLock::new() });
        locked(&TABLE).insert(number, Arc::downgrade(&work));
        work
    }

    /// The one of that number, if somebody still works on it.
    pub fn find(number: u64) -> Option<Arc<Self>> {
        locked(&TABLE).get(&number).and_then(Weak::upgrade)
    }

    pub fn number(&self) -> u64 {
        self.number
    }

    /// Sets the pixels of all levels, once.
    pub fn set_levels(&self, levels: Vec<TypedArray>) {
        self.levels
            .get_or_init(|| levels.into_iter().map(|level| Arc::new(Mutex::new(Some(level)))).collect());
    }

    pub fn level(&self, level: usize) -> Option<HeldLevel> {
        self.levels.get()?.get(level).cloned()
    }

    /// Hands over the pixels of all levels; nothing if that was done before.
    pub fn take_levels(&self) -> Option<Vec<TypedArray>> {
        self.levels.get()?.iter().map(|level| locked(level).take()).collect()
    }
}

impl WorkPlace for MemoryWork {
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        locked(&self.named).insert(name.to_owned(), bytes.into());
        Ok(())
    }

    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(locked(&self.named).get(name).map(|bytes| bytes.to_vec()))
    }

    fn read_part(&self, name: &str, start: u64, part: &mut [u8]) -> io::Result<()> {
        let bytes = locked(&self.named).get(name).cloned().ok_or(ErrorKind::NotFound)?;
        let found = usize::try_from(start).ok().and_then(|start| bytes.get(start..)?.get(..part.len()));
        part.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn has(&self, name: &str) -> io::Result<bool> {
        Ok(locked(&self.named).contains_key(name))
    }

    fn names(&self, folder: &str) -> io::Result<BTreeSet<String>> {
        let start = format!("{folder}/");
        Ok(locked(&self.named).keys().filter(|name| name.starts_with(&start)).cloned().collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        locked(&self.named).remove(name);
        Ok(())
    }

    fn put_output(&self, _name: &str, _bytes: &[u8]) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn get_output(&self, _name: &str) -> io::Result<Option<Vec<u8>>> {
        Err(ErrorKind::Unsupported.into())
    }

    fn remove_output(&self, _name: &str) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn output(&self, _target: &Path) -> PathBuf {
        PathBuf::new()
    }
}

impl Drop for MemoryWork {
    fn drop(&mut self) {
        locked(&TABLE).remove(&self.number);
    }
}

/// A number that no other process has, so that numbers of images are not looked up in the wrong one.
pub(crate) fn this_process() -> u64 {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    // Numbers of the system come again, and are given on every machine.
    *PROCESS.get_or_init(|| RandomState::new().build_hasher().finish())
}

/// What a mutex guards; whoever panicked while holding it had written what it wrote.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_works_on_is_not_found() {
        let work = MemoryWork::create();
        let number = work.number();
        MemoryWork::find(number).unwrap().put("a", b"bytes").unwrap();
        assert_eq!(work.get("a").unwrap().as_deref(), Some(&b"bytes"[..]));
        drop(work);
        assert!(MemoryWork::find(number).is_none());
        assert!(!locked(&TABLE).contains_key(&number));
        assert_eq!(this_process(), this_process());
    }
}
