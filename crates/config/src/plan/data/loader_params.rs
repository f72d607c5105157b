//! Settings of a PyTorch `DataLoader`.

use crate::text::ConfigValue;

/// Settings of a PyTorch `DataLoader`, kept as written.
///
/// ```
/// use patchweave_config::{ConfigValue, LoaderParams};
///
/// let params = LoaderParams::new([("shuffle", ConfigValue::Bool(true)), ("num_workers", 3.into())]);
/// assert_eq!((params.shuffle(), params.num_workers(), params.drop_last()), (Some(true), Some(3), None));
/// assert_eq!(params.get("pin_memory"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoaderParams {
    entries: Vec<(String, ConfigValue)>,
}

impl LoaderParams {
    /// Settings with their names, in this order.
    pub fn new<'k>(entries: impl IntoIterator<Item = (&'k str, ConfigValue)>) -> LoaderParams {
        let entries = entries.into_iter().map(|(name, value)| (name.to_owned(), value));
        LoaderParams { entries: entries.collect() }
    }

    /// Settings as they were read from a file.
    pub(crate) fn of_entries(entries: Vec<(String, ConfigValue)>) -> LoaderParams {
        LoaderParams { entries }
    }

    /// The value of a setting.
    pub fn get(&self, name: &str) -> Option<&ConfigValue> {
        self.entries.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// All settings, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ConfigValue)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The setting `shuffle`: whether samples come in random order.
    pub fn shuffle(&self) -> Option<bool> {
        self.flag("shuffle")
    }

    /// The setting `drop_last`: whether an incomplete last batch is dropped.
    pub fn drop_last(&self) -> Option<bool> {
        self.flag("drop_last")
    }

    /// The setting `num_workers`, which takes precedence over that of `data_config`.
    pub fn num_workers(&self) -> Option<usize> {
        match self.get("num_workers") {
            Some(ConfigValue::Int(n)) => usize::try_from(*n).ok(),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(ConfigValue::Bool(value)) => Some(*value),
            _ => None,
        }
    }
}
