//! What simple formats refuse, in the same words.

use std::path::Path;

use serde::Deserialize;

use crate::{Codec, ImageSpec, SinkError};

/// The settings of a format that has none.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NoOptions {}

/// Refuses settings, for a format that has none.
pub(crate) fn no_options(path: &Path, spec: &ImageSpec, format: &str) -> Result<(), SinkError> {
    spec.format_options::<NoOptions>(path, format).map(drop)
}

/// Refuses compression, for a format that has none.
pub(crate) fn uncompressed(path: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
    if matches!(spec.compression.codec, Codec::Auto | Codec::None) {
        return Ok(());
    }
    let got = format!("compression {}", spec.compression.codec.name());
    Err(SinkError::Unfit { path: path.into(), got, expected: "none".into() })
}

/// Refuses smaller levels, for a format that holds one array.
pub(crate) fn one_level(path: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
    if spec.levels == 1 {
        return Ok(());
    }
    let got = format!("{} levels", spec.levels);
    Err(SinkError::Unfit { path: path.into(), got, expected: "1".into() })
}

/// The refusal of a URL where object stores were left out when the program was built.
#[cfg(not(feature = "remote"))]
pub(crate) fn no_urls<T>(url: &Path) -> Result<T, SinkError> {
    Err(SinkError::NotBuilt { path: url.into(), format: "a URL", feature: "remote" })
}
