//! Reading a configuration file from disk.

use std::io;
use std::path::{Path, PathBuf};

use patchweave_files::{BadPath, check_path, read_file};

use super::outside::Outside;
use super::run::parse_and_check;
use crate::plan::RunPlan;
use crate::text::ConfigErrors;

/// The largest configuration file that is read.
const MAX_BYTES: u64 = 16 << 20;

/// Why a configuration file could not be loaded.
///
/// ```
/// use std::path::Path;
///
/// let error = patchweave_config::load(Path::new("no/such.yaml")).unwrap_err();
/// assert!(error.to_string().starts_with("configuration no/such.yaml cannot be read"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is no readable file at the path.
    #[error("configuration {} cannot be read", file.display())]
    NotThere {
        /// The path.
        file: PathBuf,
        /// What is at the path instead.
        source: BadPath,
    },
    /// The file could not be read.
    #[error("configuration {} cannot be read", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is too large for a configuration.
    #[error("configuration {} is larger than {max_bytes} bytes, expected a smaller file", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The largest accepted size in bytes.
        max_bytes: u64,
    },
    /// The file is not UTF-8 text.
    #[error("configuration {} is not UTF-8 text", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// The first invalid byte.
        source: std::string::FromUtf8Error,
    },
    /// The configuration has problems.
    #[error(transparent)]
    Invalid(#[from] ConfigErrors),
}

/// Reads a configuration file of at most 16 MiB; see [`parse`](crate::parse).
///
/// Environment variables are those of the process.
///
/// Paths in the file are relative to its folder.
///
/// # Errors
/// [`LoadError::NotThere`], [`LoadError::Read`], [`LoadError::TooLarge`], [`LoadError::NotText`], and [`LoadError::Invalid`] with
/// all problems of the file.
pub fn load(file: &Path) -> Result<RunPlan, LoadError> {
    load_and_check(file, &Outside::default())
}

/// Reads a configuration file as [`load`] does, and asks `outside` about images; see
/// [`parse_and_check`](crate::parse_and_check).
///
/// Environment variables are those of the process, not those of `outside`.
///
/// # Errors
/// Those of [`load`]; [`LoadError::Invalid`] includes the problems that the check of `outside` finds.
pub fn load_and_check(file: &Path, outside: &Outside<'_>) -> Result<RunPlan, LoadError> {
    let failed = |source| LoadError::Read { file: file.to_owned(), source };
    check_path(file).map_err(|problem| LoadError::NotThere { file: file.to_owned(), source: problem })?;
    let bytes = read_file(file, MAX_BYTES).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(LoadError::TooLarge { file: file.to_owned(), max_bytes: MAX_BYTES });
    }
    let text =
        String::from_utf8(bytes).map_err(|source| LoadError::NotText { file: file.to_owned(), source })?;
    // A variable that is not Unicode counts as not set.
    let env = |name: &str| std::env::var(name).ok();
    Ok(parse_and_check(&text, file, &Outside { env: &env, ..*outside })?)
}
