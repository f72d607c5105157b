//! Labels that belong to an image, in the same store.

use std::path::{Path, PathBuf};

use patchweave_remote::{inside, is_url};

use crate::leftovers::remove_leftovers;
use crate::{Job, SinkError, Work};

/// The formats that have labels beside an image.
const HAVE_LABELS: &str = "ome_zarr or ome_zarr_zip";

/// Where an image of labels is written that belongs to the image of a job: start another job there, commit it, and call
/// [`list_labels`] before the job of the image is committed. `None` if the format of the job is not OME-Zarr, in a zip or not.
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
    Some(inside(&store_of(image)?.output(), &Path::new("labels").join(name)))
}

/// Where the store of an image is written, if its format is one that has labels.
fn store_of(image: &Job) -> Option<Work> {
    match image.format_name() {
        "ome_zarr" => Some(image.work().clone()),
        #[cfg(feature = "zarr")]
        "ome_zarr_zip" => Some(crate::ome_zarr::store_in_zip(image.work())),
        _ => None,
    }
}

/// Lists images of labels in the store of the image that they belong to.
///
/// # Errors
/// [`SinkError`] if the list cannot be written, or the format has no labels.
pub fn list_labels(image: &Job, names: &[String]) -> Result<(), SinkError> {
    #[cfg(feature = "zarr")]
    if let Some(store) = store_of(image) {
        let folder = store.output().join("labels");
        if !is_url(&folder) {
            // Of a job that was killed when its labels had their name.
            remove_leftovers(&folder).map_err(|source| store.failed("look through", source))?;
        }
        return crate::ome_zarr::list(&store, image.spec(), names);
    }
    Err(SinkError::Unfit {
        path: image.work().target().into(),
        got: format!("labels {}", names.join(", ")),
        expected: format!("the format {HAVE_LABELS}"),
    })
}
