//! How many axes of an image are spatial.

use patchweave_geometry::{Axes, Axis};

use super::data_type::DataType;

/// Axes together with how many of them are spatial, which the letters alone do not say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Space<'a> {
    pub axes: &'a Axes,
    /// 2 or 3.
    pub n_spatial: usize,
}

impl<'a> Space<'a> {
    /// `T` is the depth of a CZI file that has no `Z`.
    pub(crate) fn new(axes: &'a Axes, data_type: Option<DataType>) -> Space<'a> {
        let is_deep = axes.is_3d() || (data_type == Some(DataType::Czi) && axes.contains(Axis::T));
        Space { axes, n_spatial: if is_deep { 3 } else { 2 } }
    }
}
