//! The list of labels that belong to an image, in the same store.

use serde_json::{Map, json};

use super::groups::write_group;
use super::metadata::versioned;
use super::{NAME, OmeZarrOptions};
use crate::{Job, SinkError};

/// Lists images of labels in the store of the image that they belong to.
pub(crate) fn list(image: &Job, names: &[String]) -> Result<(), SinkError> {
    let options: OmeZarrOptions = image.spec().format_options(image.work().target(), NAME)?;
    let labels = versioned(Map::from_iter([("labels".to_owned(), json!(names))]), options.version);
    write_group(image.work(), "labels/", options.version, &labels)
}
