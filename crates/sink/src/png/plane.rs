//! Which images are one plane that PNG can hold; sizes and types only.

use std::path::Path;

use patchweave_geometry::{ArrayLayout, Axes, Axis};
use patchweave_pixel::PixelType;
use png::{BitDepth, ColorType};

use crate::{ImageSpec, SinkError};

/// The longest side.
const SIDE_LIMIT: u32 = (1 << 31) - 1;

/// A plane as PNG describes it.
pub(super) struct Plane {
    /// Axes of size 1, rows, columns and, if there are several, channels.
    pub layout: ArrayLayout,
    pub n_columns: u32,
    pub n_rows: u32,
    pub color: ColorType,
    pub depth: BitDepth,
}

impl Plane {
    pub fn new(path: &Path, spec: &ImageSpec) -> Result<Self, SinkError> {
        let unfit = |got: String, expected: &str| SinkError::Unfit {
            path: path.into(),
            got,
            expected: expected.to_owned(),
        };
        let n_channels = spec.layout.size_of(Axis::C).unwrap_or(1);
        let color = match n_channels {
            1 => ColorType::Grayscale,
            2 => ColorType::GrayscaleAlpha,
            3 => ColorType::Rgb,
            4 => ColorType::Rgba,
            n => return Err(unfit(format!("{n} channels"), "1 to 4 for a PNG; write others as TIFF")),
        };
        let several = [Axis::S, Axis::T, Axis::Z].into_iter();
        let several = several.filter_map(|axis| Some((axis, spec.layout.size_of(axis)?)));
        if let Some((axis, n)) = several.into_iter().find(|(_, n)| *n > 1) {
            let got = format!("{n} planes along {}", axis.letter());
            return Err(unfit(got, "1 for a PNG; write several as TIFF"));
        }
        let depth = match (spec.pixel_type, n_channels) {
            (PixelType::Bool, 1) => BitDepth::One,
            (PixelType::U8, _) => BitDepth::Eight,
            (PixelType::U16, _) => BitDepth::Sixteen,
            (other, _) => {
                let expected = "uint8 or uint16 for a PNG, or bool for one channel; choose one of these as pixel \
                    type, or write TIFF";
                return Err(unfit(format!("pixels of type {other}"), expected));
            }
        };
        let side = |axis: Axis| {
            let size = spec.layout.size_of(axis).unwrap_or(1);
            let side = u32::try_from(size).ok().filter(|side| *side <= SIDE_LIMIT);
            let (what, limit) = ("rows or columns of a PNG", SIDE_LIMIT.into());
            side.ok_or_else(|| SinkError::TooLarge { path: path.into(), what, got: size, limit })
        };
        let n_rows = side(Axis::Y)?;
        let n_columns = side(Axis::X)?;
        let layout = rows_of_pixels(&spec.layout);
        let layout = layout.map_err(|source| SinkError::Layout { path: path.into(), source })?;
        Ok(Plane { layout, n_columns, n_rows, color, depth })
    }
}

/// The same image with its channels side by side.
fn rows_of_pixels(layout: &ArrayLayout) -> Result<ArrayLayout, patchweave_geometry::GeometryError> {
    let order = [Axis::S, Axis::T, Axis::Z, Axis::Y, Axis::X, Axis::C];
    let axes: Vec<Axis> = order.into_iter().filter(|axis| layout.axes().contains(*axis)).collect();
    let shape: Vec<usize> = axes.iter().map(|axis| layout.size_of(*axis).unwrap_or(1)).collect();
    let letters: String = axes.into_iter().map(Axis::letter).collect();
    let axes: Axes = letters.parse()?;
    ArrayLayout::new(axes, &shape)
}
