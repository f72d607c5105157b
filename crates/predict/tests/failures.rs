//! Predictions that end early or would be wrong: refused by name, and what stays of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayView5, ArrayViewMut5};
use patchweave_construct::Dataset;
use patchweave_geometry::{Extent, PerAxis};
use patchweave_model::{FnModel, Identity, InputInfo, Likeness, Model, ModelInfo, OutputInfo};
use patchweave_pixel::{PixelMap, PixelType};
use patchweave_predict::{
    Blend, Finished, OutputImage, PredictError, PredictOptions, Predictor, Progress, Target, Tiling,
};
use patchweave_sink::{Durability, ImageSpec, Job, SinkFormats};

use common::{dataset, layout, ramp, stack};

const FORMATS: [&str; 2] = ["ome_zarr", "tiff"];

fn tiles(size: usize, overlap: usize) -> Tiling {
    let size = Extent::new(&[size, size]).unwrap();
    Tiling::Tiles { size, overlaps: PerAxis::new(&[overlap, overlap]).unwrap() }
}

/// Two images of two samples each, 40 × 50 pixels, cut into tiles of 16 that share 4.
fn images() -> (Dataset, Tiling) {
    let tiling = tiles(16, 4);
    let images = vec![stack(ramp(&[2, 1, 40, 50]), "SCYX"), stack(ramp(&[2, 1, 40, 50]) * 2.0, "SCYX")];
    (dataset(images, tiling, &Identity::new()), tiling)
}

/// The targets of an image: one for every format, which goes on with what is there.
fn targets(folder: &Path) -> impl FnMut(&OutputImage<'_>) -> Result<Vec<Target>, PredictError> {
    move |image: &OutputImage<'_>| {
        let target = |format: &&str| {
            let mut spec = ImageSpec::new(layout(&image.shape), PixelType::F32);
            spec.chunks = (*format == "ome_zarr").then(|| vec![1, 1, 16, 16]);
            spec.durability = Durability::None;
            if *format == "ome_zarr" {
                spec.options.insert("sharding".into(), "none".into());
            }
            let path = folder.join(format!("{}.{format}", image.data_idx));
            let job = Job::resume(&SinkFormats::default(), &path, Some(format), spec)?;
            Ok(Target::new(job, PixelMap::to(PixelType::F32)))
        };
        FORMATS.iter().map(target).collect()
    }
}

/// Predicts into a folder and counts the tiles that the model saw.
fn predict(
    folder: &Path,
    model: &dyn Model,
    options: PredictOptions,
    keep_going: impl FnMut(Progress) -> bool,
) -> Result<Vec<Finished>, PredictError> {
    let (data, tiling) = images();
    Predictor::new(&data, tiling, vec![model], options).run(&mut targets(folder), keep_going, |_| ())
}

fn visible(folder: &Path) -> Vec<String> {
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

fn all(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// Everything below a folder.
fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let tree = patchweave_sink::Tree::below(folder).unwrap();
    let mut files: Vec<_> = tree
        .files
        .iter()
        .map(|file| (file.to_string_lossy().into_owned(), std::fs::read(folder.join(file)).unwrap()))
        .collect();
    files.sort();
    files
}

/// Adds one, and counts the samples that it saw; fails at one of them.
fn counting(n_seen: &AtomicUsize, fails_at: Option<usize>) -> impl Model {
    let output = OutputInfo::new("more").with_likeness(Likeness::Own);
    FnModel::new(
        ModelInfo::new("counting", InputInfo::any(), vec![output]),
        move |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
            let n = n_seen.fetch_add(inputs.dim().0, Ordering::SeqCst);
            if fails_at.is_some_and(|at| n >= at) {
                return Err("on purpose".into());
            }
            outputs[0].assign(&inputs.mapv(|pixel| pixel + 1.0));
            Ok(())
        },
    )
}

#[test]
fn what_was_stopped_is_gone_on_with() {
    let whole = tempfile::tempdir().unwrap();
    let n_all = AtomicUsize::new(0);
    predict(whole.path(), &counting(&n_all, None), PredictOptions::default(), |_| true).unwrap();
    let n_all = n_all.into_inner();
    assert_eq!(visible(whole.path()), ["0.ome_zarr", "0.tiff", "1.ome_zarr", "1.tiff"]);
    for n_before in [0, 3, n_all / 2, n_all - 1] {
        let folder = tempfile::tempdir().unwrap();
        let options = PredictOptions { leaves_unfinished: true, n_writers: 2, ..PredictOptions::default() };
        let stopped =
            predict(folder.path(), &counting(&AtomicUsize::new(0), None), options.clone(), |progress| {
                progress.n_tiles < n_before
            });
        assert!(matches!(stopped, Err(PredictError::Interrupted)));
        let n_rest = AtomicUsize::new(0);
        let mut n_total = 0;
        let finished = predict(folder.path(), &counting(&n_rest, None), options, |progress| {
            n_total = progress.n_total;
            assert!(progress.n_tiles <= progress.n_total);
            true
        });
        // Images that were finished before are made anew.
        assert_eq!(finished.unwrap().len(), 4);
        assert_eq!(n_total, n_rest.load(Ordering::SeqCst));
        assert_eq!(bytes(folder.path()), bytes(whole.path()), "stopped after {n_before} of {n_all}");
    }
}

#[test]
fn only_tiles_of_lacking_units_are_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let options = PredictOptions { leaves_unfinished: true, ..PredictOptions::default() };
    // The first image is not finished.
    let (n_first, n_stop) = (AtomicUsize::new(0), 20);
    let stopped = predict(folder.path(), &counting(&n_first, None), options.clone(), |progress| {
        progress.n_tiles < n_stop
    });
    assert!(stopped.is_err());
    assert!(visible(folder.path()).is_empty());
    let n_rest = AtomicUsize::new(0);
    predict(folder.path(), &counting(&n_rest, None), options, |_| true).unwrap();
    let n_all = 2 * 2 * 3 * 4;
    let n_rest = n_rest.into_inner();
    // Some tiles belong to units that were not whole, so that they are predicted twice.
    assert!((n_all - n_stop..n_all).contains(&n_rest), "{n_rest} of {n_all}");
}

#[test]
fn what_fails_leaves_nothing_unless_it_is_told_to() {
    for leaves_unfinished in [false, true] {
        let options = PredictOptions { leaves_unfinished, n_writers: 3, ..PredictOptions::default() };
        let folder = tempfile::tempdir().unwrap();
        let error =
            predict(folder.path(), &counting(&AtomicUsize::new(0), Some(5)), options.clone(), |_| true)
                .unwrap_err();
        assert_eq!(error.to_string(), "model counting failed");
        assert!(visible(folder.path()).is_empty());
        assert_eq!(all(folder.path()) > 0, leaves_unfinished);

        let folder = tempfile::tempdir().unwrap();
        let stopped = predict(folder.path(), &Identity::new(), options, |progress| progress.n_tiles < 7);
        assert!(matches!(stopped, Err(PredictError::Interrupted)));
        assert!(visible(folder.path()).is_empty());
        assert_eq!(all(folder.path()) > 0, leaves_unfinished);
    }
}

/// The folder in which an image is made goes away while others are waiting for room in the queue.
#[test]
fn a_sink_that_fails_ends_the_prediction() {
    let folder = tempfile::tempdir().unwrap();
    let lose = |progress: Progress| {
        if progress.n_tiles == 2 {
            for entry in std::fs::read_dir(folder.path()).unwrap() {
                let new = entry.unwrap().path().join("new");
                let _ = std::fs::remove_dir_all(&new).or_else(|_| std::fs::remove_file(&new));
                std::fs::write(&new, "in the way").unwrap();
            }
        }
        true
    };
    let options = PredictOptions { n_writers: 2, ..PredictOptions::default() };
    let error = predict(folder.path(), &Identity::new(), options, lose).unwrap_err();
    assert!(matches!(error, PredictError::Sink(_)), "{error}");
    assert!(visible(folder.path()).iter().all(|name| !name.starts_with('0')));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let (data, tiling) = images();
    let identity = Identity::new();
    let run = |data: &Dataset, tiling, blend| {
        let options = PredictOptions { blend, ..PredictOptions::default() };
        let mut none = |_: &OutputImage<'_>| Ok(Vec::new());
        Predictor::new(data, tiling, vec![&identity], options).run(&mut none, |_| true, |_| ()).unwrap_err()
    };
    let error = run(&data, tiles(20, 4), Blend::Crop);
    assert_eq!(error.to_string(), "got 48 tiles, expected 36; cut the data set as the prediction is told");
    let error = run(&data, Tiling::Whole, Blend::Crop);
    assert!(matches!(error, PredictError::TileCount { got: 48, expected: 4 }), "{error}");
    assert!(matches!(run(&data, tiling, Blend::Gaussian { width: 0.0 }), PredictError::Blend(_)));

    // As many tiles, but others.
    let images = vec![stack(ramp(&[2, 1, 40, 50]), "SCYX"), stack(ramp(&[2, 1, 40, 50]), "SCYX")];
    let others = dataset(images, tiles(17, 5), &identity);
    let mut targets = |image: &OutputImage<'_>| {
        let spec = ImageSpec::new(layout(&image.shape), PixelType::F32);
        let job = Job::start(&SinkFormats::default(), "result".as_ref(), Some("memory"), spec)?;
        Ok(vec![Target::new(job, PixelMap::to(PixelType::F32))])
    };
    let predictor = Predictor::new(&others, tiling, vec![&identity], PredictOptions::default());
    let error = predictor.run(&mut targets, |_| true, |_| ()).unwrap_err();
    assert!(error.to_string().starts_with("tile 0 of image 0 (array): got "), "{error}");

    let mut small = |image: &OutputImage<'_>| {
        let mut shape = image.shape;
        shape.n_channels += 1;
        let spec = ImageSpec::new(layout(&shape), PixelType::F32);
        let job = Job::start(&SinkFormats::default(), "result".as_ref(), Some("memory"), spec)?;
        Ok(vec![Target::new(job, PixelMap::to(PixelType::F32))])
    };
    let predictor = Predictor::new(&data, tiling, vec![&identity], PredictOptions::default());
    let error = predictor.run(&mut small, |_| true, |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "result: got an image of shape [2, 2, 40, 50] (NC(Z)YX), expected [2, 1, 40, 50], which is that of the output"
    );
}
