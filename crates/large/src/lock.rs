//! The lock that keeps two writers off one quilt.

use std::fs::{File, TryLockError};

use patchweave_sink::{Durability, Syncing, make_folders, remove_leftovers};

use crate::LargeError;
use crate::error::io_error;
use crate::names::Names;

/// Held as long as it lives; the system lets go of it when the process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Creates the folder and the file of the lock where they are missing.
    ///
    /// What a killed process has left of results in the folder is removed.
    pub(crate) fn take(names: &Names, durability: Durability) -> Result<Self, LargeError> {
        let path = names.lock();
        let folder = names.folder();
        make_folders(folder, &Syncing::new(durability)).map_err(io_error("create", folder))?;
        remove_leftovers(folder).map_err(io_error("look through", folder))?;
        let file = File::options().create(true).append(true).open(&path).map_err(io_error("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LargeError::InUse { path: names.base().into() }),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path)(error)),
        }
    }
}
