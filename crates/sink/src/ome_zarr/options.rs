//! The settings of OME-Zarr.

use serde::Deserialize;

/// The settings of OME-Zarr, in [`ImageSpec::options`](crate::ImageSpec::options) under their names.
///
/// ```
/// use patchweave_sink::{OmeZarrOptions, OmeZarrVersion};
///
/// assert_eq!(OmeZarrOptions::default().version, OmeZarrVersion::V05);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OmeZarrOptions {
    /// Which version of OME-Zarr is written (`version`: `"0.5"` or `"0.4"`).
    pub version: OmeZarrVersion,
    /// Whether chunks are packed into shards (`sharding`: `auto` or `none`).
    pub sharding: Sharding,
    /// Whether chunks that hold nothing but 0 are stored (`store_empty`); readers take missing ones for 0.
    pub store_empty: bool,
}

/// A version of OME-Zarr.
///
/// ```
/// assert_eq!(patchweave_sink::OmeZarrVersion::V04.name(), "0.4");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum OmeZarrVersion {
    /// 0.5, on Zarr version 3: few files, because chunks are packed into shards.
    #[default]
    #[serde(rename = "0.5")]
    V05,
    /// 0.4, on Zarr version 2: read by older programs.
    #[serde(rename = "0.4")]
    V04,
}

impl OmeZarrVersion {
    /// The version as it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            OmeZarrVersion::V05 => "0.5",
            OmeZarrVersion::V04 => "0.4",
        }
    }
}

/// Whether chunks are packed into shards.
///
/// ```
/// assert_eq!(patchweave_sink::Sharding::default(), patchweave_sink::Sharding::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sharding {
    /// Into shards of up to 16 MiB where the version has them.
    #[default]
    Auto,
    /// A file for every chunk.
    None,
}
