//! Tiles of an input in the pixels of an output that is larger or smaller.

use patchweave_geometry::{Extent, GeometryError, ImageShape, PerAxis, TileGrid};
use patchweave_model::{ModelInfo, OutputInfo, Scale};

use crate::{PredictError, Tiling};

/// What sizes along every axis `ZYX` have to be multiples of, so that every output of every model has whole pixels.
pub(crate) fn common_unit<'m>(models: impl IntoIterator<Item = &'m ModelInfo>) -> [usize; 3] {
    let mut unit = [1; 3];
    for output in models.into_iter().flat_map(|model| &model.outputs) {
        for (unit, scale) in unit.iter_mut().zip(output.scale) {
            *unit = least_common_multiple(*unit, scale.over());
        }
    }
    unit
}

/// The shape that an image has to be cut in for models: sizes are rounded up so that outputs with fewer pixels than their input
/// have whole pixels. What tiles have beyond the image is 0.
///
/// Whole samples are cut as they are.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape, PerAxis};
/// use patchweave_model::{InputInfo, ModelInfo, OutputInfo, Scale};
/// use patchweave_predict::{Tiling, cut_shape};
///
/// let half = OutputInfo::new("half").with_scale([Scale::Same, Scale::Over(2), Scale::Over(2)]);
/// let model = ModelInfo::new("net", InputInfo::planes(), vec![half]);
/// let tiling = Tiling::Tiles { size: Extent::new(&[8, 8])?, overlaps: PerAxis::new(&[2, 2])? };
/// let shape = cut_shape(&tiling, [&model], ImageShape::from_slice(&[1, 1, 19, 20])?)?;
/// assert_eq!(shape.to_vec(), [1, 1, 20, 20]);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
///
/// # Errors
/// [`GeometryError::BadSize`] for sizes beyond what memory can hold.
pub fn cut_shape<'m>(
    tiling: &Tiling,
    models: impl IntoIterator<Item = &'m ModelInfo>,
    shape: ImageShape,
) -> Result<ImageShape, GeometryError> {
    match tiling {
        Tiling::Whole => Ok(shape),
        Tiling::Tiles { .. } => padded(shape, common_unit(models)),
    }
}

/// The smallest image that holds `shape` and has sizes that are multiples of `unit`.
pub(crate) fn padded(shape: ImageShape, unit: [usize; 3]) -> Result<ImageShape, GeometryError> {
    let unit = shape.extent.per_axis().of_zyx(unit);
    let sizes = shape.extent.per_axis().map_indexed(|axis, size| size.div_ceil(unit[axis]) * unit[axis]);
    Ok(ImageShape { extent: Extent::new(sizes.as_slice())?, ..shape })
}

/// The shape of an output for a whole image of so many channels; of a pixel of which the image has a part it has all.
///
/// ```
/// use patchweave_geometry::ImageShape;
/// use patchweave_model::{OutputInfo, Scale};
///
/// let half = OutputInfo::new("half").with_scale([Scale::Same, Scale::Over(2), Scale::Times(2)]);
/// let shape = patchweave_predict::output_shape(&half, ImageShape::from_slice(&[3, 1, 19, 20])?, 4)?;
/// assert_eq!(shape.to_vec(), [3, 4, 10, 40]);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
///
/// # Errors
/// [`GeometryError::BadSize`] for sizes beyond what memory can hold.
pub fn output_shape(
    info: &OutputInfo,
    input: ImageShape,
    n_channels: usize,
) -> Result<ImageShape, GeometryError> {
    let scale = input.extent.per_axis().of_zyx(info.scale);
    let sizes = input.extent.per_axis().map_indexed(|axis, size| scaled_up(size, scale[axis]));
    Ok(ImageShape {
        extent: Extent::new(sizes.as_slice())?,
        n_channels: info.channels.of(n_channels),
        ..input
    })
}

fn scaled_up(size: usize, scale: Scale) -> usize {
    size.saturating_mul(scale.times()).div_ceil(scale.over())
}

/// The tiles of an output, in its own pixels.
///
/// Tile `k` of it is what the model makes of tile `k` of the input.
pub(crate) fn output_grid(
    model: &ModelInfo,
    info: &OutputInfo,
    input: ImageShape,
    tiling: &Tiling,
    n_channels: usize,
) -> Result<TileGrid, PredictError> {
    let scale = input.extent.per_axis().of_zyx(info.scale);
    let shape = output_shape(info, input, n_channels)?;
    let Tiling::Tiles { size, overlaps } = tiling else { return Ok(Tiling::Whole.grid(shape)?) };
    let names = input.extent.per_axis().of_zyx(["Z", "Y", "X"]);
    let along = |what: &'static str, values: PerAxis<usize>| {
        values.try_map_indexed(|axis, value| {
            let over = scale[axis].over();
            if value % over == 0 {
                return Ok(value * scale[axis].times() / over);
            }
            Err(PredictError::NotWholePixels {
                model: model.name.clone(),
                output: info.name.clone(),
                what,
                axis: names[axis],
                got: value,
                expected: over,
            })
        })
    };
    let size = along("tiles", size.per_axis())?;
    let overlaps = along("overlaps", *overlaps)?;
    Ok(TileGrid::new(shape, Extent::new(size.as_slice())?, overlaps)?)
}

/// The smallest number that both divide.
pub(crate) fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor.max(1)).saturating_mul(b)
}
