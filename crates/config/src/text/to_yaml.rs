//! Writing YAML that has the same meaning in version 1.2, which we read, and 1.1, which most Python programs read.

use super::config_value::ConfigValue;

impl ConfigValue {
    /// The value as YAML text: blocks line by line, lists of plain values in one line.
    ///
    /// Text that could be read as another type is quoted. Floating-point numbers have a decimal point, because YAML 1.1
    /// would read `1e-7` as text.
    ///
    /// ```
    /// use patchweave_config::ConfigValue;
    ///
    /// let value = |value: ConfigValue| ConfigValue::Map(vec![("a".into(), value)]).to_yaml();
    /// assert_eq!(value(ConfigValue::Float(1e-7)), "a: 1.0e-7\n");
    /// assert_eq!(value(ConfigValue::Float(3.0)), "a: 3.0\n");
    /// assert_eq!(value(ConfigValue::from("no")), "a: \"no\"\n");
    /// assert_eq!(value(ConfigValue::Map(vec![("b".into(), ConfigValue::Null)])), "a:\n  b: null\n");
    /// ```
    pub fn to_yaml(&self) -> String {
        let mut text = String::new();
        match self {
            ConfigValue::Map(entries) if !entries.is_empty() => write_block(&mut text, entries, 0),
            ConfigValue::List(values) if !is_plain_list(values) => write_list(&mut text, values, 0),
            plain => {
                text.push_str(&in_line(plain));
                text.push('\n');
            }
        }
        text
    }
}

const STEP: usize = 2;

fn write_block(text: &mut String, entries: &[(String, ConfigValue)], indent: usize) {
    for (place, (key, value)) in entries.iter().enumerate() {
        // The first key of a block in a list follows the dash.
        if place > 0 || !text.ends_with("- ") {
            text.extend(std::iter::repeat_n(' ', indent));
        }
        text.push_str(&scalar_text(key));
        text.push(':');
        write_behind_key(text, value, indent);
    }
}

fn write_behind_key(text: &mut String, value: &ConfigValue, indent: usize) {
    match value {
        ConfigValue::Map(entries) if !entries.is_empty() => {
            text.push('\n');
            write_block(text, entries, indent + STEP);
        }
        ConfigValue::List(values) if !is_plain_list(values) => {
            text.push('\n');
            write_list(text, values, indent + STEP);
        }
        plain => {
            text.push(' ');
            text.push_str(&in_line(plain));
            text.push('\n');
        }
    }
}

fn write_list(text: &mut String, values: &[ConfigValue], indent: usize) {
    for value in values {
        text.extend(std::iter::repeat_n(' ', indent));
        text.push_str("- ");
        match value {
            ConfigValue::Map(entries) if !entries.is_empty() => write_block(text, entries, indent + STEP),
            other => {
                text.push_str(&in_line(other));
                text.push('\n');
            }
        }
    }
}

/// Whether a list fits in one line: it has no blocks.
fn is_plain_list(values: &[ConfigValue]) -> bool {
    values.iter().all(|value| match value {
        ConfigValue::Map(entries) => entries.is_empty(),
        ConfigValue::List(values) => is_plain_list(values),
        _ => true,
    })
}

/// A value in one line.
fn in_line(value: &ConfigValue) -> String {
    match value {
        ConfigValue::Null => "null".to_owned(),
        ConfigValue::Bool(value) => value.to_string(),
        ConfigValue::Int(value) => value.to_string(),
        ConfigValue::Float(value) => float_text(*value),
        ConfigValue::Text(text) => scalar_text(text),
        ConfigValue::List(values) => {
            let values: Vec<String> = values.iter().map(in_line).collect();
            format!("[{}]", values.join(", "))
        }
        ConfigValue::Map(entries) => {
            let entry =
                |(key, value): &(String, ConfigValue)| format!("{}: {}", scalar_text(key), in_line(value));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// A floating-point number with all its digits, which both versions read as such.
fn float_text(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let shortest = format!("{value:?}");
    match shortest.split_once('e') {
        None => shortest,
        Some((digits, exponent)) => {
            let point = if digits.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            format!("{digits}{point}e{sign}{exponent}")
        }
    }
}

/// Words that are not text in one of both versions.
const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

fn scalar_text(text: &str) -> String {
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name && !WORDS.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::yaml;

    fn tree() -> impl Strategy<Value = ConfigValue> {
        let leaf = prop_oneof![
            Just(ConfigValue::Null),
            any::<bool>().prop_map(ConfigValue::Bool),
            any::<i64>().prop_map(|n| ConfigValue::Int(n.into())),
            (-1e300..1e300).prop_map(ConfigValue::Float),
            (-1.0..1.0).prop_map(|x: f64| ConfigValue::Float(x.powi(9))),
            "\\PC{0,6}".prop_map(ConfigValue::Text),
            "[\\x00-\\x7f]{0,4}".prop_map(ConfigValue::Text),
            "(null|Yes|1|1.0|~|0x1|- a|a: b|#|\u{feff})".prop_map(ConfigValue::Text),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            let key = prop_oneof!["[a-z_]{1,6}", "\\PC{1,3}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(ConfigValue::List),
                prop::collection::btree_map(key, inner, 0..4)
                    .prop_map(|entries| ConfigValue::Map(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in tree()) {
            let text = value.to_yaml();
            let document = yaml::read(&text);
            prop_assert!(document.refusals.is_empty(), "{text}\n{:?}", document.refusals);
            prop_assert_eq!(ConfigValue::of(&document.root.unwrap().kind), value, "{}", text);
        }
    }
}
