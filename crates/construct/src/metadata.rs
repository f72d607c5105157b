//! What is known of the image that a patch comes from.

use std::sync::Arc;

use patchweave_geometry::{ArrayLayout, Axis, ImageShape, PerAxis};
use patchweave_stack::{PixelSize, StackInfo};

/// What is known of the image that a patch comes from, as batches have it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ImageMetadata {
    /// Path, URI or the word `array`.
    pub source: String,
    /// Name of the source's pixel type, such as `uint16`.
    pub dtype: String,
    /// Bytes of a pixel in the source.
    pub pixel_bytes: usize,
    /// Canonical shape `SC(Z)YX`.
    pub data_shape: ImageShape,
    /// Axes and shape of the source as it is stored.
    pub original: ArrayLayout,
    /// Chunk shape in the axes of the source.
    pub chunks: Option<Vec<usize>>,
    /// Shard shape in the axes of the source.
    pub shards: Option<Vec<usize>>,
    /// Whether pixels are copied from where they lie, so that chunks are not decoded.
    pub is_in_place: bool,
    /// Size of a pixel in micrometres.
    pub pixel_size: Option<PixelSize>,
    /// Where the centre of the first pixel of the image is along `(Z)YX`, in micrometres.
    pub translation: Option<PerAxis<f64>>,
    /// What the channels are called, one name per channel of `data_shape`.
    pub channel_names: Option<Vec<String>>,
    /// Seconds from one time point to the next.
    pub time_step: Option<f64>,
    /// Where each channel comes from, if they come from different places; what stands above is then the
    /// image of the principal channel.
    pub channels: Vec<ChannelSource>,
}

/// The image that one channel of a patch comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelSource {
    /// Path, URI or the word `array`.
    pub source: String,
    /// Canonical shape `SC(Z)YX`.
    pub data_shape: ImageShape,
    /// Axes and shape of the source as it is stored.
    pub original: ArrayLayout,
}

impl ChannelSource {
    /// What is known of the image of one channel.
    pub(crate) fn of(image: &ImageMetadata) -> Self {
        let ImageMetadata { source, data_shape, original, .. } = image;
        ChannelSource { source: source.clone(), data_shape: *data_shape, original: original.clone() }
    }
}

impl ImageMetadata {
    /// The same image with some of its channels, in this order, in both shapes and in their names.
    pub(crate) fn with_channels(self, channels: &[usize]) -> Self {
        let n_channels = channels.len();
        let of_channels =
            |names: Vec<String>| channels.iter().map(|&channel| names.get(channel).cloned()).collect();
        let original = self.original.restored(self.original.axes(), n_channels);
        ImageMetadata {
            data_shape: ImageShape { n_channels, ..self.data_shape },
            channel_names: self.channel_names.and_then(of_channels),
            original: original.unwrap_or(self.original),
            ..self
        }
    }

    /// The size of a chunk along `ZYX` (planes have depth 1), where the image is stored in chunks.
    pub fn chunk_zyx(&self) -> Option<[usize; 3]> {
        let chunks = self.chunks.as_ref()?;
        let axes = self.original.axes();
        let along = |axis| axes.position(axis).and_then(|at| chunks.get(at)).map_or(1, |&size| size.max(1));
        Some([Axis::Z, Axis::Y, Axis::X].map(along))
    }

    /// The metadata of a stack, shared by all its patches.
    pub fn of(info: &StackInfo) -> Arc<Self> {
        Arc::new(ImageMetadata {
            source: info.source.clone(),
            dtype: info.pixel_type.name().to_owned(),
            pixel_bytes: info.pixel_type.n_bytes(),
            data_shape: info.shape(),
            original: info.layout.clone(),
            chunks: info.chunks.clone(),
            shards: info.shards.clone(),
            is_in_place: info.is_in_place,
            pixel_size: info.pixel_size,
            translation: info.translation,
            channel_names: info.channel_names.clone(),
            time_step: info.time_step,
            channels: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use patchweave_pixel::PixelType;

    use super::*;

    #[test]
    fn channels_keep_their_names_in_any_selection() {
        let layout = ArrayLayout::new("TCYX".parse().unwrap(), &[4, 3, 8, 8]).unwrap();
        let mut info = StackInfo::new("cells.tif", PixelType::U16, layout);
        info.set_channel_names(["a", "b", "c"].map(str::to_owned).to_vec());
        info.set_time_step(Some(2.5));
        info.translation = PerAxis::new(&[1.0, -2.0]).ok();
        let all = ImageMetadata::clone(&ImageMetadata::of(&info));
        let some = all.clone().with_channels(&[2, 0, 2]);
        assert_eq!(some.channel_names.unwrap().concat(), "cac");
        assert_eq!((some.data_shape.n_channels, some.original.image_shape().n_channels), (3, 3));
        assert_eq!((some.time_step, some.translation), (Some(2.5), info.translation));
        assert_eq!(all.with_channels(&[1]).channel_names.unwrap(), ["b"]);
        info.channel_names = None;
        let unnamed = ImageMetadata::clone(&ImageMetadata::of(&info)).with_channels(&[1]);
        assert_eq!((unnamed.channel_names, unnamed.data_shape.n_channels), (None, 1));
    }
}
