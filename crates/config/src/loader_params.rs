//! The `*_dataloader_params` of `data_config`: settings of a PyTorch `DataLoader`, kept as they are.

use crate::config_value::ConfigValue;
use crate::data_block::MAX_WORKERS;
use crate::reader::{Block, Reader, Value};
use crate::rules::Rules;
use crate::scalar::{count, truth};

/// Settings of a loader, as a PyTorch `DataLoader` has them.
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
    /// These settings, in this order.
    pub fn new<'k>(entries: impl IntoIterator<Item = (&'k str, ConfigValue)>) -> LoaderParams {
        let entries = entries.into_iter().map(|(name, value)| (name.to_owned(), value));
        LoaderParams { entries: entries.collect() }
    }

    /// A setting as it was written.
    pub fn get(&self, name: &str) -> Option<&ConfigValue> {
        self.entries.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// All settings, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ConfigValue)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether samples come in random order.
    pub fn shuffle(&self) -> Option<bool> {
        self.flag("shuffle")
    }

    /// Whether a last batch that is not full is left out.
    pub fn drop_last(&self) -> Option<bool> {
        self.flag("drop_last")
    }

    /// How many workers this loader has, if not as many as the data set says.
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

/// What a file can say of a PyTorch `DataLoader`.
const KEYS: &[&str] = &[
    "shuffle",
    "num_workers",
    "drop_last",
    "pin_memory",
    "pin_memory_device",
    "persistent_workers",
    "prefetch_factor",
    "timeout",
    "multiprocessing_context",
    "in_order",
];

/// The `train_dataloader_params` of `data_config`.
pub(crate) fn train_loader_params(
    reader: &mut Reader<'_>,
    data_config: &Block<'_>,
    rules: Rules,
) -> Option<LoaderParams> {
    let Some(value) = data_config.given("train_dataloader_params") else {
        return Some(LoaderParams::new([("shuffle", ConfigValue::Bool(true))]));
    };
    let (block, params) = params(reader, &value, rules)?;
    match block.get("shuffle") {
        None => block.missing(reader, "shuffle", "true or false"),
        Some(place) => {
            let params = params?;
            if params.shuffle() == Some(false) {
                reader.warn(&place, "patches come in the same order in every epoch, which trains worse");
            }
            Some(params)
        }
    }
}

/// The `val_dataloader_params` or `pred_dataloader_params` of `data_config`.
pub(crate) fn loader_params(
    reader: &mut Reader<'_>,
    data_config: &Block<'_>,
    key: &str,
    rules: Rules,
) -> Option<LoaderParams> {
    data_config.or(reader, key, LoaderParams::default(), |reader, value| params(reader, value, rules)?.1)
}

/// The block of a loader, and its settings unless one was refused.
fn params<'t>(
    reader: &mut Reader<'_>,
    value: &Value<'t>,
    rules: Rules,
) -> Option<(Block<'t>, Option<LoaderParams>)> {
    let block = value.block(reader)?;
    let batch_size = block.get("batch_size");
    if let Some(value) = &batch_size {
        reader.refuse_found::<()>(value, "a batch size for one loader", "batch_size of data_config itself");
    }
    let block = match rules.ignores_unknown {
        true => block,
        false => block.only_beside(reader, KEYS, &["batch_size"]),
    };
    let shuffle = block.maybe(reader, "shuffle", truth);
    let drop_last = block.maybe(reader, "drop_last", truth);
    let num_workers =
        block.maybe(reader, "num_workers", |reader, value| count(reader, value, 0..=MAX_WORKERS));
    let is_read = shuffle.is_some() && drop_last.is_some() && num_workers.is_some() && batch_size.is_none();
    let params = is_read.then(|| {
        let mut entries = block.to_values();
        // As a number, also where it comes from an environment variable.
        if let Some(n_workers) = num_workers.flatten()
            && let Some((_, value)) = entries.iter_mut().find(|(key, _)| key == "num_workers")
        {
            *value = ConfigValue::from(n_workers);
        }
        LoaderParams { entries }
    });
    Some((block, params))
}
