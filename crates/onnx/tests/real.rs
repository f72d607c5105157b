//! A real network of planes with a recorded output.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test that fails panics; pixels are f32"
)]
#![expect(clippy::print_stderr, reason = "a test that cannot run says so")]
#![allow(clippy::print_stdout, reason = "figures of a test that fails")]

mod support;

use std::path::{Path, PathBuf};
use std::time::Instant;

use ndarray::{Array5, ArrayD, s};
use patchweave_model::halo::measure;
use patchweave_model::{Model, ModelExt, SizeRule};
use patchweave_onnx::{OnnxModel, OnnxOptions, Runtime};
use support::{difference, npy};

/// Names the folder of real data.
const VARIABLE: &str = "PATCHWEAVE_TEST_DATA";

/// The folder of the network: below the folder that the variable names, or beside the workspace.
fn folder() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let beside = workspace.parent()?.join("shared/data");
    let data = std::env::var_os(VARIABLE).map(PathBuf::from);
    let Some(data) = data.or_else(|| beside.exists().then_some(beside)) else {
        eprintln!("skipped: no real network; {VARIABLE} may name the folder of real data");
        return None;
    };
    assert!(data.join("MANIFEST.tsv").is_file(), "no real data in {}", data.display());
    Some(data.join("f_onnx/unet2d_nuclei_broad"))
}

/// The recorded input, of mean 0 and variance 1 as its description wants.
fn input(folder: &Path) -> Array5<f32> {
    let image = npy(&folder.join("test_input.npy")).mapv(f64::from);
    let mean = image.mean().unwrap();
    let deviation = image.std(0.0);
    let normal = image.mapv(|pixel| ((pixel - mean) / (deviation + 1e-6)) as f32);
    normal.into_shape_with_order([1, 1, 1, 512, 512]).unwrap()
}

/// The recorded output is a probability, and the network makes its logit.
fn sigmoid(logits: Array5<f32>) -> ArrayD<f32> {
    logits.mapv(|logit| 1.0 / (1.0 + (-logit).exp())).into_dyn()
}

/// What is run by ONNX Runtime.
const ONNX_RUNTIME: Runtime = Runtime::OnnxRuntime { library: None };

fn options(runtime: Runtime) -> OnnxOptions {
    let mut options = OnnxOptions::default();
    options.runtime = runtime;
    options
}

#[test]
fn tract_reproduces_the_recorded_output() {
    reproduced(Runtime::Tract);
}

#[test]
#[ignore = "needs a library of ONNX Runtime"]
fn onnx_runtime_reproduces_the_recorded_output() {
    reproduced(ONNX_RUNTIME);
}

#[test]
fn tiles_that_tract_runs_equal_the_whole_outside_of_the_halo() {
    tiles_equal_the_whole(Runtime::Tract);
}

#[test]
#[ignore = "needs a library of ONNX Runtime"]
fn tiles_that_onnx_runtime_runs_equal_the_whole_outside_of_the_halo() {
    tiles_equal_the_whole(ONNX_RUNTIME);
}

fn reproduced(runtime: Runtime) {
    let Some(folder) = folder() else { return };
    let start = Instant::now();
    let model = OnnxModel::open(&folder.join("weights.onnx"), &options(runtime)).unwrap();
    println!("{}\n{:?}\nopened in {:?}", model.file(), model.info(), start.elapsed());
    assert_eq!(model.info().input.sizes, [SizeRule::Fixed(1), SizeRule::Fixed(512), SizeRule::Fixed(512)]);
    let start = Instant::now();
    model.prepare([1, 1, 1, 512, 512]).unwrap();
    println!("prepared in {:?}", start.elapsed());
    let start = Instant::now();
    let made = model.predict_alone(input(&folder).view()).unwrap().remove(0);
    println!("predicted 512 × 512 in {:?}", start.elapsed());
    let expected = npy(&folder.join("test_output.npy"));
    let made = sigmoid(made).into_shape_with_order(expected.raw_dim()).unwrap();
    let difference = difference(&made, &expected);
    println!("largest difference {difference:.1e}");
    assert!(difference < 1e-5, "{difference}");
}

fn tiles_equal_the_whole(runtime: Runtime) {
    let Some(folder) = folder() else { return };
    let mut options = options(runtime);
    options.resize = true;
    let start = Instant::now();
    let model = OnnxModel::open(&folder.join("weights.onnx"), &options).unwrap();
    println!("opened for all sizes in {:?}: {:?}", start.elapsed(), model.info().input);
    let [_, rule, _] = model.info().input.sizes;
    assert!(matches!(rule, SizeRule::Steps { .. }), "{rule:?}");
    let start = Instant::now();
    let measured = measure(&model, [1, 256, 256]).unwrap();
    let [_, y_halo, x_halo] = measured.halo();
    println!("halo {y_halo} along Y, {x_halo} along X, measured in {:?}", start.elapsed());
    assert!(!measured.is_global());
    let inputs = input(&folder);
    let whole = inputs.slice(s![.., .., .., ..384, ..384]);
    let expected = &model.predict_alone(whole).unwrap()[0];
    // Tiles start at multiples of the step.
    let up = |width: usize| width.next_multiple_of(rule.step());
    let [y, x] = [160, 168];
    let (from_y, to_y) = (y - up(y_halo.before), y + 64 + up(y_halo.after));
    let (from_x, to_x) = (x - up(x_halo.before), x + 64 + up(x_halo.after));
    let predicted =
        &model.predict_alone(inputs.slice(s![.., .., .., from_y..to_y, from_x..to_x])).unwrap()[0];
    let (in_y, in_x) = (y - from_y, x - from_x);
    let kept = predicted.slice(s![.., .., .., in_y..in_y + 64, in_x..in_x + 64]).to_owned().into_dyn();
    let expected = expected.slice(s![.., .., .., y..y + 64, x..x + 64]).to_owned().into_dyn();
    let inside = difference(&kept, &expected);
    println!("largest difference {inside:.1e}");
    assert!(inside < 1e-5, "{inside}");
}
