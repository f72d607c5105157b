//! Small networks that ONNX Runtime runs, and what is said where it cannot.
//!
//! Tests that need its library are left out of a plain run; `tests/readers/run` has one.
#![cfg(feature = "ort")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[macro_use]
mod suite;
mod support;

use ndarray::{Ix4, s};
use patchweave_model::{Model, ModelExt, SizeRule};
use patchweave_onnx::{OnnxModel, OnnxOptions, Runtime, loaded_runtime};
use support::written::{FLOAT, field, integer, model, node, tensor};
use support::{difference, net, net_file, npy, refusal};

const RUNTIME: Runtime = Runtime::OnnxRuntime { library: None };

suite!(RUNTIME, ignore = "needs a library of ONNX Runtime");

fn with(library: Option<&str>) -> OnnxOptions {
    let mut options = OnnxOptions::default();
    options.runtime = Runtime::OnnxRuntime { library: library.map(Into::into) };
    options
}

/// What it takes is then found out by running it.
#[test]
#[ignore = "needs a library of ONNX Runtime"]
fn operators_that_tract_does_not_know_are_run() {
    let told = refusal(&net_file("extended.onnx"), &OnnxOptions::default());
    assert!(told.ends_with("is an operator com.microsoft.FusedConv, which is not supported"), "{told}");
    let model = net("extended", &with(None));
    let two = SizeRule::Steps { min: 2, step: 2 };
    assert_eq!(model.info().input.sizes, [SizeRule::Fixed(1), two, two]);
    assert_eq!((model.info().input.n_channels, model.info().input.batch), (Some(1), SizeRule::Any));
    let inputs = npy(&net_file("extended.in.npy")).into_dimensionality::<Ix4>().unwrap();
    let made = model.predict_alone(inputs.slice(s![.., .., ndarray::NewAxis, .., ..])).unwrap().remove(0);
    let expected = npy(&net_file("extended.out.npy"));
    assert!(difference(&made.remove_axis(ndarray::Axis(2)).into_dyn(), &expected) < 1e-5);
    let refused = model.prepare([1, 1, 1, 7, 8]).unwrap_err().to_string();
    assert_eq!(refused, "model extended: got 7 pixels along Y, expected 2 + n·2");
    assert!(loaded_runtime().unwrap().to_string().contains("libonnxruntime"));
}

#[test]
#[ignore = "needs a library of ONNX Runtime"]
fn networks_that_are_no_models_of_images_are_refused_with_the_reason() {
    let refusals = [
        ("half", "input image has values of float16, expected float, which is 32 bits wide"),
        ("unknown", "cannot be loaded: "),
        ("later", "cannot be loaded: "),
        ("circle", "cannot be loaded: "),
        (
            "scalar",
            "output out is a single number for an input of 1×1×128×128, expected axes as the input has",
        ),
        ("text", "output out has values of string, expected numbers"),
        ("positions", "output out is 4×"),
        ("valid", "expected a multiple or a part of 128 pixels along Y"),
        ("misfit", "cannot be made ready for 1×1×32×32: "),
    ];
    for (name, expected) in refusals {
        let told = refusal(&net_file(&format!("{name}.onnx")), &with(None));
        println!("{told}");
        assert!(told.contains(expected), "{name}: {told}");
    }
}

#[test]
#[ignore = "needs a library of ONNX Runtime"]
fn networks_that_draw_random_numbers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noisy.onnx");
    let graph = [
        node("draw", "RandomNormalLike", &["image"], "noise"),
        field(2, b"noisy"),
        field(11, &tensor("image", FLOAT, 0)),
        field(12, &tensor("noise", FLOAT, 0)),
    ];
    std::fs::write(&path, model(&graph.concat())).unwrap();
    let told = refusal(&path, &with(None));
    let expected = "noisy.onnx cannot be run by ONNX Runtime: its operator RandomNormalLike draws random numbers that cannot be \
                    drawn again; expected the runtime tract";
    assert!(told.ends_with(expected), "{told}");
}

/// Values that are left out by chance are no operator that its name tells of, but are noticed.
#[test]
#[ignore = "needs a library of ONNX Runtime"]
fn networks_that_never_make_the_same_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dropout.onnx");
    for (trains, is_refused) in [(1, true), (0, false)] {
        let switch = [integer(2, 9), field(8, b"trains"), field(9, &[trains])].concat();
        let graph = [
            node("drop", "Dropout", &["image", "", "trains"], "out"),
            field(2, b"dropout"),
            field(5, &switch),
            field(11, &tensor("image", FLOAT, 0)),
            field(12, &tensor("out", FLOAT, 0)),
        ];
        std::fs::write(&path, model(&graph.concat())).unwrap();
        if is_refused {
            let told = refusal(&path, &with(None));
            assert!(told.ends_with("makes something else of the same input each time"), "{told}");
        } else {
            OnnxModel::open(&path, &with(None)).unwrap();
        }
    }
}

/// Of networks that tract does not plan as of others.
#[test]
#[ignore = "needs a library of ONNX Runtime"]
fn memory_is_known_before() {
    let of = |model: &OnnxModel, size: usize| model.working_bytes([1, 1, 1, size, size]).unwrap();
    let extended = net("extended", &with(None));
    let (small, large) = (of(&extended, 32), of(&extended, 320));
    // Two channels of the size of the input, and what becomes of them.
    assert!(small > 2 * 4 * 32 * 32 && large > 80 * small && large < 100 * small, "{small} {large}");
    let by_tract = of(&net("planes", &OnnxOptions::default()), 64);
    let by_other = of(&net("planes", &with(None)), 64);
    // Weights, blocks of channels, and what is taken in advance.
    assert!(by_other > by_tract && by_other < 4 * by_tract, "{by_other} {by_tract}");
}

#[test]
#[ignore = "needs a library of ONNX Runtime"]
fn a_process_loads_one_library() {
    net("planes", &with(None));
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("libonnxruntime.so");
    std::fs::write(&other, "").unwrap();
    let told = refusal(&net_file("planes.onnx"), &with(other.to_str()));
    assert!(told.contains("libonnxruntime.so, expected ") && told.ends_with("has loaded already"), "{told}");
}

#[test]
fn libraries_that_are_none_are_refused_with_advice() {
    let planes = net_file("planes.onnx");
    let told = refusal(&planes, &with(Some("no/such/libonnxruntime.so")));
    let expected = "planes.onnx cannot be run by ONNX Runtime: no/such/libonnxruntime.so does not exist; install ONNX \
                    Runtime 1.17 or later with `pip install onnxruntime`, or name its library";
    assert!(told.contains(expected), "{told}");
}
