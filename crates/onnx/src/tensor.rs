//! What a file says of an input or output.

use std::fmt;

use tract_onnx::pb;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension;

/// What a file says of the size along a dimension.
///
/// ```
/// use patchweave_onnx::Dim;
///
/// let dims = [Dim::Fixed(1), Dim::Named("height".into()), Dim::Free];
/// assert_eq!(dims.map(|dim| dim.to_string()), ["1", "height", "?"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// This size.
    Fixed(usize),
    /// Any size; equal names have equal sizes.
    Named(String),
    /// Any size.
    Free,
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Fixed(size) => write!(f, "{size}"),
            Dim::Named(name) => f.write_str(name),
            Dim::Free => f.write_str("?"),
        }
    }
}

/// What a file says of an input or output.
///
/// ```
/// use patchweave_onnx::{Dim, TensorInfo};
///
/// let dims = vec![Dim::Named("batch".into()), Dim::Fixed(1), Dim::Fixed(64), Dim::Fixed(64)];
/// let input = TensorInfo { name: "raw".into(), pixel_type: "float".into(), dims: Some(dims) };
/// assert_eq!(input.to_string(), "raw: float, batch×1×64×64");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// The type of its values, as ONNX calls it.
    pub pixel_type: String,
    /// Its sizes in the order of the file, where it tells them.
    pub dims: Option<Vec<Dim>>,
}

impl TensorInfo {
    pub(crate) fn of(value: &pb::ValueInfoProto) -> Self {
        let pb::type_proto::Value::TensorType(tensor) = match value
            .r#type
            .as_ref()
            .and_then(|found| found.value.as_ref())
        {
            Some(value) => value,
            None => {
                return TensorInfo { name: value.name.clone(), pixel_type: "no tensor".into(), dims: None };
            }
        };
        let pixel_type = match DataType::try_from(tensor.elem_type) {
            Ok(known) => format!("{known:?}").to_lowercase(),
            Err(_) => format!("type {}", tensor.elem_type),
        };
        let dims = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(dim).collect());
        TensorInfo { name: value.name.clone(), pixel_type, dims }
    }
}

fn dim(found: &pb::tensor_shape_proto::Dimension) -> Dim {
    match &found.value {
        Some(dimension::Value::DimValue(size)) => match usize::try_from(*size) {
            Ok(size) if size > 0 => Dim::Fixed(size),
            // Written by some exporters for what may change.
            _ => Dim::Free,
        },
        Some(dimension::Value::DimParam(name)) if !name.is_empty() => Dim::Named(name.clone()),
        _ => Dim::Free,
    }
}

impl fmt::Display for TensorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.pixel_type)?;
        match &self.dims {
            Some(dims) => {
                let dims: Vec<String> = dims.iter().map(Dim::to_string).collect();
                write!(f, ", {}", dims.join("×"))
            }
            None => f.write_str(", of any shape"),
        }
    }
}
