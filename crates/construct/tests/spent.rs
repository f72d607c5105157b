//! What a scratch tells about the samples that were written with it.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use patchweave_construct::{
    AugmentationStep, BasicPatchConstr, Dataset, PatchExtractor, Sample, Scratch, Spent,
};
use patchweave_formats::{CacheStats, FileFormat, OpenOptions, open};
use patchweave_geometry::{Axes, Extent};
use patchweave_patching::RandomPatching;
use patchweave_transform::{Augmentation, Normalizer, Scaling, TargetScaling, XyFlip};

const SIDE: usize = 1024;

/// A square of numbers as NumPy stores them.
fn write_npy(path: &Path) {
    let header = format!("{{'descr': '<u2', 'fortran_order': False, 'shape': ({SIDE}, {SIDE}), }}\n");
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    let pixels = (0..SIDE * SIDE).flat_map(|pixel| u16::try_from(pixel % 999).unwrap().to_le_bytes());
    let bytes = b"\x93NUMPY\x01\x00".iter().copied().chain(len).chain(header.into_bytes()).chain(pixels);
    std::fs::write(path, bytes.collect::<Vec<u8>>()).unwrap();
}

/// Patches of an image whose pixels are read from a file again and again, and the options it was opened with.
fn dataset(path: &Path, patch: usize) -> (Dataset, OpenOptions) {
    let mut options = OpenOptions::with_cache_bytes(0);
    options.map_files = false;
    let axes: Axes = "YX".parse().unwrap();
    let stack = open(path, FileFormat::Npy, Some(&axes), &options).unwrap().remove(0);
    let input = PatchExtractor::new(vec![stack]).unwrap();
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[patch, patch]).unwrap()).unwrap();
    let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
    let scaling = Scaling::mean_std(&[10.0], &[1.0]).unwrap();
    let flip = Augmentation::XyFlip(XyFlip::new(true, true, 0.5).unwrap());
    let dataset = Dataset::new(Arc::new(constr), 42)
        .with_normalizer(Normalizer::new(scaling, TargetScaling::Missing))
        .with_augmentations(vec![AugmentationStep { augmentation: flip, seed: None }])
        .unwrap();
    (dataset, options)
}

#[test]
fn what_was_read_is_told_for_every_sample_and_no_time_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.npy");
    write_npy(&path);
    for patch in [16, SIDE] {
        let (dataset, options) = dataset(&path, patch);
        let mut sample = Sample::zeros(&dataset.layout(0).unwrap()).unwrap();
        let mut scratch = Scratch::default();
        let mut total = Spent::default();
        let begin = Instant::now();
        let n_samples = 40;
        for sample_idx in 0..n_samples {
            let index = sample_idx % dataset.n_patches();
            dataset.write(index, 0, &mut scratch, sample.view_mut()).unwrap();
            if sample_idx % 7 == 0 {
                total += scratch.take_spent();
                assert_eq!(scratch.spent(), Spent::default());
            }
        }
        total += scratch.spent();
        let elapsed = begin.elapsed();
        assert_eq!(total.n_patches, n_samples as u64);
        let CacheStats { n_hits, n_decodes, decoded_bytes, .. } = options.cache.stats();
        assert!(n_decodes >= total.n_patches);
        let reading = total.reading;
        assert_eq!(
            (reading.n_hits, reading.n_decodes, reading.decoded_bytes),
            (n_hits, n_decodes, decoded_bytes)
        );
        assert_eq!(reading.read_bytes, reading.decoded_bytes);
        assert!(reading.time() <= elapsed);
        if patch == SIDE {
            // A megapixel is never fast, so that every sample is measured.
            assert!(total.time() <= elapsed, "{total:?} in {elapsed:?}");
            assert!(total.construct > Duration::ZERO && total.normalise > Duration::ZERO);
        }
    }
}

#[test]
fn samples_that_fail_are_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.npy");
    write_npy(&path);
    let (dataset, _) = dataset(&path, SIDE);
    let mut sample = Sample::zeros(&dataset.layout(0).unwrap()).unwrap();
    let mut scratch = Scratch::default();
    assert!(dataset.write(1_000_000, 0, &mut scratch, sample.view_mut()).is_err());
    assert_eq!(scratch.spent(), Spent::default());
    std::fs::write(&path, b"gone").unwrap();
    assert!(dataset.write(0, 0, &mut scratch, sample.view_mut()).is_err());
    let spent = scratch.spent();
    assert_eq!((spent.n_patches, spent.construct, spent.reading.n_decodes), (0, Duration::ZERO, 0));
}
