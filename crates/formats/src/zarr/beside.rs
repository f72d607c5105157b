//! Arrays that stand beside images in a group and can be none: coordinates, scalars, tables of texts.

use serde_json::Value;

use super::node::Node;
use super::version::ZarrVersion;

/// Why an array can never be an image; `None` if it may be one.
pub(super) fn why_no_image(array: &Node) -> Option<String> {
    let n_dimensions = array.metadata.get("shape").and_then(Value::as_array).map(Vec::len);
    if let Some(n_dimensions @ 0..=1) = n_dimensions {
        return Some(format!("{n_dimensions} dimension{}", if n_dimensions == 1 { "" } else { "s" }));
    }
    let key = if array.version == ZarrVersion::V2 { "dtype" } else { "data_type" };
    let data_type = array.metadata.get(key)?;
    let name = data_type.as_str().or_else(|| data_type.get("name")?.as_str());
    // Kinds of types in the manner of NumPy: texts, raw bytes, objects, times.
    let is_other_v2 = |name: &str| {
        let kind = name.trim_start_matches(['<', '>', '|', '=']).chars().next();
        kind.is_some_and(|kind| matches!(kind, 'S' | 'U' | 'V' | 'O' | 'M' | 'm' | 'a'))
    };
    let is_other_v3 = |name: &str| {
        let kinds = ["string", "bytes", "variable_length", "fixed_length", "null_terminated", "raw_bytes"];
        kinds.iter().chain(&["numpy.", "struct"]).any(|kind| name.starts_with(kind))
    };
    let is_other = match (name, array.version) {
        (Some(name), ZarrVersion::V2) => is_other_v2(name),
        (Some(name), ZarrVersion::V3) => is_other_v3(name),
        (None, _) => data_type.is_array(),
    };
    is_other.then(|| format!("values of type {}", super::json::shortened(data_type)))
}

/// Says which arrays were left out, and why.
pub(super) fn left_out(others: &[(String, Node)]) -> Vec<String> {
    /// Arrays that are named one by one.
    const NAMED: usize = 3;
    let name = |path: &str| path.trim_start_matches('/').to_owned();
    let reasons = others.iter().filter_map(|(path, node)| Some((name(path), why_no_image(node)?)));
    let mut notes: Vec<String> = reasons
        .take(NAMED)
        .map(|(path, reason)| format!("the array {path} beside it is left out, because it has {reason}"))
        .collect();
    if others.len() > NAMED {
        notes.push(format!("{} more arrays beside it are left out", others.len() - NAMED));
    }
    notes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::node::NodeKind;
    use super::*;

    fn reason(version: ZarrVersion, metadata: Value) -> Option<String> {
        let Value::Object(metadata) = metadata else { unreachable!("an object") };
        why_no_image(&Node::new(NodeKind::Array, version, String::new(), metadata))
    }

    #[test]
    fn images_have_two_dimensions_of_numbers() {
        for dtype in ["<u2", "|b1", ">f8", "|i1", "u1", "<c8"] {
            assert_eq!(reason(ZarrVersion::V2, json!({"shape": [3, 4], "dtype": dtype})), None, "{dtype}");
        }
        for dtype in [json!("|O"), json!("<U7"), json!("|S1"), json!("<M8[ns]"), json!([["a", "<u2"]])] {
            assert!(reason(ZarrVersion::V2, json!({"shape": [3, 4], "dtype": dtype})).is_some(), "{dtype}");
        }
        assert_eq!(
            reason(ZarrVersion::V2, json!({"shape": [3], "dtype": "<u2"})).as_deref(),
            Some("1 dimension")
        );
        assert_eq!(
            reason(ZarrVersion::V3, json!({"shape": [], "data_type": "int8"})).as_deref(),
            Some("0 dimensions")
        );
        for data_type in [json!("string"), json!({"name": "numpy.datetime64", "configuration": {}})] {
            assert!(reason(ZarrVersion::V3, json!({"shape": [3, 4], "data_type": data_type})).is_some());
        }
        for data_type in [json!("uint16"), json!({"name": "float32"})] {
            assert_eq!(reason(ZarrVersion::V3, json!({"shape": [3, 4], "data_type": data_type})), None);
        }
        assert_eq!(reason(ZarrVersion::V3, json!({})), None);
    }
}
