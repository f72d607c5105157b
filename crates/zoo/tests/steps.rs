//! Steps of packages against what NumPy makes of their formulas, through whole packages around a network that changes nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels are f32")]

mod support;

use std::fs;

use ndarray::{Array5, ArrayView4, Axis, s};
use patchweave_model::{Cause, Model, ModelExt, Whole, WholePixels};
use patchweave_zoo::{ZooModel, ZooOptions};
use serde_json::{Value, json};
use support::made;

struct Cases {
    raw: Array5<f32>,
    all: Value,
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

impl Cases {
    fn read() -> Self {
        let all: Value = serde_json::from_slice(&fs::read(made("steps.json")).unwrap()).unwrap();
        let raw = Cases::block(&all, &all["raw"]);
        Cases { raw, all }
    }

    /// Values of arrays `BCYX` as `BCZYX`.
    fn block(all: &Value, values: &Value) -> Array5<f32> {
        let sizes: Vec<usize> =
            all["shape"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).collect();
        Array5::from_shape_vec([sizes[0], sizes[1], 1, sizes[2], sizes[3]], numbers(values)).unwrap()
    }

    fn expected(&self, case: &Value) -> Array5<f32> {
        Cases::block(&self.all, &case["expected"])
    }
}

/// A package around the identity, of two channels.
fn model(before: &[Value], after: &[Value]) -> ZooModel {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(made("identity.onnx"), folder.path().join("identity.onnx")).unwrap();
    let space = |id: &str, size: Value| json!({"type": "space", "id": id, "size": size});
    let of = |axis: &str| json!({"tensor_id": "image", "axis_id": axis});
    let steps = json!({"min": 1, "step": 1});
    let axes = |y: Value, x: Value| {
        json!([
            {"type": "batch"},
            {"type": "channel", "channel_names": ["a", "b"]},
            space("y", y),
            space("x", x),
        ])
    };
    let test_tensor = json!({"source": "none.npy"});
    let description = json!({
        "format_version": "0.5.14",
        "type": "model",
        "name": "identity",
        "inputs": [{
            "id": "image",
            "axes": axes(steps.clone(), steps),
            "test_tensor": test_tensor,
            "preprocessing": before,
        }],
        "outputs": [{
            "id": "out",
            "axes": axes(of("y"), of("x")),
            "test_tensor": test_tensor,
            "postprocessing": after,
        }],
        "weights": {"onnx": {"source": "identity.onnx", "opset_version": 17}},
    });
    fs::write(folder.path().join("rdf.yaml"), description.to_string()).unwrap();
    ZooModel::open(folder.path(), &ZooOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn step(case: &Value) -> Value {
    json!({"id": case["id"], "kwargs": case["kwargs"]})
}

/// What a step before the network ends with, so that the network takes it.
fn float() -> Value {
    json!({"id": "ensure_dtype", "kwargs": {"dtype": "float32"}})
}

fn check(got: &Array5<f32>, expected: &Array5<f32>, what: &Value) {
    assert_eq!(got.dim(), expected.dim());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= 1e-5 + 1e-5 * expected.abs(), "{what}: {got} for {expected}");
    }
}

#[test]
fn steps_are_their_formulas_before_and_after_the_network() {
    let cases = Cases::read();
    let all = cases.all["steps"].as_array().unwrap();
    assert!(all.len() > 20);
    for case in all {
        let expected = cases.expected(case);
        for model in [model(&[step(case), float()], &[]), model(&[], &[step(case), float()])] {
            check(&model.predict_alone(cases.raw.view()).unwrap()[0], &expected, &step(case));
        }
    }
}

#[test]
fn steps_after_the_network_may_look_at_its_input() {
    let cases = Cases::read();
    let before = cases.all["before"].as_array().unwrap();
    for case in cases.all["after"].as_array().unwrap() {
        let made = model(before, &[step(case)]).predict_alone(cases.raw.view()).unwrap();
        check(&made[0], &cases.expected(case), &step(case));
    }
}

#[test]
fn statistics_are_those_before_the_first_step() {
    let cases = Cases::read();
    let chain = &cases.all["chain"];
    let made = model(chain["steps"].as_array().unwrap(), &[]).predict_alone(cases.raw.view()).unwrap();
    check(&made[0], &cases.expected(chain), chain);
}

/// An image that is shown in several blocks.
struct Blocks<'a>(Vec<ArrayView4<'a, f32>>);

impl WholePixels for Blocks<'_> {
    fn n_channels(&self) -> usize {
        2
    }

    fn is_one_tile(&self) -> bool {
        false
    }

    fn each_block(
        &self,
        look: &mut dyn FnMut(ArrayView4<'_, f32>) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        self.0.iter().try_for_each(|block| look(block.view()))
    }
}

/// Parts of a sample, four of different sizes.
fn parts(raw: &Array5<f32>, n: usize) -> Vec<ArrayView4<'_, f32>> {
    let sample = raw.index_axis(Axis(0), n);
    let (top, bottom) = sample.split_at(Axis(2), 2);
    let halves = [top.split_at(Axis(3), 4), bottom.split_at(Axis(3), 1)];
    halves.into_iter().flat_map(|(left, right)| [left, right]).collect()
}

#[test]
fn tiles_are_prepared_with_statistics_of_the_whole() {
    let cases = Cases::read();
    let all = parts(&cases.raw, 0).into_iter().chain(parts(&cases.raw, 1)).collect();
    let run = Blocks(all);
    for case in cases.all["steps"].as_array().unwrap() {
        let base = model(&[step(case), float()], &[]);
        let of_run = base.for_whole(Whole::Run, &run).unwrap();
        let of_run: &dyn Model = of_run.as_deref().unwrap_or(&base);
        let expected = cases.expected(case);
        for n in 0..2 {
            let of_image = of_run.for_whole(Whole::Image, &Blocks(parts(&cases.raw, n))).unwrap();
            let of_image: &dyn Model = of_image.as_deref().unwrap_or(of_run);
            let part = s![n..n + 1, .., .., 1..4, 2..5];
            let made = of_image.predict_alone(cases.raw.slice(part)).unwrap();
            check(&made[0], &expected.slice(part).to_owned(), &step(case));
        }
    }
}

#[test]
fn statistics_of_results_want_whole_images() {
    let cases = Cases::read();
    let after = [json!({"id": "zero_mean_unit_variance", "kwargs": {"axes": ["y", "x"]}})];
    let model = model(&[], &after);
    let error = model.for_whole(Whole::Image, &Blocks(parts(&cases.raw, 0))).err().unwrap();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("whole result out") && cause.contains("predict whole images"), "{cause}");
    // Known before any pixel, and not of images of one tile.
    assert!(model.check_tiled(Whole::Image).is_err() && model.check_tiled(Whole::Run).is_ok());
    let model = self::model(&after, &[]);
    assert!(model.check_tiled(Whole::Image).is_ok());
}

#[test]
fn pixels_without_a_number_are_refused_where_statistics_need_them() {
    let mut cases = Cases::read();
    cases.raw[[0, 0, 0, 1, 1]] = f32::NAN;
    for name in ["zero_mean_unit_variance", "scale_range"] {
        let model = model(&[json!({"id": name})], &[]);
        let error = model.predict_alone(cases.raw.view()).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("infinite or no number"), "{cause}");
    }
}
