//! Members of the metadata of an array, checked one by one.

use serde_json::{Map, Value, json};

use super::codec_settings::Problem;
use super::json::shortened;

/// A list of sizes, none of them below `least`, as many as there are dimensions.
pub(super) fn sizes(
    member: &str,
    found: Option<&Value>,
    least: u64,
    n_dimensions: Option<usize>,
) -> Result<Vec<u64>, Problem> {
    let numbers = found.and_then(Value::as_array).map(|list| list.iter().map(Value::as_u64));
    let sizes = numbers.and_then(|numbers| numbers.collect::<Option<Vec<u64>>>());
    let is_right = |sizes: &Vec<u64>| {
        sizes.iter().all(|size| *size >= least) && n_dimensions.is_none_or(|n| sizes.len() == n)
    };
    sizes.filter(is_right).ok_or_else(|| {
        let how_many = n_dimensions.map_or_else(String::new, |n| format!(", one for each of {n} dimensions"));
        let what = if least == 0 { "sizes" } else { "sizes above 0" };
        Problem::new(member, found, format!("a list of {what}{how_many}"))
    })
}

/// One of several texts, the first of which holds where there is none.
pub(super) fn one_of<'a>(
    member: &str,
    found: Option<&Value>,
    texts: &[&'a str; 2],
) -> Result<&'a str, Problem> {
    match found {
        None | Some(Value::Null) => Ok(texts[0]),
        Some(found) => {
            let text = texts.iter().find(|text| found.as_str() == Some(**text));
            text.copied()
                .ok_or_else(|| Problem::new(member, Some(found), format!("{:?} or {:?}", texts[0], texts[1])))
        }
    }
}

/// A name with its settings, of which only those in `known` are kept, where it is known by that name.
pub(super) fn extension(
    member: &str,
    found: Option<&Value>,
    notes: &mut Vec<String>,
    known: impl Fn(&str) -> Option<&'static [&'static str]>,
) -> Result<Value, Problem> {
    let name = found.and_then(|found| found.as_str().or_else(|| found.get("name")?.as_str()));
    let name = name.ok_or_else(|| Problem::new(member, found, "a name, or an object with one"))?;
    let settings = match found.and_then(|found| found.get("configuration")) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(settings)) => settings.clone(),
        settings @ Some(_) => {
            return Err(Problem::new(format!("{member}: configuration"), settings, "an object"));
        }
    };
    let is_kept = |key: &String, value: &Value| match known(name) {
        Some(known) => known.contains(&key.as_str()) && !value.is_null(),
        None => true,
    };
    let (kept, unknown): (Map<_, _>, Map<_, _>) =
        settings.into_iter().partition(|(key, value)| is_kept(key, value));
    for (key, value) in unknown.into_iter().filter(|(_, value)| !value.is_null()) {
        notes.push(format!("{member}: the unknown member {key}, {}, is ignored", shortened(&value)));
    }
    Ok(json!({"name": name, "configuration": kept}))
}

/// Refuses pixels of several bytes whose order nobody says.
pub(super) fn check_endian(member: &str, codecs: Option<&Value>, n_bytes: usize) -> Result<(), Problem> {
    let codecs = codecs.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let name_of = |codec: &Value| codec.get("name").and_then(Value::as_str).map(str::to_owned);
    // These give pixels of another size to those that follow.
    let changes_size = |codec: &Value| {
        name_of(codec)
            .is_some_and(|name| ["numcodecs.fixedscaleoffset", "cast_value"].contains(&name.as_str()))
    };
    let is_known = !codecs.iter().any(changes_size);
    for codec in codecs {
        let inside = |key: &str| codec.pointer(&format!("/configuration/{key}"));
        match name_of(codec).as_deref() {
            Some("bytes" | "endian") if is_known && n_bytes > 1 && inside("endian").is_none() => {
                let expected = format!("\"little\" or \"big\", because pixels have {n_bytes} bytes");
                return Err(Problem::new(format!("{member}: bytes: endian"), None, expected));
            }
            Some("sharding_indexed") => {
                let member = format!("{member}: sharding_indexed");
                if is_known {
                    check_endian(&format!("{member}: codecs"), inside("codecs"), n_bytes)?;
                }
                check_endian(&format!("{member}: index_codecs"), inside("index_codecs"), 8)?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_member() {
        let list = |found: Value, least| sizes("shape", Some(&found), least, Some(2));
        assert_eq!(list(json!([3, 4]), 1), Ok(vec![3, 4]));
        for (found, least) in
            [(json!([3]), 0), (json!([3, -4]), 0), (json!([3, 0]), 1), (json!("3"), 0), (json!([3, 0.5]), 0)]
        {
            let problem = list(found.clone(), least).unwrap_err();
            assert_eq!((problem.member.as_str(), problem.got), ("shape", found.to_string()));
        }
        assert_eq!(sizes("shape", None, 0, None).unwrap_err().got, "none");
        assert_eq!(one_of("order", None, &["C", "F"]), Ok("C"));
        assert_eq!(one_of("order", Some(&json!("F")), &["C", "F"]), Ok("F"));
        assert_eq!(one_of("order", Some(&json!("A")), &["C", "F"]).unwrap_err().expected, "\"C\" or \"F\"");
    }

    #[test]
    fn orders_of_bytes_are_needed_where_there_are_several() {
        let inner = |endian: Value| {
            json!([{"name": "sharding_indexed", "configuration": {
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "index_codecs": [{"name": "bytes", "configuration": endian}]}}])
        };
        assert_eq!(check_endian("codecs", Some(&inner(json!({"endian": "little"}))), 2), Ok(()));
        let problem = check_endian("codecs", Some(&inner(json!({}))), 1).unwrap_err();
        assert_eq!(problem.member, "codecs: sharding_indexed: index_codecs: bytes: endian");
        let plain = json!([{"name": "bytes", "configuration": {}}]);
        assert_eq!(check_endian("codecs", Some(&plain), 1), Ok(()));
        assert!(check_endian("codecs", Some(&plain), 2).is_err());
    }
}
