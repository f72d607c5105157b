//! Changes of many files that happen as a whole or not at all, whenever the process ends.
//!
//! Files are collected in a folder `staged`, under `<array>/<file>`. Renaming that folder to `pending` is the
//! decision: one step, before which nothing has happened, and after which the rest is done by whoever comes
//! next. Every file of `pending` is then moved to its place. An array that comes with its metadata is new and
//! takes the place of what was there; of any other, files are replaced one by one. Each of these moves can be
//! repeated and those that are missing can be told, so that a second try finishes what a first one began.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::LargeError;
use crate::error::io_error;
use crate::faults::Faults;
use crate::names::{ArrayName, Names};

const METADATA: &str = "zarr.json";

/// A folder of changes that are not decided yet.
#[derive(Debug)]
pub(crate) struct Staging<'a> {
    names: &'a Names,
    faults: &'a Faults,
}

impl<'a> Staging<'a> {
    /// An empty folder; what an earlier attempt left there is deleted.
    pub(crate) fn begin(names: &'a Names, faults: &'a Faults) -> Result<Self, LargeError> {
        let staged = names.staged();
        remove(&staged, faults)?;
        faults.step().and_then(|()| fs::create_dir(&staged)).map_err(io_error("create", &staged))?;
        Ok(Staging { names, faults })
    }

    /// Where the files of an array are to be written.
    pub(crate) fn folder(&self, array: ArrayName) -> PathBuf {
        self.names.staged().join(array.suffix())
    }

    /// Decides for the changes; after this they are as good as done. `sync` brings them to the disk before.
    pub(crate) fn decide(self, sync: bool) -> Result<(), LargeError> {
        let (staged, pending) = (self.names.staged(), self.names.pending());
        if sync {
            let mut files = Vec::new();
            list(&staged, Path::new(""), &mut files).map_err(io_error("look through", &staged))?;
            files.par_iter().try_for_each(|file| {
                let path = staged.join(file);
                let synced =
                    self.faults.step().and_then(|()| File::options().write(true).open(&path)?.sync_all());
                synced.map_err(io_error("write", &path))
            })?;
        }
        let renamed = self.faults.step().and_then(|()| fs::rename(&staged, &pending));
        renamed.map_err(io_error("rename", &staged))?;
        if sync { sync_folder(self.names.folder()) } else { Ok(()) }
    }
}

/// Finishes what was decided, if anything was, and deletes what was not.
pub(crate) fn settle(names: &Names, faults: &Faults) -> Result<(), LargeError> {
    let pending = names.pending();
    if pending.is_dir() {
        for array in ArrayName::ALL {
            let from = pending.join(array.suffix());
            if from.join(METADATA).is_file() {
                if array == ArrayName::Journal {
                    // Results of what the new quilt replaces.
                    remove(&names.array(ArrayName::Mean), faults)?;
                    remove(&names.array(ArrayName::Std), faults)?;
                }
                replace(&from, &names.array(array), faults)?;
            } else if from.is_dir() {
                move_files(&from, &names.array(array), faults)?;
            }
        }
        remove(&pending, faults)?;
    }
    remove(&names.staged(), faults)
}

/// A whole array; `to` may be gone already.
fn replace(from: &Path, to: &Path, faults: &Faults) -> Result<(), LargeError> {
    remove(to, faults)?;
    faults.step().and_then(|()| fs::rename(from, to)).map_err(io_error("replace", to))
}

/// The files that are still there, each to its place.
fn move_files(from: &Path, to: &Path, faults: &Faults) -> Result<(), LargeError> {
    let mut files = Vec::new();
    list(from, Path::new(""), &mut files).map_err(io_error("look through", from))?;
    files.par_iter().try_for_each(|file| {
        let target = to.join(file);
        let moved = faults.step().and_then(|()| {
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::rename(from.join(file), &target)
        });
        moved.map_err(io_error("replace", &target))
    })
}

/// Every file below `folder/below`, named from `folder` on.
fn list(folder: &Path, below: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(folder, &name, files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}

fn remove(folder: &Path, faults: &Faults) -> Result<(), LargeError> {
    let removed = faults.step().and_then(|()| fs::remove_dir_all(folder));
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// Names reach the disk with their folder, where the system lets folders be opened.
fn sync_folder(folder: &Path) -> Result<(), LargeError> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("write", folder))?;
    }
    Ok(())
}
