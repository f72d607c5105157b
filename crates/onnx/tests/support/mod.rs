//! Networks and arrays for tests.
#![allow(dead_code, reason = "every test uses some of it")]

pub mod written;

use std::error::Error;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, IxDyn};
use patchweave_onnx::{OnnxModel, OnnxOptions};

/// Where a file beside `nets/make.py` lies.
pub fn net_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nets").join(name)
}

/// One of the small networks.
pub fn net(name: &str, options: &OnnxOptions) -> OnnxModel {
    OnnxModel::open(&net_file(&format!("{name}.onnx")), options).unwrap_or_else(|error| panic!("{error:?}"))
}

/// The error of a file that is refused and all its causes; the error has to name the file.
pub fn refusal(path: &Path, options: &OnnxOptions) -> String {
    let error = match OnnxModel::open(path, options) {
        Ok(model) => panic!("{} was taken: {model:?}", path.display()),
        Err(error) => error,
    };
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(&format!(": {error}"));
        cause = error.source();
    }
    told
}

/// Numbers of a NumPy file, whole ones as well.
pub fn npy(path: &Path) -> ArrayD<f32> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    let shape: Vec<usize> = file.shape().iter().map(|size| usize::try_from(*size).unwrap()).collect();
    let is_whole = file.dtype().descr().contains("i8");
    let values: Vec<f32> = if is_whole {
        file.into_vec::<i64>().unwrap().into_iter().map(|value| value as f32).collect()
    } else {
        file.into_vec().unwrap()
    };
    ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap()
}

/// The largest difference of two arrays of the same shape.
pub fn difference(got: &ArrayD<f32>, expected: &ArrayD<f32>) -> f32 {
    assert_eq!(got.shape(), expected.shape());
    let largest = got.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(got.iter().all(|value| value.is_finite()));
    largest
}
