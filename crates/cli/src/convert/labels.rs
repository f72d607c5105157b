//! Labels that an OME-Zarr has beside its image, taken along into another.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_formats::{Formats, OpenOptions};
use patchweave_stack::ImageStack;

use crate::Failure;
use crate::opened::open;

/// An image of labels and what it is called.
pub(crate) struct Labels {
    pub name: String,
    pub stack: Arc<dyn ImageStack>,
}

/// The labels of an image that was opened from an OME-Zarr in a folder; none for all others.
pub(crate) fn labels_of(stack: &dyn ImageStack, formats: &Formats) -> Result<Vec<Labels>, Failure> {
    let info = stack.info();
    let is_ome = info.format.as_deref().is_some_and(|format| format.starts_with("OME-Zarr"));
    let image = PathBuf::from(&info.source);
    // The source is the array of level 0.
    let Some(folder) = image.parent().map(|group| group.join("labels")).filter(|folder| folder.is_dir())
    else {
        return Ok(Vec::new());
    };
    if !is_ome || info.is_labels {
        return Ok(Vec::new());
    }
    let Some(format) = formats.named("zarr") else { return Ok(Vec::new()) };
    let (images, _) = open(&folder, format, None, &OpenOptions::default())?;
    let wholes = images.into_iter().filter_map(|image| image.into_iter().next());
    let named = wholes
        .filter_map(|stack| name_below(&folder, stack.info().source.as_ref()).map(|name| (name, stack)));
    Ok(named.map(|(name, stack)| Labels { name, stack }).collect())
}

/// The name of the image that an array below a folder belongs to.
fn name_below(folder: &Path, array: &Path) -> Option<String> {
    let below = array.strip_prefix(folder).ok()?.parent()?;
    below.to_str().filter(|name| !name.is_empty()).map(str::to_owned)
}
