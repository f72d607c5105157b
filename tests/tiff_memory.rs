//! Reading from a TIFF that is far larger than its file keeps to the budget of the cache; alone in its process, because
//! it asks how much memory the process took.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::path::Path;

use ndarray::Array4;
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{Extent, PerAxis, Region};
use patchweave::patching::PatchRng;
use patchweave::stack::ImageStackExt;
use patchweave_testkit::real_data;
use rand::RngExt;

/// 150 MB of pixels in 24 KB.
const FILE: &str = "d_tiff_zoo/yb10kx5k.zstd.tiff";

const SIDE: usize = 64;

const BUDGET: u64 = 64 << 20;

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

fn read_at_random(path: &Path) {
    let options = OpenOptions::with_cache_bytes(BUDGET);
    let stack = open(path, FileFormat::Tiff, None, &options).unwrap().remove(0);
    let shape = stack.info().shape();
    assert_eq!(shape.to_vec(), [1, 3, 5000, 10_000]);
    let size = Extent::new(&[SIDE, SIDE]).unwrap();
    let mut rng = PatchRng::for_patch(3, 0, 0);
    let mut patch = Array4::zeros([3, 1, SIDE, SIDE]);
    for _ in 0..2000 {
        let mut start = |n: usize| i64::try_from(rng.random_range(0..=n - SIDE)).unwrap();
        let start = PerAxis::new(&[start(5000), start(10_000)]).unwrap();
        stack.read_into(0, None, &Region { start, size }, patch.view_mut()).unwrap();
    }
    let stats = options.cache.stats();
    assert!(stats.decoded_bytes > 2 * BUDGET, "{stats:?}: nothing had to leave the cache");
    assert!(stats.kept_bytes <= BUDGET, "{stats:?}");
}

#[test]
fn patches_of_a_large_tiff_take_little_memory() {
    let Some(folder) = real_data() else { return };
    read_at_random(&folder.join(FILE));
    assert!(peak() < 300_000_000, "{} bytes", peak());
}
