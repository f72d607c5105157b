//! Whatever a TIFF file holds: pixels or an error, never a panic and never without end.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use patchweave_geometry::{Axes, Extent, PerAxis, Region};
use patchweave_stack::{DataType, ImageStack, ImageStackExt, OpenOptions, StackError, open};
use patchweave_testkit::real_data;

const AXES: [&str; 14] = [
    "YX", "CYX", "YXC", "ZYX", "TYX", "SYX", "ZCYX", "TCYX", "CZYX", "TYXC", "ZYXC", "TZCYX", "TCZYX",
    "STCZYX",
];

/// Size of the blocks a file is read in, and how many of them at most: files may claim any size.
const BLOCK: usize = 512;
const N_BLOCKS: usize = 300;
const N_CHANNELS: usize = 8;

/// How long one file may take with all axes.
const TIME_LIMIT: Duration = Duration::from_secs(120);

fn tiffs_below(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let nested = |path: PathBuf| if path.is_dir() { tiffs_below(&path) } else { vec![path] };
    entries.into_iter().flat_map(nested).collect()
}

/// Reads a file block by block and returns how many blocks there were.
fn read_all(path: &Path, axes: &Axes) -> Result<usize, StackError> {
    let stack = open(path, DataType::Tiff, Some(axes), &OpenOptions::default())?.remove(0);
    let shape = stack.info().shape();
    let channels: Vec<usize> = (0..shape.n_channels.min(N_CHANNELS)).collect();
    let [depth, height, width] = shape.extent.to_zyx();
    let mut n_blocks = 0;
    for sample_idx in 0..shape.n_samples {
        for z in 0..depth {
            for y in (0..height).step_by(BLOCK) {
                for x in (0..width).step_by(BLOCK) {
                    if n_blocks == N_BLOCKS {
                        return Ok(n_blocks);
                    }
                    n_blocks += 1;
                    let start = [z, y, x].map(|at| i64::try_from(at).unwrap());
                    let size = [1, BLOCK.min(height - y), BLOCK.min(width - x)];
                    let first = 3 - shape.extent.n_axes();
                    let region = Region {
                        start: PerAxis::new(&start[first..]).unwrap(),
                        size: Extent::new(&size[first..]).unwrap(),
                    };
                    stack.read_patch(sample_idx, Some(&channels), &region)?;
                }
            }
        }
    }
    Ok(n_blocks)
}

/// Tries a file with all axes; the axes whose reading panicked.
fn panicking_axes(path: &Path) -> Vec<&'static str> {
    let panics = |axes: &&str| catch_unwind(|| read_all(path, &axes.parse().unwrap()).is_ok()).is_err();
    AXES.into_iter().filter(panics).collect()
}

#[test]
fn no_tiff_panics_or_hangs() {
    let Some(folder) = real_data() else {
        eprintln!("skipped: no real images, PATCHWEAVE_TEST_DATA names none");
        return;
    };
    let mut complaints = Vec::new();
    for path in tiffs_below(&folder.join("d_tiff_zoo")) {
        let (sender, receiver) = mpsc::channel();
        let name = path.display().to_string();
        thread::spawn(move || sender.send(panicking_axes(&path)));
        match receiver.recv_timeout(TIME_LIMIT) {
            Ok(axes) if axes.is_empty() => {}
            Ok(axes) => complaints.push(format!("{name} panics with axes {axes:?}")),
            Err(_) => complaints.push(format!("{name} takes more than {TIME_LIMIT:?}")),
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_truncated_series_is_an_error() {
    let Some(folder) = real_data() else {
        eprintln!("skipped: no real images, PATCHWEAVE_TEST_DATA names none");
        return;
    };
    let path = folder.join("d_tiff_zoo/corrupt/derived_truncated_deflate_img3d.tif");
    for axes in AXES {
        assert!(read_all(&path, &axes.parse().unwrap()).is_err(), "{axes}");
    }
}
