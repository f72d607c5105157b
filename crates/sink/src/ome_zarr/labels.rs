//! The list of labels that belong to an image, in the same store.

use serde_json::{Map, json};

use super::groups::write_group;
use super::metadata::versioned;
use super::{NAME, OmeZarrOptions};
use crate::{ImageSpec, SinkError, Work};

/// Lists images of labels in the store of the image that they belong to.
pub(crate) fn list(store: &Work, image: &ImageSpec, names: &[String]) -> Result<(), SinkError> {
    let options: OmeZarrOptions = image.format_options(store.target(), NAME)?;
    let labels = versioned(Map::from_iter([("labels".to_owned(), json!(names))]), options.version);
    write_group(store, "labels/", options.version, &labels)
}
