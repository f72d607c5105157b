//! Labels that belong to an image, in the same store.

use std::path::PathBuf;

use crate::place::inside;
use crate::{Job, SinkError};

/// The format that has labels beside an image.
const HAS_LABELS: &str = "ome_zarr";

/// Where an image of labels is written that belongs to the image of a job: start another job there, commit it, and call
/// [`list_labels`] before the job of the image is committed. `None` if the format of the job is not OME-Zarr.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_sink::{ImageSpec, Job, SinkFormats, labels_target, list_labels};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("cells.ome.zarr");
/// let formats = SinkFormats::default();
/// let spec = |pixel_type| Ok::<_, patchweave_geometry::GeometryError>(ImageSpec::new(
///     ArrayLayout::new("YX".parse()?, &[8, 8])?,
///     pixel_type,
/// ));
/// let image = Job::start(&formats, &path, None, spec(PixelType::U16)?)?;
/// image.sink().write(0, TypedArray::zeros(PixelType::U16, &[8, 8]).unwrap().view())?;
///
/// let target = labels_target(&image, "nuclei").unwrap();
/// let mut of_labels = spec(PixelType::U32)?;
/// of_labels.is_labels = true;
/// let labels = Job::start(&formats, &target, Some("ome_zarr"), of_labels)?;
/// labels.sink().write(0, TypedArray::zeros(PixelType::U32, &[8, 8]).unwrap().view())?;
/// labels.commit()?;
/// list_labels(&image, &["nuclei".to_owned()])?;
/// image.commit()?;
/// assert!(path.join("labels/nuclei/0/zarr.json").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn labels_target(image: &Job, name: &str) -> Option<PathBuf> {
    let target = inside(&image.work().output(), &format!("labels/{name}"));
    (image.format_name() == HAS_LABELS).then_some(target)
}

/// Lists images of labels in the store of the image that they belong to.
///
/// # Errors
/// [`SinkError`] if the list cannot be written, or the format has no labels.
pub fn list_labels(image: &Job, names: &[String]) -> Result<(), SinkError> {
    #[cfg(feature = "zarr")]
    if image.format_name() == HAS_LABELS {
        return crate::ome_zarr::list(image, names);
    }
    Err(SinkError::Unfit {
        path: image.work().target().into(),
        got: format!("labels {}", names.join(", ")),
        expected: format!("the format {HAS_LABELS}"),
    })
}
