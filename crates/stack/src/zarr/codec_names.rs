//! Codecs by name: which of them cannot be read, and what the compression of an array is called.

use serde_json::{Map, Value, json};
use zarrs::array::codec::api::Codec;
use zarrs::metadata::v2::MetadataV2;
use zarrs::metadata::v3::MetadataV3;
use zarrs::plugin::PluginCreateError;

use super::node::{Node, ZarrVersion};

/// Codecs that make data smaller.
const COMPRESSORS: [&str; 13] = [
    "blosc", "zstd", "gzip", "zlib", "bz2", "lz4", "lzma", "pcodec", "zfp", "zfpy", "gdeflate", "jpeg",
    "jpeg2k",
];

/// The codecs of an array in the order of encoding, those inside of shards in the place of the sharding codec.
fn codecs(node: &Node) -> Vec<&Value> {
    let get = |key: &str| node.metadata.get(key);
    match node.version {
        ZarrVersion::V2 => {
            let filters = get("filters").and_then(Value::as_array);
            let compressor = get("compressor").filter(|value| !value.is_null());
            filters.into_iter().flatten().chain(compressor).collect()
        }
        ZarrVersion::V3 => flat(get("codecs"), "codecs"),
    }
}

fn flat<'a>(list: Option<&'a Value>, inner: &str) -> Vec<&'a Value> {
    let list = list.and_then(Value::as_array);
    let mut found = Vec::new();
    for codec in list.into_iter().flatten() {
        if name_of(codec) == Some("sharding_indexed") {
            found.extend(flat(codec.pointer(&format!("/configuration/{inner}")), inner));
        } else {
            found.push(codec);
        }
    }
    found
}

fn name_of(codec: &Value) -> Option<&str> {
    let name = codec.as_str().or_else(|| codec.get("name").or_else(|| codec.get("id"))?.as_str())?;
    Some(name.strip_prefix("numcodecs.").unwrap_or(name))
}

/// The first codec of an array that is not known, by its name.
pub(super) fn unknown_codec(node: &Node) -> Option<String> {
    let is_unknown = |codec: &&Value| {
        let made = match node.version {
            ZarrVersion::V2 => serde_json::from_value::<MetadataV2>((*codec).clone())
                .ok()
                .map(|metadata| Codec::from_metadata(&metadata)),
            ZarrVersion::V3 => serde_json::from_value::<MetadataV3>((*codec).clone())
                .ok()
                .map(|metadata| Codec::from_metadata(&metadata)),
        };
        matches!(made, Some(Err(PluginCreateError::Unsupported(_))))
    };
    codecs(node)
        .into_iter()
        .find(is_unknown)
        .map(|codec| name_of(codec).unwrap_or("without a name").to_owned())
}

/// The compression in words, `blosc(zstd)`; `None` if there is none.
pub(super) fn compression(node: &Node) -> Option<String> {
    let short = |codec: &Value| {
        let name = name_of(codec).filter(|name| COMPRESSORS.contains(name))?;
        let configuration = codec.get("configuration").unwrap_or(codec);
        match configuration.get("cname").and_then(Value::as_str) {
            Some(inner) => Some(format!("{name}({inner})")),
            None => Some(name.to_owned()),
        }
    };
    let names: Vec<String> = codecs(node).into_iter().filter_map(short).collect();
    (!names.is_empty()).then(|| names.join("+"))
}

/// Replaces `C` and `F` as orders of a transposition, which drafts of version 3 had, by the axes they stand for.
pub(super) fn spell_out_orders(metadata: &mut Map<String, Value>, n_dimensions: usize) {
    let codecs = metadata.get_mut("codecs").and_then(Value::as_array_mut);
    for codec in codecs.into_iter().flatten() {
        if codec.get("name").and_then(Value::as_str) != Some("transpose") {
            continue;
        }
        let Some(order) = codec.pointer_mut("/configuration/order") else { continue };
        match order.as_str() {
            Some("C") => *order = json!((0..n_dimensions).collect::<Vec<_>>()),
            Some("F") => *order = json!((0..n_dimensions).rev().collect::<Vec<_>>()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::NodeKind;
    use super::*;

    fn node(version: ZarrVersion, metadata: Value) -> Node {
        let Value::Object(metadata) = metadata else { unreachable!("an object") };
        Node { kind: NodeKind::Array, version, metadata, attributes: Map::new(), listed: None }
    }

    #[test]
    fn names_are_short() {
        let v2 = |filters: Value, compressor: Value| {
            compression(&node(ZarrVersion::V2, json!({"filters": filters, "compressor": compressor})))
        };
        assert_eq!(v2(json!(null), json!(null)), None);
        assert_eq!(v2(json!(null), json!({"id": "blosc", "cname": "lz4"})).unwrap(), "blosc(lz4)");
        let zlib = json!([{"id": "shuffle"}]);
        assert_eq!(v2(zlib, json!({"id": "zlib", "level": 1})).unwrap(), "zlib");
        let inner = json!([{"name": "bytes"}, {"name": "zstd", "configuration": {"level": 1}}]);
        let shards = json!({"name": "sharding_indexed", "configuration": {"codecs": inner}});
        assert_eq!(compression(&node(ZarrVersion::V3, json!({"codecs": [shards]}))).unwrap(), "zstd");
    }

    #[test]
    fn unknown_codecs_are_named() {
        let v2 =
            json!({"filters": [{"id": "delta", "dtype": "<u2"}], "compressor": {"id": "zlib", "level": 1}});
        assert_eq!(unknown_codec(&node(ZarrVersion::V2, v2)).as_deref(), Some("delta"));
        let v3 = json!({"codecs": ["bytes", {"name": "numcodecs.lzma", "configuration": {}}]});
        assert_eq!(unknown_codec(&node(ZarrVersion::V3, v3)).as_deref(), Some("lzma"));
        let known = json!({"filters": null, "compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1}});
        assert_eq!(unknown_codec(&node(ZarrVersion::V2, known)), None);
    }
}
