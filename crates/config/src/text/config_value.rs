//! A configuration as a tree of values: for settings that are kept as written, and for writing files.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::yaml::{Entry, Kind, Node};

/// A value of a configuration file.
///
/// ```
/// use patchweave_config::ConfigValue;
///
/// let value = ConfigValue::Map(vec![
///     ("axes".into(), ConfigValue::from("YX")),
///     ("sizes".into(), ConfigValue::List(vec![ConfigValue::from(64), ConfigValue::Null])),
/// ]);
/// assert_eq!(value.to_yaml(), "axes: YX\nsizes: [64, null]\n");
/// assert_eq!(value.get("axes"), Some(&ConfigValue::Text("YX".into())));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigValue {
    /// No value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A floating-point number, such as `5.0`.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<ConfigValue>),
    /// A block of keys in order, without duplicates.
    Map(Vec<(String, ConfigValue)>),
}

impl ConfigValue {
    /// The value of a key, if this is a block with that key.
    pub fn get(&self, key: &str) -> Option<&ConfigValue> {
        let ConfigValue::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(crate) fn of(kind: &Kind) -> ConfigValue {
        let of_node = |node: &Node| ConfigValue::of(&node.kind);
        match kind {
            Kind::Null => ConfigValue::Null,
            Kind::Bool(value) => ConfigValue::Bool(*value),
            Kind::Int(value) => ConfigValue::Int(*value),
            Kind::Float(value) => ConfigValue::Float(*value),
            Kind::Text(text) => ConfigValue::Text(text.clone()),
            Kind::List(nodes) => ConfigValue::List(nodes.iter().map(of_node).collect()),
            Kind::Map(entries) => {
                let entry = |entry: &Entry| (entry.key.clone(), of_node(&entry.value));
                ConfigValue::Map(entries.iter().map(entry).collect())
            }
        }
    }

    /// A list of values.
    pub(crate) fn list<T: Into<ConfigValue>>(values: impl IntoIterator<Item = T>) -> ConfigValue {
        ConfigValue::List(values.into_iter().map(Into::into).collect())
    }

    /// A block of keys.
    pub(crate) fn map<'k>(entries: impl IntoIterator<Item = (&'k str, ConfigValue)>) -> ConfigValue {
        ConfigValue::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

impl From<bool> for ConfigValue {
    fn from(value: bool) -> Self {
        ConfigValue::Bool(value)
    }
}

impl From<i32> for ConfigValue {
    fn from(value: i32) -> Self {
        ConfigValue::Int(value.into())
    }
}

impl From<u64> for ConfigValue {
    fn from(value: u64) -> Self {
        ConfigValue::Int(value.into())
    }
}

impl From<usize> for ConfigValue {
    fn from(value: usize) -> Self {
        // `usize` has at most 64 bits.
        ConfigValue::from(u64::try_from(value).unwrap_or(u64::MAX))
    }
}

impl From<f64> for ConfigValue {
    fn from(value: f64) -> Self {
        ConfigValue::Float(value)
    }
}

impl From<&str> for ConfigValue {
    fn from(text: &str) -> Self {
        ConfigValue::Text(text.to_owned())
    }
}

impl From<String> for ConfigValue {
    fn from(text: String) -> Self {
        ConfigValue::Text(text)
    }
}

impl<T: Into<ConfigValue>> From<Option<T>> for ConfigValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(ConfigValue::Null, Into::into)
    }
}

impl Serialize for ConfigValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ConfigValue::Null => serializer.serialize_unit(),
            ConfigValue::Bool(value) => serializer.serialize_bool(*value),
            ConfigValue::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.serialize_i128(*value),
            },
            ConfigValue::Float(value) => serializer.serialize_f64(*value),
            ConfigValue::Text(text) => serializer.serialize_str(text),
            ConfigValue::List(values) => serializer.collect_seq(values),
            ConfigValue::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}
