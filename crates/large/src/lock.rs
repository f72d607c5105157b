//! The lock that keeps two writers off one quilt.

use std::fs::{self, File, TryLockError};

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
    pub(crate) fn take(names: &Names) -> Result<Self, LargeError> {
        let path = names.lock();
        fs::create_dir_all(names.folder()).map_err(io_error("create", names.folder()))?;
        let file = File::options().create(true).append(true).open(&path).map_err(io_error("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LargeError::InUse { path: names.base().into() }),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path)(error)),
        }
    }
}
