//! Formats that are known by name and ending, and refused with advice: CZI, for which no maintained reader exists, and
//! those that were left out when the program was built.

use patchweave_files::check_path;
use patchweave_stack::StackError;

use crate::request::Pyramid;
use crate::{FileFormat, Format, OpenRequest, is_url};

/// A format none of whose files is opened.
pub(crate) struct Refused(pub FileFormat);

impl Format for Refused {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn extensions(&self) -> &[&str] {
        self.0.extensions()
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        if !is_url(request.path) {
            check_path(request.path).map_err(StackError::Path)?;
        }
        let (what, hint) = match self.0 {
            FileFormat::Czi => ("CZI", "convert to OME-Zarr or OME-TIFF with bioformats2raw or Fiji"),
            FileFormat::Tiff => ("TIFF", "build patchweave with the feature tiff"),
            FileFormat::Zarr => ("Zarr", "build patchweave with the feature zarr"),
            FileFormat::Hdf5 => ("HDF5", "build patchweave with the feature hdf5"),
            FileFormat::Npy => ("NPY", "build patchweave with the feature npy"),
        };
        Err(StackError::Unsupported {
            stack: request.path.display().to_string(),
            what: what.to_owned(),
            hint,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpenOptions;

    #[test]
    fn a_format_that_was_left_out_says_how_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tif");
        let options = OpenOptions::default();
        let open =
            || Refused(FileFormat::Tiff).open(&OpenRequest::new(&path, &options)).map(|_| ()).unwrap_err();
        assert!(matches!(open(), StackError::Path(_)), "a missing file is that first");
        std::fs::write(&path, "II").unwrap();
        let error = open();
        assert!(
            matches!(error, StackError::Unsupported { hint: "build patchweave with the feature tiff", .. }),
            "{error:?}"
        );
    }
}
