//! Attributes of HDF5 objects as the programs that wrote them mean them.

use hdf5_reader::group::Group;
use hdf5_reader::{Attribute, Dataset};
use patchweave_geometry::Axis;

use crate::file_axes::FileAxes;

/// The text of an attribute; Imaris writes it as an array of single characters.
pub(super) fn text(group: &Group, name: &str) -> Option<String> {
    joined(&group.attribute(name).ok()?)
}

fn joined(attribute: &Attribute) -> Option<String> {
    let strings = attribute.read_strings().ok()?;
    Some(strings.concat().trim_end_matches('\0').trim().to_owned())
}

/// A number that is written as text.
pub(super) fn number<T: std::str::FromStr>(group: &Group, name: &str) -> Option<T> {
    text(group, name)?.parse().ok()
}

/// What a dataset says of its dimensions: ilastik's `axistags`, or the labels of dimension scales.
pub(super) fn axes(dataset: &Dataset) -> FileAxes {
    let n_dimensions = dataset.ndim();
    let named = axistags(dataset).or_else(|| labels(dataset));
    let axes = named.filter(|axes| axes.len() == n_dimensions);
    axes.map_or_else(|| FileAxes::unknown(n_dimensions), FileAxes::new)
}

fn axis(name: &str) -> Option<Axis> {
    let mut letters = name.chars();
    let letter = letters.next()?.to_ascii_uppercase();
    letters.next().is_none().then(|| Axis::from_letter(letter)).flatten()
}

/// `{"axes": [{"key": "y", …}, …]}`
fn axistags(dataset: &Dataset) -> Option<Vec<Option<Axis>>> {
    let text = joined(&dataset.attribute("axistags").ok()?)?;
    let tags: serde_json::Value = serde_json::from_str(&text).ok()?;
    let keys = tags.get("axes")?.as_array()?.iter();
    Some(keys.map(|tag| axis(tag.get("key")?.as_str()?)).collect())
}

fn labels(dataset: &Dataset) -> Option<Vec<Option<Axis>>> {
    let labels = dataset.attribute("DIMENSION_LABELS").ok()?.read_strings().ok()?;
    Some(labels.iter().map(|label| axis(label)).collect())
}
