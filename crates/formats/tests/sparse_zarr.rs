//! Memory while a sparse array of 100 GB is read; alone in its process, because it looks at the process's memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::path::Path;
use std::sync::Arc;

use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::{Extent, PerAxis, Region};
use patchweave_stack::ImageStackExt;
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

const SIDE: usize = 100;
const N_CHUNKS: usize = 230;
const LIMIT_KIB: usize = 300 << 10;

/// The most memory that the process ever had, in KiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn write(path: &Path, inner: Option<u64>) {
    let size = (SIDE * N_CHUNKS) as u64;
    let store = Arc::new(FilesystemStore::new(path).unwrap());
    let mut builder =
        ArrayBuilder::new(vec![size / 4, size, 512], vec![64, 100, 512], data_type::uint16(), 7_u16);
    builder.subchunk_shape(inner.map(|inner| vec![inner, 50, 64]));
    let array = builder.build(store, "/").unwrap();
    array.store_metadata().unwrap();
    for chunk in 0..4_u16 {
        array.store_chunk(&[u64::from(chunk), 1, 0], vec![chunk; 64 * 100 * 512]).unwrap();
    }
}

#[test]
fn memory_depends_on_budgets_and_not_on_the_size_of_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let options = OpenOptions::with_cache_bytes(32 << 20);
    for (name, inner) in [("plain.zarr", None), ("sharded.zarr", Some(16))] {
        let path = folder.path().join(name);
        write(&path, inner);
        let axes = "ZYX".parse().unwrap();
        let stack = open(&path, FileFormat::Zarr, Some(&axes), &options).unwrap().remove(0);
        let shape = stack.info().shape();
        let n_bytes: usize = shape.to_vec().iter().product::<usize>() * 2;
        assert!(n_bytes > 100_000_000_000, "{n_bytes}");
        let [z, y, x] = shape.extent.to_zyx();
        let mut seed = 1_usize;
        for _ in 0..500 {
            let mut next = |n: usize| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                i64::try_from((seed >> 33) % n).unwrap()
            };
            let start = [next(z), next(y), next(x - 64)];
            let size = Extent::new(&[1, 64, 64]).unwrap();
            let region = Region { start: PerAxis::new(&start).unwrap(), size };
            stack.read_patch(0, None, &region).unwrap();
        }
        for chunk in 0..4_u16 {
            let start = PerAxis::new(&[64 * i64::from(chunk), 100, 0]).unwrap();
            let region = Region { start, size: Extent::new(&[2, 64, 64]).unwrap() };
            let patch = stack.read_patch(0, None, &region).unwrap();
            assert!(patch.iter().all(|&pixel| pixel == f32::from(chunk)));
        }
    }
    assert!(peak() < LIMIT_KIB, "{} KiB", peak());
}
