//! Memory while a Zarr of chunks that compress well is read; alone in its process, because it looks at its memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::sync::Arc;

use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::{Extent, PerAxis, Region};
use patchweave_stack::ImageStackExt;
use zarrs::array::codec::ZstdCodec;
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

/// A chunk is one plane of so many pixels squared, 4 MiB.
const SIDE: usize = 2048;
const N_CHUNKS: usize = 104;
const BUDGET: u64 = 64 << 20;
const LIMIT_KIB: usize = 300 << 10;

/// The most memory that the process ever had, in KiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn decoded_chunks_keep_to_their_budget() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FilesystemStore::new(folder.path()).unwrap());
    let n = N_CHUNKS as u64;
    let side = SIDE as u64;
    let mut builder = ArrayBuilder::new(vec![n, side, side], vec![1, side, side], data_type::uint8(), 0_u8);
    builder.bytes_to_bytes_codecs(vec![Arc::new(ZstdCodec::new(1, false))]);
    let array = builder.build(store, "/").unwrap();
    array.store_metadata().unwrap();
    for chunk in 0..N_CHUNKS {
        let pixels = vec![u8::try_from(chunk + 1).unwrap(); SIDE * SIDE];
        array.store_chunk(&[chunk as u64, 0, 0], pixels).unwrap();
    }
    const { assert!(N_CHUNKS * SIDE * SIDE > 400 << 20) };

    let options = OpenOptions::with_cache_bytes(BUDGET);
    let axes = "ZYX".parse().unwrap();
    let stack = open(folder.path(), FileFormat::Zarr, Some(&axes), &options).unwrap().remove(0);
    for chunk in (0..N_CHUNKS).chain(0..N_CHUNKS) {
        let start = PerAxis::new(&[i64::try_from(chunk).unwrap(), 1000, 1000]).unwrap();
        let region = Region { start, size: Extent::new(&[1, 64, 64]).unwrap() };
        let patch = stack.read_patch(0, None, &region).unwrap();
        let expected = f32::from(u8::try_from(chunk + 1).unwrap());
        assert!(patch.iter().all(|&pixel| pixel == expected));
        let kept = options.cache.stats().kept_bytes;
        assert!(kept <= BUDGET, "{kept}");
    }
    assert!(options.cache.stats().kept_bytes > BUDGET / 2);
    assert!(peak() < LIMIT_KIB, "{} KiB", peak());
}
