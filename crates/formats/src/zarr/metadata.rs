//! The metadata of an array: what reading needs of it is checked member by member and given to `zarrs`, the rest is left
//! out.

use patchweave_pixel::PixelType;
use patchweave_stack::StackError;
use serde_json::{Map, Value, json};
use zarrs::array::{ArrayMetadata, DataType, data_type};
use zarrs::metadata::v2::DataTypeMetadataV2;
use zarrs::metadata::v3::MetadataV3;

use super::chunk_names::ChunkNames;
use super::codec_names::{refused_codec, spell_out_orders};
use super::codec_settings::{Problem, codec_for_decoding, for_decoding};
use super::fill::Fill;
use super::members::{check_endian, extension, one_of, sizes};
use super::node::Node;
use super::version::ZarrVersion;

/// Dimensions that an array may have.
const MAX_DIMENSIONS: usize = 32;

/// How the names of chunks may be made, none of which has text of the file in it.
const KEY_ENCODINGS: [&str; 2] = ["default", "v2"];

/// What version 3 lets an array say of itself.
const KNOWN_FIELDS: [&str; 11] = [
    "zarr_format",
    "node_type",
    "shape",
    "data_type",
    "chunk_grid",
    "chunk_key_encoding",
    "fill_value",
    "codecs",
    "attributes",
    "storage_transformers",
    "dimension_names",
];

/// What the metadata of an array says.
pub(super) struct Described {
    /// For `zarrs`; it fills with 0 where the file's own value is not usable.
    pub array: ArrayMetadata,
    /// The same as JSON.
    pub json: Map<String, Value>,
    pub pixel_type: PixelType,
    pub names: ChunkNames,
    /// The fill value of the file, where it is no value of the type.
    pub unusable_fill: Option<String>,
    /// What people should know.
    pub notes: Vec<String>,
}

/// Checks the metadata of an array.
///
/// # Errors
/// [`StackError::Unsupported`] with the name of the type, codec or extension that is not read; [`StackError::Damaged`]
/// with the member that is not what it has to be.
pub(super) fn describe(stack: &str, node: &Node) -> Result<Described, StackError> {
    let file = node.file.rsplit('/').next().unwrap_or(&node.file);
    let damaged = |Problem { member, got, expected }: Problem| {
        StackError::damaged(stack, format!("{member} of {file}"), got, expected)
    };
    let mut notes = Vec::new();
    if node.version == ZarrVersion::V3 {
        check_extensions(stack, &node.metadata)?;
    }
    let mut json = match node.version {
        ZarrVersion::V2 => version_2(&node.metadata, &mut notes),
        ZarrVersion::V3 => version_3(&node.metadata, &mut notes),
    }
    .map_err(damaged)?;
    let data_type = data_type_of(stack, node.version, &json)?;
    let pixel_type = pixel_type_of(&data_type).ok_or_else(|| unread_type(stack, format!("{data_type:?}")))?;
    let fill = Fill::of(node.metadata.get("fill_value"), pixel_type, &data_type, node.version);
    notes.extend(fill.note);
    json.insert("fill_value".to_owned(), fill.value);
    if let Some(refused) = refused_codec(node.version, &json) {
        let problem = refused.map_err(|name| StackError::Unsupported {
            stack: stack.to_owned(),
            what: format!("codec {name}"),
            hint: "rewrite the array with blosc, zstd, gzip or zlib and without other filters",
        })?;
        return Err(damaged(problem));
    }
    if node.version == ZarrVersion::V3 {
        check_endian("codecs", json.get("codecs"), pixel_type.n_bytes()).map_err(damaged)?;
    }
    let names = ChunkNames::of(node.version, &json);
    let value = Value::Object(json.clone());
    let array = match node.version {
        ZarrVersion::V2 => serde_json::from_value(value).map(ArrayMetadata::V2),
        ZarrVersion::V3 => serde_json::from_value(value).map(ArrayMetadata::V3),
    };
    let array = array.map_err(|source| StackError::Unreadable {
        stack: stack.to_owned(),
        place: file.to_owned(),
        source: source.into(),
    })?;
    let notes = notes.into_iter().map(|note| format!("{file}: {note}")).collect();
    Ok(Described { array, json, pixel_type, names, unusable_fill: fill.unusable, notes })
}

fn version_2(found: &Map<String, Value>, notes: &mut Vec<String>) -> Result<Map<String, Value>, Problem> {
    let version = ZarrVersion::V2;
    let format = found.get("zarr_format").cloned().unwrap_or(2.into());
    if format != json!(2) {
        return Err(Problem::new("zarr_format", Some(&format), "2"));
    }
    let shape = sizes("shape", found.get("shape"), 0, None)?;
    check_dimensions(&shape)?;
    let chunks = sizes("chunks", found.get("chunks"), 1, Some(shape.len()))?;
    let mut filters = match found.get("filters") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(filters)) => for_decoding("filters", filters, version, notes)?,
        filters @ Some(_) => return Err(Problem::new("filters", filters, "a list of codecs or null")),
    };
    // A compressor is the last of the filters, for which the library does not look at what it was written with.
    if let Some(compressor) = found.get("compressor").filter(|compressor| !compressor.is_null()) {
        filters.extend(codec_for_decoding("compressor", compressor, version, notes)?);
    }
    let clean = json!({
        "zarr_format": 2,
        "shape": shape,
        "chunks": chunks,
        "dtype": numpy_type(found.get("dtype"))?,
        "order": one_of("order", found.get("order"), &["C", "F"])?,
        "dimension_separator": one_of("dimension_separator", found.get("dimension_separator"), &[".", "/"])?,
        "filters": filters,
        "compressor": null,
    });
    Ok(object(clean))
}

fn version_3(found: &Map<String, Value>, notes: &mut Vec<String>) -> Result<Map<String, Value>, Problem> {
    let version = ZarrVersion::V3;
    let format = found.get("zarr_format").cloned().unwrap_or(3.into());
    if format != json!(3) {
        return Err(Problem::new("zarr_format", Some(&format), "3"));
    }
    let shape = sizes("shape", found.get("shape"), 0, None)?;
    check_dimensions(&shape)?;
    let grid = extension("chunk_grid", found.get("chunk_grid"), notes, |name| match name {
        "regular" | "rectangular" => Some(&["chunk_shape"]),
        "rectilinear" => Some(&["kind", "chunk_shapes"]),
        _ => None,
    })?;
    if grid.get("name") == Some(&json!("regular")) {
        let chunks = grid.get("configuration").and_then(|grid| grid.get("chunk_shape"));
        sizes("chunk_grid: chunk_shape", chunks, 1, Some(shape.len()))?;
    }
    let encoding = extension("chunk_key_encoding", found.get("chunk_key_encoding"), notes, |name| {
        KEY_ENCODINGS.contains(&name).then_some(&["separator"])
    })?;
    let separator = encoding.get("configuration").and_then(|settings| settings.get("separator"));
    one_of("chunk_key_encoding: separator", separator, &["/", "."])?;
    let codecs = found.get("codecs");
    let list = codecs.and_then(Value::as_array).cloned();
    let mut list = list.ok_or_else(|| Problem::new("codecs", codecs, "a list of codecs"))?;
    spell_out_orders(&mut list, shape.len());
    let data_type = extension("data_type", found.get("data_type"), notes, |_| None)?;
    let mut clean = object(json!({
        "zarr_format": 3,
        "node_type": "array",
        "data_type": data_type,
        "chunk_grid": grid,
        "chunk_key_encoding": encoding,
        "codecs": for_decoding("codecs", &list, version, notes)?,
    }));
    match found.get("dimension_names") {
        None | Some(Value::Null) => {}
        Some(names) => {
            let is_name = |name: &Value| name.is_null() || name.is_string();
            let list = names.as_array().filter(|list| list.len() == shape.len() && list.iter().all(is_name));
            match list {
                Some(_) => drop(clean.insert("dimension_names".to_owned(), names.clone())),
                None => notes.push(format!(
                    "dimension_names: got {}, expected a name or null for each of {} dimensions: they are ignored",
                    super::json::shortened(names),
                    shape.len()
                )),
            }
        }
    }
    clean.insert("shape".to_owned(), shape.into());
    Ok(clean)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn check_dimensions(shape: &[u64]) -> Result<(), Problem> {
    if shape.len() <= MAX_DIMENSIONS {
        return Ok(());
    }
    let got = Value::from(format!("{} dimensions", shape.len()));
    Err(Problem::new("shape", Some(&got), format!("at most {MAX_DIMENSIONS}")))
}

/// The type of NumPy; bytes have no order, whatever a file says of it.
fn numpy_type(found: Option<&Value>) -> Result<Value, Problem> {
    match found {
        Some(Value::String(name)) => {
            let plain = name.trim_start_matches(['<', '>', '|', '=']);
            let is_byte = matches!(plain, "u1" | "i1" | "b1");
            Ok(if is_byte { format!("|{plain}") } else { name.clone() }.into())
        }
        Some(Value::Array(_)) => Ok(found.cloned().unwrap_or_default()),
        _ => Err(Problem::new("dtype", found, "a type such as \"<u2\"")),
    }
}

fn data_type_of(
    stack: &str,
    version: ZarrVersion,
    json: &Map<String, Value>,
) -> Result<DataType, StackError> {
    let key = if version == ZarrVersion::V2 { "dtype" } else { "data_type" };
    let found = json.get(key).cloned().unwrap_or_default();
    let made = match version {
        ZarrVersion::V2 => serde_json::from_value::<DataTypeMetadataV2>(found.clone())
            .ok()
            .and_then(|metadata| DataType::from_metadata(&metadata).ok()),
        ZarrVersion::V3 => serde_json::from_value::<MetadataV3>(found.clone())
            .ok()
            .and_then(|metadata| DataType::from_metadata(&metadata).ok()),
    };
    made.ok_or_else(|| unread_type(stack, super::json::shortened(found.get("name").unwrap_or(&found))))
}

fn unread_type(stack: &str, name: String) -> StackError {
    StackError::Unsupported {
        stack: stack.to_owned(),
        what: format!("data type {name}"),
        hint: "arrays of booleans, integers and floats are read, in version 2 with their byte order (\"<u2\")",
    }
}

fn pixel_type_of(found: &DataType) -> Option<PixelType> {
    let zarr_type = |pixel_type: &PixelType| match pixel_type {
        PixelType::Bool => data_type::bool(),
        PixelType::U8 => data_type::uint8(),
        PixelType::U16 => data_type::uint16(),
        PixelType::U32 => data_type::uint32(),
        PixelType::U64 => data_type::uint64(),
        PixelType::I8 => data_type::int8(),
        PixelType::I16 => data_type::int16(),
        PixelType::I32 => data_type::int32(),
        PixelType::I64 => data_type::int64(),
        PixelType::F16 => data_type::float16(),
        PixelType::F32 => data_type::float32(),
        PixelType::F64 => data_type::float64(),
    };
    PixelType::ALL.into_iter().find(|pixel_type| zarr_type(pixel_type) == *found)
}

/// Refuses what has to be understood and is not.
fn check_extensions(stack: &str, metadata: &Map<String, Value>) -> Result<(), StackError> {
    let unsupported = |what: String| StackError::Unsupported {
        stack: stack.to_owned(),
        what,
        hint: "rewrite the array without it",
    };
    let is_needed =
        |value: &Value| !value.is_null() && value.get("must_understand") != Some(&Value::Bool(false));
    let unknown =
        metadata.iter().find(|(key, value)| !KNOWN_FIELDS.contains(&key.as_str()) && is_needed(value));
    if let Some((key, _)) = unknown {
        return Err(unsupported(format!("the extension {key}")));
    }
    let transformers = metadata.get("storage_transformers").and_then(Value::as_array);
    if transformers.is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("a storage transformer".to_owned()));
    }
    let encoding = metadata.get("chunk_key_encoding");
    let encoding = encoding.and_then(|encoding| encoding.as_str().or_else(|| encoding.get("name")?.as_str()));
    if let Some(name) = encoding.filter(|name| !KEY_ENCODINGS.contains(name)) {
        return Err(unsupported(format!("the chunk key encoding {name}")));
    }
    Ok(())
}
