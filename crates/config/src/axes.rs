//! Axes as a configuration gives them: stricter than the axes of an array.

use patchweave_geometry::{Axes, Axis, GeometryError};

use crate::origin::Complaint;
use crate::reader::{Reader, Value};
use crate::yaml::Kind;

/// Axes of 2 to 6 letters, upper case, none twice, with `X` and `Y` next to each other.
pub(crate) fn axes(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Axes> {
    let Kind::Text(written) = value.kind else {
        return reader.refuse(value, EXPECTED);
    };
    match written.parse::<Axes>() {
        Ok(axes) if has_xy_side_by_side(&axes) => Some(axes),
        Ok(_) => reader.refuse(value, "X and Y next to each other"),
        Err(error) => refuse(reader, value, written, &error),
    }
}

const EXPECTED: &str = "letters of STCZYX, none twice, with Y and X next to each other";

fn has_xy_side_by_side(axes: &Axes) -> bool {
    match (axes.position(Axis::X), axes.position(Axis::Y)) {
        (Some(x), Some(y)) => x.abs_diff(y) == 1,
        _ => false,
    }
}

fn refuse<T>(reader: &mut Reader<'_>, value: &Value<'_>, written: &str, error: &GeometryError) -> Option<T> {
    let found = match error {
        GeometryError::UnknownAxis { letter, .. } => format!("{}, with the letter {letter:?}", value.got()),
        GeometryError::RepeatedAxis { axis, .. } => format!("{}, with {axis} twice", value.got()),
        GeometryError::MissingAxis { axis, .. } => format!("{}, without {axis}", value.got()),
        _ => value.got(),
    };
    let upper = written.to_ascii_uppercase();
    let suggestion = upper.parse::<Axes>().is_ok().then_some(upper);
    reader.report(value.location, &value.path, Complaint { found, expected: EXPECTED.into(), suggestion });
    None
}

/// Axes of the target: the samples and depth of the input's axes, in any order.
pub(crate) fn target_axes(reader: &mut Reader<'_>, value: &Value<'_>, input: Option<&Axes>) -> Option<Axes> {
    let target = axes(reader, value)?;
    let Some(input) = input else { return Some(target) };
    let samples = |axes: &Axes| [Axis::S, Axis::T].map(|axis| axes.contains(axis));
    if samples(&target) != samples(input) {
        return reader.refuse(value, format!("the same of S and T as in axes {input}"));
    }
    if target.is_3d() != input.is_3d() {
        let depth = if input.is_3d() { "Z" } else { "no Z" };
        return reader.refuse(value, format!("{depth}, as in axes {input}"));
    }
    Some(target)
}
