//! What the first page says about the whole file, and the resolution of every page; text and numbers only.

use std::path::Path;

use patchweave_geometry::{ArrayLayout, Axis};
use tiff::encoder::Rational;
use tiff::tags::ResolutionUnit;

use super::metadata::Metadata;
use super::ome;
use crate::ImageSpec;

/// The description of a file.
pub(crate) struct Description {
    /// Goes into the image description of the first page.
    pub(crate) text: String,
    /// Goes into those of its smaller levels, where readers want one there.
    pub(crate) below: Vec<String>,
    /// The unit of the resolution, and micrometres in one of it.
    unit: (ResolutionUnit, f64),
    pixel_size: Option<[f64; 3]>,
    /// Whether levels get smaller along Z, Y and X.
    is_halved: [bool; 3],
}

impl Description {
    pub(crate) fn new(target: &Path, spec: &ImageSpec, metadata: Metadata) -> Self {
        let pixel_size = spec.pixel_size.map(|size| size.to_zyx(1.0));
        let centimetres = (ResolutionUnit::Centimeter, 1e4);
        let (text, unit) = match metadata {
            // ImageJ takes the unit from its own description and expects none here.
            Metadata::ImageJ => (imagej(spec), (ResolutionUnit::None, 1.0)),
            Metadata::Ome => (ome::document(target, spec), centimetres),
            Metadata::Shaped => (shaped(&spec.layout), centimetres),
        };
        let smaller = (1..spec.levels).filter(|_| metadata == Metadata::Shaped);
        // Layouts of levels exist where that of the image does.
        let below = smaller.filter_map(|level| spec.level_layout(level).ok());
        let below = below.map(|layout| shaped(&layout)).collect();
        let is_halved = [Axis::Z, Axis::Y, Axis::X].map(|axis| spec.is_halved(axis));
        Description { text, below, unit, pixel_size, is_halved }
    }

    /// Unit, X and Y resolution of pages of a level with these axes, if both are spatial and the pixel size is known.
    pub(crate) fn resolution(
        &self,
        level: usize,
        column: Axis,
        row: Axis,
    ) -> Option<(ResolutionUnit, Rational, Rational)> {
        let (unit, micrometres) = self.unit;
        let pixel_size = self.pixel_size?;
        let along = |axis| {
            let at = [Axis::Z, Axis::Y, Axis::X].iter().position(|other| *other == axis)?;
            let doubled = i32::try_from(level).ok().filter(|_| self.is_halved[at]).unwrap_or(0);
            Some(pixel_size[at] * 2_f64.powi(doubled))
        };
        Some((unit, rational(micrometres / along(column)?), rational(micrometres / along(row)?)))
    }
}

fn imagej(spec: &ImageSpec) -> String {
    let size = |axis| spec.layout.size_of(axis).unwrap_or(1);
    let channels = size(Axis::C);
    let slices = size(Axis::Z);
    let frames = size(Axis::T);
    let counts = [
        ("images", channels * slices * frames),
        ("channels", channels),
        ("slices", slices),
        ("frames", frames),
    ];
    let mut text = String::from("ImageJ=1.11a\n");
    for (name, count) in counts.into_iter().filter(|&(_, count)| count > 1) {
        text.push_str(&format!("{name}={count}\n"));
    }
    text.push_str("hyperstack=true\nmode=grayscale\n");
    if let Some(pixel_size) = &spec.pixel_size {
        text.push_str("unit=micron\n");
        if let [z, _, _] = pixel_size.as_slice() {
            text.push_str(&format!("spacing={z}\n"));
        }
    }
    if let Some(step) = spec.time_step {
        text.push_str(&format!("finterval={step}\n"));
    }
    text.push_str("loop=false\n");
    text
}

/// The form that tifffile calls shaped.
fn shaped(layout: &ArrayLayout) -> String {
    format!(r#"{{"shape": {:?}, "axes": "{}"}}"#, layout.shape(), layout.axes())
}

/// The fraction nearest to a positive value that two 32-bit numbers can hold, to about nine digits.
fn rational(value: f64) -> Rational {
    let most = f64::from(u32::MAX);
    let (n, d) = if value >= 1.0 {
        let d = (most / value).floor().max(1.0);
        (value * d, d)
    } else {
        let n = (most * value).floor().max(1.0);
        (n, n / value)
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is what a limit should do"
    )]
    let round = |value: f64| value.round() as u32;
    Rational { n: round(n), d: round(d) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use patchweave_geometry::{ArrayLayout, Axis, PerAxis};
    use patchweave_pixel::PixelType;
    use tiff::tags::ResolutionUnit;

    use super::{Description, Metadata, rational};
    use crate::{ImageSpec, TiffMetadata};

    fn spec(axes: &str, shape: &[usize], pixel_type: PixelType) -> ImageSpec {
        ImageSpec::new(ArrayLayout::new(axes.parse().unwrap(), shape).unwrap(), pixel_type)
    }

    fn description(spec: &ImageSpec) -> Description {
        let path = Path::new("a.tif");
        Description::new(path, spec, Metadata::of(path, spec, TiffMetadata::Auto).unwrap())
    }

    fn text(axes: &str, shape: &[usize], pixel_type: PixelType) -> String {
        description(&spec(axes, shape, pixel_type)).text
    }

    #[test]
    fn hyperstacks_speak_to_imagej() {
        assert_eq!(
            text("TZCYX", &[2, 3, 4, 6, 7], PixelType::U16),
            "ImageJ=1.11a\nimages=24\nchannels=4\nslices=3\nframes=2\nhyperstack=true\nmode=grayscale\nloop=false\n"
        );
        assert_eq!(
            text("YX", &[6, 7], PixelType::F32),
            "ImageJ=1.11a\nhyperstack=true\nmode=grayscale\nloop=false\n"
        );
    }

    #[test]
    fn all_others_are_shaped() {
        assert_eq!(text("CSYX", &[3, 2, 6, 7], PixelType::U8), r#"{"shape": [3, 2, 6, 7], "axes": "CSYX"}"#);
        for (axes, pixel_type) in [
            ("CZYX", PixelType::U8),
            ("CTYX", PixelType::U8),
            ("TZXY", PixelType::U8),
            ("ZTYX", PixelType::U8),
            ("TYXC", PixelType::U8),
            ("TZYX", PixelType::I16),
        ] {
            assert!(text(axes, &[2, 3, 4, 5], pixel_type).starts_with("{"), "{axes} {pixel_type}");
        }
    }

    #[test]
    fn pixel_sizes_become_resolutions() {
        let mut spec = spec("ZYX", &[3, 6, 7], PixelType::U8);
        spec.pixel_size = Some(PerAxis::new(&[0.5, 0.2, 0.1]).unwrap());
        let description = description(&spec);
        assert!(description.text.contains("unit=micron\nspacing=0.5\n"));
        let (unit, x, y) = description.resolution(0, Axis::X, Axis::Y).unwrap();
        assert_eq!(unit, ResolutionUnit::None);
        assert_eq!(f64::from(x.n) / f64::from(x.d), 10.0);
        assert_eq!(f64::from(y.n) / f64::from(y.d), 5.0);
        assert!(description.resolution(0, Axis::T, Axis::Y).is_none());

        spec.pixel_type = PixelType::F64;
        let (unit, x, _) = self::description(&spec).resolution(0, Axis::X, Axis::Y).unwrap();
        assert_eq!((unit, f64::from(x.n) / f64::from(x.d)), (ResolutionUnit::Centimeter, 100_000.0));
        let (_, x, y) = self::description(&spec).resolution(2, Axis::X, Axis::Y).unwrap();
        assert_eq!((f64::from(x.n) / f64::from(x.d), f64::from(y.n) / f64::from(y.d)), (25_000.0, 12_500.0));
    }

    #[test]
    fn fractions_are_close_for_every_magnitude() {
        for exponent in -9..=9 {
            for mantissa in [1.0, 1.234_567, 9.999_99] {
                let value = mantissa * 10_f64.powi(exponent);
                let fraction = rational(value);
                let back = f64::from(fraction.n) / f64::from(fraction.d);
                assert!(
                    ((back - value) / value).abs() < 1e-8 || !(1e-8..=1e9).contains(&value),
                    "{value} {back}"
                );
                assert!(fraction.n > 0 && fraction.d > 0);
            }
        }
    }
}
