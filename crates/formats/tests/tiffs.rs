//! TIFF files whose pages and descriptions are not the usual ones.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_formats::{FileFormat, OpenOptions};
use patchweave_geometry::{Extent, PerAxis, Region};
use patchweave_stack::{ImageStack, ImageStackExt, StackError};
use tempfile::TempDir;
use tiff::encoder::{Compression, DeflateLevel};

use common::{Page, write_tiff};

fn open(path: &Path, axes: &str) -> Result<Arc<dyn ImageStack>, StackError> {
    open_with(path, axes, &OpenOptions::default())
}

fn open_with(path: &Path, axes: &str, options: &OpenOptions) -> Result<Arc<dyn ImageStack>, StackError> {
    let mut stacks = patchweave_formats::open(path, FileFormat::Tiff, Some(&axes.parse().unwrap()), options)?;
    assert_eq!(stacks.len(), 1);
    Ok(stacks.remove(0))
}

/// A file of pages of 5 × 4 pixels in strips of 2 rows.
fn file(n_pages: usize, description: &str, compression: Compression) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let pages: Vec<Page> = (0..n_pages).map(|_| Page { height: 5, width: 4, rows_per_strip: 2 }).collect();
    write_tiff(&path, &pages, description, compression);
    (folder, path)
}

fn assert_counts_up(stack: &dyn ImageStack) {
    let whole = Region::whole(stack.info().shape().extent);
    let mut next = 0.0;
    for sample_idx in 0..stack.info().shape().n_samples {
        for pixel in stack.read_patch(sample_idx, None, &whole).unwrap() {
            assert_eq!(pixel, next);
            next += 1.0;
        }
    }
}

#[test]
fn dimensions_of_size_1_count_where_shaped_metadata_names_them() {
    for (shape, n_pages, axes) in [
        ("[5, 4, 1]", 1, "YXC"),
        ("[5, 4, 1]", 1, "XYC"),
        ("[1, 1, 5, 4]", 1, "SCYX"),
        ("[2, 5, 4, 1]", 2, "SYXC"),
        ("[2, 1, 5, 4, 1]", 2, "SZYXC"),
    ] {
        let description = format!(r#"{{"shape": {shape}, "axes": "{axes}"}}"#);
        let (_folder, path) = file(n_pages, &description, Compression::Uncompressed);
        let stack = open(&path, axes).unwrap();
        assert_eq!(format!("{:?}", stack.info().layout.shape()), shape);
        assert_eq!(stack.info().chunks.as_ref().unwrap().len(), axes.len());
        if axes.contains("YX") {
            assert_counts_up(&stack);
        } else {
            let part = Region { start: PerAxis::new(&[1, 3]).unwrap(), size: Extent::new(&[2, 2]).unwrap() };
            let patch = stack.read_patch(0, None, &part).unwrap();
            assert_eq!(patch.as_slice().unwrap(), [13.0, 17.0, 14.0, 18.0], "stored as XY");
        }
    }
}

#[test]
fn shapes_that_do_not_end_in_a_page_say_nothing() {
    let (_folder, path) = file(1, r#"{"shape": [5, 1, 4]}"#, Compression::Uncompressed);
    let stack = open(&path, "YCX").unwrap();
    assert_eq!(
        (stack.info().layout.shape(), stack.info().shape().to_vec()),
        (&[5, 1, 4][..], vec![1, 1, 5, 4])
    );
    assert_counts_up(&stack);
    let (_folder, path) = file(2, r#"{"shape": [3, 5, 4, 1]}"#, Compression::Uncompressed);
    let error = open(&path, "SYXC").err().unwrap().to_string();
    assert!(error.ends_with("got 2 pages, expected the 3 that the image description names"), "{error}");
}

#[test]
fn pages_may_be_cut_into_strips_of_different_height() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let page = |rows_per_strip| Page { height: 7, width: 4, rows_per_strip };
    write_tiff(&path, &[page(3), page(7), page(2)], "", Compression::Uncompressed);
    let stack = open(&path, "ZYX").unwrap();
    assert_eq!(stack.info().chunks, Some(vec![1, 3, 4]));
    assert_counts_up(&stack);
    // Chunks have to be of one size, so planes are decoded as a whole, and that is what is told.
    let path = folder.path().join("deflated.tif");
    write_tiff(&path, &[page(3), page(7), page(2)], "", Compression::Deflate(DeflateLevel::Fast));
    let stack = open(&path, "ZYX").unwrap();
    assert_eq!(stack.info().chunks, Some(vec![1, 7, 4]));
    assert_counts_up(&stack);
}

/// What was decoded is taken from the cache without a look at the file.
#[test]
fn decoded_pixels_need_no_file() {
    for rows_per_strip in [[2, 2], [2, 5]] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tif");
        let pages = rows_per_strip.map(|rows_per_strip| Page { height: 5, width: 4, rows_per_strip });
        write_tiff(&path, &pages, "", Compression::Deflate(DeflateLevel::Fast));
        let mut options = OpenOptions::default();
        options.files = patchweave_formats::FilePool::new(1);
        let stack = open_with(&path, "ZYX", &options).unwrap();
        assert_counts_up(&stack);
        let other = folder.path().join("other.tif");
        write_tiff(&other, &pages, "", Compression::Deflate(DeflateLevel::Fast));
        let second = open_with(&other, "ZYX", &options).unwrap();
        assert_counts_up(&second);
        assert_eq!(options.files.held(), [other]);
        std::fs::remove_file(&path).unwrap();
        assert_counts_up(&stack);
    }
}

#[test]
fn pages_of_different_size_are_images_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let page = |height| Page { height, width: 4, rows_per_strip: 2 };
    write_tiff(&path, &[page(5), page(6), page(5)], "", Compression::Uncompressed);
    let all = patchweave_formats::open(&path, FileFormat::Tiff, None, &OpenOptions::default());
    let error = all.err().unwrap().to_string();
    assert!(
        error.contains("image.tif/0: the file names its dimensions of sizes [2, 5, 4] only as ?YX"),
        "{error}"
    );
    let first = open(&path.join("0"), "ZYX").unwrap();
    assert_eq!(first.info().shape().to_vec(), [1, 1, 2, 5, 4]);
    let second = patchweave_formats::open(&path.join("1"), FileFormat::Tiff, None, &OpenOptions::default());
    let second = second.unwrap().remove(0);
    assert_eq!(second.info().shape().to_vec(), [1, 1, 6, 4]);
    let whole = Region::whole(second.info().shape().extent);
    assert_eq!(second.read_patch(0, None, &whole).unwrap()[[0, 0, 0, 0]], 20.0);
    let error = open(&path.join("2"), "YX").err().unwrap().to_string();
    assert!(error.contains("the list of images: got 2 images"), "{error}");
}

#[test]
fn planes_behind_a_single_directory_must_be_there() {
    let description = "ImageJ=1.54f\nimages=3\nslices=3\n";
    let (_folder, path) = file(1, description, Compression::Uncompressed);
    let error = open(&path, "ZYX").err().unwrap();
    assert!(matches!(error, StackError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("among them, expected 3 planes from byte"), "{error}");
}

#[test]
fn missing_pages_are_an_error() {
    let description = "ImageJ=1.54f\nimages=100\nslices=100\n";
    for (n_pages, compression) in [
        (2, Compression::Uncompressed),
        (1, Compression::Uncompressed),
        (1, Compression::Deflate(DeflateLevel::Fast)),
    ] {
        let (_folder, path) = file(n_pages, description, compression);
        let error = open(&path, "ZYX").err().unwrap();
        assert!(matches!(error, StackError::Damaged { .. }), "{error:?}");
    }
}

#[test]
fn decoded_strips_are_kept_within_the_budget() {
    for (chunk_cache_bytes, is_kept) in [(u64::MAX, true), (0, false)] {
        let (_folder, path) = file(1, "", Compression::Deflate(DeflateLevel::Fast));
        let stack = open_with(&path, "YX", &OpenOptions::with_cache_bytes(chunk_cache_bytes)).unwrap();
        let whole = Region::whole(stack.info().shape().extent);
        let before = stack.read_patch(0, None, &whole).unwrap();
        let n_bytes = std::fs::metadata(&path).unwrap().len();
        std::fs::write(&path, vec![0; usize::try_from(n_bytes).unwrap()]).unwrap();
        let after = stack.read_patch(0, None, &whole);
        assert_eq!(after.is_ok_and(|after| after == before), is_kept);
    }
}

#[test]
fn the_larger_promise_of_imagej_counts() {
    let error = |text: &str, n_pages: usize| {
        let (_folder, path) = file(n_pages, text, Compression::Deflate(DeflateLevel::Fast));
        let error = open(&path, "ZYX").err().unwrap();
        assert!(matches!(error, StackError::Damaged { .. }), "{text:?}: {error:?}");
        error.to_string()
    };
    let promised = error("ImageJ=1.54f\nimages=10\nslices=10\nchannels=2\n", 10);
    assert!(
        promised.ends_with("got 10 pages, expected the 20 that the image description names"),
        "{promised}"
    );
    error("ImageJ=1.54f\nslices=3\n", 2);
    for line in ["images=ten", "slices=-3", "channels=2.5", "frames=99999999999999999999"] {
        let unreadable = error(&format!("ImageJ=1.54f\n{line}\n"), 3);
        assert!(unreadable.ends_with(&format!("got {line}, expected a number of planes")), "{unreadable}");
    }
    error("ImageJ=1.54f\nslices=9223372036854775807\nframes=9223372036854775807\n", 3);
}

#[test]
fn shapes_of_more_than_the_pages_hold_are_damaged() {
    for shape in [
        "[5, 1, 5]",
        "[2, 7, 5]",
        "[9223372036854775807, 9223372036854775807, 5, 4]",
        "[100000000000000000000000, 5, 4]",
    ] {
        let (_folder, path) = file(1, &format!("{{\"shape\": {shape}}}"), Compression::Uncompressed);
        let error = open(&path, "YX").err().unwrap();
        assert!(matches!(error, StackError::Damaged { .. }), "{shape}: {error:?}");
    }
    // What holds less than the pages is about something else.
    let (_folder, path) = file(2, "{\"shape\": [3, 3]}", Compression::Uncompressed);
    assert_eq!(open(&path, "ZYX").unwrap().info().layout.shape(), [2, 5, 4]);
}

#[test]
fn places_and_looks_of_ome_images_are_known() {
    let ome = |plane: &str| {
        let pixels = "DimensionOrder=\"XYZCT\" SizeX=\"4\" SizeY=\"5\" SizeZ=\"2\" SizeC=\"2\" SizeT=\"1\" Type=\"uint16\"";
        let channels = "<Channel Color=\"65535\"/><Channel Color=\"-16776961\"/>";
        format!(
            "<OME><Image><Pixels {pixels}>{channels}<TiffData/><Plane TheC=\"0\" TheZ=\"0\" TheT=\"0\" {plane}/>\
             </Pixels></Image></OME>"
        )
    };
    let position =
        "PositionZ=\"-1.5\" PositionZUnit=\"mm\" PositionY=\"20\" PositionYUnit=\"&#181;m\" PositionX=\"30\"";
    let info = |plane: &str| {
        let (_folder, path) = file(4, &ome(plane), Compression::Uncompressed);
        open(&path, "CZYX").unwrap().info().clone()
    };
    let told = info(&format!("{position} PositionXUnit=\"nm\""));
    assert_eq!(told.translation, Some(PerAxis::new(&[-1500.0, 20.0, 0.03]).unwrap()));
    assert_eq!(told.channel_colors, Some(vec![[0, 0, 255], [255, 0, 0]]));
    assert_eq!((told.channel_windows, told.is_labels), (None, false));
    // Without a unit it is a place in a frame that nobody describes.
    assert_eq!(info(position).translation, None);
}

#[test]
fn imagej_shows_one_channel_in_a_window() {
    for (n_channels, axes, expected) in [(1, "ZYX", Some(vec![(12.5, 200.0)])), (2, "CYX", None)] {
        let planes = if n_channels == 1 { "slices=2" } else { "channels=2" };
        let description = format!("ImageJ=1.54f\nimages=2\n{planes}\nmin=12.5\nmax=200.0\n");
        let (_folder, path) = file(2, &description, Compression::Uncompressed);
        assert_eq!(open(&path, axes).unwrap().info().channel_windows, expected);
    }
}
