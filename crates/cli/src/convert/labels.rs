//! Labels that an OME-Zarr has beside its image, taken along into another.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_formats::{Formats, OpenOptions, inside, label_names};
use patchweave_stack::ImageStack;

use crate::Failure;
use crate::opened::open;

/// An image of labels and what it is called.
pub(crate) struct Labels {
    pub name: String,
    pub stack: Arc<dyn ImageStack>,
}

/// The labels of an image that was opened from an OME-Zarr; none for all others.
pub(crate) fn labels_of(stack: &dyn ImageStack, formats: &Formats) -> Result<Vec<Labels>, Failure> {
    let info = stack.info();
    let is_ome = info.format.as_deref().is_some_and(|format| format.starts_with("OME-Zarr"));
    let image = PathBuf::from(&info.source);
    if !is_ome || info.is_labels {
        return Ok(Vec::new());
    }
    // The source is the array of level 0.
    let Some(folder) = image.parent().map(|group| inside(group, Path::new("labels"))) else {
        return Ok(Vec::new());
    };
    let Some(format) = formats.named("zarr") else { return Ok(Vec::new()) };
    let options = OpenOptions::default();
    let mut labels = Vec::new();
    for name in label_names(&folder, &options)? {
        let (images, _) = open(&inside(&folder, Path::new(&name)), format, None, &options)?;
        let whole = images.into_iter().next().and_then(|image| image.into_iter().next());
        labels.extend(whole.map(|stack| Labels { name, stack }));
    }
    Ok(labels)
}
