//! Whatever a TIFF file holds: pixels or an error, never a panic and never without end.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::{Axes, Extent, PerAxis, Region};
use patchweave_stack::{ImageStack, ImageStackExt, StackError};
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
    read_with(path, axes, &OpenOptions::default())
}

fn read_with(path: &Path, axes: &Axes, options: &OpenOptions) -> Result<usize, StackError> {
    let stack = open(path, FileFormat::Tiff, Some(axes), options)?.remove(0);
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
    let Some(folder) = real_data() else { return };
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

/// What is wrong with every file of `corrupt`, as the error says it; none of them reads as pixels.
const CORRUPT: [(&str, &str); 31] = [
    ("crash-0c7e0e8e11ce787078f00b5b0ca409a167f070e0.tif", "page 0, strip 0: got 1012 bytes at 3309"),
    ("crash-0e16d3bfb83be87356d026d66919deaefca44dac.tif", "page 0, strip 0: got 10980 bytes at 4909"),
    ("crash-1185209cf7655b5aed8ae5e77784dfdd18ab59e9.tif", "page 0, strip 0: got 1012 bytes at 3309"),
    ("crash-338516dbd2f0e83caddb8ce256c22db3bd6dc40f.tif", "page 0, strip 0: got 10980 bytes at 4909"),
    ("crash-63b1dffefc8c075ddc606c0a2f5fdc15ece78863.tif", "page 0: the colour space YCbCr without JPEG"),
    (
        "crash-86214e58da443d2b80820cff9677a38a33dcbbca.tif",
        "page 0, the tables for JPEG: got 574 bytes at 294",
    ),
    ("derived_truncated_deflate_img3d.tif", "page 16: got 2 bytes at 71818 in a file of 69462"),
    ("derived_truncated_imagej_nuclei_golgi.tif", "page 1: got 2 bytes at 242755 in a file of 145750"),
    ("imagetiff_divide_by_zero_000000.tif", "page 0: got a height of 0"),
    ("imagetiff_divide_by_zero_000008.tif", "page 0: got a height of 0"),
    ("imagetiff_divide_by_zero_000016.tif", "page 0: got a height of 0"),
    ("imagetiff_divide_by_zero_000024.tif", "page 0, tag 284: got 2 bytes at 1077952576"),
    ("imagetiff_divide_by_zero_000032.tif", "page 0: got a height of 0"),
    ("imagetiff_divide_by_zero_000040.tif", "page 0, tag 262: got 2 bytes at 4177526783"),
    ("imagetiff_inf_loop_000028.tif", "page 0: got the places of 65 strips, expected 1"),
    ("imagetiff_inf_loop_000034.tif", "page 0: got a height of 0"),
    ("imagetiff_inf_loop_000040.tif", "page 1: got 2 bytes at 3696794456"),
    ("imagetiff_oom_crash_000000.tif", "page 0, tag 262: got 2 bytes at 32845"),
    ("imagetiff_oom_crash_000008.tif", "page 0, tag 256: got 2 bytes at 4143380214"),
    ("imagetiff_oom_crash_000016.tif", "page 0, tag 258: got 24 bytes at 154 in a file of 166"),
    ("imagetiff_oom_crash_000031.tif", "page 0, tag 258: got 256 bytes at 666 in a file of 175"),
    ("imagetiff_oom_crash_000039.tif", "page 0, tag 256: got 2 bytes at 2292"),
    ("imagetiff_oom_crash_000052.tif", "page 0: got planar configuration 10825"),
    ("imagetiff_oor_panic_000018.tif", "page 1: got 183258 bytes at 28009"),
    ("imagetiff_oor_panic_000023.tif", "page 1: got 2 bytes at 26729"),
    ("imagetiff_oor_panic_000044.tif", "page 0, tag 278: got 2 bytes at 26804224"),
    ("imagetiff_oor_panic_000050.tif", "page 0, tag 278: got 2 bytes at 26804224"),
    ("imagetiff_oor_panic_colormap-shl-overflow.tiff", "page 0: samples of 83 bits in format 1"),
    (
        "imagetiff_oor_panic_graydepth-invert-overflow-9f2f479685f84884.tiff",
        "page 0, tag 256: got another kind",
    ),
    ("libtiff_segfault.tif", "page 0: got the places of 1 strips, expected 23"),
    ("seek_too_large.tif", "page 0: got 8 bytes at 9295429630892703743 in a file of 16"),
];

#[test]
fn every_corrupt_file_says_what_is_wrong_with_it() {
    let Some(folder) = real_data() else { return };
    let mut n_files = 0;
    for path in tiffs_below(&folder.join("d_tiff_zoo/corrupt")) {
        n_files += 1;
        let known = CORRUPT.iter().find(|(name, _)| path.ends_with(name));
        let (_, expected) = known.unwrap_or_else(|| panic!("{path:?} is not in the table"));
        for map_files in [true, false] {
            let mut options = OpenOptions::default();
            options.map_files = map_files;
            // Those that fail at their pixels are colours.
            let axes = "YXC".parse().unwrap();
            let error = read_with(&path, &axes, &options).unwrap_err().to_string();
            assert!(error.contains(path.to_str().unwrap()) && error.contains(expected), "{error}");
        }
    }
    assert_eq!(n_files, CORRUPT.len());
}
