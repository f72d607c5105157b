//! What threads are told that they spent is what was done for them.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use common::{Page, write_tiff};
use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::{Extent, PerAxis, Region};
use patchweave_stack::{ImageStack, ImageStackExt, ReadCost};
use proptest::prelude::*;
use tiff::encoder::{Compression, DeflateLevel};
use zarrs::array::codec::ZstdCodec;
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

const SIDE: u64 = 64;
const CHUNK: u64 = 16;
const N_CHUNKS: u64 = (SIDE / CHUNK) * (SIDE / CHUNK);

fn write_zarr(path: &Path) {
    let store = Arc::new(FilesystemStore::new(path).unwrap());
    let mut builder = ArrayBuilder::new(vec![SIDE, SIDE], vec![CHUNK, CHUNK], data_type::uint16(), 0_u16);
    builder.bytes_to_bytes_codecs(vec![Arc::new(ZstdCodec::new(1, false))]);
    let array = builder.build(store, "/").unwrap();
    array.store_metadata().unwrap();
    for (y, x) in (0..SIDE / CHUNK).flat_map(|y| (0..SIDE / CHUNK).map(move |x| (y, x))) {
        let pixels: Vec<u16> = (1..).take(usize::try_from(CHUNK * CHUNK).unwrap()).collect();
        array.store_chunk(&[y, x], pixels).unwrap();
    }
}

fn write_strips(path: &Path) {
    let side = u32::try_from(SIDE).unwrap();
    let page = Page { height: side, width: side, rows_per_strip: u32::try_from(CHUNK).unwrap() };
    write_tiff(path, &[page], "", Compression::Deflate(DeflateLevel::Fast));
}

/// Numbers as NumPy stores them.
fn write_npy(path: &Path) {
    let header = format!("{{'descr': '<u2', 'fortran_order': False, 'shape': ({SIDE}, {SIDE}), }}\n");
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    let pixels = (0..SIDE * SIDE).flat_map(|pixel| u16::try_from(pixel).unwrap().to_le_bytes());
    let bytes = b"\x93NUMPY\x01\x00".iter().copied().chain(len).chain(header.into_bytes()).chain(pixels);
    std::fs::write(path, bytes.collect::<Vec<u8>>()).unwrap();
}

fn opened(path: &Path, options: &OpenOptions) -> Arc<dyn ImageStack> {
    let axes = "YX".parse().unwrap();
    let data_type = match path.extension().and_then(|ending| ending.to_str()) {
        Some("zarr") => FileFormat::Zarr,
        Some("npy") => FileFormat::Npy,
        _ => FileFormat::Tiff,
    };
    open(path, data_type, Some(&axes), options).unwrap().remove(0)
}

fn region(start: [i64; 2], size: [usize; 2]) -> Region {
    Region { start: PerAxis::new(&start).unwrap(), size: Extent::new(&size).unwrap() }
}

fn whole() -> Region {
    let side = usize::try_from(SIDE).unwrap();
    region([0, 0], [side, side])
}

/// What this thread spends on reading a region.
fn cost_of(stack: &dyn ImageStack, region: &Region) -> ReadCost {
    let before = ReadCost::of_thread();
    stack.read_patch(0, None, region).unwrap();
    ReadCost::of_thread() - before
}

/// The bytes of all chunks in the folder of a Zarr.
fn chunk_bytes(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => chunk_bytes(&entry.path()),
            false if entry.file_name() == "zarr.json" => 0,
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}

#[test]
fn the_first_read_decodes_and_the_second_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let zarr = folder.path().join("a.zarr");
    let strips = folder.path().join("a.tif");
    write_zarr(&zarr);
    write_strips(&strips);
    for (path, n_chunks) in [(&zarr, N_CHUNKS), (&strips, SIDE / CHUNK)] {
        let stack = opened(path, &OpenOptions::default());
        assert_eq!(stack.info().n_chunks(), Some(n_chunks));
        let bytes = stack.info().chunk_bytes().unwrap();
        let first = cost_of(&stack, &whole());
        assert_eq!((first.n_hits, first.n_decodes, first.decoded_bytes), (0, n_chunks, n_chunks * bytes));
        assert_eq!(n_chunks * bytes, SIDE * SIDE * 2);
        assert!(first.read_bytes > 0 && first.read_bytes <= 2 * first.decoded_bytes);
        let second = cost_of(&stack, &whole());
        let expected = ReadCost::default();
        assert_eq!((second.n_hits, second.time(), second.n_decodes), (n_chunks, expected.time(), 0));
        assert_eq!((second.read_bytes, second.decoded_bytes), (0, 0));
    }
    let stack = opened(&zarr, &OpenOptions::default());
    assert_eq!(cost_of(&stack, &whole()).read_bytes, chunk_bytes(&zarr));
}

#[test]
fn pixels_in_place_are_not_read_and_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    write_npy(&path);
    let mut options = OpenOptions::default();
    options.map_files = true;
    let stack = opened(&path, &options);
    assert_eq!(cost_of(&stack, &whole()), ReadCost::default());
    assert_eq!((stack.info().n_chunks(), stack.info().chunk_extent()), (None, None));
    options.map_files = false;
    let cost = cost_of(&opened(&path, &options), &whole());
    assert_eq!((cost.read_bytes, cost.decoded_bytes), (2 * SIDE * SIDE, 2 * SIDE * SIDE));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is read by however many threads, they are told together what the cache counted.
    #[test]
    fn threads_share_what_the_cache_counts(
        n_threads in 1_usize..5,
        budget in prop::sample::select(vec![0_u64, 3000, 1 << 20]),
        starts in prop::collection::vec((-8_i64..60, -8_i64..60), 1..30),
        is_zarr in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(if is_zarr { "a.zarr" } else { "a.tif" });
        if is_zarr { write_zarr(&path) } else { write_strips(&path) }
        let options = OpenOptions::with_cache_bytes(budget);
        let stack = opened(&path, &options);
        let total = Mutex::new(ReadCost::default());
        thread::scope(|scope| {
            for _ in 0..n_threads {
                scope.spawn(|| {
                    for (y, x) in &starts {
                        let cost = cost_of(&stack, &region([*y, *x], [20, 20]));
                        *total.lock().unwrap() += cost;
                    }
                });
            }
        });
        let total = total.into_inner().unwrap();
        let counted = options.cache.stats();
        prop_assert_eq!(total.n_hits, counted.n_hits);
        prop_assert_eq!((total.n_decodes, total.decoded_bytes), (counted.n_decodes, counted.decoded_bytes));
        prop_assert!(total.n_decodes > 0 || starts.iter().all(|(y, x)| *y.max(x) >= 64));
    }
}
