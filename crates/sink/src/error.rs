//! Why an image or a file could not be written.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use patchweave_geometry::{Axes, GeometryError};
use patchweave_pixel::PixelType;

use crate::difference::Difference;

/// How many differences a message names.
const NAMED: usize = 5;

/// Why an image or a file could not be written; every message names the output.
///
/// ```
/// use patchweave_sink::{Durability, write_file_atomically};
///
/// let folder = tempfile::tempdir()?;
/// let error = write_file_atomically(folder.path(), b"text", Durability::Full).unwrap_err();
/// let expected = format!("{} is a folder, it is not replaced by a file", folder.path().display());
/// assert_eq!(error.to_string(), expected);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A folder that another process works in and does not let go of.
    #[error(
        "another process has worked in {} for {} s; wait for it, or end it if it hangs",
        folder.display(),
        waited.as_secs()
    )]
    Held {
        /// The folder.
        folder: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A block for a sample that the image does not have.
    #[error("{}: got a block of a sample that does not exist", path.display())]
    Sample {
        /// The output.
        path: PathBuf,
        /// Which sample, and how many there are.
        source: GeometryError,
    },
    /// A block with other channels than the image.
    #[error("{}: got a block with {got} channels, expected {expected}", path.display())]
    Channels {
        /// The output.
        path: PathBuf,
        /// Channels of the block.
        got: usize,
        /// Channels of the image.
        expected: usize,
    },
    /// A block that leaves the image.
    #[error(
        "{}: got a block at {start:?} of size {size:?}, expected one inside the image of size {image:?} (ZYX)",
        path.display()
    )]
    OutOfImage {
        /// The output.
        path: PathBuf,
        /// Where the block starts, `ZYX`.
        start: [usize; 3],
        /// The size of the block, `ZYX`.
        size: [usize; 3],
        /// The size of the image, `ZYX`.
        image: [usize; 3],
    },
    /// A pixel size that is no length or has another number of axes than the image.
    #[error("{}: got pixel size {got:?}, expected {n_spatial} positive lengths in micrometres", path.display())]
    PixelSize {
        /// The output.
        path: PathBuf,
        /// The pixel size as given.
        got: Vec<f64>,
        /// The number of spatial axes of the image.
        n_spatial: usize,
    },
    /// A chunk shape that does not go with the axes.
    #[error("{}: got chunks {got:?}, expected a size of at least 1 for each axis of {axes}", path.display())]
    Chunks {
        /// The output.
        path: PathBuf,
        /// The chunk shape as given.
        got: Vec<usize>,
        /// The axes of the image.
        axes: Axes,
    },
    /// An image that the format cannot hold.
    #[error("{}: got {got} {what}, expected at most {limit}", path.display())]
    TooLarge {
        /// The output.
        path: PathBuf,
        /// What there is too much of.
        what: &'static str,
        /// How much of it.
        got: usize,
        /// How much the format can hold.
        limit: u64,
    },
    /// A path without a file name.
    #[error("{} names no file", path.display())]
    NoFileName {
        /// The path as given.
        path: PathBuf,
    },
    /// A folder that is no Zarr store where a Zarr store is to be written.
    #[error("{} is a folder but not a Zarr store, it is not replaced", path.display())]
    NotAStore {
        /// The folder.
        path: PathBuf,
    },
    /// A folder where a file is to be written.
    #[error("{} is a folder, it is not replaced by a file", path.display())]
    FolderInTheWay {
        /// The folder.
        path: PathBuf,
    },
    /// A pipe, a device or the like where a file is to be written.
    #[error("{} is not a file, it is not replaced by one", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A file where a folder is to be written.
    #[error("{} is a file, it is not replaced by a folder", path.display())]
    FileInTheWay {
        /// The file.
        path: PathBuf,
    },
    /// An image that cannot be finished because a block was lost.
    #[error("{} is not finished because an earlier write failed", path.display())]
    Damaged {
        /// The output.
        path: PathBuf,
    },
    /// The file system or the object store refused.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The output.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A format could not be written.
    #[error("could not {action} {}", path.display())]
    Encoder {
        /// What was tried.
        action: &'static str,
        /// The output.
        path: PathBuf,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A unit that the image does not have.
    #[error("{}: got unit {unit_idx}, expected one of {n_units}", path.display())]
    NoUnit {
        /// The output.
        path: PathBuf,
        /// The number of the unit.
        unit_idx: usize,
        /// How many there are.
        n_units: usize,
    },
    /// Pixels that are not those of a unit.
    #[error(
        "{}: got pixels of shape {got:?} ({got_type}) for unit {unit_idx}, expected {expected:?} ({expected_type})",
        path.display()
    )]
    UnitPixels {
        /// The output.
        path: PathBuf,
        /// The number of the unit.
        unit_idx: usize,
        /// The shape of the pixels.
        got: Vec<usize>,
        /// Their type.
        got_type: PixelType,
        /// The size of the unit.
        expected: Vec<usize>,
        /// The type of the image.
        expected_type: PixelType,
    },
    /// An image that is not finished because units are missing.
    #[error(
        "{} is not finished: {n_missing} of {n_units} units were not written, the first of them is {unit_idx}",
        path.display()
    )]
    Incomplete {
        /// The output.
        path: PathBuf,
        /// The first unit that is missing.
        unit_idx: usize,
        /// How many are missing.
        n_missing: usize,
        /// How many there are.
        n_units: usize,
    },
    /// An output that somebody else works on.
    #[error("another process writes {}; wait for it, or end it if it hangs", path.display())]
    Busy {
        /// The output.
        path: PathBuf,
    },
    /// An image in the memory of another process.
    #[error("{} is made in the memory of another process, which only its own threads can join", path.display())]
    OtherProcess {
        /// What the image is called.
        path: PathBuf,
    },
    /// An image in memory that was handed over, or that everybody has let go of.
    #[error("{} is not in memory any more: it was handed over, or everybody has let go of it", path.display())]
    Gone {
        /// What the image is called.
        path: PathBuf,
    },
    /// Something that stands where an image is to be published, and did not when the image was started.
    #[error(
        "{} has appeared since the work on it began and is not replaced: move it away and start the same work again, which \
         only gives the result its name",
        path.display()
    )]
    Appeared {
        /// The output.
        path: PathBuf,
    },
    /// An image in an object store that another job has started anew, or finished.
    #[error("{}: another job has started this image anew or has finished it, this one stops; what \
         there is is that of the other, and `--resume` goes on with it once that has ended", path.display())]
    TakenOver {
        /// The output.
        path: PathBuf,
    },
    /// Images that were begun otherwise than they are asked for, and not finished.
    #[error("{} holds what was begun otherwise and is not finished: {}", path.display(), told(differences))]
    OtherJournal {
        /// The folder of the images.
        path: PathBuf,
        /// In what they differ.
        differences: Vec<Difference>,
    },
    /// An image that was begun otherwise than it is asked for, where what it is made of is the same.
    #[error("{} was begun with another size, type or format; begin it anew", path.display())]
    OtherImage {
        /// The output.
        path: PathBuf,
    },
    /// A journal that cannot be understood.
    #[error("{} is damaged, or another version has written it; begin anew", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, if that is known.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// An object store that cannot be written to.
    #[cfg(feature = "remote")]
    #[error("could not connect to {}", path.display())]
    Remote {
        /// The output.
        path: PathBuf,
        /// Why not.
        source: patchweave_remote::RemoteError,
    },
    /// A format of that name is not known.
    #[error("{}: got the format {name}, expected one of {}", path.display(), known.join(", "))]
    UnknownFormat {
        /// The output.
        path: PathBuf,
        /// The name as given.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// No format has the ending of a path.
    #[error("{}: no format is written under this ending, expected one of .{}", path.display(), known.join(", ."))]
    UnknownEnding {
        /// The output.
        path: PathBuf,
        /// The endings that there are.
        known: Vec<String>,
    },
    /// A setting that a format does not have, or a value that it cannot have.
    #[error("{}: a setting of the format {format} is wrong", path.display())]
    Options {
        /// The output.
        path: PathBuf,
        /// The name of the format.
        format: String,
        /// Which setting.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something that does not go with the image or the format.
    #[error("{}: got {got}, expected {expected}", path.display())]
    Unfit {
        /// The output.
        path: PathBuf,
        /// What was asked for.
        got: String,
        /// What there can be.
        expected: String,
    },
    /// Axes or sizes that do not fit.
    #[error("{}: axes or sizes do not fit", path.display())]
    Layout {
        /// The output.
        path: PathBuf,
        /// Which of them.
        source: GeometryError,
    },
    /// Memory that is not there.
    #[error("{}: there is no memory for pixels of shape {shape:?}", path.display())]
    OutOfMemory {
        /// The output.
        path: PathBuf,
        /// What was needed.
        shape: Vec<usize>,
    },
    /// A format that was left out when the program was built.
    #[error("{}: {format} cannot be written, build patchweave with the feature {feature}", path.display())]
    NotBuilt {
        /// The output.
        path: PathBuf,
        /// The format.
        format: &'static str,
        /// The feature that has it.
        feature: &'static str,
    },
}

/// Differences for people, not all of many.
fn told(differences: &[Difference]) -> String {
    let shown: Vec<String> = differences.iter().take(NAMED).map(ToString::to_string).collect();
    let more = match differences.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    format!("{}{more}", shown.join("; "))
}

/// The error of an action on an output that the file system or the object store refused.
pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    move |source| SinkError::Io { action, path: path.into(), source }
}

#[cfg(feature = "remote")]
pub(crate) fn remote_error(
    path: &Path,
) -> impl FnOnce(patchweave_remote::RemoteError) -> SinkError + use<'_> {
    move |source| SinkError::Remote { path: path.into(), source }
}
