//! The part of OME-Zarr metadata that reading needs, taken leniently: real files bend the standard.
//!
//! Versions 0.4 (below the attributes themselves) and 0.5 (below `ome`) and what lies between and before them.

use patchweave_geometry::{Acquisition, Axis, Plate};
use serde_json::{Map, Value};

use super::json::name;
use super::ome_axes::axis;
use super::ome_channels::Channels;
use super::ome_space::Space;

/// One multiscale image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Multiscale {
    /// `0.4`, as the file spells it.
    pub version: Option<String>,
    /// Full resolution first.
    pub levels: Vec<Level>,
    /// The axes in the order of the arrays, `None` for one with an unknown name; nothing before version 0.3.
    pub axes: Option<Vec<Option<Axis>>>,
    pub channels: Channels,
    /// Whether its pixels are labels.
    pub is_labels: bool,
    /// Seconds from one time point to the next.
    pub time_step: Option<f64>,
}

/// One resolution of an image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Level {
    /// The array relative to the image's group.
    pub path: String,
    /// Micrometres per pixel for every axis; `None` for one without a length unit or with an unusable scale.
    pub scale: Option<Vec<Option<f64>>>,
    /// Micrometres to the centre of the first pixel for every axis; `None` for one without a length unit.
    pub translation: Option<Vec<Option<f64>>>,
}

/// The images of a group's attributes; those without a usable list of levels are left out.
pub(super) fn multiscales(attributes: &Map<String, Value>) -> Vec<Multiscale> {
    let ome = ome_attributes(attributes);
    let images = ome.get("multiscales").and_then(Value::as_array);
    let own_version = ome.get("version").and_then(name);
    let channels = Channels::of(ome);
    let is_labels = ome.contains_key("image-label") || attributes.contains_key("image-label");
    let named = |image: &Value| {
        let image = multiscale(image, own_version.clone())?;
        Some(Multiscale { channels: channels.clone(), is_labels, ..image })
    };
    images.into_iter().flatten().filter_map(named).collect()
}

fn multiscale(image: &Value, version: Option<String>) -> Option<Multiscale> {
    let datasets = image.get("datasets")?.as_array().filter(|datasets| !datasets.is_empty())?;
    let axes = image.get("axes").and_then(Value::as_array);
    let space = axes.map(|axes| Space::of(axes, image));
    let level = |level: &Value| {
        Some(Level {
            path: name(level.get("path")?)?,
            scale: space.as_ref().and_then(|space| space.scale(level)),
            translation: space.as_ref().and_then(|space| space.translation(level)),
        })
    };
    Some(Multiscale {
        version: version.or_else(|| name(image.get("version")?)),
        channels: Channels::default(),
        is_labels: false,
        time_step: space.as_ref().and_then(|space| space.time_step(datasets.first()?)),
        levels: datasets.iter().map(level).collect::<Option<_>>()?,
        axes: axes.map(|axes| axes.iter().map(axis).collect()),
    })
}

/// A well as its plate lists it; its row and column are those that the plate says or that its path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Well {
    pub path: String,
    pub row: Option<usize>,
    pub column: Option<usize>,
}

/// A plate and its wells in the order of rows and columns, those at places that it does not have last.
pub(super) fn plate(attributes: &Map<String, Value>) -> Option<(Plate, Vec<Well>)> {
    let stored = ome_attributes(attributes).get("plate")?;
    let names = |key: &str| -> Vec<String> {
        let list = stored.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|entry| name(entry.get("name")?)).collect()
    };
    let plate = Plate {
        name: stored.get("name").and_then(name),
        rows: names("rows"),
        columns: names("columns"),
        acquisitions: acquisitions(stored),
    };
    let mut wells: Vec<Well> = Vec::new();
    for well in stored.get("wells")?.as_array()? {
        let Some(path) = well.get("path").and_then(name) else { continue };
        let mut parts = path.split('/');
        let mut place = |key: &str, names: &[String]| {
            let part = parts.next();
            let given = well.get(key).and_then(name).and_then(|number| number.parse().ok());
            given.or_else(|| names.iter().position(|known| Some(known.as_str()) == part))
        };
        let row = place("rowIndex", &plate.rows);
        let column = place("columnIndex", &plate.columns);
        wells.push(Well { path, row, column });
    }
    let or_last = |place: Option<usize>| place.unwrap_or(usize::MAX);
    wells.sort_by_key(|well| (or_last(well.row), or_last(well.column)));
    Some((plate, wells))
}

fn acquisitions(plate: &Value) -> Vec<Acquisition> {
    let list = plate.get("acquisitions").and_then(Value::as_array);
    let acquisition = |stored: &Value| {
        Some(Acquisition {
            id: stored.get("id")?.as_u64()?,
            name: stored.get("name").and_then(name),
            description: stored.get("description").and_then(name),
            start_time: stored.get("starttime").and_then(Value::as_u64),
            end_time: stored.get("endtime").and_then(Value::as_u64),
        })
    };
    list.into_iter().flatten().filter_map(acquisition).collect()
}

/// Paths of the fields of a well with their acquisitions, in the order of the metadata.
pub(super) fn fields(attributes: &Map<String, Value>) -> Option<Vec<(String, Option<u64>)>> {
    let images = ome_attributes(attributes).get("well")?.get("images")?.as_array()?;
    let field =
        |image: &Value| Some((name(image.get("path")?)?, image.get("acquisition").and_then(Value::as_u64)));
    Some(images.iter().filter_map(field).collect())
}

/// Names in a list of strings: of label images (`labels`) or the images of a collection (`series`).
pub(super) fn names_in(attributes: &Map<String, Value>, key: &str) -> Option<Vec<String>> {
    let names = ome_attributes(attributes).get(key)?.as_array()?;
    names.iter().map(name).collect()
}

/// Whether the group is a collection of images named `0`, `1`, … (the `bioformats2raw` layout).
pub(super) fn is_collection(attributes: &Map<String, Value>) -> bool {
    let key = "bioformats2raw.layout";
    attributes.contains_key(key) || ome_attributes(attributes).contains_key(key)
}

fn ome_attributes(attributes: &Map<String, Value>) -> &Map<String, Value> {
    attributes.get("ome").and_then(Value::as_object).unwrap_or(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    fn first(json: &str) -> Multiscale {
        multiscales(&attributes(json)).remove(0)
    }

    #[test]
    fn reads_both_versions() {
        let image = r#"{"axes": [{"name": "c", "type": "channel"}, {"name": "y", "type": "space", "unit": "micrometer"},
            {"name": "x", "type": "space", "unit": "nanometer"}],
            "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 0.5, 250]}]},
            {"path": "1", "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 500]}]}]}"#;
        let level = |path: &str, y, x| Level {
            path: path.into(),
            scale: Some(vec![None, Some(y), Some(x)]),
            translation: None,
        };
        let expected = Multiscale {
            version: Some("0.5".into()),
            levels: vec![level("0", 0.5, 0.25), level("1", 1.0, 0.5)],
            axes: Some(vec![Some(Axis::C), Some(Axis::Y), Some(Axis::X)]),
            channels: Channels::default(),
            is_labels: false,
            time_step: None,
        };
        let v05 = first(&format!(r#"{{"ome": {{"version": "0.5", "multiscales": [{image}]}}}}"#));
        assert_eq!(v05, expected);
        let v04 = first(&format!(r#"{{"multiscales": [{image}]}}"#));
        assert_eq!(v04, Multiscale { version: None, ..expected });
    }

    #[test]
    fn sizes_are_positive_and_never_made_up() {
        let scale = |y: &str, x: &str, global: &str| {
            let json = format!(
                r#"{{"multiscales": [{{"axes": [{{"name": "y", "unit": "micrometer"}}, {{"name": "x"{x}}}],
                "datasets": [{{"path": "0", "coordinateTransformations": [{{"scale": [{y}, 2]}}]}}],
                "coordinateTransformations": [{{"scale": [{global}, 1]}}]}}]}}"#
            );
            first(&json).levels.remove(0).scale.unwrap()
        };
        let unit = r#", "unit": "micrometer""#;
        assert_eq!(scale("0.5", unit, "1"), [Some(0.5), Some(2.0)]);
        assert_eq!(scale("0.5", "", "1"), [Some(0.5), None]);
        assert_eq!(scale("0", unit, "1"), [None, Some(2.0)]);
        assert_eq!(scale("-0.5", unit, "1"), [None, Some(2.0)]);
        assert_eq!(scale("1e200", unit, "1e200"), [None, Some(2.0)]);
        assert_eq!(scale("\"NaN\"", unit, "1"), [None, Some(2.0)]);
        assert_eq!(scale("null", unit, "null"), [None, Some(2.0)]);
    }

    #[test]
    fn channels_and_times_are_read() {
        let json = r#"{"multiscales": [{"axes": [{"name": "t", "type": "time", "unit": "millisecond"}, {"name": "c"},
            {"name": "y"}, {"name": "x"}], "datasets": [{"path": "0",
            "coordinateTransformations": [{"type": "scale", "scale": [500, 1, 1, 1]}]}],
            "coordinateTransformations": [{"type": "scale", "scale": [3, 1, 1, 1]}]}],
            "omero": {"channels": [{"label": "DAPI", "color": "0000FF"}, {"color": "FF0000"}]}}"#;
        assert_eq!(
            (first(json).time_step, first(json).channels.names.join("|")),
            (Some(1.5), "DAPI|".to_owned())
        );
        assert_eq!(first(json).channels.colors, [Some([0, 0, 255]), Some([255, 0, 0])]);
        assert_eq!(first(&json.replace("millisecond", "frame")).time_step, None);
    }

    #[test]
    fn labels_say_so() {
        let image = r#""multiscales": [{"datasets": [{"path": "0"}]}]"#;
        assert!(!first(&format!("{{{image}}}")).is_labels);
        assert!(first(&format!(r#"{{{image}, "image-label": {{}}}}"#)).is_labels);
        assert!(first(&format!(r#"{{"ome": {{{image}, "image-label": {{}}}}}}"#)).is_labels);
    }

    #[test]
    fn bends_with_old_and_partial_files() {
        let old = first(r#"{"multiscales": [{"axes": ["y", "x"], "datasets": [{"path": "s0"}]}]}"#);
        assert_eq!(old.axes, Some(vec![Some(Axis::Y), Some(Axis::X)]));
        assert_eq!(old.levels, [Level { path: "s0".into(), scale: None, translation: None }]);
        let named = r#"{"multiscales": [{"axes": [{"name": "time", "type": "time"}, {"name": "depth"}],
            "datasets": [{"path": "s0"}]}]}"#;
        assert_eq!(first(named).axes, Some(vec![Some(Axis::T), None]));
        let numbers =
            first(r#"{"multiscales": [{"version": 0.4, "datasets": [{"path": 0}, {"path": 1.0}]}]}"#);
        assert_eq!(numbers.version.as_deref(), Some("0.4"));
        assert_eq!(numbers.levels.iter().map(|level| level.path.as_str()).collect::<Vec<_>>(), ["0", "1"]);
        for none in ["{}", r#"{"multiscales": [{"datasets": []}]}"#, r#"{"multiscales": 3}"#] {
            assert_eq!(multiscales(&attributes(none)), []);
        }
        assert!(is_collection(&attributes(r#"{"bioformats2raw.layout": 3}"#)));
    }

    #[test]
    fn wells_are_in_the_order_of_rows_and_columns() {
        let stored = attributes(
            r#"{"plate": {"name": "screen", "acquisitions": [{"id": 3, "name": "first", "endtime": 5}], "rows": [{"name": "B"}, {"name": "A"}], "columns": [{"name": "2"}, {"name": "10"}],
            "wells": [{"path": "A/10"}, {"path": "A/2", "rowIndex": 1, "columnIndex": 0}, {"path": "B/10"}]}}"#,
        );
        let (plate, wells) = plate(&stored).unwrap();
        let paths: Vec<&str> = wells.iter().map(|well| well.path.as_str()).collect();
        assert_eq!(paths, ["B/10", "A/2", "A/10"]);
        assert_eq!((wells[1].row, wells[1].column), (Some(1), Some(0)));
        let first =
            Acquisition { id: 3, name: Some("first".into()), end_time: Some(5), ..Acquisition::default() };
        assert_eq!(plate.acquisitions, [first]);
        assert_eq!((plate.rows.len(), plate.name.as_deref()), (2, Some("screen")));
        let well =
            attributes(r#"{"ome": {"well": {"images": [{"path": "1", "acquisition": 3}, {"path": "0"}]}}}"#);
        assert_eq!(fields(&well).unwrap(), [("1".into(), Some(3)), ("0".into(), None)]);
    }
}
