//! Packages of the [BioImage Model Zoo](https://bioimage.io) as models.
//!
//! [`Package`] is a folder, a ZIP archive or a YAML file of format 0.4 or 0.5; all of its description that matters for
//! predicting is checked when it is opened, and problems are told by field and line. [`ZooModel`] runs its ONNX weights with the
//! preprocessing and postprocessing of the package ([`steps`] has the formulas), and [`ZooModel::test`] reproduces its test
//! tensors. This crate writes nothing, downloads nothing, runs no Python of packages and starts no thread.

mod axis;
mod checksum;
mod data_type;
mod description;
mod error;
mod measure;
mod model;
mod npy;
mod options;
mod over;
mod package;
mod place;
mod read;
mod sizes;
mod step;
pub mod steps;
mod test;
mod tolerance;

pub use axis::{AxisDescr, AxisKind, AxisSize};
pub use data_type::DataType;
pub use description::{Description, FileDescr, TensorDescr, WeightsDescr};
pub use error::ZooError;
pub use model::ZooModel;
pub use options::ZooOptions;
pub use over::{Over, Scope};
pub use package::Package;
pub use step::{Bound, Step};
pub use test::OutputTest;
pub use tolerance::Tolerance;
