//! Why a package could not be opened or tested.

use std::io;
use std::path::PathBuf;

use patchweave_config::ConfigErrors;
use patchweave_model::{Cause, ModelError};
use patchweave_onnx::OnnxError;

/// Why a package could not be opened or tested.
///
/// ```
/// use patchweave_zoo::Package;
///
/// let error = Package::open("no/such.zip".as_ref()).unwrap_err();
/// assert_eq!(error.to_string(), "package no/such.zip cannot be read");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZooError {
    /// A package, or the archive it is in, that cannot be read.
    #[error("package {} cannot be read", path.display())]
    Unreadable {
        /// The package.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file that is neither a description nor an archive.
    #[error("package {} is no ZIP archive, or not all of one", path.display())]
    NotZip {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Cause,
    },
    /// A folder or archive without a description.
    #[error("package {} holds no description, expected {}", path.display(), expected.join(" or "))]
    NoDescription {
        /// The folder or archive.
        path: PathBuf,
        /// The names that are looked for.
        expected: &'static [&'static str],
    },
    /// A description that is no text, or far too long.
    #[error("description {}: got {got}, expected {expected}", path.display())]
    NotText {
        /// The description.
        path: PathBuf,
        /// What it is.
        got: String,
        /// What it should be.
        expected: String,
    },
    /// Problems of the description or of the files that it names, each at its field.
    #[error(transparent)]
    Fields(#[from] ConfigErrors),
    /// Weights that cannot be used.
    #[error(transparent)]
    Network(#[from] OnnxError),
    /// A prediction that failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}
