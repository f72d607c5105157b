//! Images that are made in an object store, where nothing can be renamed.
//!
//! Chunks are put where they stay. Everything that makes a store of them, the metadata, waits below `.patchweave/` with what
//! else the work needs, and gets its name at the end, that of the root last: before that there is no image. Who starts an
//! image there is its owner until somebody else starts it anew, and is told so with the next unit.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use patchweave_remote::{Part, RemoteError, RemoteFolder, Wanted};

use crate::memory_work::this_process;
use crate::staging::STORE_MARKERS;
use crate::work_place::WorkPlace;

/// What belongs to the work, not to the image.
const OWN: &str = ".patchweave";
/// The number of the job that the objects are of.
const OWNER: &str = ".patchweave/owner";

/// What is made in an object store: the objects below a URL.
#[derive(Debug, Clone)]
pub(crate) struct StoreWork {
    folder: RemoteFolder,
    owner: String,
}

/// What stands where an image is to be made.
pub(crate) enum Found {
    Nothing,
    /// What was begun of an image.
    Begun,
    /// An image.
    Image,
    /// Other objects, which are not replaced.
    Others,
}

impl StoreWork {
    /// Starts an image where there is nothing, an earlier image or something that was begun, which are removed.
    pub fn start(folder: RemoteFolder) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let owner = format!("{:016x}-{number}", this_process());
        clear(&folder)?;
        folder.put(OWNER, owner.clone().into_bytes()).map_err(io::Error::other)?;
        Ok(StoreWork { folder, owner })
    }

    /// What somebody has begun there, if somebody has.
    pub fn find(folder: RemoteFolder) -> io::Result<Option<Self>> {
        let owner = whole(&folder, OWNER)?.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(owner.map(|owner| StoreWork { folder, owner }))
    }

    /// What stands there.
    pub fn look(folder: &RemoteFolder) -> io::Result<Found> {
        for name in STORE_MARKERS {
            if folder.has(name).map_err(io::Error::other)? {
                return Ok(Found::Image);
            }
        }
        if folder.has(OWNER).map_err(io::Error::other)? {
            return Ok(Found::Begun);
        }
        let names = folder.list("").map_err(io::Error::other)?;
        Ok(if names.is_empty() { Found::Nothing } else { Found::Others })
    }

    /// Which of all jobs at that place it is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Puts the metadata where it belongs, that of the root last, and removes what the work needed. It may have been tried
    /// before. Without metadata of the root there is nothing to put.
    pub fn publish(&self) -> io::Result<()> {
        let waiting = self.own("metadata/");
        let names = self.folder.list(waiting.trim_end_matches('/')).map_err(io::Error::other)?;
        let mut names: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix(&waiting)).collect();
        if !names.iter().any(|name| STORE_MARKERS.contains(name)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        // The deepest first; of the root, what makes it a group after what describes it.
        names.sort_by_key(|name| (std::cmp::Reverse(name.matches('/').count()), *name));
        for name in names {
            let bytes = whole(&self.folder, &format!("{waiting}{name}"))?.ok_or(io::ErrorKind::NotFound)?;
            self.folder.put(name, bytes).map_err(io::Error::other)?;
        }
        remove_all(&self.folder, OWN)
    }

    /// Removes all that was made, unless it is of somebody else by now.
    pub fn discard(&self) -> io::Result<()> {
        if self.is_owned()? { clear(&self.folder) } else { Ok(()) }
    }

    fn own(&self, name: &str) -> String {
        format!("{OWN}/{}/{name}", self.owner)
    }

    /// Where an object of the image is until it is finished.
    fn waiting(&self, name: &str) -> String {
        let is_metadata = name.rsplit('/').next().is_some_and(|last| STORE_MARKERS.contains(&last));
        if is_metadata { self.own(&format!("metadata/{name}")) } else { name.to_owned() }
    }
}

impl WorkPlace for StoreWork {
    fn is_owned(&self) -> io::Result<bool> {
        Ok(whole(&self.folder, OWNER)?.as_deref() == Some(self.owner.as_bytes()))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.folder.put(&self.own(name), bytes.to_vec()).map_err(io::Error::other)
    }

    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        whole(&self.folder, &self.own(name))
    }

    fn read_part(&self, name: &str, start: u64, part: &mut [u8]) -> io::Result<()> {
        let len = part.len() as u64;
        let wanted = Wanted::new(&self.own(name), Part::Range { start, len }, len);
        let found = self.folder.get(wanted).map_err(io::Error::other)?.ok_or(io::ErrorKind::NotFound)?;
        let bytes = found.pieces.into_iter().next().unwrap_or_default();
        if bytes.len() != part.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        part.copy_from_slice(&bytes);
        Ok(())
    }

    fn has(&self, name: &str) -> io::Result<bool> {
        self.folder.has(&self.own(name)).map_err(io::Error::other)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(&[self.own(name)]).map_err(io::Error::other)
    }

    fn names(&self, folder: &str) -> io::Result<BTreeSet<String>> {
        let own = self.own("");
        let names = self.folder.list(&self.own(folder)).map_err(io::Error::other)?;
        Ok(names.iter().filter_map(|name| name.strip_prefix(&own)).map(str::to_owned).collect())
    }

    fn put_output(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.folder.put(&self.waiting(name), bytes.to_vec()).map_err(io::Error::other)
    }

    fn get_output(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        whole(&self.folder, &self.waiting(name))
    }

    fn remove_output(&self, name: &str) -> io::Result<()> {
        self.folder.remove(&[self.waiting(name)]).map_err(io::Error::other)
    }

    fn output(&self, target: &Path) -> PathBuf {
        target.into()
    }
}

/// Removes all objects of an image, first what makes it one and last what tells that it was begun: whatever is left of it
/// is known for what it is.
fn clear(folder: &RemoteFolder) -> io::Result<()> {
    let markers = STORE_MARKERS.map(str::to_owned);
    folder.remove(&markers).map_err(io::Error::other)?;
    let names = folder.list("").map_err(io::Error::other)?;
    let (last, names): (Vec<String>, Vec<String>) = names.into_iter().partition(|name| name == OWNER);
    folder.remove(&names).and_then(|()| folder.remove(&last)).map_err(io::Error::other)
}

fn remove_all(folder: &RemoteFolder, key: &str) -> io::Result<()> {
    folder.list(key).and_then(|names| folder.remove(&names)).map_err(io::Error::other)
}

fn whole(folder: &RemoteFolder, key: &str) -> io::Result<Option<Vec<u8>>> {
    let found = folder.get(Wanted::new(key, Part::Whole, u64::MAX));
    let found = found.map_err(|error: RemoteError| io::Error::other(error))?;
    Ok(found.map(|object| object.pieces.into_iter().next().unwrap_or_default()))
}
