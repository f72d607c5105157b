//! Images that are made in the memory of this process, found by number by its other threads.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use patchweave_pixel::TypedArray;

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

    pub fn put(&self, name: &str, bytes: &[u8]) {
        locked(&self.named).insert(name.to_owned(), bytes.into());
    }

    pub fn get(&self, name: &str) -> Option<Arc<[u8]>> {
        locked(&self.named).get(name).cloned()
    }

    pub fn remove(&self, name: &str) {
        locked(&self.named).remove(name);
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
        MemoryWork::find(number).unwrap().put("a", b"bytes");
        assert_eq!(work.get("a").as_deref(), Some(&b"bytes"[..]));
        drop(work);
        assert!(MemoryWork::find(number).is_none());
        assert!(!locked(&TABLE).contains_key(&number));
        assert_eq!(this_process(), this_process());
    }
}
