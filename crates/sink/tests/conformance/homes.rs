//! The places that a journal can be in: a folder, and a folder of an object store.

use std::path::{Path, PathBuf};
#[cfg(feature = "remote")]
use std::sync::atomic::{AtomicUsize, Ordering};

use patchweave_sink::{Location, SinkFormats};
use tempfile::TempDir;

use crate::common;
use crate::table::{CASES, Case};
use crate::written::{Snapshot, snapshot};

/// The folder of the images of a journal.
pub struct Home {
    pub parent: PathBuf,
    _folder: Option<TempDir>,
}

impl Home {
    pub fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Home { parent: folder.path().into(), _folder: Some(folder) }
    }

    /// A place in a store that no other test has.
    #[cfg(feature = "remote")]
    pub fn store() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let url = format!("memory://journals-{}/deep", NEXT.fetch_add(1, Ordering::Relaxed));
        Home { parent: url.into(), _folder: None }
    }

    pub fn is_folder(&self) -> bool {
        self._folder.is_some()
    }

    pub fn target(&self, name: &str) -> PathBuf {
        patchweave_remote::inside(&self.parent, name.as_ref())
    }

    pub fn stands(&self, name: &str) -> bool {
        SinkFormats::default().stands(&self.target(name)).unwrap()
    }

    /// The image of that name.
    pub fn snapshot(&self, name: &str) -> Snapshot {
        snapshot(&self.location(&self.target(name)))
    }

    fn location(&self, target: &Path) -> Location {
        match self.is_folder() {
            true => Location::Path(target.into()),
            false => Location::Url(target.to_str().unwrap().into()),
        }
    }

    /// Everything that stands there, hidden or not.
    pub fn names(&self) -> Vec<String> {
        match self.is_folder() {
            true => common::names(&self.parent),
            #[cfg(feature = "remote")]
            false => {
                let (objects, folders) = self.objects().entries("").unwrap();
                let mut names = [objects, folders].concat();
                names.sort();
                names
            }
            #[cfg(not(feature = "remote"))]
            false => Vec::new(),
        }
    }

    #[cfg(feature = "remote")]
    pub fn objects(&self) -> patchweave_remote::RemoteFolder {
        let options = patchweave_remote::RemoteOptions::default();
        patchweave_remote::connect(self.parent.to_str().unwrap(), &options).unwrap()
    }
}

/// Every format with every place that it can be written to, each of them new.
pub fn homes() -> impl Iterator<Item = (&'static Case, Home)> {
    CASES.iter().filter(|case| case.has_files()).flat_map(|case| {
        let mut homes = vec![Home::folder()];
        #[cfg(feature = "remote")]
        homes.extend(case.is_store().then(Home::store));
        homes.into_iter().map(move |home| (case, home))
    })
}
