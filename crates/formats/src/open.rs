//! Opening paths as stacks, with the formats of this crate and with those of others.

use std::path::Path;
use std::sync::Arc;

use patchweave_geometry::Axes;
use patchweave_stack::{ImageStack, StackError};

use crate::file_axes::WantedAxes;
#[cfg(feature = "tiff")]
use crate::tiff::OmeSets;
use crate::{AxesSource, ChunkCache, DataType, FilePool, Formats, ReadBudget, RemoteOptions};

/// What becomes of planes and files that the metadata of an OME-TIFF promises and that are not there, as after a
/// recording that was broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingPlanes {
    /// The image cannot be opened.
    #[default]
    Fail,
    /// Their pixels are zero, which a note of the image tells. What is there has to be whole.
    Zeros,
}

/// What reading may take, and what all images that are opened with it share.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Where decoded chunks are kept. Clones of the options share it, so give the same to all images of a data set.
    pub cache: ChunkCache,
    /// How many bytes of chunks are fetched and decoded at a time, by all threads; shared like the cache.
    pub in_flight: ReadBudget,
    /// TIFF, NPY, NPZ, HDF5 and zip files and shards that are kept open, and mapped, for the next read; the default is
    /// that of the process ([`FilePool::of_process`]). Chunks of a Zarr in a folder are opened when they are read.
    pub files: FilePool,
    /// Bytes that one strip or tile of a TIFF or one chunk of another format may decode to.
    pub decoded_chunk_bytes: usize,
    /// Whether uncompressed pixels are read in place, from files mapped into memory.
    ///
    /// Right before pixels are copied, the file is asked for its length, and what it has lost is an error of that read.
    /// What remains is the moment of the copy, some microseconds for a patch: a file that is cut short in it, or a disk
    /// that fails, ends the process with SIGBUS, as in every program that maps files. Without mapping, such files are
    /// read chunk by chunk like compressed ones, and nothing of that kind can happen. On Linux, files on network file
    /// systems (NFS, SMB, FUSE, 9P, AFS, Ceph, Lustre, GPFS and others) are never mapped.
    pub map_files: bool,
    /// Whether metadata may name files outside of the folder of the image: companions of an OME-TIFF, external
    /// links of an HDF5 file, linked folders and files of a Zarr.
    pub links_outside: bool,
    /// What becomes of planes that an OME-TIFF promises and does not have.
    pub missing_planes: MissingPlanes,
    /// How `s3://`, `gs://` and `http(s)://` are read.
    pub remote: RemoteOptions,
    /// The OME-TIFFs of several files of which images are open.
    #[cfg(feature = "tiff")]
    pub(crate) ome_sets: OmeSets,
}

impl OpenOptions {
    /// The default with room for `bytes` of decoded chunks.
    #[must_use]
    pub fn with_cache_bytes(bytes: u64) -> Self {
        OpenOptions { cache: ChunkCache::new(bytes), ..OpenOptions::default() }
    }
}

impl Default for OpenOptions {
    /// A cache of 256 MiB of its own, the open files of the process, 1 GiB for a chunk and in flight, files are mapped, no
    /// links to outside.
    fn default() -> Self {
        OpenOptions {
            cache: ChunkCache::new(256 << 20),
            in_flight: ReadBudget::new(1 << 30),
            files: FilePool::of_process(),
            decoded_chunk_bytes: 1 << 30,
            map_files: true,
            links_outside: false,
            missing_planes: MissingPlanes::default(),
            remote: RemoteOptions::default(),
            #[cfg(feature = "tiff")]
            ome_sets: OmeSets::default(),
        }
    }
}

/// Which image is wanted, and how.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OpenRequest<'a> {
    /// A file or folder, a place inside of one (`cells.ome.zarr/0`, `cells.h5/raw`), or a URL.
    pub path: &'a Path,
    /// The axes of the image; `None` takes those that the file itself names.
    ///
    /// Those of size 1 may be missing in the file, and dimensions of size 1 may be left out here.
    pub axes: Option<&'a Axes>,
    /// Whether `axes` have to agree with those of the file.
    pub axes_source: AxesSource,
    /// How many levels of its pyramid, full resolution first; `None` means all there are.
    pub n_levels: Option<usize>,
    /// Limits and what is shared.
    pub options: &'a OpenOptions,
}

impl<'a> OpenRequest<'a> {
    /// The full resolution of what is at `path`, in the axes that the file names.
    #[must_use]
    pub fn new(path: &'a Path, options: &'a OpenOptions) -> Self {
        let axes_source = AxesSource::Checked;
        OpenRequest { path, axes: None, axes_source, n_levels: Some(1), options }
    }

    /// The axes that are asked for.
    pub(crate) fn wanted_axes(&self) -> WantedAxes<'a> {
        WantedAxes { axes: self.axes, source: self.axes_source }
    }
}

/// One image at full resolution and at those further levels of its pyramid that were asked for; never empty.
pub type Pyramid = Vec<Arc<dyn ImageStack>>;

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
/// use patchweave_formats::{DataType, OpenOptions, open};
///
/// for stack in open(Path::new("plate.ome.zarr"), DataType::Zarr, None, &OpenOptions::default())? {
///     println!("{}: {}", stack.info().source, stack.info().layout.axes());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open<'a>(
    path: &'a Path,
    data_type: DataType,
    axes: Option<&'a Axes>,
    options: &'a OpenOptions,
) -> Result<Vec<Arc<dyn ImageStack>>, StackError> {
    let images = open_levels(path, data_type, axes, options, 1)?;
    Ok(images.into_iter().flatten().collect())
}

/// Opens the first `n_levels` levels of every image of a path, full resolution first; see [`open`].
///
/// # Errors
/// As [`open`], and [`StackError::TooFewLevels`].
pub fn open_levels<'a>(
    path: &'a Path,
    data_type: DataType,
    axes: Option<&'a Axes>,
    options: &'a OpenOptions,
    n_levels: usize,
) -> Result<Vec<Pyramid>, StackError> {
    let request = OpenRequest { axes, n_levels: Some(n_levels), ..OpenRequest::new(path, options) };
    Formats::default().open(data_type.name(), &request)
}
