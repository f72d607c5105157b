//! What can go wrong with a case, and how an operation ends without results.

use std::error::Error;
use std::path::PathBuf;

/// A case that cannot be read or does not say what its operation needs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// A file or folder that cannot be read.
    #[error("{path} cannot be read", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A pack that cannot be read.
    #[error("{path} is no readable zip pack", path = path.display())]
    Pack {
        /// The pack.
        path: PathBuf,
        /// The reason.
        source: zip::result::ZipError,
    },
    /// A pack that unpacks to more than a test should hold in memory.
    #[error("{path} unpacks to more than {limit} bytes", path = path.display())]
    TooLarge {
        /// The pack.
        path: PathBuf,
        /// How much is allowed.
        limit: u64,
    },
    /// A file that a pack does not hold.
    #[error("{place} is not in the pack")]
    NotPacked {
        /// The file.
        place: String,
    },
    /// A file that is no JSON.
    #[error("{place} is no JSON")]
    Json {
        /// The file.
        place: String,
        /// The reason.
        source: serde_json::Error,
    },
    /// A file that is no NumPy array.
    #[error("{place} is no NumPy array")]
    Npy {
        /// The file.
        place: String,
        /// The reason.
        source: std::io::Error,
    },
    /// A numeric type that pixels cannot have.
    #[error("{place}: type {found} is no pixel type")]
    PixelType {
        /// The array.
        place: String,
        /// The type as written.
        found: String,
    },
    /// An entry that is missing or of the wrong kind.
    #[error("{name}: got {got}, expected {expected}")]
    Entry {
        /// The entry.
        name: String,
        /// What is there.
        got: String,
        /// What the operation needs.
        expected: &'static str,
    },
    /// Arrays of the case that do not have the dimensions their operation needs.
    #[error("an array of the case has the wrong shape")]
    Shape(#[from] ndarray::ShapeError),
}

/// Why an operation gave no results.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The library refused the call, which is what an `error` check asks for.
    #[error("refused: {0}")]
    Refused(Box<dyn Error + Send + Sync>),
    /// The library cannot do this.
    #[error("not supported yet")]
    NotSupported,
    /// The case is at fault or the runner misreads it.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A random result left the law it has to follow.
    #[error("breaks a law: {0}")]
    Law(String),
}

impl OperationError {
    /// A refusal in the runner's own words, for values that the library's types cannot even express.
    pub fn refused(reason: impl Into<String>) -> Self {
        OperationError::Refused(reason.into().into())
    }
}

macro_rules! refusals {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for OperationError {
            fn from(error: $error) -> Self {
                OperationError::Refused(error.into())
            }
        }
    )*};
}

refusals!(
    patchweave_construct::ConstructError,
    patchweave_geometry::GeometryError,
    patchweave_large::LargeError,
    patchweave_patching::PatchingError,
    patchweave_pipeline::PipelineError,
    patchweave_pixel::MoveError,
    patchweave_predict::PredictError,
    patchweave_quilt::QuiltError,
    patchweave_quilt::StitchError,
    patchweave_slices::SlicesError,
    patchweave_stack::StackError,
    patchweave_transform::AugmentError,
    patchweave_transform::FilterError,
    patchweave_transform::NormalizeError,
);

impl From<ndarray::ShapeError> for OperationError {
    fn from(error: ndarray::ShapeError) -> Self {
        OperationError::Case(error.into())
    }
}
