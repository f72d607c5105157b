//! A folder that is held is held by one at a time.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use patchweave_sink::FolderLock;

/// Every thread opens the folder anew, as processes do.
#[test]
fn one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let inside = AtomicUsize::new(0);
    let n_done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let lock = FolderLock::acquire(folder.path(), Duration::from_secs(60), &|| true);
                    let lock = lock.unwrap().unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    n_done.fetch_add(1, Ordering::SeqCst);
                    drop(lock);
                }
            });
        }
    });
    assert_eq!(n_done.into_inner(), 120);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
