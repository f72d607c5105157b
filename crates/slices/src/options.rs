//! How a volume is treated.

use std::str::FromStr;

use patchweave_pixel::PixelType;
use serde::{Deserialize, Serialize};

use crate::{Boundary, SlicesError, ZSlices};

/// What becomes of the selected slices.
///
/// ```
/// use patchweave_slices::Accumulation;
///
/// assert_eq!("3d".parse::<Accumulation>()?, Accumulation::Volume);
/// assert_eq!(Accumulation::default(), Accumulation::Planes);
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Accumulation {
    /// Every selected slice is a sample of its own, a plane: `SCYX`, slices fast within images.
    #[default]
    #[serde(rename = "2d")]
    Planes,
    /// Selected slices stay together as the depth of a volume: `SCZYX`.
    #[serde(rename = "3d")]
    Volume,
}

impl FromStr for Accumulation {
    type Err = SlicesError;

    /// Reads `2d` or `3d`.
    fn from_str(name: &str) -> Result<Self, SlicesError> {
        match name {
            "2d" => Ok(Accumulation::Planes),
            "3d" => Ok(Accumulation::Volume),
            _ => Err(SlicesError::UnknownName {
                what: "accumulation mode",
                got: name.to_owned(),
                expected: "2d or 3d",
            }),
        }
    }
}

/// How a [`SliceStack`](crate::SliceStack) treats the volume; the default clamps, makes planes, and takes all slices.
///
/// ```
/// use patchweave_slices::{Boundary, SliceOptions, ZSlices};
///
/// let options: SliceOptions = serde_json::from_str(r#"{"boundary": "reflect", "z_slices": {"list": [4, 2]}}"#)?;
/// assert_eq!((options.boundary, options.z_slices), (Boundary::Reflect, ZSlices::List(vec![4, 2])));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SliceOptions {
    /// What stands for slices outside of the volume.
    pub boundary: Boundary,
    /// What becomes of the selected slices.
    pub accumulation: Accumulation,
    /// In the place of which slices channels are made.
    pub z_slices: ZSlices,
    /// What pixels are taken for: `F32` or `F64` let integers have a mean and a standard deviation; `None` is the type of
    /// the image. Values are `f32` in any case.
    pub pixel_type: Option<PixelType>,
}
