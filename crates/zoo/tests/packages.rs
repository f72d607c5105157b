//! Packages as folders, archives and files: what they say, and that they reproduce their examples.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::fs;

use ndarray::{Array5, s};
use patchweave_model::{Model, ModelExt, OutputType, Scale, Sides, SizeRule};
use patchweave_zoo::{Tolerance, ZooError, ZooModel, ZooOptions};
use support::{copy, description, files, made, without_checksums, zip};

const ALL: [&str; 4] = ["planes_0_5", "unet_0_4", "volume_0_5", "external_0_5"];

fn open(name: &str) -> ZooModel {
    ZooModel::open(&made(name), &ZooOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn examples_are_reproduced() {
    for name in ALL {
        for test in open(name).test().unwrap_or_else(|error| panic!("{name}: {error}")) {
            assert_eq!(test.n_mismatched, 0, "{name}: {test:?}");
            assert!(test.largest < 2e-5, "{name}: {test:?}");
            assert!(test.passes() && test.n_values > 100);
        }
    }
}

#[test]
fn a_folder_an_archive_and_a_description_are_the_same() {
    for name in ALL {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("archive.zip");
        zip(&archive, &files(&made(name)));
        let of_folder = open(name);
        for path in [archive, description(&made(name))] {
            let mut options = ZooOptions::default();
            options.name = Some(name.to_owned());
            let model = ZooModel::open(&path, &options).unwrap();
            assert_eq!(model.package().description(), of_folder.package().description());
            assert_eq!(model.info().outputs, of_folder.info().outputs);
            assert!(model.test().unwrap().iter().all(|test| test.passes()));
        }
    }
}

#[test]
fn models_are_what_packages_say() {
    let planes = open("planes_0_5");
    let info = planes.info();
    assert_eq!(info.name, "planes_0_5");
    let steps = SizeRule::Steps { min: 16, step: 2 };
    assert_eq!(info.input.sizes, [SizeRule::Fixed(1), steps, steps]);
    assert_eq!(info.input.n_channels, Some(1));
    assert_eq!(info.halo(), [Sides::both(0), Sides::both(2), Sides::both(3)]);
    assert_eq!(info.outputs[0].pixel_type, OutputType::Float);
    assert_eq!(info.outputs[1].pixel_type, OutputType::Label);
    assert_eq!(info.output_shapes([3, 1, 1, 16, 18]), [[3, 3, 1, 16, 18], [3, 1, 1, 16, 18]]);

    let unet = open("unet_0_4");
    let steps = SizeRule::Steps { min: 24, step: 4 };
    assert_eq!(unet.info().input.sizes, [SizeRule::Fixed(1), steps, steps]);
    assert_eq!(unet.info().input.n_channels, Some(2));
    assert_eq!(unet.info().halo(), [Sides::both(0), Sides::both(10), Sides::both(10)]);

    let volume = open("volume_0_5");
    let [large, small] = volume.info().outputs.as_slice() else { panic!("{:?}", volume.info()) };
    assert_eq!(small.scale, [Scale::Same, Scale::Over(2), Scale::Over(2)]);
    assert_eq!(small.halo, [Sides::both(2), Sides::both(6), Sides::both(6)]);
    assert_eq!(large.halo, small.halo);
    let tolerances: Vec<Tolerance> =
        volume.package().description().outputs.iter().map(|output| output.tolerance).collect();
    assert_eq!(tolerances[0], Tolerance::CONTINUOUS);
    assert_eq!(tolerances[1], Tolerance { relative: 1e-4, absolute: 1e-5, per_million: 100.0 });
    // Its X follows from its Y.
    let error = volume.prepare([1, 1, 6, 16, 20]).unwrap_err();
    let expected =
        "model volume_0_5: got 20 pixels along X, expected 16, which follows from the size along Y";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_package_is_told_of() {
    let told = open("planes_0_5").package().to_string();
    for part in [
        "Small network of planes, format 0.5.4",
        "weights: planes.onnx, version 17 of the operators",
        "input image: batch any, channel 1, y 16 + n·2, x 16 + n·2, uint16",
        "before the network: clip from 1 % to 99.5 % of each image",
        "before the network: zero_mean_unit_variance, statistics of each image",
        "output mask: batch any, channel 3, y image.y (halo 2), x image.x (halo 3), float32",
        "after the network: scale_linear by 1, 2, 4, plus 0.5",
        "output classes: batch any, y image.y (halo 2), x image.x (halo 3), uint8, labels",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
}

#[test]
fn samples_of_a_batch_have_statistics_of_their_own() {
    let model = open("planes_0_5");
    let batch = Array5::from_shape_fn([2, 1, 1, 16, 18], |(n, .., y, x)| ((y * x + n) % 7 * (n + 1)) as f32);
    let together = model.predict_alone(batch.view()).unwrap();
    for n in 0..2 {
        let alone = model.predict_alone(batch.slice(s![n..n + 1, .., .., .., ..])).unwrap();
        for (together, alone) in together.iter().zip(&alone) {
            assert_eq!(together.slice(s![n..n + 1, .., .., .., ..]), alone.view());
        }
    }
}

#[test]
fn a_wrong_example_is_a_mismatch() {
    let folder = copy("planes_0_5");
    without_checksums(folder.path());
    let mut bytes = fs::read(folder.path().join("mask.npy")).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&99.0_f32.to_le_bytes());
    fs::write(folder.path().join("mask.npy"), bytes).unwrap();
    let tests = ZooModel::open(folder.path(), &ZooOptions::default()).unwrap().test().unwrap();
    assert_eq!((tests[0].n_mismatched, tests[0].passes()), (1, false));
    assert!(tests[0].largest > 90.0);
    assert!(tests[1].passes());
}

#[test]
fn archives_that_are_none_or_lie_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let refused = |path| ZooModel::open(path, &ZooOptions::default()).unwrap_err();
    assert!(matches!(refused(&path), ZooError::Unreadable { .. }));
    fs::write(&path, "no archive").unwrap();
    assert!(refused(&path).to_string().contains("is no ZIP archive"));
    zip(&path, &[("inner/rdf.yaml".to_owned(), b"a: 1".to_vec())]);
    assert!(refused(&path).to_string().contains("holds no description"));
    zip(&path, &[("rdf.yaml".to_owned(), vec![b' '; (16 << 20) + 1])]);
    assert!(refused(&path).to_string().contains("bytes at most"));
    zip(&path, &[("rdf.yaml".to_owned(), vec![0xff])]);
    assert!(refused(&path).to_string().contains("UTF-8"));
    assert!(refused(folder.path()).to_string().contains("holds no description"));
}
