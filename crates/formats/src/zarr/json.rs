//! JSON as programs write it, which is not always JSON: NaN and infinities as bare words, numbers beyond `f64`, a byte
//! order mark, text that is not UTF-8.

use serde_json::Value;

/// Parses JSON. Numbers that are not finite become the texts `NaN`, `Infinity` and `-Infinity`, as version 3 spells them.
///
/// # Errors
/// The error of `serde_json` for anything else that is no JSON.
pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let strict = serde_json::from_slice(bytes);
    if strict.is_ok() {
        return strict;
    }
    match (String::from_utf8(bytes.to_vec()), String::from_utf8_lossy(bytes)) {
        (Ok(text), _) => spelled_out(&text).map_or(strict, |text| serde_json::from_str(&text)),
        (Err(_), text) => serde_json::from_str(&spelled_out(&text).unwrap_or(text.into_owned())),
    }
}

/// The text with numbers that are not finite in quotes; `None` if there are none.
fn spelled_out(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' {
            at = end_of_text(bytes, at);
        } else if is_of_word(byte) {
            let end = at + bytes[at..].iter().take_while(|&&byte| is_of_word(byte)).count();
            if let Some(word) = not_finite(&text[at..end]) {
                out.push_str(&text[copied..at]);
                out.push_str(word);
                copied = end;
            }
            at = end;
        } else {
            at += 1;
        }
    }
    out.push_str(&text[copied..]);
    (copied > 0).then_some(out)
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// The place behind a text in quotes that starts at `start`.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The text that stands for a bare word or number that is no finite number.
fn not_finite(word: &str) -> Option<&'static str> {
    let (is_negative, size) = match word.strip_prefix('-') {
        Some(size) => (true, size),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let is = |name: &str| size.eq_ignore_ascii_case(name);
    let is_number = size.as_bytes().first().is_some_and(u8::is_ascii_digit);
    let is_beyond = || is_number && size.parse::<f64>().is_ok_and(f64::is_infinite);
    if is("nan") {
        Some("\"NaN\"")
    } else if is("inf") || is("infinity") || is_beyond() {
        Some(if is_negative { "\"-Infinity\"" } else { "\"Infinity\"" })
    } else {
        None
    }
}

/// Turns numbers such as `3.0` into the integers that they are, everywhere inside of a value.
pub(super) fn make_whole(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(make_whole),
        Value::Object(map) => map.values_mut().for_each(make_whole),
        Value::Number(number) if number.is_f64() => {
            if let Some(whole) = number.as_f64().and_then(whole) {
                *value = whole.into();
            }
        }
        _ => {}
    }
}

/// The integer that a number is, as far as floating point numbers hold every integer.
pub(super) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() != 0.0 || number.abs() > EXACT {
        return None;
    }
    // The text of such a number is that of the integer.
    format!("{number:.0}").parse().ok()
}

/// JSON for people: its start, if it is long.
pub(super) fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A text, or the digits of a number where a text should be.
pub(super) fn name(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => {
            let whole = number.as_f64().and_then(whole).filter(|_| number.is_f64());
            Some(whole.map_or_else(|| number.to_string(), |whole| whole.to_string()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn words_for_numbers_that_are_not_finite_are_texts() {
        let text = r#"{"a": NaN, "b": [-Infinity,Infinity, -inf], "c": "NaN, \"-Infinity", "d": 1e999, "e": -1E+400, "f": nan}"#;
        let expected = json!({"a": "NaN", "b": ["-Infinity", "Infinity", "-Infinity"], "c": "NaN, \"-Infinity",
            "d": "Infinity", "e": "-Infinity", "f": "NaN"});
        assert_eq!(parse(text.as_bytes()).unwrap(), expected);
        assert_eq!(parse(b"\xEF\xBB\xBF{\"a\": 1}").unwrap(), json!({"a": 1}));
        assert_eq!(
            parse(b"{\"unit\": \"\xB5m\", \"a\": NaN}").unwrap(),
            json!({"unit": "\u{fffd}m", "a": "NaN"})
        );
    }

    #[test]
    fn what_is_no_json_stays_an_error() {
        for text in
            ["", "{", "{\"a\": NaNa}", "{\"a\": Infinite}", "[1, 2", "{\"a\": \"NaN}", "{\"a\" NaN}", "\"\\"]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        let error = parse(b"{\"a\": NaN,\n \"b\": ?}").unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }

    #[test]
    fn integers_may_be_written_as_floats() {
        let mut value = json!({"a": [3.0, 2.5, -1.0, 1e300], "b": {"c": 0.0}, "d": 7});
        make_whole(&mut value);
        assert_eq!(value, json!({"a": [3, 2.5, -1, 1e300], "b": {"c": 0}, "d": 7}));
    }

    proptest! {
        /// Whatever the bytes are, there is an answer; and JSON with such words next to it stays what it is.
        #[test]
        fn any_bytes_have_an_answer(bytes: Vec<u8>, text: String, number: i32) {
            drop(parse(&bytes));
            drop(spelled_out(&text));
            let known = json!({"text": text, "number": number});
            let with = format!("{{\"odd\": [NaN, -Infinity], \"known\": {known}}}");
            prop_assert_eq!(&parse(with.as_bytes()).unwrap()["known"], &known);
        }
    }
}
