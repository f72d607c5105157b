//! Predictions that would be wrong images: refused by name, and nothing of them is left.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::sync::Arc;

use ndarray::Array;
use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave_geometry::{Extent, ImageShape, PerAxis, RegionSpec, TileSpec};
use patchweave_loader::{Loader, LoaderOptions, Order};
use patchweave_patching::{FixedPatching, PatchRng, Patching, RandomPatching, TiledPatching, WholePatching};
use patchweave_pixel::PixelType;
use patchweave_predict::{Identity, PredictError, Predictor};
use patchweave_sink::{ImageSpec, create};
use patchweave_stack::{ArrayStack, ImageStack};

/// Two images of two samples each, 20 × 20 pixels.
fn input() -> PatchExtractor {
    let stack = |seed: usize| -> Arc<dyn ImageStack> {
        let image = Array::from_shape_fn((2, 20, 20), |(s, y, x)| {
            u16::try_from(seed + s * 400 + y * 20 + x).unwrap()
        });
        Arc::new(ArrayStack::new(image.into_dyn(), &"SYX".parse().unwrap()).unwrap())
    };
    PatchExtractor::new(vec![stack(0), stack(1000)]).unwrap()
}

fn extent(size: usize) -> Extent {
    Extent::new(&[size, size]).unwrap()
}

/// 3 × 3 tiles per sample, 18 per image, 36 in all.
fn tiled(shapes: &[ImageShape]) -> TiledPatching {
    TiledPatching::new(shapes, extent(8), Some(PerAxis::new(&[2, 2]).unwrap())).unwrap()
}

/// The specs of a patching, as a list to tamper with.
fn specs(patching: &impl Patching) -> Vec<RegionSpec> {
    (0..patching.n_patches())
        .map(|index| patching.spec(index, &mut PatchRng::for_patch(0, 0, index)).unwrap())
        .collect()
}

/// Predicts both images; if that fails, the folder has as many files as images were finished before.
fn predict(
    patching: impl Patching + 'static,
    options: LoaderOptions,
    n_finished: usize,
) -> Result<(), PredictError> {
    let input = input();
    let layout = input.info(0).unwrap().layout.clone();
    let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
    let loader = Loader::new(Dataset::new(Arc::new(constr), 0), options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |data_idx: usize| folder.path().join(format!("{data_idx}.tiff"));
    let sinks = |data_idx: usize, _n_channels: usize| {
        Ok(vec![create(path(data_idx), "tiff", ImageSpec::new(layout.clone(), PixelType::U16))?])
    };
    let result = Predictor::new(&loader, &Identity).run(sinks, |_| true);
    let n_files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(n_files, if result.is_ok() { 2 } else { n_finished });
    assert!((0..n_files).all(|data_idx| path(data_idx).exists()));
    result.map(|written| assert_eq!(written, [path(0), path(1)].map(patchweave_sink::Location::Path)))
}

fn refused(patching: impl Patching + 'static, n_finished: usize) -> String {
    let options = LoaderOptions { batch_size: 1, ..Default::default() };
    predict(patching, options, n_finished).unwrap_err().to_string()
}

#[test]
fn tilings_and_whole_samples_are_written() {
    for batch_size in [1, 4, 100] {
        let options = LoaderOptions { batch_size, n_workers: 2, ..Default::default() };
        predict(tiled(input().shapes()), options, 0).unwrap();
        predict(WholePatching::new(input().shapes()).unwrap(), options, 0).unwrap();
    }
}

#[test]
fn loaders_deliver_everything_in_sequence() {
    let shuffled = LoaderOptions { order: Order::Shuffled, batch_size: 36, ..Default::default() };
    let error = predict(tiled(input().shapes()), shuffled, 0).unwrap_err();
    assert!(matches!(error, PredictError::PatchOrder { expected: 0, got: 1.. }), "{error}");
    let dropped = LoaderOptions { drop_last: true, batch_size: 5, ..Default::default() };
    let error = predict(tiled(input().shapes()), dropped, 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "got 35 patches, expected all 36; a prediction needs a loader that keeps the last batch"
    );
}

#[test]
fn patches_are_whole_samples_in_order() {
    let random = RandomPatching::new(input().shapes(), extent(8)).unwrap();
    let error = refused(random, 0);
    assert!(error.starts_with("patch 0 of image 0 (array): got 8 × 8 at ["), "{error}");
    assert!(error.ends_with("expected a tile or all of 20 × 20"), "{error}");

    let whole = specs(&WholePatching::new(input().shapes()).unwrap());
    let listed =
        |indices: &[usize]| FixedPatching::new(indices.iter().map(|&index| whole[index].clone()).collect());
    assert_eq!(refused(listed(&[0, 0]), 0), "patch 1 of image 0 (array): got sample 0, expected 1");
    assert_eq!(refused(listed(&[0, 2, 3]), 0), "image 0 (array): got 1 samples, expected 2");
    assert_eq!(refused(listed(&[0, 1, 2]), 1), "image 1 (array): got 1 samples, expected 2");
    assert_eq!(
        refused(listed(&[0, 1, 2, 3, 0]), 1),
        "patch 4 belongs to image 0 (array), which is already finished"
    );
}

#[test]
fn tiles_cover_their_image() {
    let tiles = specs(&tiled(input().shapes()));
    let without = |missing: &[usize]| {
        let kept = tiles.iter().enumerate().filter(|(index, _)| !missing.contains(index));
        FixedPatching::new(kept.map(|(_, spec)| spec.clone()).collect())
    };
    let row_ends = |got, expected| {
        format!("image 0 (array): got a row of tiles up to X = {got}, expected it to reach {expected}")
    };
    assert_eq!(refused(without(&[1]), 0), row_ends(7, 13));
    assert_eq!(refused(without(&[5]), 0), row_ends(13, 20));
    let uncovered = |data_idx, at, sample_idx| {
        format!(
            "image {data_idx} (array): got no tile over the pixel {at} of sample {sample_idx}, expected tiles over all \
             pixels"
        )
    };
    assert_eq!(refused(without(&[3, 4, 5]), 0), uncovered(0, "[7, 0]", 0));
    assert_eq!(refused(without(&[33, 34, 35]), 1), uncovered(1, "[13, 0]", 1));

    // As many tiles as there are, but one row twice and another one never.
    let rows = |rows: &[usize]| {
        let of_row = |row: &usize| tiles[row * 3..row * 3 + 3].to_vec();
        FixedPatching::new(rows.iter().flat_map(of_row).chain(tiles[18..].to_vec()).collect())
    };
    let twice = |index, place| {
        format!("patch {index} of image 0 (array): got the tile at {place} of sample 0 a second time")
    };
    assert_eq!(refused(rows(&[0, 0, 2, 3, 4, 5]), 0), twice(3, "[0, 0]"));
    assert_eq!(refused(rows(&[0, 2, 0, 3, 4, 5]), 0), twice(6, "[0, 0]"));
    assert_eq!(refused(rows(&[0, 1, 2, 3, 4, 5, 1]), 0), twice(18, "[7, 0]"));
    let again = |index: usize, of: usize| {
        let mut tiles = tiles.clone();
        tiles[index] = tiles[of].clone();
        FixedPatching::new(tiles)
    };
    assert_eq!(refused(again(2, 1), 0), twice(2, "[0, 7]"));

    // Column by column, every row would overwrite the one before it with zeros.
    let by_column = (0..36).map(|place| tiles[place / 9 * 9 + place % 3 * 3 + place % 9 / 3].clone());
    assert_eq!(refused(FixedPatching::new(by_column.collect()), 0), row_ends(7, 20));
}

#[test]
fn every_image_gets_patches() {
    let missing =
        |data_idx| format!("got no patch of image {data_idx}, expected patches of each of the 2 images");
    for all in [specs(&tiled(input().shapes())), specs(&WholePatching::new(input().shapes()).unwrap())] {
        let of_image = |data_idx: usize| {
            let is_of = |spec: &&RegionSpec| spec.patch().is_some_and(|patch| patch.data_idx == data_idx);
            FixedPatching::new(all.iter().filter(is_of).cloned().collect())
        };
        assert_eq!(refused(of_image(0), 1), missing(1));
        assert_eq!(refused(of_image(1), 0), missing(0));
    }
}

/// Once there are tiles, the pixel that is missing is told, not a number of samples.
#[test]
fn tiles_beside_whole_samples_cover_their_image() {
    let tiles = specs(&tiled(input().shapes()));
    let whole = specs(&WholePatching::new(input().shapes()).unwrap());
    let mixed =
        |n_tiles: usize| FixedPatching::new([&whole[..1], &tiles[9..9 + n_tiles], &tiles[18..]].concat());
    let options = LoaderOptions { batch_size: 1, ..Default::default() };
    let error = predict(mixed(6), options, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "image 0 (array): got no tile over the pixel [13, 0] of sample 1, expected tiles over all pixels"
    );
    predict(mixed(9), options, 0).unwrap();
}

#[test]
fn tiles_are_not_kept_in_front_of_their_image() {
    for at in [[-1, 0], [0, -1]] {
        let mut tiles = specs(&tiled(input().shapes()));
        let tile = *tiles[0].tile().unwrap();
        tiles[0] = TileSpec { stitch_coords: PerAxis::new(&at).unwrap(), ..tile }.into();
        let options = LoaderOptions { batch_size: 1, ..Default::default() };
        let error = predict(FixedPatching::new(tiles), options, 0).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, format!("tile at {at:?} of size [7, 7] leaves the image of shape [1, 1, 20, 20]"));
    }
}
