//! The names of all files of one quilt, made from its base name; no file is touched here.

use std::path::{Path, PathBuf};

use crate::LargeError;
use crate::error::io_error;

/// One of the arrays on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ArrayName {
    MeanCache,
    StdCache,
    NormaCache,
    Mean,
    Std,
    /// Last, because a quilt exists as soon as this one does.
    Journal,
}

impl ArrayName {
    pub(crate) const ALL: [ArrayName; 6] = [
        ArrayName::MeanCache,
        ArrayName::StdCache,
        ArrayName::NormaCache,
        ArrayName::Mean,
        ArrayName::Std,
        ArrayName::Journal,
    ];

    pub(crate) fn suffix(self) -> &'static str {
        match self {
            ArrayName::MeanCache => "_mean_cache.zarr",
            ArrayName::StdCache => "_std_cache.zarr",
            ArrayName::NormaCache => "_norma_cache.zarr",
            ArrayName::Mean => "_mean.zarr",
            ArrayName::Std => "_std.zarr",
            ArrayName::Journal => "_journal.zarr",
        }
    }
}

/// All paths of one quilt, absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    base: PathBuf,
    folder: PathBuf,
    name: String,
}

impl Names {
    pub(crate) fn new(base: &Path) -> Result<Self, LargeError> {
        let no_name = || LargeError::NoFileName { path: base.into() };
        let name = base.file_name().and_then(|name| name.to_str()).ok_or_else(no_name)?.to_owned();
        // A program that changes its folder later goes on with the same files.
        let base = std::path::absolute(base).map_err(io_error("find the folder of", base))?;
        let folder = base.parent().ok_or_else(no_name)?.into();
        Ok(Names { base, folder, name })
    }

    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// The folder in which all of them stand.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn array(&self, name: ArrayName) -> PathBuf {
        self.folder.join(format!("{}{}", self.name, name.suffix()))
    }

    /// Where changes are collected; worth nothing.
    pub(crate) fn staged(&self) -> PathBuf {
        self.folder.join(format!(".{}_staged", self.name))
    }

    /// Changes that are decided and not yet all in place.
    pub(crate) fn pending(&self) -> PathBuf {
        self.folder.join(format!(".{}_pending", self.name))
    }

    /// The file whose lock says that somebody changes the quilt.
    pub(crate) fn lock(&self) -> PathBuf {
        self.folder.join(format!(".{}_lock", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_stand_beside_the_base_name() {
        let here = std::env::current_dir().unwrap();
        let names = Names::new(Path::new("run.1/labels.v2")).unwrap();
        assert_eq!(names.array(ArrayName::Mean), here.join("run.1/labels.v2_mean.zarr"));
        assert_eq!(names.pending(), here.join("run.1/.labels.v2_pending"));
        assert_eq!(Names::new(Path::new("labels")).unwrap().lock(), here.join(".labels_lock"));
        let error = Names::new(Path::new("/")).unwrap_err();
        assert_eq!(error.to_string(), "/ has no file name to which endings could be added");
    }
}
