//! The settings of TIFF.

use serde::Deserialize;

/// The settings of TIFF, in [`ImageSpec::options`](crate::ImageSpec::options) under their names.
///
/// ```
/// use patchweave_sink::{TiffLayout, TiffOptions};
///
/// assert_eq!(TiffOptions::default().layout, TiffLayout::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TiffOptions {
    /// Whether pages are cut into strips or tiles (`layout`: `auto`, `strips` or `tiles`).
    pub layout: TiffLayout,
    /// What is compressed instead of the pixels (`predictor`: `auto`, `none`, `horizontal` or `float`).
    pub predictor: TiffPredictor,
    /// What the first page says about the file (`metadata`: `auto`, `ome`, `imagej` or `shaped`).
    pub metadata: TiffMetadata,
    /// Whether the file is a BigTIFF (`bigtiff`: `auto`, `always` or `never`).
    pub bigtiff: BigTiff,
}

/// Whether pages are cut into strips or tiles.
///
/// ```
/// assert_eq!(patchweave_sink::TiffLayout::default(), patchweave_sink::TiffLayout::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TiffLayout {
    /// Strips for one level, tiles for several.
    #[default]
    Auto,
    /// Strips of about 256 KiB.
    Strips,
    /// Tiles of 256 × 256 pixels, or of the chunk shape of the image rounded up to multiples of 16.
    Tiles,
}

/// What is compressed instead of the pixels.
///
/// ```
/// assert_eq!(patchweave_sink::TiffPredictor::default(), patchweave_sink::TiffPredictor::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TiffPredictor {
    /// `horizontal` for integers and `float` for floats that are compressed.
    #[default]
    Auto,
    /// The pixels themselves.
    None,
    /// Differences of neighbours, of integers only.
    Horizontal,
    /// Differences of the bytes of floats, sorted by significance.
    Float,
}

/// What the first page says about the file.
///
/// ```
/// assert_eq!(patchweave_sink::TiffMetadata::default(), patchweave_sink::TiffMetadata::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TiffMetadata {
    /// OME-XML for names that end in `.ome.tif` or `.ome.tiff`. Also for channels with names or colours, a time step, a
    /// translation or several levels, if OME has the pixel type and the axes. Otherwise ImageJ if it has them, or else
    /// `shaped`.
    #[default]
    Auto,
    /// OME-XML: pixel size, place, time step, names and colours of channels; not for uint64, int64 and float16. Channels
    /// that are samples of a pixel have neither names nor colours there.
    Ome,
    /// ImageJ: pixel size and time step; for uint8, uint16 and float32 and one level.
    ImageJ,
    /// Axes and shape as tifffile writes them: for every type and all axes.
    Shaped,
}

/// Whether the file is a BigTIFF, which may be larger than 4 GiB and is not read by old programs.
///
/// ```
/// assert_eq!(patchweave_sink::BigTiff::default(), patchweave_sink::BigTiff::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BigTiff {
    /// If the file would otherwise be too large.
    #[default]
    Auto,
    /// For every file.
    Always,
    /// For none; what gets too large is refused.
    Never,
}
