//! What it gives to ask for the chunks of a patch together: patches per second from a server of our own that takes 50 ms for
//! every answer, with one request at a time and with the default, all in one run.
//!
//! `cargo bench --bench remote`; `cargo test --bench remote` does without optimisations, which hardly matter here.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and one that fails panics")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use patchweave::formats::{FileFormat, OpenOptions, RequestLimit, open};
use patchweave::geometry::{Extent, PerAxis, Region};
use patchweave::patching::PatchRng;
use patchweave::stack::{ImageStack, ImageStackExt};
use patchweave_testkit::{Faults, Server};
use rand::RngExt;
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

const LATENCY: Duration = Duration::from_millis(50);
const SIDE: u64 = 2048;
const CHUNK: u64 = 64;
const SHARD: u64 = 512;
const PATCH: usize = 256;

/// A plane in chunks of 64 × 64 pixels of 16 bits, in shards if asked for.
fn write(path: &Path, is_sharded: bool) {
    let store = Arc::new(FilesystemStore::new(path).unwrap());
    let grid = if is_sharded { SHARD } else { CHUNK };
    let mut builder = ArrayBuilder::new(vec![SIDE, SIDE], vec![grid, grid], data_type::uint16(), 0_u16);
    builder.subchunk_shape(is_sharded.then(|| vec![CHUNK, CHUNK]));
    let array = builder.build(store, "/").unwrap();
    array.store_metadata().unwrap();
    let pixels: Vec<u16> = (0..SIDE * SIDE).map(|at| u16::try_from(at % 65_521).unwrap()).collect();
    array.store_array_subset(&array.subset_all(), pixels).unwrap();
}

fn regions(n: usize) -> Vec<Region> {
    let mut rng = PatchRng::for_patch(7, 0, 0);
    let size = Extent::new(&[PATCH, PATCH]).unwrap();
    let last = i64::try_from(SIDE).unwrap() - i64::try_from(PATCH).unwrap();
    let mut region = || {
        let start = [rng.random_range(0..=last), rng.random_range(0..=last)];
        Region::new(PerAxis::new(&start).unwrap(), size).unwrap()
    };
    (0..n).map(|_| region()).collect()
}

/// Patches per second of some threads that share the regions, each read from the server.
fn patches_per_second(stack: &dyn ImageStack, regions: &[Region], n_threads: usize) -> f64 {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| {
                while let Some(region) = regions.get(next.fetch_add(1, Ordering::Relaxed)) {
                    stack.read_patch(0, None, region).unwrap();
                }
            });
        }
    });
    f64::from(u32::try_from(regions.len()).unwrap()) / start.elapsed().as_secs_f64()
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    println!(
        "patches of {PATCH} × {PATCH} from chunks of {CHUNK} × {CHUNK}, {LATENCY:?} per answer, no cache"
    );
    println!(
        "{:<8} {:>7} {:>9} {:>10} {:>14}",
        "image", "threads", "requests", "patches/s", "requests/patch"
    );
    for (name, is_sharded) in [("chunks", false), ("shards", true)] {
        write(&folder.path().join(name), is_sharded);
        for (n_threads, requests, n_patches) in [(1, 1, 4), (1, 16, 32), (1, 64, 32), (4, 4, 8), (4, 16, 32)]
        {
            let server = Server::start(folder.path(), Faults { delay: LATENCY, ..Faults::default() });
            let mut options = OpenOptions::with_cache_bytes(0);
            options.remote.requests = RequestLimit::new(requests);
            let url = format!("http://{}/{name}", server.address);
            let axes = "YX".parse().unwrap();
            let stack = open(Path::new(&url), FileFormat::Zarr, Some(&axes), &options).unwrap().remove(0);
            let before = server.n_requests();
            let speed = patches_per_second(&*stack, &regions(n_patches), n_threads);
            let n_requests = u32::try_from(server.n_requests() - before).unwrap();
            let per_patch = f64::from(n_requests) / f64::from(u32::try_from(n_patches).unwrap());
            println!("{name:<8} {n_threads:>7} {requests:>9} {speed:>10.2} {per_patch:>14.1}");
        }
    }
}
