//! What ImageJ writes into the description of its files.

use crate::units::micrometres;

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
    /// From which value to which one pixels are shown; of several channels, those of the one that was selected.
    pub display: Option<(f64, f64)>,
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
        let number = |key: &str| value(key).and_then(|value| value.parse::<f64>().ok());
        let is_unreadable = |key: &&str| value(key).is_some() && count(key).is_none();
        let unreadable = ["images", "frames", "slices", "channels"].into_iter().find(is_unreadable);
        Some(ImageJ {
            n_images: count("images"),
            n_frames: count("frames").unwrap_or(1),
            n_slices: count("slices").unwrap_or(1),
            n_channels: count("channels").unwrap_or(1),
            unreadable: unreadable.map(|key| format!("{key}={}", value(key).unwrap_or_default())),
            is_micrometre: value("unit").and_then(micrometres) == Some(1.0),
            display: number("min").zip(number("max")),
            // ImageJ writes seconds, whatever unit it shows.
            frame_interval: number("finterval"),
            spacing: number("spacing"),
        })
    }

    /// The size of a pixel along `ZYX`, as far as there are a unit, a spacing of slices and a usable resolution (pixels per
    /// unit along Y and X).
    pub fn pixel_size(&self, resolution: Option<(f64, f64)>) -> [Option<f64>; 3] {
        let [y, x] = [resolution.map(|(y, _)| 1.0 / y), resolution.map(|(_, x)| 1.0 / x)];
        let is_usable = |size: &f64| self.is_micrometre && size.is_finite() && *size > 0.0;
        [self.spacing, y, x].map(|size| size.filter(is_usable))
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
        assert_eq!(imagej.pixel_size(Some((10.0, 5.0))), [Some(0.5), Some(0.1), Some(0.2)]);
        assert_eq!(imagej.pixel_size(Some((0.0, -5.0))), [Some(0.5), None, None]);
        for unit in ["um", "µm", "μm", r"\u00B5m", "microns"] {
            let same = ImageJ::parse(&text.replace("micron", unit)).unwrap();
            assert_eq!(same.pixel_size(Some((10.0, 5.0))), [Some(0.5), Some(0.1), Some(0.2)], "{unit}");
        }
        for unit in ["pixel", "mm", "cm", "inch", "in", "nm"] {
            let other = ImageJ::parse(&text.replace("micron", unit)).unwrap();
            assert_eq!(other.pixel_size(Some((10.0, 5.0))), [None; 3], "{unit}");
        }
        assert_eq!(imagej.frame_interval, None);
        assert_eq!(ImageJ::parse(&format!("{text}finterval=1.5\n")).unwrap().frame_interval, Some(1.5));
        assert_eq!(ImageJ::parse("a confocal stack"), None);
    }

    #[test]
    fn a_missing_spacing_is_not_made_up() {
        let imagej = ImageJ::parse("ImageJ=1.54f\nimages=9\nslices=9\nunit=micron\n").unwrap();
        assert_eq!(imagej.pixel_size(Some((10.0, 5.0))), [None, Some(0.1), Some(0.2)]);
    }
}
