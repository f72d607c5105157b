//! Changes of many files that happen as a whole or not at all, whenever the process ends.
//!
//! Files are collected in a folder `staged`, under `<array>/<file>`. Renaming that folder to `pending` is the
//! decision: one step, before which nothing has happened, and after which the rest is done by whoever comes
//! next. Every file of `pending` is then moved to its place. An array that comes with its metadata is new and
//! takes the place of what was there, which is deleted with `pending`; of any other, files are replaced one by one. Each of these moves can be
//! repeated and those that are missing can be told, so that a second try finishes what a first one began.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use patchweave_sink::{Durability, Syncing, Tree, is_replaceable_store};
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
        check_own(&staged)?;
        remove(&staged, faults)?;
        faults.step().and_then(|()| fs::create_dir(&staged)).map_err(io_error("create", &staged))?;
        Ok(Staging { names, faults })
    }

    /// Where the files of an array are to be written.
    pub(crate) fn folder(&self, array: ArrayName) -> PathBuf {
        self.names.staged().join(array.suffix())
    }

    /// Decides for the changes; after this they are as good as done. They are brought to the disk before.
    pub(crate) fn decide(self, durability: Durability) -> Result<(), LargeError> {
        let staged = self.names.staged();
        let pending = self.names.pending();
        let before = |_: &Path| self.faults.step();
        let synced = Syncing::with_hook(durability, &before).tree(&staged);
        synced.map_err(io_error("write", &staged))?;
        let renamed = self.faults.step().and_then(|()| fs::rename(&staged, &pending));
        renamed.map_err(io_error("rename", &staged))
    }
}

/// Finishes what was decided, if anything was, and deletes what was not.
///
/// With [`Durability::Full`] every step is on the disk before the next one, which needs it, begins.
pub(crate) fn settle(names: &Names, faults: &Faults, durability: Durability) -> Result<(), LargeError> {
    let before = |_: &Path| faults.step();
    let syncing = Syncing::with_hook(durability, &before);
    let pending = names.pending();
    check_own(&names.staged())?;
    check_own(&pending)?;
    remove(&names.staged(), faults)?;
    if pending.is_dir() {
        sync_folder(names.folder(), &syncing)?;
        for array in ArrayName::ALL {
            let from = pending.join(array.suffix());
            if from.join(METADATA).is_file() {
                if array == ArrayName::Journal {
                    // Results of what the new quilt replaces.
                    set_aside(names, ArrayName::Mean, faults)?;
                    set_aside(names, ArrayName::Std, faults)?;
                }
                let to = names.array(array);
                set_aside(names, array, faults)?;
                faults.step().and_then(|()| fs::rename(&from, &to)).map_err(io_error("replace", &to))?;
            } else if from.is_dir() {
                move_files(&from, &names.array(array), faults, &syncing)?;
            }
        }
        sync_folder(names.folder(), &syncing)?;
        // Last: as long as it stands, not all is done.
        remove(&pending, faults)?;
    }
    Ok(())
}

/// Moves an array, which may be gone already, to where it is deleted in the end.
///
/// In one step: nobody ever sees half of it under its name.
fn set_aside(names: &Names, array: ArrayName, faults: &Faults) -> Result<(), LargeError> {
    let from = names.array(array);
    let to = names.pending().join(old_name(array));
    if !from.exists() {
        return Ok(());
    }
    remove(&to, faults)?;
    faults.step().and_then(|()| fs::rename(&from, &to)).map_err(io_error("replace", &from))
}

fn old_name(array: ArrayName) -> String {
    format!("old{}", array.suffix())
}

/// Refuses a folder with the name of one of ours that holds anything else than ours do.
fn check_own(folder: &Path) -> Result<(), LargeError> {
    let failed = || io_error("look through", folder);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed())?,
    };
    for entry in entries {
        let entry = entry.map_err(failed())?.file_name();
        let is_own = |array: ArrayName| entry == *array.suffix() || entry == *old_name(array);
        if !ArrayName::ALL.into_iter().any(is_own) {
            return Err(LargeError::NotOurs { path: folder.into(), entry: entry.into() });
        }
    }
    Ok(())
}

/// The files that are still there, each to its place.
fn move_files(from: &Path, to: &Path, faults: &Faults, syncing: &Syncing<'_>) -> Result<(), LargeError> {
    let found = Tree::below(from).map_err(io_error("look through", from))?;
    found.files.par_iter().try_for_each(|file| {
        let target = to.join(file);
        let moved = faults.step().and_then(|()| {
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::rename(from.join(file), &target)
        });
        moved.map_err(io_error("replace", &target))
    })?;
    // Folders stay when their files are gone, so that a second try knows those of the first one.
    found.folders.par_iter().try_for_each(|folder| sync_folder(&to.join(folder), syncing))
}

/// Deletes an array, of which nobody ever sees half under its name.
pub(crate) fn discard(names: &Names, array: ArrayName, faults: &Faults) -> Result<(), LargeError> {
    let path = names.array(array);
    if !is_replaceable_store(&path)? {
        return Ok(());
    }
    let staging = Staging::begin(names, faults)?;
    let moved = faults.step().and_then(|()| fs::rename(&path, staging.folder(array)));
    moved.map_err(io_error("remove", &path))?;
    remove(&names.staged(), faults)
}

fn remove(folder: &Path, faults: &Faults) -> Result<(), LargeError> {
    let removed = faults.step().and_then(|()| fs::remove_dir_all(folder));
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// Names reach the disk with their folder.
fn sync_folder(folder: &Path, syncing: &Syncing<'_>) -> Result<(), LargeError> {
    match syncing.folder(folder) {
        // An array that a first try has moved as a whole, or that had nothing to move.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        synced => synced.map_err(io_error("write", folder)),
    }
}
