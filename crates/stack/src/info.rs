//! What is known about an image without reading pixels.

use patchweave_geometry::{ArrayLayout, ImageShape, PerAxis};
use patchweave_pixel::PixelType;

/// The size of a pixel along `(Z)YX`, in micrometres.
pub type PixelSize = PerAxis<f64>;

/// What is known about an image without reading pixels.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::PixelType;
/// use patchweave_stack::StackInfo;
///
/// let layout = ArrayLayout::new("TCYX".parse()?, &[5, 2, 64, 64])?;
/// let info = StackInfo::new("cells.tif", PixelType::U16, layout);
/// assert_eq!(info.shape().to_vec(), [5, 2, 64, 64]);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StackInfo {
    /// Path or URI, or the word `array` for arrays in memory.
    pub source: String,
    /// The type of the pixels in the source; patches are always `f32`.
    pub pixel_type: PixelType,
    /// Axes and shape of the source as it is stored.
    pub layout: ArrayLayout,
    /// Size of a chunk in the axes of the source, where it is chunked.
    pub chunks: Option<Vec<usize>>,
    /// Size of a shard in the axes of the source, where chunks are packed into shards.
    pub shards: Option<Vec<usize>>,
    /// Size of a pixel, where the source tells it.
    pub pixel_size: Option<PixelSize>,
    /// The format and its version for people (`OME-Zarr 0.4`), where the source is a file.
    pub format: Option<String>,
    /// How chunks are compressed (`zstd`); `None` for pixels that are stored as they are.
    pub compression: Option<String>,
    /// Whether pixels are copied from where they lie, so that chunks are not decoded.
    pub is_in_place: bool,
}

impl StackInfo {
    /// The least that is known of an image.
    pub fn new(source: impl Into<String>, pixel_type: PixelType, layout: ArrayLayout) -> Self {
        StackInfo {
            source: source.into(),
            pixel_type,
            layout,
            chunks: None,
            shards: None,
            pixel_size: None,
            format: None,
            compression: None,
            is_in_place: false,
        }
    }

    /// The canonical shape `SC(Z)YX`.
    pub fn shape(&self) -> ImageShape {
        self.layout.image_shape()
    }
}
