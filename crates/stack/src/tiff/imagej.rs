//! What ImageJ writes into the description of its files.

use patchweave_geometry::PerAxis;

use crate::PixelSize;

/// ImageJ's text, `key=value` line by line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ImageJ {
    /// How many planes there should be.
    pub n_images: Option<usize>,
    pub n_frames: usize,
    pub n_slices: usize,
    pub n_channels: usize,
    /// A line whose number cannot be read.
    pub unreadable: Option<String>,
    /// The unit of a pixel is a micrometre; otherwise resolution tags say nothing about the specimen.
    is_micrometre: bool,
    /// Distance between slices in that unit.
    spacing: Option<f64>,
    /// From one frame to the next, in seconds.
    pub frame_interval: Option<f64>,
}

impl ImageJ {
    /// Reads a description; `None` if it is not by ImageJ.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.starts_with("ImageJ=") {
            return None;
        }
        let value = |key: &str| {
            let lines = text.lines().filter_map(|line| line.split_once('='));
            lines.into_iter().find(|(k, _)| *k == key).map(|(_, value)| value.trim())
        };
        let count = |key: &str| value(key).and_then(|value| value.parse::<usize>().ok());
        let is_unreadable = |key: &&str| value(key).is_some() && count(key).is_none();
        let unreadable = ["images", "frames", "slices", "channels"].into_iter().find(is_unreadable);
        Some(ImageJ {
            n_images: count("images"),
            n_frames: count("frames").unwrap_or(1),
            n_slices: count("slices").unwrap_or(1),
            n_channels: count("channels").unwrap_or(1),
            unreadable: unreadable.map(|key| format!("{key}={}", value(key).unwrap_or_default())),
            is_micrometre: value("unit")
                .is_some_and(|unit| matches!(unit, "micron" | "microns" | "um" | "µm" | "μm" | "\\u00B5m")),
            // ImageJ writes seconds, whatever unit it shows.
            frame_interval: value("finterval").and_then(|value| value.parse().ok()),
            spacing: value("spacing")
                .and_then(|value| value.parse().ok())
                .filter(|value: &f64| value.is_finite() && *value > 0.0),
        })
    }

    /// The size of a pixel, if there is a unit, the spacing of slices in 3-D, and a usable resolution
    /// (pixels per unit along Y and X).
    pub fn pixel_size(&self, is_3d: bool, resolution: Option<(f64, f64)>) -> Option<PixelSize> {
        let (y, x) = resolution.filter(|_| self.is_micrometre)?;
        let mut sizes = vec![1.0 / y, 1.0 / x];
        if is_3d {
            sizes.insert(0, self.spacing?);
        }
        let is_usable = sizes.iter().all(|&size| size.is_finite() && size > 0.0);
        if is_usable { PerAxis::new(&sizes).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hyperstacks() {
        let text =
            "ImageJ=1.54f\nimages=90\nchannels=2\nslices=45\nhyperstack=true\nunit=micron\nspacing=0.5\n";
        let imagej = ImageJ::parse(text).unwrap();
        let sizes = (imagej.n_images, imagej.n_frames, imagej.n_slices, imagej.n_channels);
        assert_eq!(sizes, (Some(90), 1, 45, 2));
        assert_eq!(imagej.pixel_size(true, Some((10.0, 5.0))).unwrap().as_slice(), [0.5, 0.1, 0.2]);
        assert_eq!(imagej.frame_interval, None);
        assert_eq!(ImageJ::parse(&format!("{text}finterval=1.5\n")).unwrap().frame_interval, Some(1.5));
        assert_eq!(ImageJ::parse("a confocal stack"), None);
    }

    #[test]
    fn a_missing_spacing_is_not_made_up() {
        let imagej = ImageJ::parse("ImageJ=1.54f\nimages=9\nslices=9\nunit=micron\n").unwrap();
        assert_eq!(imagej.pixel_size(true, Some((10.0, 5.0))), None);
        assert_eq!(imagej.pixel_size(false, Some((10.0, 5.0))).unwrap().as_slice(), [0.1, 0.2]);
    }
}
