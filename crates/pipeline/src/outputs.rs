//! Names and formats of what a run writes.

use std::path::{Path, PathBuf};

use patchweave_config::OutputFormat;
use patchweave_sink::{Format, write_file_atomically};

use crate::{PipelineError, Statistics};

/// The sink of a format.
pub(crate) fn sink_format(format: OutputFormat) -> Format {
    match format {
        OutputFormat::Tiff => Format::Tiff,
        OutputFormat::OmeZarr => Format::OmeZarr,
    }
}

/// The ending of a file name.
pub(crate) fn extension(format: OutputFormat) -> &'static str {
    match format {
        OutputFormat::Tiff => "tiff",
        OutputFormat::OmeZarr => "ome.zarr",
    }
}

/// The name of an image without folder and endings; the part of a path before `.zarr` for arrays in a store.
pub(crate) fn stem(path: &Path) -> String {
    let is_store = |part: &&Path| part.extension().is_some_and(|extension| extension == "zarr");
    let store = path.ancestors().find(is_store).unwrap_or(path);
    let name = store.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let endings = [".ome.zarr", ".zarr", ".ome.tiff", ".ome.tif", ".tiff", ".tif"];
    let lower = name.to_lowercase();
    let ending = endings.iter().find(|ending| lower.ends_with(*ending) && lower.len() > ending.len());
    let kept = name.len() - ending.map_or(0, |ending| ending.len());
    name.get(..kept).unwrap_or(&name).to_owned()
}

/// Writes the statistics of a normalisation as a block that fits into a configuration.
///
/// # Errors
/// [`PipelineError::Sink`] if the file cannot be written.
pub fn write_statistics(folder: &Path, statistics: &Statistics) -> Result<PathBuf, PipelineError> {
    let path = folder.join("normalization.yaml");
    write_file_atomically(&path, statistics.to_yaml().as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_lose_folders_and_endings() {
        let stem_of = |path: &str| stem(Path::new(path));
        assert_eq!(stem_of("a/cells.ome.tif"), "cells");
        assert_eq!(stem_of("a/cells.T01.tif"), "cells.T01");
        assert_eq!(stem_of("a/cells.ome.zarr/0"), "cells");
        assert_eq!(stem_of("a/cells.zarr"), "cells");
        assert_eq!(stem_of(".tif"), ".tif");
    }
}
