//! What keeps an image while it is made, whatever that is.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes under names, `/` between their parts, and what becomes of them. Errors are those of whoever keeps them.
pub(crate) trait WorkPlace: Any + Debug + Send + Sync {
    /// Puts bytes under a name; whoever looks sees all of them or what was there before.
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// The bytes under a name; `None` if there are none.
    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Fills a buffer with the bytes under a name from some place on.
    fn read_part(&self, name: &str, start: u64, part: &mut [u8]) -> io::Result<()>;

    /// Whether there is something under a name.
    fn has(&self, name: &str) -> io::Result<bool>;

    /// All names in a folder and below.
    fn names(&self, folder: &str) -> io::Result<BTreeSet<String>>;

    /// Removes what is under a name, if there is something.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Puts nothing under a name, which says that something was done.
    fn mark(&self, name: &str) -> io::Result<()> {
        self.put(name, &[])
    }

    /// As [`put`](Self::put), for an output of several files.
    fn put_output(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// As [`get`](Self::get), for an output of several files.
    fn get_output(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// As [`remove`](Self::remove), for an output of several files.
    fn remove_output(&self, name: &str) -> io::Result<()>;

    /// Where the output is while it is made; whatever joins the parts of a path joins it too.
    fn output(&self, target: &Path) -> PathBuf;

    /// What has to be the same for marks to be believed, beside what the image is made of.
    fn marks_are_of(&self) -> Option<&'static str> {
        None
    }

    /// Whether what is put here becomes the image, and nobody else has started it anew.
    fn is_owned(&self) -> io::Result<bool> {
        Ok(true)
    }

    /// Waits until nobody else puts the output together, for as long as what is returned lives; nothing is returned where
    /// several may.
    fn alone(&self) -> io::Result<Option<File>> {
        Ok(None)
    }
}
