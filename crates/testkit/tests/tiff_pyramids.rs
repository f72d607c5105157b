//! Pages that are reduced copies without saying so, and pages of different size that are not.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;

use ndarray::{ArrayD, Axis, Ix4};
use patchweave_formats::{FileFormat, Formats, OpenOptions, OpenRequest, Pyramid, open};
use patchweave_geometry::{Axes, Region};
use patchweave_stack::{ImageStackExt, StackError};
use patchweave_testkit::{TagValues, TiffLayout, TiffPage, canonical_f32, ramp};

const TILES: TiffLayout = TiffLayout {
    order: patchweave_pixel::ByteOrder::Little,
    is_big: false,
    bits: 16,
    tile: Some([16, 16]),
    is_planar: false,
    is_deflated: true,
};
const STRIPS: TiffLayout = TiffLayout { tile: None, ..TILES };

/// A page of a height and a width in three samples.
fn page(layout: &TiffLayout, [height, width]: [usize; 2]) -> TiffPage {
    let image: ArrayD<u16> = ramp(&[1, height, width, 3]);
    layout.pages(image.view().into_dimensionality::<Ix4>().unwrap()).remove(0)
}

fn described(mut page: TiffPage, text: &str) -> TiffPage {
    page.tags.push((270, TagValues::Text(text.to_owned())));
    page
}

fn images(path: &Path, pages: &[TiffPage]) -> Vec<Pyramid> {
    fs::write(path, TILES.file(pages)).unwrap();
    let options = OpenOptions::default();
    let mut request = OpenRequest::new(path, &options);
    request.n_levels = None;
    Formats::default().open("tiff", &request).unwrap()
}

fn sizes(images: &[Pyramid]) -> Vec<Vec<Vec<usize>>> {
    let size = |stack: &std::sync::Arc<dyn patchweave_stack::ImageStack>| {
        stack.info().shape().extent.as_slice().to_vec()
    };
    images.iter().map(|levels| levels.iter().map(size).collect()).collect()
}

#[test]
fn slides_are_one_image_with_levels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slide.tif");
    let full = page(&TILES, [96, 130]);
    // A thumbnail, copies, and pictures of the label and the slide, none of which says what it is.
    let beside = [
        page(&STRIPS, [30, 41]),
        page(&TILES, [48, 65]),
        page(&TILES, [24, 33]),
        page(&STRIPS, [20, 17]),
        page(&STRIPS, [15, 60]),
    ];
    let levels = [[96, 130], [48, 65], [30, 41], [24, 33]].map(Vec::from).to_vec();
    for text in ["Aperio Image Library v11.2.1\r\n130x96", ""] {
        let pages: Vec<TiffPage> =
            [described(full.clone(), text)].into_iter().chain(beside.clone()).collect();
        let images = images(&path, &pages);
        assert_eq!(sizes(&images), std::slice::from_ref(&levels), "{text:?}");
        let axes: Axes = "YXC".parse().unwrap();
        for (level, size) in images[0].iter().zip(&levels) {
            let expected = canonical_f32(&ramp::<u16>(&[size[0], size[1], 3]), &axes).unwrap();
            let got = level.read_patch(0, None, &Region::whole(level.info().shape().extent)).unwrap();
            assert_eq!(got.index_axis(Axis(1), 0).into_dyn(), expected.index_axis(Axis(0), 0), "{size:?}");
            let told = level.info().notes.join("\n");
            // Only of the maker is it known that the rest are pictures.
            match text {
                "" => assert!(
                    told.starts_with("5 pages are taken for smaller copies of page 0 or for"),
                    "{told}"
                ),
                _ => assert_eq!(told, ""),
            }
        }
    }
    // Without copies in tiles, only the maker's name tells that the rest are pictures.
    let few = |text| vec![described(full.clone(), text), beside[0].clone(), beside[3].clone()];
    assert_eq!(
        sizes(&images(&path, &few("Aperio Image Library"))),
        [[[96, 130], [30, 41]].map(Vec::from).to_vec()]
    );
    let more = [[[96, 130], [30, 41]].map(Vec::from).to_vec(), vec![vec![20, 17]]];
    assert_eq!(sizes(&images(&path, &few(""))), more);
}

/// A tiled image and a smaller one of its own, and a mask in strips, each with its own shape.
#[test]
fn arrays_are_images_even_in_tiles() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays.tif");
    let array = |layout: &TiffLayout, [height, width]: [usize; 2]| {
        described(page(layout, [height, width]), &format!("{{\"shape\": [{height}, {width}, 3]}}"))
    };
    let axes: Axes = "YXC".parse().unwrap();
    for sizes in
        [vec![[96, 128], [48, 64]], vec![[96, 128], [48, 64], [24, 32]], vec![[96, 128], [48, 64], [96, 130]]]
    {
        for last in [TILES, STRIPS] {
            let n = sizes.len();
            let layout = |at| if at + 1 == n { &last } else { &TILES };
            let pages: Vec<TiffPage> =
                sizes.iter().enumerate().map(|(at, size)| array(layout(at), *size)).collect();
            fs::write(&path, TILES.file(&pages)).unwrap();
            let stacks = open(&path, FileFormat::Tiff, Some(&axes), &OpenOptions::default()).unwrap();
            let found: Vec<&[usize]> = stacks.iter().map(|stack| &stack.info().layout.shape()[..2]).collect();
            assert_eq!(found, sizes.iter().map(|size| &size[..]).collect::<Vec<_>>());
        }
    }
    // A copy that nobody calls an array is one, and a mask that is called one stays an image beside it.
    let mask: ArrayD<u16> = ramp(&[1, 96, 128, 1]);
    let mask = STRIPS.pages(mask.view().into_dimensionality::<Ix4>().unwrap()).remove(0);
    let mask = described(mask, "{\"shape\": [96, 128], \"axes\": \"YX\"}");
    let full = described(page(&TILES, [96, 128]), "{\"shape\": [96, 128, 3], \"axes\": \"YXS\"}");
    let found = images(&path, &[full, page(&TILES, [48, 64]), mask]);
    assert_eq!(sizes(&found), [vec![vec![96, 128], vec![48, 64]], vec![vec![96, 128]]]);
}

#[test]
fn pages_that_halve_again_and_again_are_levels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.tif");
    let pages = [[65, 48], [32, 24], [16, 12]].map(|size| page(&STRIPS, size));
    let levels = [[65, 48], [32, 24], [16, 12]].map(Vec::from).to_vec();
    assert_eq!(sizes(&images(&path, &pages)), [levels]);
    // Pages that somebody calls arrays of their own are not.
    let shapes = [[65, 48], [32, 24], [16, 12]];
    let arrays = shapes
        .map(|size| described(page(&STRIPS, size), &format!("{{\"shape\": [{}, {}, 3]}}", size[0], size[1])));
    assert_eq!(sizes(&images(&path, &arrays)).len(), 3);
}

#[test]
fn stacks_of_different_size_stay_images_and_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stacks.tif");
    for pages in [
        // One step down could be anything.
        vec![page(&STRIPS, [64, 48]), page(&STRIPS, [32, 24])],
        vec![page(&STRIPS, [10, 10]), page(&STRIPS, [20, 20])],
        // Not the same proportion, not small enough, not the same samples, not as many.
        vec![page(&TILES, [64, 48]), page(&TILES, [32, 20])],
        vec![page(&TILES, [64, 48]), page(&TILES, [48, 36])],
        vec![page(&TILES, [64, 48]), page(&TILES, [64, 48]), page(&TILES, [32, 24])],
        vec![page(&STRIPS, [64, 48]), page(&STRIPS, [32, 24]), page(&STRIPS, [24, 18])],
        // Another image in tiles says that tiles are no pyramid here.
        vec![page(&TILES, [64, 48]), page(&TILES, [32, 24]), page(&TILES, [50, 50])],
    ] {
        fs::write(&path, TILES.file(&pages)).unwrap();
        let forms: std::collections::BTreeSet<_> =
            pages.iter().map(|page| format!("{:?}", page.tags)).collect();
        let stacks =
            open(&path, FileFormat::Tiff, Some(&"SYXC".parse().unwrap()), &OpenOptions::default()).unwrap();
        assert_eq!(stacks.len(), forms.len());
        let told = format!("are {} images", forms.len());
        assert!(stacks[0].info().notes[0].contains(&told), "{:?}", stacks[0].info().notes);
        assert!(stacks[0].info().notes[0].contains("stacks.tif/0 reads one of them"));
        assert!(stacks[1..].iter().all(|stack| stack.info().notes.is_empty()));
        let one =
            open(&path.join("1"), FileFormat::Tiff, Some(&"YXC".parse().unwrap()), &OpenOptions::default());
        assert_eq!((one.as_ref().unwrap().len(), one.unwrap()[0].info().notes.len()), (1, 0));
    }
}

#[test]
fn a_page_of_another_size_says_which_path_reads_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stack.tif");
    let grey = |[height, width]: [usize; 2]| {
        let image: ArrayD<u16> = ramp(&[1, height, width, 1]);
        STRIPS.pages(image.view().into_dimensionality::<Ix4>().unwrap()).remove(0)
    };
    let text = "ImageJ=1.54f\nimages=3\nslices=3\n";
    let pages = [described(grey([20, 24]), text), grey([20, 24]), grey([9, 7])];
    fs::write(&path, STRIPS.file(&pages)).unwrap();
    let options = OpenOptions::default();
    let error = open(&path, FileFormat::Tiff, None, &options).err().unwrap();
    assert!(matches!(error.innermost(), StackError::Damaged { .. }), "{error:?}");
    let error = error.to_string();
    assert!(
        error.contains("got 2 pages, expected the 3") && error.ends_with("stack.tif/1 reads the rest"),
        "{error}"
    );
    let rest = open(&path.join("1"), FileFormat::Tiff, None, &options).unwrap();
    assert_eq!(rest[0].info().layout.shape(), [9, 7]);

    // Axes that fit one of the images and not the other.
    fs::write(&path, STRIPS.file(&[grey([20, 24]), grey([20, 24]), grey([9, 7])])).unwrap();
    let error =
        open(&path, FileFormat::Tiff, Some(&"YX".parse().unwrap()), &options).err().unwrap().to_string();
    assert!(error.contains("stack.tif/0: axes YX name 2 dimensions"), "{error}");
    assert!(error.ends_with("stack.tif/1 reads the rest"), "{error}");
}
