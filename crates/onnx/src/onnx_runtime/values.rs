//! Values that ONNX Runtime made, as numbers.

use ndarray::ArrayViewD;
use ort::value::{DynValue, TensorElementType};
use patchweave_model::{Cause, OutputType};

use crate::network::OutputFact;

/// What a value is.
pub(super) fn fact(value: &DynValue) -> Result<OutputFact, Cause> {
    let (element, dims) = parts(value)?;
    Ok(OutputFact { dims, pixel_type: pixel_type(element) })
}

/// Hands over a value as floating-point numbers, which is a copy for those of other types.
pub(super) fn as_floats(
    value: &DynValue,
    take: impl FnOnce(ArrayViewD<'_, f32>) -> Result<(), Cause>,
) -> Result<(), Cause> {
    use TensorElementType as Element;

    macro_rules! converted {
        ($type:ty, $convert:expr) => {
            take(value.try_extract_array::<$type>()?.mapv($convert).view())
        };
    }
    match parts(value)?.0 {
        Element::Float32 => take(value.try_extract_array::<f32>()?),
        #[expect(clippy::cast_possible_truncation, reason = "results are f32, whatever a network makes")]
        Element::Float64 => converted!(f64, |number| number as f32),
        Element::Float16 => converted!(half::f16, f32::from),
        Element::Bfloat16 => converted!(half::bf16, f32::from),
        Element::Uint8 => converted!(u8, f32::from),
        Element::Int8 => converted!(i8, f32::from),
        Element::Uint16 => converted!(u16, f32::from),
        Element::Int16 => converted!(i16, f32::from),
        Element::Uint32 => converted!(u32, |number| number as f32),
        Element::Int32 => converted!(i32, |number| number as f32),
        Element::Uint64 => converted!(u64, |number| number as f32),
        Element::Int64 => converted!(i64, |number| number as f32),
        Element::Bool => converted!(bool, |is_set| f32::from(u8::from(is_set))),
        other => Err(format!("got values of {}, expected numbers", name(other)).into()),
    }
}

/// The type of the numbers and the sizes of a value that is a tensor.
fn parts(value: &DynValue) -> Result<(TensorElementType, Vec<usize>), Cause> {
    let (Some(element), Some(shape)) = (value.dtype().tensor_type(), value.dtype().tensor_shape()) else {
        return Err(format!("got {}, expected a tensor", value.dtype()).into());
    };
    let dims = shape.iter().map(|size| usize::try_from(*size)).collect::<Result<_, _>>()?;
    Ok((element, dims))
}

/// Whole numbers are names of classes or objects.
fn pixel_type(element: TensorElementType) -> Result<OutputType, String> {
    use TensorElementType as Element;
    match element {
        Element::Float16 | Element::Bfloat16 | Element::Float32 | Element::Float64 => Ok(OutputType::Float),
        Element::Bool
        | Element::Uint8
        | Element::Int8
        | Element::Uint16
        | Element::Int16
        | Element::Uint32
        | Element::Int32
        | Element::Uint64
        | Element::Int64 => Ok(OutputType::Label),
        other => Err(name(other)),
    }
}

fn name(element: TensorElementType) -> String {
    format!("{element:?}").to_lowercase()
}
