//! The attributes of OME-Zarr groups; JSON only.

use patchweave_geometry::Axis;
use patchweave_pixel::PixelType;
use serde_json::{Map, Value, json};

use super::options::OmeZarrVersion;
use crate::ImageSpec;

/// Colours of channels that have none of their own: one is gray, several differ.
const COLORS: [[u8; 3]; 6] =
    [[0, 255, 0], [255, 0, 255], [0, 255, 255], [255, 0, 0], [0, 0, 255], [255, 255, 0]];

/// The attributes of an image whose levels are the arrays `0`, `1`, …, which have these axes.
///
/// `is_beside_image` says that these are labels in the store of the image that they belong to.
pub(crate) fn image(
    spec: &ImageSpec,
    axes: &[Axis],
    version: OmeZarrVersion,
    is_beside_image: bool,
) -> Map<String, Value> {
    let mut multiscale = json!({
        "name": spec.name,
        "axes": axes.iter().map(|&axis| describe(spec, axis)).collect::<Vec<_>>(),
        "datasets": (0..spec.levels).map(|level| dataset(spec, axes, level)).collect::<Vec<_>>(),
    });
    if spec.levels > 1 {
        multiscale["type"] = json!(if spec.is_labels { "mode" } else { "mean" });
    }
    if version == OmeZarrVersion::V04 {
        multiscale["version"] = json!(version.name());
    }
    let mut attributes = Map::new();
    attributes.insert("multiscales".into(), json!([multiscale]));
    if spec.is_labels {
        let mut labels = json!({});
        if is_beside_image {
            labels["source"] = json!({ "image": "../../" });
        }
        if version == OmeZarrVersion::V04 {
            labels["version"] = json!(version.name());
        }
        attributes.insert("image-label".into(), labels);
    } else if let Some(channels) = channels(spec) {
        let mut omero = json!({ "channels": channels, "rdefs": { "model": "color" } });
        if version == OmeZarrVersion::V04 {
            omero["version"] = json!(version.name());
            omero["name"] = json!(spec.name);
        }
        attributes.insert("omero".into(), omero);
    }
    versioned(attributes, version)
}

/// The attributes of a group whose images are the groups `0`, `1`, …
pub(crate) fn collection(version: OmeZarrVersion) -> Map<String, Value> {
    versioned(Map::from_iter([("bioformats2raw.layout".to_owned(), json!(3))]), version)
}

/// The name of an axis as OME-Zarr writes it.
pub(crate) fn axis_name(axis: Axis) -> String {
    axis.letter().to_ascii_lowercase().to_string()
}

/// Attributes where a version has them.
pub(crate) fn versioned(attributes: Map<String, Value>, version: OmeZarrVersion) -> Map<String, Value> {
    match version {
        OmeZarrVersion::V04 => attributes,
        OmeZarrVersion::V05 => {
            let mut ome = Map::from_iter([("version".to_owned(), json!(version.name()))]);
            ome.extend(attributes);
            Map::from_iter([("ome".to_owned(), Value::Object(ome))])
        }
    }
}

fn describe(spec: &ImageSpec, axis: Axis) -> Value {
    let name = axis_name(axis);
    let has_unit = spec.pixel_size.is_some();
    match axis {
        Axis::T if spec.time_step.is_some() => json!({ "name": name, "type": "time", "unit": "second" }),
        Axis::T => json!({ "name": name, "type": "time" }),
        Axis::Z | Axis::Y | Axis::X if has_unit => {
            json!({ "name": name, "type": "space", "unit": "micrometer" })
        }
        Axis::Z | Axis::Y | Axis::X => json!({ "name": name, "type": "space" }),
        Axis::S | Axis::C => json!({ "name": name, "type": "channel" }),
    }
}

fn dataset(spec: &ImageSpec, axes: &[Axis], level: usize) -> Value {
    let scale: Vec<f64> = axes.iter().map(|&axis| size(spec, axis) * factor(spec, level, axis)).collect();
    let mut transformations = vec![json!({ "type": "scale", "scale": scale })];
    // The centre of a pixel of level k is that of the pixels of level 0 under it.
    let shift = |axis| size(spec, axis) * (factor(spec, level, axis) - 1.0) / 2.0;
    let translation: Vec<f64> = axes.iter().map(|&axis| origin(spec, axis) + shift(axis)).collect();
    if translation.iter().any(|place| *place != 0.0) {
        transformations.push(json!({ "type": "translation", "translation": translation }));
    }
    json!({ "path": level.to_string(), "coordinateTransformations": transformations })
}

#[expect(clippy::cast_precision_loss, reason = "a power of two")]
fn factor(spec: &ImageSpec, level: usize, axis: Axis) -> f64 {
    spec.level_factor(level, axis) as f64
}

/// The size of a pixel of level 0, or the step of time.
fn size(spec: &ImageSpec, axis: Axis) -> f64 {
    let [z, y, x] = spec.pixel_size.map_or([1.0; 3], |size| size.to_zyx(1.0));
    match axis {
        Axis::T => spec.time_step.unwrap_or(1.0),
        Axis::S | Axis::C => 1.0,
        Axis::Z => z,
        Axis::Y => y,
        Axis::X => x,
    }
}

fn origin(spec: &ImageSpec, axis: Axis) -> f64 {
    let [z, y, x] = spec.translation.map_or([0.0; 3], |place| place.to_zyx(0.0));
    match axis {
        Axis::S | Axis::T | Axis::C => 0.0,
        Axis::Z => z,
        Axis::Y => y,
        Axis::X => x,
    }
}

/// How channels are called and shown, if something is known of that.
fn channels(spec: &ImageSpec) -> Option<Vec<Value>> {
    if spec.channel_names.is_none() && spec.channel_colors.is_none() && spec.channel_windows.is_none() {
        return None;
    }
    let n_channels = spec.layout.image_shape().n_channels;
    let channel = |at: usize| {
        let own = spec.channel_colors.as_ref().and_then(|colors| colors.get(at)).copied();
        let [r, g, b] = own.unwrap_or(if n_channels == 1 { [255; 3] } else { COLORS[at % COLORS.len()] });
        let mut channel = json!({ "active": true, "color": format!("{r:02X}{g:02X}{b:02X}") });
        if let Some(name) = spec.channel_names.as_ref().and_then(|names| names.get(at)) {
            channel["label"] = json!(name);
        }
        let window = spec.channel_windows.as_ref().and_then(|windows| windows.get(at)).copied();
        let whole = whole_range(spec.pixel_type);
        let (start, end) =
            window.filter(|(start, end)| start.is_finite() && end.is_finite()).unwrap_or(whole);
        channel["window"] =
            json!({ "start": start, "end": end, "min": whole.0.min(start), "max": whole.1.max(end) });
        channel
    };
    Some((0..n_channels).map(channel).collect())
}

/// The least and the largest value of an integer type; of floats, whose values may be any, 0 and 1.
fn whole_range(pixel_type: PixelType) -> (f64, f64) {
    match pixel_type {
        PixelType::Bool | PixelType::F16 | PixelType::F32 | PixelType::F64 => (0.0, 1.0),
        PixelType::U8 => (0.0, 255.0),
        PixelType::U16 => (0.0, 65_535.0),
        PixelType::U32 => (0.0, f64::from(u32::MAX)),
        PixelType::I8 => (-128.0, 127.0),
        PixelType::I16 => (-32_768.0, 32_767.0),
        PixelType::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
        PixelType::U64 => (0.0, 2_f64.powi(64)),
        PixelType::I64 => (-(2_f64.powi(63)), 2_f64.powi(63)),
    }
}
