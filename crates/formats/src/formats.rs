//! Which formats there are: those of this crate, and those that a program adds.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use patchweave_files::check_path;
use patchweave_stack::StackError;

use crate::ending::has_ending;
use crate::file_format::FileFormat;
use crate::format::Format;
#[cfg(feature = "hdf5")]
use crate::hdf5::Hdf5Format;
#[cfg(feature = "npy")]
use crate::npy::NpyFormat;
use crate::refused::Refused;
use crate::request::{OpenRequest, Pyramid};
#[cfg(feature = "tiff")]
use crate::tiff::TiffFormat;
#[cfg(feature = "zarr")]
use crate::zarr::ZarrFormat;
use patchweave_remote::is_url;

/// The formats that a program knows, found by name or by the ending of a path.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_formats::Formats;
///
/// let formats = Formats::default();
/// let format = formats.of_path(Path::new("plate.ome.zarr/A/1/0")).unwrap();
/// assert_eq!(format.name(), "zarr");
/// assert!(formats.of_path(Path::new("s3://bucket/cells.zarr/0")).is_some());
/// assert!(formats.of_path(Path::new("notes.txt")).is_none());
/// ```
#[derive(Clone)]
pub struct Formats {
    /// Later ones come first when a path is looked up.
    known: Vec<Arc<dyn Format>>,
}

impl Default for Formats {
    /// The formats of this crate; those that were left out when it was built refuse to open anything.
    fn default() -> Self {
        let built = [
            #[cfg(feature = "tiff")]
            (Arc::new(TiffFormat) as Arc<dyn Format>),
            #[cfg(feature = "zarr")]
            (Arc::new(ZarrFormat) as Arc<dyn Format>),
            #[cfg(feature = "hdf5")]
            (Arc::new(Hdf5Format) as Arc<dyn Format>),
            #[cfg(feature = "npy")]
            (Arc::new(NpyFormat) as Arc<dyn Format>),
        ];
        let mut known: Vec<Arc<dyn Format>> = built.into_iter().collect();
        for own in FileFormat::ALL {
            if known.iter().all(|format| format.name() != own.name()) {
                known.push(Arc::new(Refused(own)));
            }
        }
        Formats { known }
    }
}

impl Formats {
    /// These formats and one more, which takes the place of one with the same name or extension.
    #[must_use]
    pub fn with(mut self, format: impl Format + 'static) -> Self {
        self.known.push(Arc::new(format));
        self
    }

    /// The format of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&dyn Format> {
        self.known.iter().rev().find(|format| format.name() == name).map(|format| &**format)
    }

    /// The format of a path by the ending of its name or, for a place inside of a file, of the nearest folder above.
    #[must_use]
    pub fn of_path(&self, path: &Path) -> Option<&dyn Format> {
        path.ancestors().find_map(|path| {
            let fits = |format: &&Arc<dyn Format>| {
                format.extensions().iter().any(|extension| has_ending(path, extension))
            };
            self.known.iter().rev().find(fits).map(|format| &**format)
        })
    }

    /// Every format, whether or not another one takes its place.
    pub(crate) fn all(&self) -> impl Iterator<Item = &dyn Format> {
        self.known.iter().map(|format| &**format)
    }

    /// The names of all formats, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.known.iter().map(|format| format.name()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Opens a path with the format of that name.
    ///
    /// # Errors
    /// [`StackError::Unsupported`] if there is no such format; otherwise what the format reports.
    pub fn open(&self, name: &str, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        let format = self.named(name).ok_or_else(|| StackError::Unsupported {
            stack: request.path.display().to_string(),
            what: format!("the format {name}"),
            hint: "take one of the formats that this program knows",
        })?;
        format.open(request)
    }

    /// Opens a path with the format that its ending names.
    ///
    /// # Errors
    /// [`StackError::Unsupported`] if no format has such an ending, [`StackError::Path`] if there is nothing either;
    /// otherwise what the format reports.
    pub fn open_by_ending(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        let Some(format) = self.of_path(request.path) else {
            if !is_url(request.path) {
                check_path(request.path).map_err(StackError::Path)?;
            }
            return Err(StackError::Unsupported {
                stack: request.path.display().to_string(),
                what: "the ending of its name".to_owned(),
                hint: "take an ending that a format of this program has",
            });
        };
        format.open(request)
    }
}

impl fmt::Debug for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
