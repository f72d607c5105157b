//! More files than a process may have open; alone in its process, because it counts what is open.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::sync::Arc;

use patchweave_formats::{FileFormat, FilePool, OpenOptions, open};
use patchweave_geometry::Region;
use patchweave_stack::{ImageStack, ImageStackExt};
use tiff::encoder::{Compression, DeflateLevel};

use common::{Page, write_tiff};

const N_FILES: usize = 300;
const N_THREADS: usize = 8;
const MOST_OPEN: usize = 7;

fn n_open() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// How often files of a folder are mapped.
fn n_mapped(folder: &std::path::Path) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|line| line.contains(folder.to_str().unwrap())).count()
}

#[test]
fn files_are_open_only_while_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let at_first = n_open();
    // Compressed pixels are read, others are mapped, and nothing of them is kept.
    let mut options = OpenOptions::with_cache_bytes(0);
    options.files = FilePool::new(MOST_OPEN);
    let stacks: Vec<Arc<dyn ImageStack>> = (0..N_FILES)
        .map(|file| {
            let path = folder.path().join(format!("{file}.tif"));
            let page = || Page { height: 3, width: 4, rows_per_strip: 3 };
            let deflate = Compression::Deflate(DeflateLevel::Fast);
            let compression = if file % 2 == 0 { deflate } else { Compression::Uncompressed };
            write_tiff(&path, &[page(), page()], "", compression);
            open(&path, FileFormat::Tiff, Some(&"ZYX".parse().unwrap()), &options).unwrap().remove(0)
        })
        .collect();
    assert!(n_open() <= at_first + MOST_OPEN, "{} files are open", n_open() - at_first);

    std::thread::scope(|scope| {
        for thread in 0..N_THREADS {
            let stacks = &stacks;
            let folder = &folder;
            scope.spawn(move || {
                for file in 0..3 * N_FILES {
                    let stack = &stacks[(file * 7 + thread) % N_FILES];
                    let whole = Region::whole(stack.info().shape().extent);
                    let patch = stack.read_patch(0, None, &whole).unwrap();
                    assert!(patch.iter().zip(0_u16..24).all(|(got, expected)| *got == f32::from(expected)));
                    // Of those that are being read, the pool may have closed as many as there are threads.
                    if file % 50 == 0 {
                        let n_mapped = n_mapped(folder.path());
                        assert!(n_mapped <= MOST_OPEN + N_THREADS, "{n_mapped} files are mapped");
                    }
                }
            });
        }
    });
    assert!(n_open() <= at_first + MOST_OPEN, "{} files are open", n_open() - at_first);
    assert!((1..=MOST_OPEN).contains(&n_mapped(folder.path())));
    drop(stacks);
    assert_eq!(n_mapped(folder.path()), 0);
    assert_eq!(n_open(), at_first);
}
