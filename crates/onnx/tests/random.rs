//! Networks that draw random numbers: what they draw follows from seeds, and what tract makes of their operators.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

#[path = "support/written.rs"]
mod written;

use std::path::Path;

use ndarray::{Array5, ArrayView5, Axis};
use patchweave_model::{Model, ModelExt, RepeatOptions, Repeated, seeds_of};
use patchweave_onnx::{OnnxModel, OnnxOptions};
use written::{FLOAT, field, model, node, tensor};

/// A network that adds normal noise to its input, from a node of this name.
fn noisy(folder: &Path, name: &str, batch: u8) -> OnnxModel {
    let graph = [
        node(name, "RandomNormalLike", &["image"], "noise"),
        node("add", "Add", &["image", "noise"], "noisy"),
        field(2, b"noisy"),
        field(11, &tensor("image", FLOAT, batch)),
        field(12, &tensor("noisy", FLOAT, batch)),
    ]
    .concat();
    let path = folder.join("noisy.onnx");
    std::fs::write(&path, model(&graph)).unwrap();
    OnnxModel::open(&path, &OnnxOptions::default()).unwrap_or_else(|error| panic!("{error:?}"))
}

fn predict(model: &dyn Model, inputs: ArrayView5<'_, f32>, seeds: &[u64]) -> Array5<f32> {
    let mut made = Array5::zeros(inputs.raw_dim());
    model.predict_seeded(inputs, seeds, &mut [made.view_mut()]).unwrap();
    made
}

#[test]
fn noise_follows_from_seeds() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["draw", "/RandomNormalLike", "/RandomNormalLike_1"] {
        let model = noisy(folder.path(), name, 0);
        assert!(model.info().is_random);
        let inputs = Array5::zeros([3, 1, 1, 64, 64]);
        let made = predict(&model, inputs.view(), &[1, 2, 1]);
        let noise = |place: usize| made.index_axis(Axis(0), place);
        assert_eq!(noise(0), noise(2));
        assert_ne!(noise(0), noise(1));
        assert_eq!(predict(&model, inputs.view(), &[2, 1, 9]).index_axis(Axis(0), 1), noise(0));
        let mean = made.mean().unwrap();
        let deviation = made.std(1.0);
        assert!(mean.abs() < 0.05 && (deviation - 1.0).abs() < 0.05, "{mean} {deviation}");
        let once = model.predict_alone(inputs.view()).unwrap();
        assert_eq!(once, model.predict_alone(inputs.view()).unwrap(), "without seeds it is always the same");
    }
}

#[test]
fn samples_come_close_to_what_has_no_noise() {
    let folder = tempfile::tempdir().unwrap();
    let options = RepeatOptions { n_samples: 64, has_deviation: true, ..RepeatOptions::default() };
    let model = Repeated::new(noisy(folder.path(), "draw", 0), options).unwrap();
    let inputs = Array5::from_shape_fn([1, 1, 1, 32, 32], |(.., y, x)| (y * x) as f32);
    let mut made = [Array5::zeros(inputs.raw_dim()), Array5::zeros(inputs.raw_dim())];
    let [mean, deviation] = &mut made;
    let seeds = seeds_of(inputs.view(), 0);
    model.predict_seeded(inputs.view(), &seeds, &mut [mean.view_mut(), deviation.view_mut()]).unwrap();
    let error = (&made[0] - &inputs).std(0.0);
    assert!((error - 0.125).abs() < 0.02, "{error}, expected one eighth of the noise");
    let deviation = made[1].mean().unwrap();
    assert!((deviation - 1.0).abs() < 0.02, "{deviation}");
}

#[test]
fn networks_of_two_samples_at_once_draw_for_both() {
    let folder = tempfile::tempdir().unwrap();
    let model = noisy(folder.path(), "draw", 2);
    let inputs = Array5::zeros([2, 1, 1, 16, 16]);
    let made = predict(&model, inputs.view(), &[1, 2]);
    assert_eq!(made, predict(&model, inputs.view(), &[1, 2]));
    assert_ne!(made, predict(&model, inputs.view(), &[1, 3]));
    assert_ne!(made.index_axis(Axis(0), 0), made.index_axis(Axis(0), 1));
}
