//! The value of pixels that no chunk holds: a number, or the text of one.

use patchweave_pixel::PixelType;
use serde_json::Value;
use zarrs::array::{DataType, FillValueMetadata};

use super::json::{shortened, whole};
use super::version::ZarrVersion;

/// What `fill_value` says, in the way the library for Zarr reads it.
#[derive(Debug)]
pub(super) struct Fill {
    /// A value of the type; 0 where the file has none.
    pub value: Value,
    /// What the file has, where that is no value of the type.
    pub unusable: Option<String>,
    /// What people should know.
    pub note: Option<String>,
}

impl Fill {
    /// Takes the value of a file for pixels of a type.
    pub fn of(
        found: Option<&Value>,
        pixel_type: PixelType,
        data_type: &DataType,
        version: ZarrVersion,
    ) -> Self {
        let zero = || if pixel_type == PixelType::Bool { Value::Bool(false) } else { Value::from(0) };
        let none = |note: Option<String>| Fill { value: zero(), unusable: None, note };
        let is_empty = |text: &str| text.trim().is_empty();
        let found = match found {
            None | Some(Value::Null) if version == ZarrVersion::V2 => return none(None),
            None | Some(Value::Null) => {
                return none(Some("got no fill_value, missing chunks are read as 0".to_owned()));
            }
            Some(Value::String(text)) if is_empty(text) => {
                return none(Some("got an empty fill_value, missing chunks are read as 0".to_owned()));
            }
            Some(found) => found,
        };
        let value = match pixel_type {
            PixelType::Bool => truth(found),
            PixelType::F16 | PixelType::F32 | PixelType::F64 => float(found),
            _ => integer(found),
        };
        let fits = |value: &Value| {
            let metadata = serde_json::from_value::<FillValueMetadata>(value.clone()).ok();
            metadata.is_some_and(|metadata| data_type.fill_value_v3(&metadata).is_ok())
        };
        match value.filter(fits) {
            Some(value) => Fill { value, unusable: None, note: None },
            None => {
                let got = shortened(found);
                let note = format!(
                    "got fill_value {got}, expected a value of {pixel_type}: chunks that are missing cannot be read"
                );
                Fill { value: zero(), unusable: Some(got), note: Some(note) }
            }
        }
    }
}

fn truth(found: &Value) -> Option<Value> {
    let text = found.as_str().map(|text| text.trim().to_ascii_lowercase());
    match (found, text.as_deref()) {
        (Value::Bool(_), _) => Some(found.clone()),
        (_, Some("true")) => Some(true.into()),
        (_, Some("false")) => Some(false.into()),
        _ => match integer(found)?.as_u64()? {
            0 => Some(false.into()),
            1 => Some(true.into()),
            _ => None,
        },
    }
}

fn integer(found: &Value) -> Option<Value> {
    match found {
        Value::Bool(truth) => Some(u8::from(*truth).into()),
        Value::Number(number) if number.is_f64() => number.as_f64().and_then(whole).map(Value::from),
        Value::Number(_) => Some(found.clone()),
        Value::String(text) => {
            let text = text.trim();
            let signed = text.parse::<i64>().ok().map(Value::from);
            let unsigned = || text.parse::<u64>().ok().map(Value::from);
            signed.or_else(unsigned).or_else(|| text.parse().ok().and_then(whole).map(Value::from))
        }
        _ => None,
    }
}

fn float(found: &Value) -> Option<Value> {
    let Some(text) = found.as_str().map(str::trim) else { return found.is_number().then(|| found.clone()) };
    // The bits of a number in hexadecimal digits.
    if text.starts_with("0x") {
        return Some(text.into());
    }
    let number: f64 = text.parse().ok()?;
    Some(match number {
        _ if number.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => number.into(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use zarrs::array::data_type;

    use super::*;

    fn of(found: Value, pixel_type: PixelType, data_type: &DataType) -> Result<Value, String> {
        let fill = Fill::of(Some(&found), pixel_type, data_type, ZarrVersion::V2);
        fill.unusable.map_or(Ok(fill.value), Err)
    }

    #[test]
    fn texts_are_numbers() {
        let u16 = |found| of(found, PixelType::U16, &data_type::uint16());
        for (found, expected) in [
            (json!("7"), 7),
            (json!(" 7 "), 7),
            (json!("7.0"), 7),
            (json!(7.0), 7),
            (json!(""), 0),
            (json!(null), 0),
            (json!("1e3"), 1000),
        ] {
            assert_eq!(u16(found.clone()), Ok(json!(expected)), "{found}");
        }
        for found in
            [json!("banana"), json!("NaN"), json!(-1), json!(65_536), json!(7.5), json!([7]), json!("0x7")]
        {
            assert_eq!(u16(found.clone()), Err(found.to_string()));
        }
        let f32 = |found| of(found, PixelType::F32, &data_type::float32());
        for (found, expected) in [
            ("nan", "NaN"),
            ("inf", "Infinity"),
            ("-Infinity", "-Infinity"),
            ("+inf", "Infinity"),
            ("0x7fc00000", "0x7fc00000"),
        ] {
            assert_eq!(f32(json!(found)), Ok(json!(expected)));
        }
        assert_eq!(f32(json!("-1.5")), Ok(json!(-1.5)));
        assert!(f32(json!("0xx")).is_err() && f32(json!(true)).is_err());
        let bool = |found| of(found, PixelType::Bool, &data_type::bool());
        for (found, expected) in [
            (json!(0), false),
            (json!("1"), true),
            (json!("True"), true),
            (json!(false), false),
            (json!(1.0), true),
        ] {
            assert_eq!(bool(found.clone()), Ok(json!(expected)), "{found}");
        }
        assert!(bool(json!(2)).is_err());
    }

    #[test]
    fn what_is_missing_is_zero_and_told_where_it_has_to_be_there() {
        let of =
            |found: Option<&Value>, version| Fill::of(found, PixelType::U8, &data_type::uint8(), version);
        assert!(of(None, ZarrVersion::V2).note.is_none());
        assert!(
            of(None, ZarrVersion::V3).note.is_some_and(|note| note.contains("missing chunks are read as 0"))
        );
        assert!(of(Some(&json!("")), ZarrVersion::V2).note.is_some());
    }

    proptest! {
        #[test]
        fn numbers_and_their_texts_are_the_same(number: i64, float: f64) {
            let i64 = |found: Value| of(found, PixelType::I64, &data_type::int64());
            prop_assert_eq!(i64(json!(number)), i64(json!(number.to_string())));
            let f64 = |found: Value| of(found, PixelType::F64, &data_type::float64());
            prop_assume!(float.is_finite());
            prop_assert_eq!(f64(json!(float)), f64(json!(float.to_string())));
        }
    }
}
