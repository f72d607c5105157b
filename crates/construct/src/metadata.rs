//! What a batch tells about the image a patch comes from.

use std::sync::Arc;

use patchweave_geometry::{ArrayLayout, ImageShape};
use patchweave_stack::{PixelSize, StackInfo};

/// What a batch tells about the image a patch comes from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ImageMetadata {
    /// Path, URI or the word `array`.
    pub source: String,
    /// Name of the source's pixel type, such as `uint16`.
    pub dtype: String,
    /// Canonical shape `SC(Z)YX`.
    pub data_shape: ImageShape,
    /// Axes and shape of the source as it is stored.
    pub original: ArrayLayout,
    /// Chunk shape in the axes of the source.
    pub chunks: Option<Vec<usize>>,
    /// Shard shape in the axes of the source.
    pub shards: Option<Vec<usize>>,
    /// Size of a pixel in micrometres.
    pub pixel_size: Option<PixelSize>,
}

impl ImageMetadata {
    /// The metadata of a stack, shared by all its patches.
    pub fn of(info: &StackInfo) -> Arc<Self> {
        Arc::new(ImageMetadata {
            source: info.source.clone(),
            dtype: info.pixel_type.name().to_owned(),
            data_shape: info.shape(),
            original: info.layout.clone(),
            chunks: info.chunks.clone(),
            shards: info.shards.clone(),
            pixel_size: info.pixel_size,
        })
    }
}
