//! Opening paths as stacks with the formats of this crate.

use std::path::Path;
use std::sync::Arc;

use patchweave_geometry::Axes;
use patchweave_stack::{ImageStack, StackError};

use crate::file_format::FileFormat;
use crate::formats::Formats;
use crate::options::OpenOptions;
use crate::request::{OpenRequest, Pyramid};

/// Opens a path as one or several stacks at full resolution without reading pixels.
///
/// A TIFF or NPY file is one stack. A Zarr path names an array, an OME-Zarr image, a plate or another collection of
/// images, or a group whose arrays become one stack each, names sorted as strings; likewise the arrays of an NPZ. An HDF5
/// path names a dataset, or a file or group that holds just one or is laid out as Imaris or BigDataViewer do. A Zarr may
/// also be a zip file, a `file://` URI, or a URL that starts with `s3://`, `gs://`, `http://` or `https://`. Without
/// `axes`, those that the file itself names are taken; if both are there, they must agree but for dimensions of size 1,
/// which may be named or not on either side.
///
/// # Errors
/// [`StackError`] if the path does not exist, is no image of that kind, is damaged, does not fit `axes`, or does not
/// say what its dimensions are.
///
/// ```no_run
/// use std::path::Path;
///
/// use patchweave_formats::{FileFormat, OpenOptions, open};
///
/// for stack in open(Path::new("plate.ome.zarr"), FileFormat::Zarr, None, &OpenOptions::default())? {
///     println!("{}: {}", stack.info().source, stack.info().layout.axes());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open<'a>(
    path: &'a Path,
    format: FileFormat,
    axes: Option<&'a Axes>,
    options: &'a OpenOptions,
) -> Result<Vec<Arc<dyn ImageStack>>, StackError> {
    let images = open_levels(path, format, axes, options, 1)?;
    Ok(images.into_iter().flatten().collect())
}

/// Opens the first `n_levels` levels of every image of a path, full resolution first; see [`open`].
///
/// # Errors
/// As [`open`], and [`StackError::TooFewLevels`].
pub fn open_levels<'a>(
    path: &'a Path,
    format: FileFormat,
    axes: Option<&'a Axes>,
    options: &'a OpenOptions,
    n_levels: usize,
) -> Result<Vec<Pyramid>, StackError> {
    let request = OpenRequest { axes, n_levels: Some(n_levels), ..OpenRequest::new(path, options) };
    Formats::default().open(format.name(), &request)
}

/// The names of the labels that belong to an OME-Zarr image, in its group `labels` at that path or URL: those that the group
/// lists, or else the groups in it. None where there is no such group, and without the feature `zarr`.
///
/// # Errors
/// [`StackError`] if the store cannot be opened or the metadata of the group not be read.
///
/// ```
/// use patchweave_formats::{OpenOptions, label_names};
///
/// let folder = tempfile::tempdir()?;
/// let json = r#"{"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"labels": ["cells"]}}}"#;
/// std::fs::write(folder.path().join("zarr.json"), json)?;
/// let options = OpenOptions::default();
/// assert_eq!(label_names(folder.path(), &options)?, ["cells"]);
/// assert!(label_names(&folder.path().join("nothing"), &options)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn label_names(path: &Path, options: &OpenOptions) -> Result<Vec<String>, StackError> {
    #[cfg(feature = "zarr")]
    return crate::zarr::label_names(path, options);
    #[cfg(not(feature = "zarr"))]
    Ok(Vec::new())
}
