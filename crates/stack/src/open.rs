//! Opening files as stacks.

use std::path::Path;
use std::sync::Arc;

use patchweave_geometry::Axes;

use crate::{ImageStack, StackError, TiffStack, open_zarr};

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
