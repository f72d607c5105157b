//! What the image description of a TIFF says about dimensions: ImageJ's text and the JSON of "shaped" files.

use patchweave_geometry::PerAxis;

use crate::PixelSize;

/// The part of a description that names dimensions.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Description {
    /// Sizes of the dimensions that pages are stacked along, slow ones first.
    pub dimensions: Option<Dimensions>,
    /// The unit of a pixel is a micrometre; otherwise resolution tags say nothing about the specimen.
    pub is_micrometre: bool,
    /// Distance between slices in that unit.
    pub spacing: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Dimensions {
    /// ImageJ: how many pages there should be, and how they divide into frames, slices and channels.
    ImageJ { n_images: Option<usize>, n_frames: usize, n_slices: usize, n_channels: usize },
    /// The shape of the whole array, page dimensions included.
    Shaped(Vec<usize>),
}

impl Description {
    /// Reads a description; text of another kind says nothing.
    pub fn parse(text: &str) -> Self {
        if text.starts_with("ImageJ=") {
            Self::parse_imagej(text)
        } else if text.trim_start().starts_with('{') {
            Description { dimensions: parse_shaped(text).map(Dimensions::Shaped), ..Default::default() }
        } else {
            Description::default()
        }
    }

    fn parse_imagej(text: &str) -> Self {
        let value = |key: &str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(k, _)| *k == key)
                .map(|(_, v)| v.trim())
        };
        let count = |key: &str| value(key).and_then(|v| v.parse::<usize>().ok());
        Description {
            dimensions: Some(Dimensions::ImageJ {
                n_images: count("images"),
                n_frames: count("frames").unwrap_or(1),
                n_slices: count("slices").unwrap_or(1),
                n_channels: count("channels").unwrap_or(1),
            }),
            is_micrometre: value("unit")
                .is_some_and(|unit| matches!(unit, "micron" | "microns" | "um" | "µm" | "μm" | "\\u00B5m")),
            spacing: value("spacing")
                .and_then(|v| v.parse().ok())
                .filter(|v: &f64| v.is_finite() && *v > 0.0),
        }
    }

    /// The size of a pixel, if the description has a unit, the spacing of slices in 3-D, and the
    /// resolution is usable.
    pub fn pixel_size(&self, is_3d: bool, pixels_per_unit: Option<(f64, f64)>) -> Option<PixelSize> {
        let (y, x) = pixels_per_unit.filter(|_| self.is_micrometre)?;
        let usable = |size: f64| size.is_finite() && size > 0.0;
        let mut sizes = vec![1.0 / y, 1.0 / x];
        if is_3d {
            sizes.insert(0, self.spacing?);
        }
        if sizes.iter().all(|&size| usable(size)) { PerAxis::new(&sizes).ok() } else { None }
    }
}

fn parse_shaped(text: &str) -> Option<Vec<usize>> {
    let json: serde_json::Value = serde_json::from_str(text.trim_end_matches('\0')).ok()?;
    let sizes = json.get("shape")?.as_array()?;
    sizes.iter().map(|size| usize::try_from(size.as_u64()?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_imagej_hyperstacks() {
        let text =
            "ImageJ=1.54f\nimages=90\nchannels=2\nslices=45\nhyperstack=true\nunit=micron\nspacing=0.5\n";
        let description = Description::parse(text);
        let dimensions = Dimensions::ImageJ { n_images: Some(90), n_frames: 1, n_slices: 45, n_channels: 2 };
        assert_eq!(description.dimensions, Some(dimensions));
        assert_eq!(description.pixel_size(true, Some((10.0, 5.0))).unwrap().as_slice(), [0.5, 0.1, 0.2]);
    }

    #[test]
    fn a_missing_spacing_is_not_made_up() {
        let description = Description::parse("ImageJ=1.54f\nimages=9\nslices=9\nunit=micron\n");
        assert_eq!(description.pixel_size(true, Some((10.0, 5.0))), None);
        assert_eq!(description.pixel_size(false, Some((10.0, 5.0))).unwrap().as_slice(), [0.1, 0.2]);
    }

    #[test]
    fn reads_shapes_and_ignores_other_text() {
        let shaped = Description::parse("{\"shape\": [3, 4, 5]}");
        assert_eq!(shaped.dimensions, Some(Dimensions::Shaped(vec![3, 4, 5])));
        assert_eq!(Description::parse("{\"shape\": [3, -4]}").dimensions, None);
        assert_eq!(Description::parse("a confocal stack"), Description::default());
    }
}
