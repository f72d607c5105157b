//! The part of OME-Zarr metadata that reading needs, taken leniently: real files bend the standard.
//!
//! Versions 0.4 (`multiscales` among the attributes) and 0.5 (under `ome`) and what lies between them.

use serde_json::{Map, Value};

/// One multiscale image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Multiscale {
    /// Paths of the levels relative to the image's group, full resolution first.
    pub levels: Vec<String>,
    /// Axis names, upper case, in the order of the array; `None` before version 0.4.
    pub axes: Option<String>,
    /// Micrometres per pixel for every axis; `None` for one without a length unit or with an unusable scale.
    pub scale: Option<Vec<Option<f64>>>,
}

/// Reads the first multiscale image of a group's attributes, if there is one.
pub(super) fn multiscale(attributes: &Map<String, Value>) -> Option<Multiscale> {
    let ome = ome_attributes(attributes);
    let image = ome.get("multiscales")?.as_array()?.first()?;
    let datasets = image.get("datasets")?.as_array()?;
    let level = datasets.first()?;
    let levels = datasets.iter().map(|level| Some(level.get("path")?.as_str()?.to_owned()));
    let levels: Vec<String> = levels.collect::<Option<_>>()?;
    let axes = image.get("axes").and_then(Value::as_array);
    let name = |axis: &Value| Some(axis.as_str().or_else(|| axis.get("name")?.as_str())?.to_uppercase());
    let names: Option<String> = axes.and_then(|axes| axes.iter().map(name).collect());
    let to_micrometres = |axis: &Value| match axis.get("unit").and_then(Value::as_str) {
        Some("nanometer") => Some(1e-3),
        Some("micrometer") => Some(1.0),
        Some("millimeter") => Some(1e3),
        _ => None,
    };
    let scale = scale_of(level).zip(axes).map(|(level_scale, axes)| {
        let global = scale_of(image).unwrap_or_else(|| vec![1.0; level_scale.len()]);
        let size = |((axis, level), global): ((&Value, &f64), &f64)| {
            let micrometres = to_micrometres(axis)? * level * global;
            (micrometres.is_finite() && micrometres > 0.0).then_some(micrometres)
        };
        axes.iter().zip(&level_scale).zip(&global).map(size).collect()
    });
    Some(Multiscale { levels, axes: names, scale })
}

/// Whether the group is a collection of images named `0`, `1`, … (the `bioformats2raw` layout).
pub(super) fn is_collection(attributes: &Map<String, Value>) -> bool {
    let key = "bioformats2raw.layout";
    attributes.contains_key(key) || ome_attributes(attributes).contains_key(key)
}

fn ome_attributes(attributes: &Map<String, Value>) -> &Map<String, Value> {
    attributes.get("ome").and_then(Value::as_object).unwrap_or(attributes)
}

fn scale_of(owner: &Value) -> Option<Vec<f64>> {
    let transforms = owner.get("coordinateTransformations")?.as_array()?;
    let scale = transforms.iter().find_map(|transform| transform.get("scale")?.as_array())?;
    scale.iter().map(Value::as_f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn reads_both_versions() {
        let image = r#"{"axes": [{"name": "c", "type": "channel"}, {"name": "y", "type": "space", "unit": "micrometer"},
            {"name": "x", "type": "space", "unit": "nanometer"}],
            "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 0.5, 250]}]}]}"#;
        let expected = Multiscale {
            levels: vec!["0".into()],
            axes: Some("CYX".into()),
            scale: Some(vec![None, Some(0.5), Some(0.25)]),
        };
        let v04 = attributes(&format!(r#"{{"multiscales": [{image}]}}"#));
        let v05 = attributes(&format!(r#"{{"ome": {{"version": "0.5", "multiscales": [{image}]}}}}"#));
        assert_eq!(multiscale(&v04), Some(expected.clone()));
        assert_eq!(multiscale(&v05), Some(expected));
    }

    #[test]
    fn sizes_are_positive_and_never_made_up() {
        let scale = |y: &str, x: &str, global: &str| {
            let json = format!(
                r#"{{"multiscales": [{{"axes": [{{"name": "y", "unit": "micrometer"}}, {{"name": "x"{x}}}],
                "datasets": [{{"path": "0", "coordinateTransformations": [{{"scale": [{y}, 2]}}]}}],
                "coordinateTransformations": [{{"scale": [{global}, 1]}}]}}]}}"#
            );
            multiscale(&attributes(&json)).unwrap().scale.unwrap()
        };
        let unit = r#", "unit": "micrometer""#;
        assert_eq!(scale("0.5", unit, "1"), [Some(0.5), Some(2.0)]);
        assert_eq!(scale("0.5", "", "1"), [Some(0.5), None]);
        assert_eq!(scale("0", unit, "1"), [None, Some(2.0)]);
        assert_eq!(scale("-0.5", unit, "1"), [None, Some(2.0)]);
        assert_eq!(scale("1e200", unit, "1e200"), [None, Some(2.0)]);
    }

    #[test]
    fn bends_with_old_and_partial_files() {
        let old = attributes(r#"{"multiscales": [{"axes": ["y", "x"], "datasets": [{"path": "s0"}]}]}"#);
        let found = multiscale(&old).unwrap();
        assert_eq!((found.axes.as_deref(), found.scale), (Some("YX"), None));
        assert_eq!(multiscale(&attributes("{}")), None);
        assert_eq!(multiscale(&attributes(r#"{"multiscales": [{"datasets": []}]}"#)), None);
        assert!(is_collection(&attributes(r#"{"bioformats2raw.layout": 3}"#)));
    }
}
