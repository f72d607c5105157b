//! Images that are made in an object store, where nothing can be renamed.
//!
//! Chunks are put where they stay. Everything that makes a store of them, the metadata, waits below `.patchweave/` with what
//! else the work needs, and gets its name at the end, that of the root last: before that there is no image. Who starts an
//! image there is its owner until somebody else starts it anew, and is told so with the next unit.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use patchweave_remote::{Part, RemoteFolder, Wanted};
use rayon::prelude::*;

use crate::memory_work::this_process;
use crate::staging::STORE_MARKERS;
use crate::work_place::WorkPlace;

/// What belongs to the work, not to the image.
const OWN: &str = ".patchweave";
/// The number of the job that the objects are of.
const OWNER: &str = ".patchweave/owner";
/// What stands there instead while the objects are removed.
const NOBODY: &str = "nobody";

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
        let work = StoreWork { folder, owner };
        work.take_over()?;
        Ok(work)
    }

    /// What somebody has begun there, if somebody has.
    pub fn find(folder: RemoteFolder) -> io::Result<Option<Self>> {
        let owner = owner_of(&folder)?;
        Ok(owner.map(|owner| StoreWork { folder, owner }))
    }

    /// What a job of that number makes there, whether it has begun or not.
    pub fn of(folder: RemoteFolder, owner: &str) -> Self {
        StoreWork { folder, owner: owner.to_owned() }
    }

    /// Whether a job of that number has written a unit of the image of that name in a folder.
    pub fn has_units(folder: &RemoteFolder, name: &str, owner: &str) -> io::Result<bool> {
        let (objects, folders) =
            folder.entries(&format!("{name}/{OWN}/{owner}/done")).map_err(io::Error::other)?;
        Ok(!objects.is_empty() || !folders.is_empty())
    }

    /// What stands there.
    pub fn look(folder: &RemoteFolder) -> io::Result<Found> {
        let (objects, folders) = folder.entries("").map_err(io::Error::other)?;
        let has = |name: &str| objects.iter().any(|object| object == name);
        if folders.iter().any(|name| name == OWN) && folder.has(OWNER).map_err(io::Error::other)? {
            return Ok(Found::Begun);
        }
        Ok(match STORE_MARKERS.iter().any(|name| has(name)) {
            true => Found::Image,
            // What work has left that is of nobody any more does not count.
            false if objects.is_empty() && folders.iter().all(|name| name == OWN) => Found::Nothing,
            false => Found::Others,
        })
    }

    /// What stands there, as [`look`](Self::look) says.
    pub fn look_at(&self) -> io::Result<Found> {
        Self::look(&self.folder)
    }

    /// Whose it is.
    pub fn found_owner(&self) -> io::Result<Option<String>> {
        owner_of(&self.folder)
    }

    /// Becomes the owner where there is none; whether it did.
    pub fn take(&self) -> io::Result<bool> {
        self.folder.put_new(OWNER, self.owner.clone().into_bytes()).map_err(io::Error::other)
    }

    /// Becomes the owner and removes all that is there.
    pub fn take_over(&self) -> io::Result<()> {
        // First, so that whatever stops this leaves something that is known to be begun.
        self.folder.put(OWNER, self.owner.clone().into_bytes()).map_err(io::Error::other)?;
        clear(&self.folder)
    }

    /// Whether there are objects that do not belong to the work on it.
    pub fn has_objects(&self) -> io::Result<bool> {
        let (objects, folders) = self.folder.entries("").map_err(io::Error::other)?;
        Ok(!objects.is_empty() || folders.iter().any(|name| name != OWN))
    }

    /// Removes what is not finished, or what the work on it has left; nothing of somebody else.
    pub fn let_go(&self) -> io::Result<()> {
        match self.found_owner()? {
            Some(owner) if owner == self.owner => self.discard(),
            // Whoever removed it was stopped.
            Some(owner) if owner == NOBODY => Self::of(self.folder.clone(), NOBODY).discard(),
            Some(_) => Ok(()),
            None => {
                let left = self.folder.list(OWN).map_err(io::Error::other)?;
                self.folder.remove(&left).map_err(io::Error::other)
            }
        }
    }

    /// Which of all jobs at that place it is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Puts the metadata where it belongs, that of the root last, and removes what the work needed. It may have been tried
    /// before.
    pub fn publish(&self) -> io::Result<()> {
        let waiting = self.own("metadata/");
        let names = self.folder.list(waiting.trim_end_matches('/')).map_err(io::Error::other)?;
        let names = names.iter().filter_map(|name| name.strip_prefix(&waiting));
        let mut by_depth: BTreeMap<Reverse<usize>, Vec<&str>> = BTreeMap::new();
        names.for_each(|name| by_depth.entry(Reverse(name.matches('/').count())).or_default().push(name));
        let root = by_depth.remove(&Reverse(0)).unwrap_or_default();
        if root.is_empty() {
            return Err(io::Error::new(
                ErrorKind::NotFound,
                "the metadata that was written is not there any more",
            ));
        }
        let put = |name: &&str| {
            let bytes = whole(&self.folder, &format!("{waiting}{name}"))?.ok_or(ErrorKind::NotFound)?;
            self.folder.put(name, bytes).map_err(io::Error::other)
        };
        by_depth.values().try_for_each(|names| names.par_iter().try_for_each(put))?;
        root.iter().try_for_each(put)?;
        // From here on it is finished; the rest is in nobody's way, and work of images inside may be left of killed jobs.
        self.folder.remove(&[OWNER.to_owned()]).map_err(io::Error::other)?;
        let names = self.folder.list("").map_err(io::Error::other)?;
        let own: Vec<String> = names.into_iter().filter(|name| is_of_work(name)).collect();
        self.folder.remove(&own).map_err(io::Error::other)
    }

    /// Removes all that was made, unless it is of somebody else by now.
    pub fn discard(&self) -> io::Result<()> {
        if !self.is_owned()? {
            return Ok(());
        }
        // Whoever still writes is told so before anything is removed.
        self.folder.put(OWNER, NOBODY.into()).map_err(io::Error::other)?;
        clear(&self.folder)?;
        self.folder.remove(&[OWNER.to_owned()]).map_err(io::Error::other)
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
        Ok(self.found_owner()?.as_ref() == Some(&self.owner))
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

/// Removes all objects of an image but for the number of its owner: first what makes it one, then what says that pixels
/// were written, which must not outlive them.
fn clear(folder: &RemoteFolder) -> io::Result<()> {
    let remove = |names: Vec<String>| folder.remove(&names).map_err(io::Error::other);
    remove(STORE_MARKERS.map(str::to_owned).to_vec())?;
    let names = folder.list("").map_err(io::Error::other)?.into_iter().filter(|name| name != OWNER);
    let (work, image): (Vec<String>, Vec<String>) = names.partition(|name| is_of_work(name));
    remove(work)?;
    remove(image)
}

/// Whether an object belongs to the work on an image, or on one inside of it.
fn is_of_work(name: &str) -> bool {
    name.split('/').any(|part| part == OWN)
}

fn owner_of(folder: &RemoteFolder) -> io::Result<Option<String>> {
    Ok(whole(folder, OWNER)?.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// The bytes of an object; `None` if there is none.
pub(crate) fn whole(folder: &RemoteFolder, key: &str) -> io::Result<Option<Vec<u8>>> {
    let found = folder.get(Wanted::new(key, Part::Whole, u64::MAX)).map_err(io::Error::other)?;
    Ok(found.map(|object| object.pieces.into_iter().next().unwrap_or_default()))
}
