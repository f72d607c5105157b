//! What a quilt on disk refuses, and what it leaves alone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::error::Error;
use std::fs;
use std::path::Path;

use ndarray::{Array2, Array3, Array4};
use patchweave_geometry::{Extent, PerAxis};
use patchweave_large::{LargeError, LargeOptions, LargeQuilt, LargeSpec, MeanOptions};

fn spec() -> LargeSpec {
    let image = Extent::new(&[6, 6]).unwrap();
    let window = Extent::new(&[4, 4]).unwrap();
    LargeSpec::new(2, image, window, PerAxis::new(&[2, 2]).unwrap()).unwrap()
}

fn patch() -> Array3<f32> {
    Array3::from_elem((2, 4, 4), 2.5)
}

fn create(base: &Path) -> LargeQuilt {
    LargeQuilt::create(base, spec(), LargeOptions::default()).unwrap()
}

/// A quilt of one patch, saved.
fn saved(base: &Path) {
    let mut quilt = create(base);
    quilt.stitch(patch().view(), 0).unwrap();
    quilt.close().unwrap();
}

fn open(base: &Path) -> Result<LargeQuilt, LargeError> {
    LargeQuilt::open(base, LargeOptions::default())
}

fn all_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[test]
fn nothing_is_written_before_the_first_patch() {
    let folder = tempfile::tempdir().unwrap();
    let mut quilt = create(&folder.path().join("deep").join("sums"));
    let error = quilt.mean(&MeanOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with("sums: no patch was stitched yet"), "{error}");
    assert!(matches!(quilt.weights(), Err(LargeError::NothingStitched { .. })));
    assert!(matches!(quilt.write_mean(&MeanOptions::default()), Err(LargeError::NothingStitched { .. })));
    quilt.checkpoint().unwrap();
    quilt.close().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn patches_that_do_not_fit_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut quilt = create(&folder.path().join("sums"));
    quilt.stitch(patch().view(), 1).unwrap();
    let before = quilt.mean_sums().unwrap();

    let error = quilt.stitch(Array3::<f32>::zeros((2, 4, 5)).view(), 0).unwrap_err();
    assert_eq!(error.to_string(), "the patch has shape [2, 4, 5], expected C and [4, 4], or 1, C and [4, 4]");
    let error = quilt.stitch(Array2::<f32>::zeros((4, 4)).view(), 0).unwrap_err();
    assert!(matches!(error, LargeError::PatchShape { .. }), "{error}");
    let error = quilt.stitch(Array4::<f32>::zeros((2, 2, 4, 4)).view(), 0).unwrap_err();
    assert!(matches!(error, LargeError::PatchShape { .. }), "{error}");
    let error = quilt.stitch(Array3::<f32>::zeros((0, 4, 4)).view(), 0).unwrap_err();
    assert!(matches!(error, LargeError::PatchShape { .. }), "{error}");
    let error = quilt.stitch(Array3::<f32>::zeros((3, 4, 4)).view(), 0).unwrap_err();
    assert_eq!(error.to_string(), "the patch has 3 channels, expected 2");
    let variance = Array3::<f32>::zeros((3, 4, 4));
    let error = quilt.stitch_with_variance(patch().view(), variance.view(), 0).unwrap_err();
    assert_eq!(error.to_string(), "the variance has 3 channels, expected 2");
    let error = quilt.stitch(patch().view(), 8).unwrap_err();
    assert_eq!(error.to_string(), "there is no patch 8, there are 8");

    assert_eq!(quilt.mean_sums().unwrap(), before);
    assert_eq!(quilt.counts().sum(), 1);
    let error = quilt.mean(&MeanOptions { eps: f64::NAN, ..MeanOptions::default() }).unwrap_err();
    assert_eq!(error.to_string(), "got eps NaN, expected a number of at least 0");
}

#[test]
fn values_that_are_no_numbers_stay_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut quilt = create(&folder.path().join("sums"));
    for index in 0..8 {
        let mut patch = patch();
        patch[[0, 0, 0]] = if index == 0 { f32::NAN } else { 2.5 };
        quilt.stitch(patch.view(), index).unwrap();
    }
    for normalize in [false, true] {
        let mean = quilt.mean(&MeanOptions { normalize, ..MeanOptions::default() }).unwrap();
        let is_nan = |at: &[usize]| mean[at].is_nan();
        assert!(is_nan(&[0, 0, 0, 0]));
        // Dividing by the sum over channels carries it to those of the same pixel.
        assert_eq!(is_nan(&[0, 1, 0, 0]), normalize);
        assert_eq!(mean.iter().filter(|value| value.is_nan()).count(), if normalize { 2 } else { 1 });
    }
}

#[test]
fn repeated_patches_are_added_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut quilt = create(&folder.path().join("sums"));
    for _ in 0..3 {
        quilt.stitch(patch().view(), 0).unwrap();
    }
    assert_eq!(quilt.counts()[[0, 0, 0]], 3);
    assert!((quilt.weights().unwrap()[[0, 0]] - 0.3).abs() < 1e-15);
    assert!((quilt.mean(&MeanOptions::default()).unwrap()[[0, 0, 0, 0]] - 2.5).abs() < 1e-12);
}

#[test]
fn a_quilt_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("sums");
    let mut owner = create(&base);
    owner.stitch(patch().view(), 0).unwrap();
    let mut other = create(&base);
    let error = other.stitch(patch().view(), 0).unwrap_err();
    let expected =
        format!("{} is in use, by another process or by another quilt of this one", base.display());
    assert_eq!(error.to_string(), expected);
    owner.close().unwrap();
    let owner = open(&base).unwrap();
    assert!(matches!(open(&base), Err(LargeError::InUse { .. })));
    drop(owner);
    other.stitch(patch().view(), 3).unwrap();
    other.close().unwrap();
    assert_eq!(open(&base).unwrap().missing().collect::<Vec<_>>(), [0, 1, 2, 4, 5, 6, 7]);
}

#[test]
fn an_older_quilt_stays_until_the_new_one_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("sums");
    saved(&base);
    let journal = folder.path().join("sums_journal.zarr/c/0/0/0");
    let before = fs::read(&journal).unwrap();
    let mut quilt = create(&base);
    quilt.stitch(patch().view(), 5).unwrap();
    assert_eq!(fs::read(&journal).unwrap(), before);
    assert_eq!(quilt.counts().sum(), 1);
    assert!(quilt.mean_sums().unwrap().iter().take(72).all(|&sum| sum == 0.0), "sums of the older quilt");
    quilt.close().unwrap();
    assert!(!journal.exists());
    assert_eq!(open(&base).unwrap().counts()[[1, 0, 1]], 1);
}

#[test]
fn what_belongs_to_others_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("sums");
    let theirs = folder.path().join("sums_std.zarr");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("thesis.txt"), "three years").unwrap();
    let error = create(&base).stitch(patch().view(), 0).unwrap_err();
    assert!(error.to_string().contains("sums_std.zarr is a folder but not a Zarr store"), "{error}");
    assert_eq!(fs::read_to_string(theirs.join("thesis.txt")).unwrap(), "three years");

    fs::remove_dir_all(&theirs).unwrap();
    fs::write(folder.path().join("sums_journal.zarr"), "a file").unwrap();
    let error = create(&base).stitch(patch().view(), 0).unwrap_err();
    assert!(matches!(error, LargeError::Sink(_)), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("sums_journal.zarr")).unwrap(), "a file");
}

#[test]
fn hidden_folders_of_others_are_left_alone() {
    for name in [".sums_staged", ".sums_pending"] {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("sums");
        saved(&base);
        let theirs = folder.path().join(name);
        fs::create_dir(&theirs).unwrap();
        fs::create_dir(theirs.join("_mean_cache.zarr")).unwrap();
        fs::write(theirs.join("thesis.txt"), "three years").unwrap();
        let expected =
            format!("{} holds thesis.txt, which is not part of a quilt of this program", theirs.display());
        assert_eq!(open(&base).unwrap_err().to_string(), expected);
        let error = create(&base).stitch(patch().view(), 0).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(fs::read_to_string(theirs.join("thesis.txt")).unwrap(), "three years");
        fs::remove_file(theirs.join("thesis.txt")).unwrap();
        assert_eq!(open(&base).unwrap().counts().sum(), 1);
        assert!(!theirs.exists());
    }
}

#[test]
fn chunks_that_are_gone_are_missed() {
    let gone = |chunk: &str| {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("sums");
        saved(&base);
        fs::remove_file(folder.path().join(chunk)).unwrap();
        let lacks = |error: LargeError| {
            let text = error.to_string();
            assert!(matches!(error, LargeError::ChunkMissing { index: 0, .. }), "{text}");
            text
        };
        let mut quilt = open(&base).unwrap();
        let text = lacks(quilt.mean(&MeanOptions::default()).unwrap_err());
        assert_eq!(lacks(quilt.stitch(patch().view(), 0).unwrap_err()), text);
        let mut other = create(&folder.path().join("other"));
        other.stitch(patch().view(), 1).unwrap();
        assert_eq!(lacks(other.merge(&mut quilt).unwrap_err()), text);
        assert_eq!((quilt.counts().sum(), other.counts().sum()), (1, 1));
        text
    };
    let text = gone("sums_mean_cache.zarr/c/0/0/0/0");
    assert!(
        text.ends_with("sums_mean_cache.zarr lacks chunk [0, 0, 0, 0], although patch 0 was saved there")
    );
    let text = gone("sums_norma_cache.zarr/c/0/0");
    assert!(text.ends_with("sums_norma_cache.zarr lacks chunk [0, 0], although patch 0 was saved there"));
}

#[test]
fn dropping_a_new_quilt_leaves_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("sums");
    let counts = || open(&base).unwrap().counts().iter().copied().collect::<Vec<_>>();
    let add = |index: usize| {
        let mut quilt = create(&base);
        quilt.stitch(patch().view(), index).unwrap();
        quilt
    };
    drop(add(0));
    assert_eq!(counts(), [1, 0, 0, 0, 0, 0, 0, 0]);
    drop(add(1));
    assert_eq!(counts(), [1, 0, 0, 0, 0, 0, 0, 0]);
    let mut quilt = add(2);
    quilt.checkpoint().unwrap();
    quilt.stitch(patch().view(), 3).unwrap();
    drop(quilt);
    assert_eq!(counts(), [0, 0, 1, 1, 0, 0, 0, 0]);
}

#[test]
fn a_quilt_without_patches_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("sums");
    saved(&base);
    let mut new = create(&base);
    new.merge(&mut create(&folder.path().join("empty"))).unwrap();
    assert_eq!(new.n_channels(), None);
    drop(new);
    assert_eq!(open(&base).unwrap().counts().sum(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
}

#[test]
fn a_mean_alone_takes_an_older_deviation_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut quilt = create(&folder.path().join("sums"));
    quilt.stitch(patch().view(), 0).unwrap();
    quilt.write_mean_and_std(&MeanOptions::default()).unwrap();
    assert!(folder.path().join("sums_std.zarr").is_dir());
    quilt.write_mean(&MeanOptions::default()).unwrap();
    assert!(folder.path().join("sums_mean.zarr").is_dir() && !folder.path().join("sums_std.zarr").exists());
    assert!(!folder.path().join(".sums_staged").exists());
}

#[test]
fn damaged_quilts_are_not_opened() {
    let damage = |change: fn(&Path)| {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("sums");
        saved(&base);
        change(folder.path());
        match open(&base) {
            Ok(mut quilt) => all_causes(&quilt.mean(&MeanOptions::default()).unwrap_err()),
            Err(error) => all_causes(&error),
        }
    };
    let replace = |file: &Path, from: &str, to: &str| {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(file, text.replace(from, to)).unwrap();
    };
    let text = damage(|folder| fs::remove_dir_all(folder.join("sums_journal.zarr")).unwrap());
    assert!(text.starts_with("there is no quilt at"), "{text}");
    let text = damage(|folder| fs::remove_dir_all(folder.join("sums_mean_cache.zarr")).unwrap());
    assert!(text.contains("could not open") && text.contains("sums_mean_cache.zarr"), "{text}");
    let text = damage(|folder| fs::write(folder.join("sums_journal.zarr/zarr.json"), "{").unwrap());
    assert!(text.contains("could not open") && text.contains("sums_journal.zarr"), "{text}");
    let text = damage(|folder| {
        let from = folder.join("sums_mean_cache.zarr");
        let to = folder.join("sums_journal.zarr");
        fs::copy(from.join("zarr.json"), to.join("zarr.json")).unwrap();
    });
    assert!(text.contains("is not part of a quilt") && text.contains("no attribute patchweave"), "{text}");
    let text = damage(|folder| {
        let from = folder.join("sums_norma_cache.zarr");
        let to = folder.join("sums_std_cache.zarr");
        fs::copy(from.join("zarr.json"), to.join("zarr.json")).unwrap();
    });
    assert!(text.contains("got shape [6, 6]") && text.contains("expected shape [2, 2, 6, 6]"), "{text}");
    for (from, to) in [("\"format\"", "\"Format\""), ("\"format\": 1", "\"format\": 2")] {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("sums");
        saved(&base);
        replace(&folder.path().join("sums_journal.zarr/zarr.json"), from, to);
        let text = open(&base).unwrap_err().to_string();
        assert!(text.contains("expected 1"), "{text}");
    }
    let text = damage(|folder| {
        let chunk = folder.join("sums_mean_cache.zarr/c/0/0/0/0");
        let bytes = fs::read(&chunk).unwrap();
        fs::write(&chunk, &bytes[..bytes.len() / 2]).unwrap();
    });
    assert!(text.contains("could not read a chunk of"), "{text}");
}

#[test]
fn quilts_of_other_geometry_are_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = create(&folder.path().join("first"));
    first.stitch(patch().view(), 0).unwrap();
    let merge = |first: &mut LargeQuilt, spec: LargeSpec, n_channels: usize| {
        let base = folder.path().join("second");
        let mut second = LargeQuilt::create(&base, spec, LargeOptions::default()).unwrap();
        second.stitch(Array3::<f32>::zeros((n_channels, 4, 4)).view(), 1).unwrap();
        first.merge(&mut second).unwrap_err().to_string()
    };
    let text = merge(&mut first, spec().with_border(1, 0.1).unwrap(), 2);
    assert!(text.contains("the border is [1, 1], expected none"), "{text}");
    let text = merge(&mut first, spec().with_border(0, 0.2).unwrap(), 2);
    assert!(text.contains("the weight of the border is 0.2, expected 0.1"), "{text}");
    let text = merge(&mut first, spec(), 3);
    assert!(text.contains("the number of channels is 3, expected 2"), "{text}");
    assert_eq!(first.counts().sum(), 1);
}

#[test]
fn the_weight_comes_back_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("sums");
    for weight in [0.1 + 0.2, 1.0 / 3.0, 0.123_456_789_012_345_67, f64::EPSILON] {
        let spec = spec().with_border([1, -2], weight).unwrap();
        let mut quilt = LargeQuilt::create(&base, spec.clone(), LargeOptions::default()).unwrap();
        quilt.stitch(patch().view(), 0).unwrap();
        quilt.close().unwrap();
        let quilt = open(&base).unwrap();
        assert_eq!(quilt.spec().border_weight().to_bits(), spec.border_weight().to_bits());
        assert_eq!(quilt.spec().weights(), spec.weights());
    }
}
