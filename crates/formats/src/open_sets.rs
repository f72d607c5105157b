//! What is open and made of several files, so that another file of it need not open all of them again.

use std::any::Any;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A set that is open, and known as long as somebody holds it.
pub(crate) type OpenSet = Arc<dyn Any + Send + Sync>;

/// So many files are known before those of sets that nobody has open are forgotten.
const MANY: usize = 1024;

/// Sets of files of which an image is open, by the path of each of their files; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenSets(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    by_path: HashMap<PathBuf, Weak<dyn Any + Send + Sync>>,
    /// How many files are known before it is looked through.
    limit: usize,
}

impl OpenSets {
    /// The set of a file, if it is open and of that type.
    pub fn of<T: Any + Send + Sync>(&self, path: &Path) -> Option<Arc<T>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let set = known.by_path.get(path)?.upgrade()?;
        drop(known);
        set.downcast().ok()
    }

    /// Adds a set under the path of each of its files.
    pub fn add(&self, set: OpenSet, paths: impl Iterator<Item = PathBuf>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.by_path.len() > known.limit {
            known.by_path.retain(|_, set| set.strong_count() > 0);
            known.limit = MANY.max(2 * known.by_path.len());
        }
        known.by_path.extend(paths.map(|path| (path, Arc::downgrade(&set))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_known_while_somebody_has_them() {
        let sets = OpenSets::default();
        let set = Arc::new(3_u8);
        sets.add(set.clone(), ["a", "b"].map(PathBuf::from).into_iter());
        assert_eq!(sets.clone().of::<u8>(Path::new("b")), Some(set.clone()));
        assert_eq!(sets.of::<u16>(Path::new("b")), None, "another kind of set");
        assert_eq!(sets.of::<u8>(Path::new("c")), None);
        drop(set);
        assert_eq!(sets.of::<u8>(Path::new("a")), None);
    }

    #[test]
    fn files_of_nobody_are_forgotten() {
        let sets = OpenSets::default();
        for number in 0..10 * MANY {
            sets.add(Arc::new(number), std::iter::once(PathBuf::from(number.to_string())));
        }
        assert!(sets.0.lock().unwrap().by_path.len() <= MANY + 1);
    }
}
