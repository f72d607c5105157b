//! The file formats of simulated images.

/// The file format of an image that is simulated.
///
/// ```
/// use patchweave_config::OutputFormat;
///
/// assert_eq!(OutputFormat::OmeZarr.name(), "ome_zarr");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// One TIFF file per image.
    Tiff,
    /// One OME-Zarr folder per image.
    OmeZarr,
}

impl OutputFormat {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            OutputFormat::Tiff => "tiff",
            OutputFormat::OmeZarr => "ome_zarr",
        }
    }
}
