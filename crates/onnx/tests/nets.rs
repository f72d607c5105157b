//! Small networks that tract runs, and what their files say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[macro_use]
mod suite;
mod support;

use patchweave_onnx::{OnnxModel, OnnxOptions, Runtime};
use support::{net, net_file};

suite!(Runtime::Tract);

#[test]
fn axes_are_guessed_by_the_number_of_dimensions() {
    for (name, axes) in [("planes", "NCYX"), ("volume", "NCZYX"), ("plain", "YX")] {
        let model = net(name, &OnnxOptions::default());
        assert_eq!(model.axes().to_string(), axes, "{name}");
    }
}

#[test]
fn a_file_tells_what_is_in_it() {
    let model = OnnxModel::open(&net_file("planes.onnx"), &OnnxOptions::default()).unwrap();
    let told = model.file().to_string();
    let (path, rest) = told.split_once('\n').unwrap();
    assert!(path.ends_with("planes.onnx"));
    let expected = "  written by make.py 1
  operators of ONNX, version 17
  223 parameters
  input image: float, batch×1×height×width
  output mask: float, batch×3×height×width
  output classes: int64, batch×height×width
  1 ArgMax, 2 Conv, 1 Relu, 1 Softmax";
    assert_eq!(rest, expected);
}
