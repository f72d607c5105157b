//! The axes of OME-Zarr metadata by their names.

use patchweave_geometry::Axis;
use serde_json::Value;

/// The axis of a name, or of a type where the name is more than a letter.
pub(super) fn axis(axis: &Value) -> Option<Axis> {
    let name = axis.as_str().or_else(|| axis.get("name")?.as_str())?;
    axis_named(name).or_else(|| match axis.get("type")?.as_str()? {
        "time" => Some(Axis::T),
        "channel" => Some(Axis::C),
        _ => None,
    })
}

/// The axis of a name of one letter, in either case.
pub(super) fn axis_named(name: &str) -> Option<Axis> {
    let mut letters = name.chars();
    let letter = letters.next()?.to_ascii_uppercase();
    letters.next().is_none().then(|| Axis::from_letter(letter))?
}
