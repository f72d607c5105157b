//! CZI files: known, and refused with advice, because no maintained reader exists.

use patchweave_files::check_path;
use patchweave_stack::StackError;

use crate::open::Pyramid;
use crate::{Format, OpenRequest};

/// CZI files, none of which is opened.
pub(crate) struct CziFormat;

impl Format for CziFormat {
    fn name(&self) -> &str {
        "czi"
    }

    fn extensions(&self) -> &[&str] {
        &["czi"]
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        check_path(request.path).map_err(StackError::Path)?;
        Err(StackError::Unsupported {
            stack: request.path.display().to_string(),
            what: "CZI".to_owned(),
            hint: "convert to OME-Zarr or OME-TIFF with bioformats2raw or Fiji",
        })
    }
}
