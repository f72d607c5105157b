//! What of a codec's metadata decoding needs: settings that only writing uses are never looked at, those that change how
//! bytes are decoded are handed on as they are.

use serde_json::{Map, Value, json};

use super::json::shortened;
use super::version::ZarrVersion;

/// What is wrong with a member of metadata; the caller names the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub member: String,
    pub got: String,
    pub expected: String,
}

impl Problem {
    /// A member that is something else than it has to be, or is not there.
    pub fn new(member: impl Into<String>, got: Option<&Value>, expected: impl Into<String>) -> Self {
        let got = got.map_or_else(|| "none".to_owned(), shortened);
        Problem { member: member.into(), got, expected: expected.into() }
    }
}

/// What decoding needs to know of a codec.
enum Needed {
    /// Nothing, because the bytes say it all: any valid settings will do.
    Any(Value),
    /// Members that change how bytes are decoded.
    Members(&'static [&'static str]),
    /// Not even the codec, which only changes what is written.
    Nothing,
    /// A codec that is not known here.
    Everything,
}

/// Codecs that both versions have under one name, with or without the name of the library in front of it.
const SAME_IN_BOTH: [&str; 4] = ["blosc", "zstd", "gzip", "crc32c"];

/// Codecs that have the name of the library in front of theirs in version 3.
const OF_NUMCODECS: [&str; 6] = ["zlib", "bz2", "shuffle", "fletcher32", "adler32", "fixedscaleoffset"];

fn needed(name: &str) -> Needed {
    match name {
        "blosc" => Needed::Any(json!({"cname": "zstd", "clevel": 5, "shuffle": "noshuffle", "blocksize": 0})),
        "zstd" => Needed::Any(json!({"level": 1, "checksum": false})),
        "gzip" | "zlib" | "bz2" => Needed::Any(json!({"level": 1})),
        "bitround" => Needed::Nothing,
        "bytes" | "endian" => Needed::Members(&["endian"]),
        "transpose" => Needed::Members(&["order"]),
        "sharding_indexed" => Needed::Members(&["chunk_shape", "codecs", "index_codecs", "index_location"]),
        "shuffle" => Needed::Members(&["elementsize"]),
        "crc32c" | "adler32" => Needed::Members(&["location"]),
        "fletcher32" | "squeeze" | "zarrs.squeeze" => Needed::Members(&[]),
        "packbits" => Needed::Members(&["padding_encoding", "first_bit", "last_bit"]),
        "reshape" => Needed::Members(&["shape"]),
        "fixedscaleoffset" => Needed::Members(&["offset", "scale", "dtype", "astype"]),
        _ => Needed::Everything,
    }
}

/// The codecs of a list with what decoding needs of them; `member` names the list, and what was passed over is noted.
///
/// # Errors
/// [`Problem`] for what is no codec.
pub(super) fn for_decoding(
    member: &str,
    codecs: &[Value],
    version: ZarrVersion,
    notes: &mut Vec<String>,
) -> Result<Vec<Value>, Problem> {
    let clean = |codec: &Value| codec_for_decoding(member, codec, version, notes).transpose();
    codecs.iter().filter_map(clean).collect()
}

/// A codec with what decoding needs of it; nothing for one that only changes what is written.
///
/// # Errors
/// [`Problem`] for what is no codec.
pub(super) fn codec_for_decoding(
    member: &str,
    codec: &Value,
    version: ZarrVersion,
    notes: &mut Vec<String>,
) -> Result<Option<Value>, Problem> {
    let name_key = if version == ZarrVersion::V2 { "id" } else { "name" };
    let name =
        codec.get(name_key).or(Some(codec).filter(|_| version == ZarrVersion::V3)).and_then(Value::as_str);
    let expected = || format!("a codec with its {name_key}");
    let name = name.ok_or_else(|| Problem::new(member, Some(codec), expected()))?;
    let settings = match version {
        ZarrVersion::V2 => {
            let mut settings = codec.as_object().cloned().unwrap_or_default();
            settings.remove(name_key);
            settings
        }
        ZarrVersion::V3 => match codec.get("configuration") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(settings)) => settings.clone(),
            found @ Some(_) => {
                return Err(Problem::new(format!("{member}: configuration of {name}"), found, "an object"));
            }
        },
    };
    let short = name.strip_prefix("numcodecs.").unwrap_or(name);
    // A writer may call a stream of zlib gzip, and says so.
    let is_zlib = short == "gzip" && settings.get("useZlib") == Some(&Value::Bool(true));
    let short = if is_zlib { "zlib" } else { short };
    let settings = match needed(short) {
        Needed::Nothing => return Ok(None),
        Needed::Any(Value::Object(settings)) => settings,
        Needed::Any(_) | Needed::Everything => settings,
        Needed::Members(known) => {
            let member = format!("{member}: {short}");
            let (mut needed, unknown): (Map<_, _>, Map<_, _>) =
                settings.into_iter().partition(|(key, _)| known.contains(&key.as_str()));
            for (key, value) in unknown {
                notes.push(format!("{member}: the unknown member {key}, {}, is ignored", shortened(&value)));
            }
            complete(&member, short, &mut needed, version, notes)?;
            needed
        }
    };
    let name = match version {
        ZarrVersion::V2 => short.to_owned(),
        ZarrVersion::V3 if SAME_IN_BOTH.contains(&short) => short.to_owned(),
        ZarrVersion::V3 if OF_NUMCODECS.contains(&short) => format!("numcodecs.{short}"),
        ZarrVersion::V3 => name.to_owned(),
    };
    Ok(Some(match version {
        ZarrVersion::V2 => {
            let mut codec = settings;
            codec.insert("id".to_owned(), name.into());
            Value::Object(codec)
        }
        ZarrVersion::V3 => json!({"name": name, "configuration": settings}),
    }))
}

/// Adds what a codec has by default, and sees to the codecs inside of it.
fn complete(
    member: &str,
    name: &str,
    settings: &mut Map<String, Value>,
    version: ZarrVersion,
    notes: &mut Vec<String>,
) -> Result<(), Problem> {
    // A member without a value is one that is not there.
    settings.retain(|_, value| !value.is_null());
    match name {
        "shuffle" => drop(settings.entry("elementsize").or_insert(4.into())),
        "sharding_indexed" => {
            for key in ["codecs", "index_codecs"] {
                let inner = format!("{member}: {key}");
                let found = settings.get(key);
                let list = found.and_then(Value::as_array);
                let list = list.ok_or_else(|| Problem::new(inner.clone(), found, "a list of codecs"))?;
                let list = for_decoding(&inner, list, version, notes)?;
                settings.insert(key.to_owned(), list.into());
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(codec: Value, version: ZarrVersion) -> (Option<Value>, usize) {
        let mut notes = Vec::new();
        let clean = codec_for_decoding("codecs", &codec, version, &mut notes).unwrap();
        (clean, notes.len())
    }

    #[test]
    fn settings_of_writers_are_all_the_same() {
        for (version, key) in [(ZarrVersion::V2, "id"), (ZarrVersion::V3, "name")] {
            for name in ["blosc", "zstd", "gzip", "zlib", "bz2"] {
                let with = |settings: Value| {
                    let codec = match version {
                        ZarrVersion::V2 => {
                            let mut codec = settings.as_object().unwrap().clone();
                            codec.insert(key.into(), name.into());
                            Value::Object(codec)
                        }
                        ZarrVersion::V3 => json!({"name": name, "configuration": settings}),
                    };
                    clean(codec, version)
                };
                let plain = with(json!({}));
                assert_eq!(plain.1, 0);
                for odd in [
                    json!({"level": -1}),
                    json!({"level": "5", "clevel": 99, "nthreads": 1}),
                    json!({"cname": 3, "shuffle": null}),
                ] {
                    assert_eq!(with(odd), plain, "{name}");
                }
            }
        }
        assert_eq!(
            clean(json!("zstd"), ZarrVersion::V3).0,
            clean(json!({"name": "numcodecs.zstd"}), ZarrVersion::V3).0
        );
        assert_eq!(clean(json!({"id": "bitround", "keepbits": -3}), ZarrVersion::V2), (None, 0));
        let zlib = clean(json!({"id": "gzip", "level": -1, "useZlib": true}), ZarrVersion::V2).0;
        assert_eq!(zlib, Some(json!({"id": "zlib", "level": 1})));
    }

    #[test]
    fn what_decoding_needs_is_kept_and_what_is_unknown_is_told() {
        let bytes = json!({"name": "bytes", "configuration": {"endian": "big", "extra": 1}, "comment": "x"});
        let expected = json!({"name": "bytes", "configuration": {"endian": "big"}});
        assert_eq!(clean(bytes, ZarrVersion::V3), (Some(expected), 1));
        let shuffle = clean(json!({"id": "shuffle", "elementsize": 2}), ZarrVersion::V2).0;
        assert_eq!(shuffle, Some(json!({"id": "shuffle", "elementsize": 2})));
        let shuffle = clean(json!({"id": "shuffle"}), ZarrVersion::V2).0;
        assert_eq!(shuffle, Some(json!({"id": "shuffle", "elementsize": 4})));
        let inner = json!({"name": "sharding_indexed", "configuration": {"chunk_shape": [2], "codecs":
            ["bytes", {"name": "gzip", "configuration": {"level": 77}}], "index_codecs": ["bytes", "crc32c"]}});
        let text = clean(inner, ZarrVersion::V3).0.unwrap().to_string();
        assert!(text.contains("\"level\":1") && !text.contains("77"), "{text}");
        for (codec, version) in [
            (json!({"cname": "lz4"}), ZarrVersion::V2),
            (json!(3), ZarrVersion::V3),
            (json!("zlib"), ZarrVersion::V2),
        ] {
            let problem = codec_for_decoding("codecs", &codec, version, &mut Vec::new()).unwrap_err();
            assert!(problem.expected.starts_with("a codec with its "), "{problem:?}");
        }
    }
}
