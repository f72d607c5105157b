//! The keys `axes`, `target_axes` and `axes_source`.

use patchweave_geometry::{Axes, Axis, GeometryError};

use crate::plan::{AxesSource, DataType, Space};
use crate::read::rules::Rules;
use crate::read::values::{Block, Names, Reader, Value};
use crate::text::{Complaint, Kind, alternatives};

/// Reads axes: letters of STCZYX in upper case, without repeats, with `Y` and `X` adjacent. CZI files have a fixed order.
pub(crate) fn axes(reader: &mut Reader<'_>, value: &Value<'_>, data_type: Option<DataType>) -> Option<Axes> {
    let Kind::Text(written) = value.kind else {
        return reader.refuse(value, EXPECTED);
    };
    match written.parse::<Axes>() {
        Ok(_) if data_type == Some(DataType::Czi) && !CZI_AXES.contains(&written.as_str()) => {
            reader.refuse(value, format!("{}, the axes of CZI files", alternatives(CZI_AXES)))
        }
        Ok(axes) if has_xy_side_by_side(&axes) => Some(axes),
        Ok(_) => reader.refuse(value, NEIGHBOURS),
        Err(error) => refuse(reader, value, written, &error),
    }
}

/// What is expected where axes are missing.
pub(super) const EXAMPLE: &str = "letters of STCZYX, for example YX";

/// What is expected of axes so that they have planes.
pub(super) const NEIGHBOURS: &str = "X and Y adjacent";

const EXPECTED: &str = "letters of STCZYX without repeats, with Y and X adjacent";

const CZI_AXES: &[&str] = &["SCYX", "SCZYX", "SCTYX"];

/// Whether `X` and `Y` are adjacent.
pub(crate) fn has_xy_side_by_side(axes: &Axes) -> bool {
    match (axes.position(Axis::X), axes.position(Axis::Y)) {
        (Some(x), Some(y)) => x.abs_diff(y) == 1,
        _ => false,
    }
}

fn refuse<T>(reader: &mut Reader<'_>, value: &Value<'_>, written: &str, error: &GeometryError) -> Option<T> {
    let found = match error {
        GeometryError::UnknownAxis { letter, .. } => {
            format!("{}, with the unknown letter {letter:?}", value.got())
        }
        GeometryError::RepeatedAxis { axis, .. } => format!("{}, with {axis} twice", value.got()),
        GeometryError::MissingAxis { axis, .. } => format!("{}, without {axis}", value.got()),
        _ => value.got(),
    };
    let upper = written.to_ascii_uppercase();
    let suggestion = upper.parse::<Axes>().is_ok().then_some(upper);
    reader.report(value.location, &value.path, Complaint { found, expected: EXPECTED.into(), suggestion });
    None
}

/// Reads the axes of the target: the sample axes and the depth of the input, in any order.
pub(crate) fn target_axes(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    data_type: Option<DataType>,
    input: Option<Space<'_>>,
) -> Option<Axes> {
    let target = axes(reader, value, data_type)?;
    let Some(Space { axes: input, n_spatial }) = input else { return Some(target) };
    let samples = |axes: &Axes| [Axis::S, Axis::T].map(|axis| axes.contains(axis));
    if samples(&target) != samples(input) {
        return reader.refuse(value, format!("the same sample axes (S, T) as axes {input}"));
    }
    if Space::new(&target, data_type).n_spatial != n_spatial {
        let depth = if n_spatial == 3 { "Z" } else { "no Z" };
        return reader.refuse(value, format!("{depth}, as in axes {input}"));
    }
    Some(target)
}

const SOURCES: Names<'_, AxesSource> = Names {
    known: &[("checked", AxesSource::Checked), ("config", AxesSource::Config), ("file", AxesSource::File)],
    refused: &[],
};

/// Reads the key `axes_source`, with the default for a refused value.
pub(crate) fn axes_source(reader: &mut Reader<'_>, block: &Block<'_>, rules: Rules) -> AxesSource {
    if !rules.has_additions {
        return AxesSource::default();
    }
    let source = block.or(reader, "axes_source", AxesSource::default(), |reader, value| {
        let source = SOURCES.read(reader, value)?;
        if source == AxesSource::Config && block.given("axes").is_none() {
            return reader.refuse_found(
                value,
                "config without axes",
                "the key axes as well, or no axes_source",
            );
        }
        Some(source)
    });
    source.unwrap_or_default()
}

/// The axes alone, for sections that need them if the rest of `data_config` is refused.
pub(crate) fn axes_of(block: &Block<'_>) -> Option<Axes> {
    block.get("axes")?.as_text()?.parse().ok()
}
