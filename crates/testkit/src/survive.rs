//! Reading damaged files: none may panic or take without end, and errors name the file.
#![expect(clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

use std::error::Error;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use patchweave_stack::StackError;

/// How long one damaged file may take.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// What became of damaged files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Survived {
    /// Those that were read, damaged or not.
    pub n_read: usize,
    /// Those that were refused with an error.
    pub n_refused: usize,
}

/// Reads a good file, which errors call `name`, and every damaged copy of it; `read` gets a path with this ending and the
/// number of the copy.
///
/// # Panics
/// If the good file is refused, a copy panics or takes more than 5 seconds, or its error does not name it.
pub fn survive(
    name: &str,
    ending: &str,
    good: &[u8],
    cases: impl Iterator<Item = Vec<u8>>,
    read: impl Fn(&Path, usize) -> Result<(), StackError>,
) -> Survived {
    let folder = tempfile::tempdir().expect("a folder for damaged files");
    let path_of = |stem: &str| folder.path().join(stem).with_extension(ending);
    let write = |path: &Path, bytes: &[u8]| fs::write(path, bytes).expect("room for a damaged file");
    let path = path_of("image");
    write(&path, good);
    for case in 0..2 {
        if let Err(error) = read(&path, case) {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            panic!("{name} is not good: {error}: {reason}");
        }
    }
    let mut survived = Survived::default();
    for (case, bytes) in cases.enumerate() {
        // A mapped file must not be written, so every case has a file of its own.
        let path = path_of(&format!("case{case}"));
        write(&path, &bytes);
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| read(&path, case)));
        assert!(start.elapsed() < TIME_LIMIT, "{name}, case {case} takes {:?}", start.elapsed());
        match result {
            Ok(Ok(())) => survived.n_read += 1,
            Ok(Err(error)) => {
                let is_named = error.to_string().contains(&format!("case{case}"));
                assert!(is_named, "{name}, case {case}: the error does not name the file: {error}");
                survived.n_refused += 1;
            }
            Err(_) => panic!("{name}, case {case} panics"),
        }
        let _ = fs::remove_file(&path);
    }
    survived
}
