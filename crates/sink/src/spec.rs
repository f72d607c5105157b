//! What is to be written: the array, what else is said about it, and how it is stored.

use std::collections::BTreeMap;
use std::path::Path;

use patchweave_geometry::{ArrayLayout, PerAxis};
use patchweave_pixel::PixelType;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Compression, Durability, LevelAxes, SinkError};

/// More levels than any image has.
const MAX_LEVELS: usize = 32;

/// What is to be written: the array, what else is said about it, and how it is stored.
///
/// ```
/// use patchweave_geometry::{ArrayLayout, PerAxis};
/// use patchweave_pixel::PixelType;
/// use patchweave_sink::ImageSpec;
///
/// let layout = ArrayLayout::new("ZYX".parse()?, &[16, 512, 512])?;
/// let mut spec = ImageSpec::new(layout, PixelType::F32);
/// spec.pixel_size = Some(PerAxis::new(&[0.5, 0.1, 0.1])?);
/// assert_eq!((spec.name.as_str(), spec.levels), ("image", 1));
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageSpec {
    /// Axes and shape of the result in its own axes.
    pub layout: ArrayLayout,
    /// The type of the pixels.
    pub pixel_type: PixelType,
    /// The image's name in metadata that has one.
    pub name: String,
    /// Micrometres per pixel along `(Z)YX`, positive.
    pub pixel_size: Option<PerAxis<f64>>,
    /// Where the first pixel is along `(Z)YX`, in micrometres.
    pub translation: Option<PerAxis<f64>>,
    /// Seconds from one time point to the next, positive.
    pub time_step: Option<f64>,
    /// What the channels are called, one name per channel.
    pub channel_names: Option<Vec<String>>,
    /// Red, green and blue in which channels are shown, one colour per channel.
    pub channel_colors: Option<Vec<[u8; 3]>>,
    /// The pixel values that are shown as black and as the full colour, one pair per channel.
    pub channel_windows: Option<Vec<(f64, f64)>>,
    /// Whether pixels are numbers of objects; smaller levels then have only numbers that exist.
    pub is_labels: bool,
    /// The chunk shape in the order of the layout's axes, cut to the size of the image; `None` lets the format choose.
    pub chunks: Option<Vec<usize>>,
    /// The shape of shards, files of several chunks, in the order of the layout's axes: multiples of the chunks.
    pub shards: Option<Vec<usize>>,
    /// How chunks, strips or tiles are compressed.
    pub compression: Compression,
    /// How many levels the image has, itself included: each is half as large as the one before.
    pub levels: usize,
    /// The axes along which levels get smaller.
    pub level_axes: LevelAxes,
    /// What is on the disk once the image has its name; everything by default.
    pub durability: Durability,
    /// What the image is made from, in the caller's words: work on it is only continued for the same origin.
    pub origin: Option<String>,
    /// Settings of the format by their names, each format's own.
    pub options: BTreeMap<String, Value>,
}

impl ImageSpec {
    /// An image called "image" of one level, about which nothing else is said, stored as the format does by default.
    pub fn new(layout: ArrayLayout, pixel_type: PixelType) -> Self {
        ImageSpec {
            layout,
            pixel_type,
            name: "image".into(),
            pixel_size: None,
            translation: None,
            time_step: None,
            channel_names: None,
            channel_colors: None,
            channel_windows: None,
            is_labels: false,
            chunks: None,
            shards: None,
            compression: Compression::default(),
            levels: 1,
            level_axes: LevelAxes::default(),
            durability: Durability::default(),
            origin: None,
            options: BTreeMap::new(),
        }
    }

    /// The settings of a format as its own type, which has a default for each and no others.
    ///
    /// # Errors
    /// [`SinkError::Options`] for a setting that the format does not have, or a value that it cannot have.
    pub fn format_options<T: DeserializeOwned>(&self, path: &Path, format: &str) -> Result<T, SinkError> {
        let options = Value::Object(self.options.clone().into_iter().collect());
        serde_json::from_value(options).map_err(|source| SinkError::Options {
            path: path.into(),
            format: format.to_owned(),
            source: source.into(),
        })
    }

    /// Refuses what no format could hold.
    pub(crate) fn check(&self, path: &Path) -> Result<(), SinkError> {
        let n_spatial = self.layout.axes().n_spatial();
        if let Some(pixel_size) = &self.pixel_size {
            let is_length = |size: f64| size.is_finite() && size > 0.0;
            if pixel_size.n_axes() != n_spatial || !pixel_size.iter().all(is_length) {
                let got = pixel_size.as_slice().to_vec();
                return Err(SinkError::PixelSize { path: path.into(), got, n_spatial });
            }
        }
        if let Some(translation) = &self.translation
            && (translation.n_axes() != n_spatial || !translation.iter().all(f64::is_finite))
        {
            let got = format!("translation {:?}", translation.as_slice());
            return Err(self.unfit(path, got, format!("{n_spatial} numbers in micrometres")));
        }
        if let Some(step) = self.time_step
            && !(step.is_finite() && step > 0.0)
        {
            return Err(self.unfit(path, format!("time step {step}"), "seconds above 0".into()));
        }
        if self.is_labels && !self.pixel_type.is_integer() {
            let got = format!("labels of {}", self.pixel_type);
            return Err(self.unfit(path, got, "integers, such as uint32".into()));
        }
        self.check_channels(path)?;
        self.check_sizes(path)?;
        if (1..=MAX_LEVELS).contains(&self.levels) {
            return Ok(());
        }
        Err(self.unfit(path, format!("{} levels", self.levels), format!("1 to {MAX_LEVELS}")))
    }

    fn check_channels(&self, path: &Path) -> Result<(), SinkError> {
        let n_channels = self.layout.image_shape().n_channels;
        let lists = [
            ("channel names", self.channel_names.as_ref().map(Vec::len)),
            ("channel colours", self.channel_colors.as_ref().map(Vec::len)),
            ("channel windows", self.channel_windows.as_ref().map(Vec::len)),
        ];
        let wrong = lists.into_iter().find(|(_, n)| n.is_some_and(|n| n != n_channels));
        let Some((what, Some(n))) = wrong else { return Ok(()) };
        Err(self.unfit(path, format!("{n} {what}"), format!("{n_channels}, one for every channel")))
    }

    fn check_sizes(&self, path: &Path) -> Result<(), SinkError> {
        for sizes in [&self.chunks, &self.shards].into_iter().flatten() {
            if sizes.len() != self.layout.shape().len() || sizes.contains(&0) {
                let axes = self.layout.axes().clone();
                return Err(SinkError::Chunks { path: path.into(), got: sizes.clone(), axes });
            }
        }
        Ok(())
    }

    fn unfit(&self, path: &Path, got: String, expected: String) -> SinkError {
        SinkError::Unfit { path: path.into(), got, expected }
    }
}
