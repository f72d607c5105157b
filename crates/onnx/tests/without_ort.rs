//! What is said where ONNX Runtime was left out.
#![cfg(not(feature = "ort"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use patchweave_onnx::{OnnxOptions, Runtime, installed_runtime, loaded_runtime};
use support::{net_file, refusal};

#[test]
fn onnx_runtime_is_refused_with_advice() {
    let mut options = OnnxOptions::default();
    options.runtime = Runtime::OnnxRuntime { library: None };
    let told = refusal(&net_file("planes.onnx"), &options);
    let expected = "planes.onnx cannot be run by ONNX Runtime: this program was built without the feature ort, expected runtime: \
                    tract, or a build with it";
    assert!(told.ends_with(expected), "{told}");
    assert_eq!((installed_runtime(), loaded_runtime()), (None, None));
}
