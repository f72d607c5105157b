//! Which of the descriptions of a TIFF file an image gets.

use std::path::Path;

use patchweave_geometry::Axis;
use patchweave_pixel::PixelType;

use super::options::TiffMetadata;
use crate::{ImageSpec, SinkError};

/// How the first page describes a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metadata {
    Ome,
    ImageJ,
    Shaped,
}

/// What a description cannot say, and what it could.
type Problem = (String, &'static str);

impl Metadata {
    /// What the settings ask for.
    ///
    /// # Errors
    /// [`SinkError::Unfit`] for an image that cannot be described so.
    pub fn of(target: &Path, spec: &ImageSpec, asked: TiffMetadata) -> Result<Self, SinkError> {
        let unfit = |(got, expected): Problem| {
            Err(SinkError::Unfit { path: target.into(), got, expected: expected.into() })
        };
        match asked {
            TiffMetadata::Shaped => Ok(Metadata::Shaped),
            TiffMetadata::Ome => ome_problem(spec).map_or(Ok(Metadata::Ome), unfit),
            TiffMetadata::ImageJ => imagej_problem(spec).map_or(Ok(Metadata::ImageJ), unfit),
            TiffMetadata::Auto if is_named_ome(target) => ome_problem(spec).map_or(Ok(Metadata::Ome), unfit),
            TiffMetadata::Auto if needs_ome(spec) && ome_problem(spec).is_none() => Ok(Metadata::Ome),
            TiffMetadata::Auto if is_hyperstack(spec) => Ok(Metadata::ImageJ),
            TiffMetadata::Auto => Ok(Metadata::Shaped),
        }
    }
}

fn is_named_ome(target: &Path) -> bool {
    let name = target.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    [".ome.tif", ".ome.tiff"].iter().any(|ending| name.ends_with(ending))
}

/// Whether something is known of the image that only OME-XML can say.
fn needs_ome(spec: &ImageSpec) -> bool {
    let has_channels = spec.layout.axes().as_slice().last() != Some(&Axis::C);
    let is_named = spec.channel_names.is_some() || spec.channel_colors.is_some();
    is_named && has_channels || spec.time_step.is_some() || spec.translation.is_some() || spec.levels > 1
}

fn ome_problem(spec: &ImageSpec) -> Option<Problem> {
    if matches!(spec.pixel_type, PixelType::U64 | PixelType::I64 | PixelType::F16) {
        let got = format!("OME metadata for {} pixels", spec.pixel_type);
        return Some((got, "integers of at most 32 bits, float32 or float64; or the metadata shaped"));
    }
    match spec.layout.axes().as_slice() {
        [.., Axis::Y, Axis::X] | [.., Axis::Y, Axis::X, Axis::C] => None,
        _ => {
            let got = format!("OME metadata for the axes {}", spec.layout.axes());
            Some((got, "axes that end in YX or YXC; or the metadata shaped"))
        }
    }
}

fn imagej_problem(spec: &ImageSpec) -> Option<Problem> {
    if spec.levels > 1 {
        let got = format!("ImageJ metadata for {} levels", spec.levels);
        return Some((got, "1 level, or the metadata ome"));
    }
    if !matches!(spec.pixel_type, PixelType::U8 | PixelType::U16 | PixelType::F32) {
        let got = format!("ImageJ metadata for {} pixels", spec.pixel_type);
        return Some((got, "uint8, uint16 or float32; or the metadata ome or shaped"));
    }
    let order = |axis: &Axis| [Axis::T, Axis::Z, Axis::C].iter().position(|other| other == axis);
    match spec.layout.axes().as_slice() {
        [leading @ .., Axis::Y, Axis::X]
            if leading.iter().all(|axis| order(axis).is_some()) && leading.is_sorted_by_key(order) =>
        {
            None
        }
        axes => {
            let axes: String = axes.iter().map(|axis| axis.letter()).collect();
            let got = format!("ImageJ metadata for the axes {axes}");
            Some((got, "T, Z and C in this order before YX; or the metadata ome or shaped"))
        }
    }
}

/// Whether ImageJ finds every dimension again: its description cannot tell a dimension of size 1 from none.
fn is_hyperstack(spec: &ImageSpec) -> bool {
    let leading = &spec.layout.axes().as_slice()[..spec.layout.axes().as_slice().len().saturating_sub(2)];
    imagej_problem(spec).is_none() && leading.iter().all(|&axis| spec.layout.size_of(axis) != Some(1))
}

#[cfg(test)]
mod tests {
    use patchweave_geometry::ArrayLayout;

    use super::*;

    fn spec(axes: &str, pixel_type: PixelType) -> ImageSpec {
        let shape = vec![2; axes.len()];
        ImageSpec::new(ArrayLayout::new(axes.parse().unwrap(), &shape).unwrap(), pixel_type)
    }

    fn of(name: &str, spec: &ImageSpec, asked: TiffMetadata) -> Result<Metadata, String> {
        Metadata::of(Path::new(name), spec, asked).map_err(|error| error.to_string())
    }

    #[test]
    fn what_only_ome_can_say_makes_it_ome() {
        let auto = |spec: &ImageSpec| of("a.tif", spec, TiffMetadata::Auto).unwrap();
        let plain = spec("CYX", PixelType::U8);
        assert_eq!(auto(&plain), Metadata::ImageJ);
        assert_eq!(of("a.OME.tiff", &plain, TiffMetadata::Auto), Ok(Metadata::Ome));
        let mut named = plain.clone();
        named.channel_names = Some(vec!["a".into(), "b".into()]);
        let mut timed = plain.clone();
        timed.time_step = Some(1.0);
        let mut pyramid = plain;
        pyramid.levels = 2;
        for spec in [&mut named, &mut timed, &mut pyramid] {
            assert_eq!(auto(spec), Metadata::Ome);
            spec.pixel_type = PixelType::F16;
            assert_eq!(auto(spec), Metadata::Shaped);
        }
        let mut samples = spec("YXC", PixelType::U8);
        samples.channel_names = named.channel_names;
        assert_eq!(auto(&samples), Metadata::Shaped);
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let refused = |name, spec: &ImageSpec, asked| of(name, spec, asked).unwrap_err();
        assert_eq!(
            refused("a.ome.tif", &spec("YX", PixelType::U64), TiffMetadata::Auto),
            "a.ome.tif: got OME metadata for uint64 pixels, expected integers of at most 32 bits, float32 or \
             float64; or the metadata shaped"
        );
        let error = refused("a.tif", &spec("XY", PixelType::U8), TiffMetadata::Ome);
        assert!(error.starts_with("a.tif: got OME metadata for the axes XY, "), "{error}");
        let error = refused("a.tif", &spec("YX", PixelType::I8), TiffMetadata::ImageJ);
        assert!(error.starts_with("a.tif: got ImageJ metadata for int8 pixels, "), "{error}");
        let error = refused("a.tif", &spec("CZYX", PixelType::U8), TiffMetadata::ImageJ);
        assert!(error.starts_with("a.tif: got ImageJ metadata for the axes CZYX, "), "{error}");
        let mut pyramid = spec("YX", PixelType::U8);
        pyramid.levels = 3;
        let error = refused("a.tif", &pyramid, TiffMetadata::ImageJ);
        assert_eq!(error, "a.tif: got ImageJ metadata for 3 levels, expected 1 level, or the metadata ome");
    }
}
