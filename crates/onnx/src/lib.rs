//! Networks in ONNX files as models, run by [tract](https://docs.rs/tract-onnx) or, with the feature `ort`, by
//! [ONNX Runtime](https://onnxruntime.ai).
//!
//! [`OnnxModel`] is a [`Model`](patchweave_model::Model): its tiles, channels, scales and outputs are found out when the file is
//! opened, and what cannot work is refused there. [`OnnxFile`] tells what is in a file without running it. This crate writes
//! nothing, cuts no tile and starts no thread; to find an ONNX Runtime that belongs to Python it asks `python3` for its place.

mod axes;
mod checks;
mod error;
mod external_data;
mod file;
mod guard;
mod loaded_runtime;
mod model;
mod network;
#[cfg_attr(not(feature = "ort"), path = "onnx_runtime/absent.rs")]
mod onnx_runtime;
mod options;
mod origin;
mod outputs;
mod runtime;
mod search;
mod size_search;
mod tensor;
mod tract;

pub use axes::{BadAxes, FileAxes, FileAxis};
pub use error::OnnxError;
pub use file::OnnxFile;
pub use loaded_runtime::LoadedRuntime;
pub use model::OnnxModel;
pub use onnx_runtime::{installed_runtime, loaded_runtime};
pub use options::OnnxOptions;
pub use runtime::{Runtime, UnknownRuntime};
pub use tensor::{Dim, TensorInfo};
