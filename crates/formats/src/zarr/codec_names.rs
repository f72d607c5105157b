//! Codecs by name: which of them cannot be read, and what the compression of an array is called.

use serde_json::{Map, Value, json};
use zarrs::array::codec::api::Codec;
use zarrs::metadata::v2::MetadataV2;
use zarrs::metadata::v3::MetadataV3;
use zarrs::plugin::PluginCreateError;

use super::codec_settings::Problem;
use super::version::ZarrVersion;

/// Codecs that make data smaller.
const COMPRESSORS: [&str; 13] = [
    "blosc", "zstd", "gzip", "zlib", "bz2", "lz4", "lzma", "pcodec", "zfp", "zfpy", "gdeflate", "jpeg",
    "jpeg2k",
];

/// The codecs of an array in the order of encoding, those inside of shards in the place of the sharding codec.
fn codecs(version: ZarrVersion, metadata: &Map<String, Value>) -> Vec<&Value> {
    let get = |key: &str| metadata.get(key);
    match version {
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

/// The first codec of an array that cannot be made: what is wrong with it, or else the name of one that is not known.
pub(super) fn refused_codec(
    version: ZarrVersion,
    metadata: &Map<String, Value>,
) -> Option<Result<Problem, String>> {
    let refusal = |codec: &Value| {
        let found = codec.clone();
        let made = match version {
            ZarrVersion::V2 => serde_json::from_value::<MetadataV2>(found)
                .map(|metadata| Codec::from_metadata(&metadata).map(drop)),
            ZarrVersion::V3 => serde_json::from_value::<MetadataV3>(found)
                .map(|metadata| Codec::from_metadata(&metadata).map(drop)),
        };
        let name = name_of(codec).unwrap_or("without a name").to_owned();
        let problem = |reason: String| Ok(Problem::new(format!("codec {name}"), Some(codec), reason));
        match made {
            Ok(Ok(())) => None,
            Ok(Err(PluginCreateError::Unsupported(_))) => Some(Err(name)),
            Ok(Err(error)) => Some(problem(format!("settings that decoding can use ({error})"))),
            Err(error) => Some(problem(format!("a codec ({error})"))),
        }
    };
    codecs(version, metadata).into_iter().find_map(refusal)
}

/// The compression in words, `blosc(zstd)`; `None` if there is none.
pub(super) fn compression(version: ZarrVersion, metadata: &Map<String, Value>) -> Option<String> {
    let short = |codec: &Value| {
        let name = name_of(codec).filter(|name| COMPRESSORS.contains(name))?;
        let configuration = codec.get("configuration").unwrap_or(codec);
        match configuration.get("cname").and_then(Value::as_str) {
            Some(inner) => Some(format!("{name}({inner})")),
            None => Some(name.to_owned()),
        }
    };
    let names: Vec<String> = codecs(version, metadata).into_iter().filter_map(short).collect();
    (!names.is_empty()).then(|| names.join("+"))
}

/// Replaces `C` and `F` as orders of a transposition, which drafts of version 3 had, by the axes they stand for.
pub(super) fn spell_out_orders(codecs: &mut [Value], n_dimensions: usize) {
    for codec in codecs {
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
    use super::*;

    fn object(json: Value) -> Map<String, Value> {
        let Value::Object(map) = json else { unreachable!("an object") };
        map
    }

    #[test]
    fn names_are_short() {
        let v2 = |filters: Value, compressor: Value| {
            compression(ZarrVersion::V2, &object(json!({"filters": filters, "compressor": compressor})))
        };
        assert_eq!(v2(json!(null), json!(null)), None);
        assert_eq!(v2(json!(null), json!({"id": "blosc", "cname": "lz4"})).unwrap(), "blosc(lz4)");
        let zlib = json!([{"id": "shuffle"}]);
        assert_eq!(v2(zlib, json!({"id": "zlib", "level": 1})).unwrap(), "zlib");
        let inner = json!([{"name": "bytes"}, {"name": "zstd", "configuration": {"level": 1}}]);
        let shards = json!({"name": "sharding_indexed", "configuration": {"codecs": inner}});
        assert_eq!(compression(ZarrVersion::V3, &object(json!({"codecs": [shards]}))).unwrap(), "zstd");
    }

    #[test]
    fn unknown_codecs_and_settings_are_named() {
        let v2 =
            json!({"filters": [{"id": "delta", "dtype": "<u2"}], "compressor": {"id": "zlib", "level": 1}});
        assert_eq!(refused_codec(ZarrVersion::V2, &object(v2)), Some(Err("delta".to_owned())));
        let v3 = json!({"codecs": ["bytes", {"name": "numcodecs.lzma", "configuration": {}}]});
        assert_eq!(refused_codec(ZarrVersion::V3, &object(v3)), Some(Err("lzma".to_owned())));
        let known = json!({"filters": [{"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": "noshuffle", "blocksize": 0}]});
        assert_eq!(refused_codec(ZarrVersion::V2, &object(known)), None);
        let wrong = json!({"filters": [{"id": "shuffle", "elementsize": "two"}], "compressor": null});
        let problem = refused_codec(ZarrVersion::V2, &object(wrong)).unwrap().unwrap();
        assert_eq!(problem.member, "codec shuffle");
        assert!(problem.got.contains("two"), "{problem:?}");
    }
}
