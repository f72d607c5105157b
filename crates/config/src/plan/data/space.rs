//! Axes together with the number of spatial ones.

use patchweave_geometry::{Axes, Axis};

use super::data_type::DataType;

/// Axes together with the number of spatial ones, which also depends on the data type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Space<'a> {
    pub axes: &'a Axes,
    /// 2 or 3.
    pub n_spatial: usize,
}

impl<'a> Space<'a> {
    /// In CZI files, `T` counts as a depth axis.
    pub(crate) fn new(axes: &'a Axes, data_type: Option<DataType>) -> Space<'a> {
        let is_deep = axes.is_3d() || (data_type == Some(DataType::Czi) && axes.contains(Axis::T));
        Space { axes, n_spatial: if is_deep { 3 } else { 2 } }
    }
}
