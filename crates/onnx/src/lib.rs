//! Networks in ONNX files as models, run by [tract](https://docs.rs/tract-onnx).
//!
//! [`OnnxModel`] is a [`Model`](patchweave_model::Model): its tiles, channels, scales and outputs are found out when the file is
//! opened, and what cannot work is refused there. [`OnnxFile`] tells what is in a file without running it. This crate writes
//! nothing, cuts no tile and starts no thread.

mod axes;
mod checks;
mod error;
mod external_data;
mod file;
mod guard;
mod model;
mod options;
mod outputs;
mod plan;
mod plans;
mod random;
mod search;
mod size_search;
mod tensor;

pub use axes::{BadAxes, FileAxes, FileAxis};
pub use error::OnnxError;
pub use file::OnnxFile;
pub use model::OnnxModel;
pub use options::OnnxOptions;
pub use tensor::{Dim, TensorInfo};
