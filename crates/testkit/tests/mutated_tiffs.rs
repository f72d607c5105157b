//! Thousands of damaged TIFF files: an error that names the file or the promised shape, never a panic, never without end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

use std::fs;
use std::path::Path;

use ndarray::{ArrayD, Ix4};
use patchweave_formats::{Formats, OpenOptions, OpenRequest};
use patchweave_geometry::{Axes, Extent, Region};
use patchweave_pixel::ByteOrder;
use patchweave_stack::{ImageStackExt, StackError};
use patchweave_testkit::{TagValues, TiffLayout, TiffPage, mutations, ramp, real_data, real_files};

/// Damaged copies of every file.
const N_CASES: usize = 400;

/// Damaged copies of every text.
const N_TEXTS: usize = 2000;

/// Damaged copies of every real file that has no more than [`MOST_BYTES`].
const N_REAL_CASES: usize = 100;

const MOST_BYTES: usize = 80 << 10;

/// Pixels of an image that is read as a whole; a damaged file may claim more.
const MOST_PIXELS: usize = 1 << 20;

/// What reading damaged files may take, those of all tests that run at the same time together.
#[cfg(target_os = "linux")]
const MOST_MEMORY: usize = 256 << 20;

fn options(map_files: bool) -> OpenOptions {
    let mut options = OpenOptions::with_cache_bytes(0);
    options.decoded_chunk_bytes = 1 << 20;
    options.map_files = map_files;
    options
}

/// Opens all images and levels of a file and reads a region of every one.
fn read(path: &Path, map_files: bool) -> Result<(), StackError> {
    let options = options(map_files);
    let mut request = OpenRequest::new(path, &options);
    request.n_levels = None;
    let mut axes: Option<Axes> = None;
    let mut result = Formats::default().open("tiff", &request);
    if let Err(StackError::NoAxes { own, .. }) = &result {
        let mut free = "STZ".chars().filter(|letter| !own.contains(*letter));
        let letters: String =
            own.chars().map(|letter| if letter == '?' { free.next().unwrap() } else { letter }).collect();
        axes = letters.parse().ok();
    }
    if axes.is_some() {
        request.axes = axes.as_ref();
        result = Formats::default().open("tiff", &request);
    }
    for stack in result?.into_iter().flatten() {
        let shape = stack.info().shape();
        let n_pixels = shape.to_vec().iter().try_fold(1_usize, |n, &size| n.checked_mul(size));
        let whole = Region::whole(shape.extent);
        if n_pixels.is_some_and(|n| n <= MOST_PIXELS) {
            for sample_idx in 0..shape.n_samples {
                let patch = stack.read_patch(sample_idx, None, &whole)?;
                assert_eq!(patch.len() * shape.n_samples, n_pixels.unwrap(), "{}", path.display());
            }
        } else {
            let corner = shape.extent.as_slice().iter().map(|&size| size.min(20)).collect::<Vec<_>>();
            let size = Extent::new(&corner).unwrap();
            let channel = [0];
            let patch = stack.read_patch(0, Some(&channel), &Region { size, ..whole })?;
            assert_eq!(patch.len(), corner.iter().product::<usize>(), "{}", path.display());
        }
    }
    Ok(())
}

/// Reads every damaged copy, mapped and not; how many were errors.
fn survive(name: &str, file: &[u8], cases: impl Iterator<Item = Vec<u8>>) -> usize {
    let read = |path: &Path, case: usize| read(path, case.is_multiple_of(2));
    patchweave_testkit::survive(name, "tif", file, cases, read).n_refused
}

fn layouts() -> [(&'static str, TiffLayout); 7] {
    let plain = TiffLayout::default();
    [
        ("strips", plain),
        ("big-endian strips in planes", TiffLayout { order: ByteOrder::Big, is_planar: true, ..plain }),
        ("deflated tiles", TiffLayout { tile: Some([16, 16]), is_deflated: true, ..plain }),
        ("tiles in place", TiffLayout { tile: Some([16, 32]), ..plain }),
        ("BigTIFF", TiffLayout { is_big: true, is_deflated: true, ..plain }),
        ("big-endian BigTIFF", TiffLayout { is_big: true, order: ByteOrder::Big, ..plain }),
        ("packed bits", TiffLayout { bits: 12, ..plain }),
    ]
}

fn pages_of(layout: &TiffLayout, image: &ArrayD<u16>) -> Vec<TiffPage> {
    layout.pages(image.view().into_dimensionality::<Ix4>().unwrap())
}

#[test]
fn damaged_files_are_survived() {
    for (seed, (name, layout)) in (0..).zip(layouts()) {
        let n_samples = if layout.is_planar { 3 } else { 1 };
        let mut pages = pages_of(&layout, &ramp(&[3, 23, 17, n_samples]));
        let small = pages_of(&layout, &ramp(&[3, 11, 8, n_samples]));
        for (page, below) in pages.iter_mut().zip(small) {
            page.below.push(below);
        }
        let file = layout.file(&pages);
        let n_errors = survive(name, &file, mutations(seed, &file, N_CASES));
        assert!(n_errors > N_CASES / 10, "{name}: damage goes unnoticed, {n_errors} errors");

        // Pixels are most of a file; its directories are damaged more often here.
        let pixels: usize = file.len() / 3;
        let tail = mutations(seed + 100, &file[pixels..], N_CASES);
        survive(name, &file, tail.map(|tail| [&file[..pixels], &tail].concat()));
    }
}

/// Real files have compressions that the layouts above lack: LZW, PackBits, zstd, JPEG, fax.
#[test]
fn damaged_real_files_are_survived() {
    let Some(folder) = real_data() else { return };
    let mut n_files = 0;
    for file in real_files(&folder).unwrap() {
        let is_tiff = file.category == "d_tiff_zoo" && file.reads == "ok" && file.path.is_relative();
        // Two are refused, one holds images of different rank that no axes fit, and one decodes to 150 MB.
        let refused = ["hopper_lzma.tif", "zero_gi.tif", "multipage.tiff", "yb10kx5k.zstd.tiff"];
        if !is_tiff || refused.iter().any(|name| file.path.ends_with(name)) {
            continue;
        }
        let bytes = fs::read(folder.join(&file.path)).unwrap();
        if bytes.len() <= MOST_BYTES {
            n_files += 1;
            let name = file.path.display().to_string();
            survive(&name, &bytes, mutations(n_files, &bytes, N_REAL_CASES));
        }
    }
    assert!(n_files > 20, "{n_files} files");
}

fn with_text(text: &str) -> Vec<u8> {
    let layout = TiffLayout::default();
    let mut pages = pages_of(&layout, &ramp(&[6, 5, 4, 1]));
    pages[0].tags.push((270, TagValues::Text(text.to_owned())));
    layout.file(&pages)
}

/// Files with damaged descriptions and nothing else.
fn survive_texts(name: &str, seed: u64, text: &str) {
    let cases = mutations(seed, text.as_bytes(), N_TEXTS);
    survive(name, &with_text(text), cases.map(|text| with_text(&String::from_utf8_lossy(&text))));
}

#[test]
fn damaged_imagej_text_is_survived() {
    let text = "ImageJ=1.54f\nimages=6\nchannels=2\nslices=3\nhyperstack=true\nunit=micron\nspacing=0.5\n";
    survive_texts("ImageJ", 1, text);
    survive_texts("tifffile", 2, "{\"shape\": [2, 3, 5, 4], \"axes\": \"CZYX\", \"truncated\": false}");
}

#[test]
fn damaged_ome_xml_is_survived() {
    let text = "<?xml version=\"1.0\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" UUID=\"urn:a\">\
                <Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"4\" SizeY=\"5\" SizeZ=\"3\" SizeC=\"2\" SizeT=\"1\" \
                Type=\"uint16\" PhysicalSizeX=\"100\" PhysicalSizeXUnit=\"nm\"><TiffData IFD=\"0\" PlaneCount=\"3\">\
                <UUID FileName=\"image.tif\">urn:a</UUID></TiffData><TiffData IFD=\"3\" FirstC=\"1\" \
                PlaneCount=\"3\"/></Pixels></Image></OME>";
    survive_texts("OME-XML", 3, text);
}

#[test]
fn deep_xml_and_entities_are_refused() {
    let deep = format!("<OME>{}{}</OME>", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let entities = "<!DOCTYPE OME [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;&a;\">]><OME>&b;</OME>";
    let outside = "<!DOCTYPE OME [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><OME>&a;</OME>";
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("deep", deep.as_str()), ("entities", entities), ("outside", outside)] {
        let path = folder.path().join(format!("{name}.tif"));
        fs::write(&path, with_text(text)).unwrap();
        let error = read(&path, true).unwrap_err().to_string();
        assert!(error.contains("OME-XML"), "{error}");
    }
}

/// Where pixels have a checksum, damage to them is noticed: what is read is what was written.
#[test]
fn damaged_deflated_pixels_are_never_read() {
    let layout = TiffLayout { is_deflated: true, ..TiffLayout::default() };
    let image = ramp::<u16>(&[3, 23, 17, 1]);
    let good = layout.file(&pages_of(&layout, &image));
    let whole = |path: &Path, map_files| {
        let axes = "ZYX".parse().unwrap();
        let options = options(map_files);
        let stack =
            patchweave_formats::open(path, patchweave_formats::FileFormat::Tiff, Some(&axes), &options)?
                .remove(0);
        stack.read_patch(0, None, &Region::whole(stack.info().shape().extent))
    };
    let strips: Vec<Vec<u8>> = pages_of(&layout, &image).into_iter().flat_map(|page| page.chunks).collect();
    // Directories have no checksum, so only bytes of strips are changed, and none is moved.
    let cases = strips.iter().flat_map(|strip| {
        let at = good.windows(strip.len()).position(|window| window == strip).unwrap();
        let same_length = mutations(at as u64, strip, N_CASES).filter(|case| case.len() == strip.len());
        same_length.map(move |case| (at, case))
    });
    let cases: Vec<Vec<u8>> = cases
        .map(|(at, case)| [&good[..at], &case, &good[at + case.len()..]].concat())
        .filter(|case| *case != good)
        .collect();
    let pixels: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel)).collect();
    let survived =
        patchweave_testkit::survive("deflated strips", "tif", &good, cases.into_iter(), |path, case| {
            let patch = whole(path, case.is_multiple_of(2))?;
            assert!(patch.iter().eq(&pixels), "case {case} reads as other pixels");
            Ok(())
        });
    assert!(survived.n_refused > 1000, "{survived:?}");
}

/// However large the image is that damage makes of a small one.
#[cfg(target_os = "linux")]
#[test]
fn damaged_files_take_no_more_memory_than_limits_allow() {
    let peak = || -> usize {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
    };
    let before = peak();
    let layout = TiffLayout { is_deflated: true, ..TiffLayout::default() };
    let good = layout.file(&pages_of(&layout, &ramp(&[3, 23, 17, 1])));
    let pixels = good.len() / 3;
    let cases = mutations(500, &good[pixels..], N_CASES).map(|tail| [&good[..pixels], &tail].concat());
    survive("deflated strips", &good, cases);
    let more = peak().saturating_sub(before);
    assert!(more < MOST_MEMORY, "{more} bytes more than before");
}
