//! A program that is killed again and again, for real.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ndarray::Array3;
use patchweave_geometry::{Extent, PerAxis};
use patchweave_large::{Durability, LargeError, LargeOptions, LargeQuilt, LargeSpec};

const BASE: &str = "PATCHWEAVE_TEST_LARGE_BASE";

fn patch(index: usize) -> Array3<f32> {
    Array3::from_shape_fn((2, 16, 16), |(c, y, x)| ((index * 31 + c * 7 + y * 3 + x) % 101) as f32 / 9.0)
}

fn open_or_create(base: &Path, options: LargeOptions) -> Result<LargeQuilt, LargeError> {
    match LargeQuilt::open(base, options) {
        Err(LargeError::NoQuilt { .. }) => {
            let image = Extent::new(&[90, 70])?;
            let window = Extent::new(&[16, 16])?;
            let spec = LargeSpec::new(2, image, window, PerAxis::new(&[9, 9])?)?.with_border(3, 0.2)?;
            LargeQuilt::create(base, spec, options)
        }
        other => other,
    }
}

/// Adds what is missing, in order.
fn go_on(base: &Path, every: usize, pause: Duration) -> Result<LargeQuilt, LargeError> {
    let options = LargeOptions {
        budget_bytes: 100_000,
        checkpoint_every: NonZeroUsize::new(every),
        durability: Durability::None,
    };
    let mut quilt = open_or_create(base, options)?;
    for index in quilt.missing().collect::<Vec<_>>() {
        quilt.stitch(patch(index).view(), index)?;
        std::thread::sleep(pause);
    }
    Ok(quilt)
}

#[test]
#[ignore = "the program that the other test kills"]
fn victim() {
    if let Some(base) = std::env::var_os(BASE) {
        go_on(Path::new(&base), 2, Duration::from_millis(3)).unwrap().close().unwrap();
    }
}

#[test]
fn killed_programs_leave_quilts_that_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("killed");
    let journal = folder.path().join("killed_journal.zarr");
    let mut n_added = Vec::new();
    for round in 0..12 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim", "--ignored"])
            .env(BASE, &base)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Some are killed before they have saved anything, the others in the midst of saving.
        let is_late = round >= 3;
        let begun = Instant::now();
        while is_late && !journal.exists() && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(8 + 5 * round));
        victim.kill().unwrap();
        victim.wait().unwrap();
        match LargeQuilt::open(&base, LargeOptions::default()) {
            Ok(quilt) => n_added.push(quilt.counts().sum()),
            Err(error) => assert!(matches!(error, LargeError::NoQuilt { .. }), "{error}"),
        }
    }
    assert!(n_added.is_sorted(), "{n_added:?}");
    let mut killed = go_on(&base, 2, Duration::ZERO).unwrap();
    let mut calm = go_on(&folder.path().join("calm"), 0, Duration::ZERO).unwrap();
    let n_patches = u32::try_from(calm.n_patches()).unwrap();
    assert!(n_added.iter().any(|&n| 0 < n && n < n_patches), "{n_added:?} of {n_patches}");
    assert_eq!(killed.counts(), calm.counts());
    assert_eq!(killed.mean_sums().unwrap(), calm.mean_sums().unwrap());
    assert_eq!(killed.weights().unwrap(), calm.weights().unwrap());
}
