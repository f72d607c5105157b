//! Opening files as stacks.

use std::path::Path;
use std::sync::Arc;

use patchweave_geometry::Axes;

use crate::{ImageStack, StackError, TiffStack, ZarrStack, open_zarr, open_zarr_levels};

/// Which reader a file is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataType {
    /// One TIFF file, one stack.
    Tiff,
    /// A Zarr store, group or array; an OME-Zarr image is read at full resolution.
    Zarr,
}

/// Limits on what reading may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Bytes of decoded chunks that are kept for what one path holds; its arrays share them evenly.
    pub chunk_cache_bytes: u64,
    /// Bytes that one strip or tile of a TIFF or one chunk of a Zarr array may decode to.
    pub decoded_chunk_bytes: usize,
}

impl OpenOptions {
    /// The same limits when `n_paths` are open at once: together they keep no more chunks than one alone.
    #[must_use]
    pub fn shared_by(self, n_paths: usize) -> Self {
        OpenOptions { chunk_cache_bytes: self.chunk_cache_bytes / n_paths.max(1) as u64, ..self }
    }
}

impl Default for OpenOptions {
    /// 256 MiB of chunks, 1 GiB for one of them.
    fn default() -> Self {
        OpenOptions { chunk_cache_bytes: 256 << 20, decoded_chunk_bytes: 1 << 30 }
    }
}

/// Opens a path as one or several stacks without reading pixels.
///
/// A TIFF is one stack. A Zarr path names an array, an OME-Zarr image, a collection of OME-Zarr images, or a
/// group whose arrays become one stack each, names sorted as strings.
///
/// # Errors
/// [`StackError`] if the path does not exist, is no image of that kind, is damaged, or does not fit `axes`.
pub fn open(
    path: &Path,
    data_type: DataType,
    axes: &Axes,
    options: &OpenOptions,
) -> Result<Vec<Arc<dyn ImageStack>>, StackError> {
    let unfit = |what: &str, hint| {
        Err(StackError::Unsupported { stack: path.display().to_string(), what: what.to_owned(), hint })
    };
    match data_type {
        DataType::Tiff if path.is_dir() => {
            unfit("a folder read as TIFF", "name a TIFF file, or use data_type zarr for a Zarr store")
        }
        DataType::Zarr if path.is_file() => unfit(
            "a file read as Zarr",
            "name a Zarr store, which is a folder, or use data_type tiff for a TIFF",
        ),
        DataType::Tiff => Ok(vec![Arc::new(TiffStack::open(path, axes, options)?)]),
        DataType::Zarr => {
            let stacks = open_zarr(path, axes, options)?;
            Ok(stacks.into_iter().map(|stack| Arc::new(stack) as Arc<dyn ImageStack>).collect())
        }
    }
}

/// Opens the first `n_levels` levels of every image of a path, full resolution first; see [`open`].
///
/// # Errors
/// As [`open`], and [`StackError::TooFewLevels`]: only OME-Zarr images have more than one level.
pub fn open_levels(
    path: &Path,
    data_type: DataType,
    axes: &Axes,
    options: &OpenOptions,
    n_levels: usize,
) -> Result<Vec<Vec<Arc<dyn ImageStack>>>, StackError> {
    if n_levels > 1 && data_type == DataType::Zarr && !path.is_file() {
        let shared = |levels: Vec<ZarrStack>| {
            levels.into_iter().map(|level| Arc::new(level) as Arc<dyn ImageStack>).collect()
        };
        return Ok(open_zarr_levels(path, axes, options, n_levels)?.into_iter().map(shared).collect());
    }
    let stacks = open(path, data_type, axes, options)?;
    if let Some(stack) = stacks.first().filter(|_| n_levels > 1) {
        let stack = stack.info().source.clone();
        return Err(StackError::TooFewLevels { stack, got: 1, expected: n_levels });
    }
    Ok(stacks.into_iter().map(|stack| vec![stack]).collect())
}
