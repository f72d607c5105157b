//! `ensure_dtype`.

use ndarray::ArrayViewMut4;

use crate::DataType;

/// Every value as the type keeps it; see [`DataType::cast`].
///
/// ```
/// use ndarray::Array4;
/// use patchweave_zoo::DataType;
/// use patchweave_zoo::steps::ensure_dtype;
///
/// let mut pixels = Array4::from_elem([1, 1, 1, 1], -1.5);
/// ensure_dtype(&mut pixels.view_mut(), DataType::named("uint16").unwrap());
/// assert_eq!(pixels[[0, 0, 0, 0]], 65_535.0);
/// ```
pub fn ensure_dtype(pixels: &mut ArrayViewMut4<'_, f32>, data_type: DataType) {
    if !data_type.is_float() {
        pixels.mapv_inplace(|value| data_type.cast(value));
    }
}
