//! One case of any target: bytes that a reader has to read or to refuse, without a panic.

use std::path::Path;

use patchweave_testkit::FuzzTarget;

/// Files in memory, where the system has them.
const MEMORY: &str = "/dev/shm";

/// Reads the bytes in a folder that is kept for the whole run.
///
/// # Panics
/// If the reader panics, which is what is looked for, or if there is no folder to write into.
pub fn survive(target: FuzzTarget, bytes: &[u8]) {
    thread_local! {
        static FOLDER: tempfile::TempDir = {
            let is_there = Path::new(MEMORY).is_dir();
            let folder = if is_there { tempfile::tempdir_in(MEMORY) } else { tempfile::tempdir() };
            folder.expect("a folder for damaged files")
        };
    }
    // Refusals are what damaged files should get.
    FOLDER.with(|folder| drop(target.read(folder.path(), bytes)));
}
