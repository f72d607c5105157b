//! Strips and tiles that were never written, and tags that mean nothing where they stand.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array4, ArrayD, Ix4, s};
use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::Region;
use patchweave_pixel::ByteOrder;
use patchweave_stack::{ImageStack, ImageStackExt, StackError};
use patchweave_testkit::{TagValues, TiffLayout, TiffPage, ramp};

const SIZES: [usize; 4] = [3, 37, 29, 2];

fn stack(path: &Path, axes: &str, map_files: bool) -> Result<Arc<dyn ImageStack>, StackError> {
    let mut options = OpenOptions::default();
    options.map_files = map_files;
    Ok(open(path, FileFormat::Tiff, Some(&axes.parse().unwrap()), &options)?.remove(0))
}

/// The whole image in the order of the pages, `NYXC`.
fn pixels(stack: &dyn ImageStack) -> Result<Array4<f32>, StackError> {
    let shape = stack.info().shape();
    let mut all = Array4::zeros((shape.n_samples, SIZES[1], SIZES[2], shape.n_channels));
    for sample in 0..shape.n_samples {
        let patch = stack.read_patch(sample, None, &Region::whole(shape.extent))?;
        all.slice_mut(s![sample, .., .., ..])
            .assign(&patch.slice(s![.., 0, .., ..]).permuted_axes([1, 2, 0]));
    }
    Ok(all)
}

/// Rows, columns and samples of a chunk of a page.
fn part(layout: &TiffLayout, chunk: usize) -> [std::ops::Range<usize>; 3] {
    let [height, width] = layout.tile.unwrap_or([7, SIZES[2]]);
    let [down, across] = [SIZES[1].div_ceil(height), SIZES[2].div_ceil(width)];
    let sample = chunk / (down * across);
    let place = chunk % (down * across);
    let y = place / across * height;
    let x = place % across * width;
    let samples = if layout.is_planar { sample..sample + 1 } else { 0..SIZES[3] };
    [y..(y + height).min(SIZES[1]), x..(x + width).min(SIZES[2]), samples]
}

#[test]
fn what_was_never_written_is_zero_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let image: ArrayD<u16> = ramp(&SIZES);
    let image = image.mapv(|pixel| pixel.max(1)).into_dimensionality::<Ix4>().unwrap();
    for bits in 0..32_u32 {
        let is_set = |bit: u32| bits >> bit & 1 == 1;
        let layout = TiffLayout {
            order: if is_set(0) { ByteOrder::Big } else { ByteOrder::Little },
            is_big: is_set(1),
            tile: is_set(2).then_some([16, 16]),
            is_planar: is_set(3),
            is_deflated: is_set(4),
            ..TiffLayout::default()
        };
        let axes = if layout.is_planar { "SCYX" } else { "SYXC" };
        let absent: [fn(usize, usize, usize) -> bool; 5] = [
            |page, chunk, _| page == 0 && chunk == 0,
            |page, chunk, n| page == 2 && chunk == n - 1,
            |page, _, _| page == 1,
            |page, chunk, _| (page + chunk) % 3 == 1,
            |_, _, _| true,
        ];
        for is_absent in absent {
            let mut pages = layout.pages(image.view());
            let mut expected = image.mapv(f32::from);
            for (number, page) in pages.iter_mut().enumerate() {
                let n = page.chunks.len();
                for chunk in (0..n).filter(|&chunk| is_absent(number, chunk, n)) {
                    page.chunks[chunk].clear();
                    let [y, x, c] = part(&layout, chunk);
                    expected.slice_mut(s![number, y, x, c]).fill(0.0);
                }
            }
            fs::write(&path, layout.file(&pages)).unwrap();
            for map_files in [true, false] {
                let stack = stack(&path, axes, map_files).unwrap();
                assert!(pixels(&*stack).unwrap() == expected, "{layout:?}, mapped: {map_files}");
            }
        }
    }
}

/// One strip that is the whole page, as many programs write it.
#[test]
fn pages_in_one_strip_may_be_absent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let image = ramp::<u16>(&SIZES).into_dimensionality::<Ix4>().unwrap();
    let layout = TiffLayout::default();
    let mut pages = layout.pages(image.view());
    for page in &mut pages {
        page.tags.retain(|(tag, _)| *tag != 278);
        page.chunks = vec![page.chunks.concat()];
    }
    pages[1].chunks[0].clear();
    fs::write(&path, layout.file(&pages)).unwrap();
    let mut expected = image.mapv(f32::from);
    expected.slice_mut(s![1, .., .., ..]).fill(0.0);
    for map_files in [true, false] {
        assert_eq!(pixels(&*stack(&path, "SYXC", map_files).unwrap()).unwrap(), expected);
    }
}

fn page(layout: &TiffLayout, places: Vec<u32>, sizes: Option<Vec<u32>>) -> TiffPage {
    let image = ramp::<u16>(&[1, 7, 29, 2]).into_dimensionality::<Ix4>().unwrap();
    let mut page = layout.pages(image.view()).remove(0);
    // The first of two equal tags counts; a count of 0 takes one away.
    page.tags.push((273, TagValues::Long(places)));
    page.tags.push((279, TagValues::Long(sizes.unwrap_or_default())));
    page
}

#[test]
fn what_lost_its_place_or_its_size_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    for is_deflated in [false, true] {
        let layout = TiffLayout { is_deflated, ..TiffLayout::default() };
        // A size that is too large is of no matter where pixels are not compressed.
        let too_large = if is_deflated { 1 << 30 } else { 0 };
        for (places, sizes) in [(0, 812), (8, 0), (8, too_large), (1 << 30, 812)] {
            fs::write(&path, layout.file(&[page(&layout, vec![places], Some(vec![sizes]))])).unwrap();
            for map_files in [true, false] {
                let read = stack(&path, "YXC", map_files).and_then(|stack| {
                    stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).map(drop)
                });
                let error = read.expect_err(&format!("{places} {sizes} deflated: {is_deflated}"));
                assert!(
                    matches!(error, StackError::Damaged { .. } | StackError::Undecodable { .. }),
                    "{error:?}"
                );
            }
        }
    }
}

#[test]
fn predictors_of_pixels_as_they_are_mean_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let image = ramp::<u16>(&SIZES).into_dimensionality::<Ix4>().unwrap();
    for (tile, predictor) in [(None, 2), (Some([16, 16]), 2), (None, 3), (None, 34892)] {
        let layout = TiffLayout { tile, ..TiffLayout::default() };
        let mut pages = layout.pages(image.view());
        for page in &mut pages {
            page.tags.push((317, TagValues::Short(vec![predictor])));
        }
        fs::write(&path, layout.file(&pages)).unwrap();
        for map_files in [true, false] {
            let stack = stack(&path, "SYXC", map_files).unwrap();
            assert_eq!(pixels(&*stack).unwrap(), image.mapv(f32::from), "{tile:?} {predictor}");
        }
    }
}
