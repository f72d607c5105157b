//! Why a quilt on disk refuses something.

use std::io;
use std::path::{Path, PathBuf};

use patchweave_geometry::GeometryError;
use patchweave_quilt::QuiltError;
use patchweave_sink::SinkError;

/// Why a quilt on disk cannot be made, opened, added to or read.
///
/// ```
/// use patchweave_large::{LargeOptions, LargeQuilt};
///
/// let folder = tempfile::tempdir()?;
/// let base = folder.path().join("labels");
/// let error = LargeQuilt::open(&base, LargeOptions::default()).unwrap_err();
/// assert_eq!(error.to_string(), format!("there is no quilt at {}", base.display()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LargeError {
    /// No images, or more patches than can be counted.
    #[error("got {got} images, expected at least 1 and no more than have patches that can be counted")]
    ImageCount {
        /// How many images.
        got: usize,
    },
    /// Arrays with more values than can be addressed.
    #[error("an array of shape {shape:?} has more values than can be addressed")]
    TooLarge {
        /// The shape.
        shape: Vec<usize>,
    },
    /// An array that the machine has no memory for.
    #[error("there is no memory for an array of shape {shape:?}")]
    OutOfMemory {
        /// The shape.
        shape: Vec<usize>,
    },
    /// A patch of the wrong shape.
    #[error("{what} has shape {got:?}, expected C and {window:?}, or 1, C and {window:?}")]
    PatchShape {
        /// The patch or its variance.
        what: &'static str,
        /// Its shape.
        got: Vec<usize>,
        /// The window, `(Z)YX`.
        window: Vec<usize>,
    },
    /// A patch with other channels than the first one.
    #[error("{what} has {got} channels, expected {expected}")]
    Channels {
        /// The patch or its variance.
        what: &'static str,
        /// Its channels.
        got: usize,
        /// Those of the quilt.
        expected: usize,
    },
    /// A patch that was added more often than can be counted.
    #[error("patch {index} was added {got} times, which is all that can be counted")]
    TooOften {
        /// Its number.
        index: usize,
        /// How often.
        got: u32,
    },
    /// A patch that is in, although not on disk.
    #[error("patch {index} was added but could not be saved")]
    NotSaved {
        /// Its number.
        index: usize,
        /// Why saving failed.
        source: Box<LargeError>,
    },
    /// A result without any patch.
    #[error("{}: no patch was stitched yet", path.display())]
    NothingStitched {
        /// The base name.
        path: PathBuf,
    },
    /// A least weight below 0, or not a number.
    #[error("got eps {got}, expected a number of at least 0")]
    Eps {
        /// The value.
        got: f64,
    },
    /// A base name without a name.
    #[error("{} has no file name to which endings could be added", path.display())]
    NoFileName {
        /// The base name.
        path: PathBuf,
    },
    /// Nothing to open.
    #[error("there is no quilt at {}", path.display())]
    NoQuilt {
        /// The base name.
        path: PathBuf,
    },
    /// Attributes that are not those of a quilt, or an array that does not fit them.
    #[error("{} is not part of a quilt of this program: {reason}", path.display())]
    Foreign {
        /// The array.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A hidden folder, which would be emptied, with something that no quilt has put there.
    #[error("{} holds {}, which is not part of a quilt of this program", path.display(), entry.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// What it holds.
        entry: PathBuf,
    },
    /// A chunk that a patch was saved in and that is gone.
    #[error("{} lacks chunk {chunk_idx:?}, although patch {index} was saved there", path.display())]
    ChunkMissing {
        /// The array.
        path: PathBuf,
        /// Place in its grid of chunks.
        chunk_idx: Vec<u64>,
        /// The first such patch.
        index: usize,
    },
    /// A quilt that somebody else is changing.
    #[error("{} is in use, by another process or by another quilt of this one", path.display())]
    InUse {
        /// The base name.
        path: PathBuf,
    },
    /// Quilts of different geometry.
    #[error("{}: {what} is {got}, expected {expected} as in the quilt that it is added to", path.display())]
    OtherGeometry {
        /// The base name of the other quilt.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// The value of the other quilt.
        got: String,
        /// The value of this quilt.
        expected: String,
    },
    /// Quilts that share a patch.
    #[error("patch {index} is in both quilts, expected quilts of different patches (the other is {})", path.display())]
    SharedPatch {
        /// The first such patch.
        index: usize,
        /// The base name of the other quilt.
        path: PathBuf,
    },
    /// Files that cannot be read or written.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// An array that cannot be read or written.
    #[error("could not {action} {}", path.display())]
    Zarr {
        /// What was tried.
        action: &'static str,
        /// The array.
        path: PathBuf,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Windows, weights or images that cannot be used.
    #[error(transparent)]
    Quilt(#[from] QuiltError),
    /// Sizes that no array has.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Something that must not be replaced, or a result that cannot be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LargeError {
    move |source| LargeError::Io { action, path: path.into(), source }
}

pub(crate) fn zarr_error<E: std::error::Error + Send + Sync + 'static>(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(E) -> LargeError {
    move |source| LargeError::Zarr { action, path: path.into(), source: Box::new(source) }
}
