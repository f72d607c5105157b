//! The blocks `train_dataloader_params`, `val_dataloader_params` and `pred_dataloader_params`.

use crate::plan::LoaderParams;
use crate::read::rules::Rules;
use crate::read::values::{Block, Reader, Value, count, truth};
use crate::text::ConfigValue;

/// The settings of a PyTorch `DataLoader` that a file may give.
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

/// Reads the block `train_dataloader_params`.
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
                reader.warn(
                    &place,
                    "patches come in the same order in every epoch; shuffle: true usually trains better",
                );
            }
            Some(params)
        }
    }
}

/// Reads the block `val_dataloader_params` or `pred_dataloader_params`.
pub(crate) fn loader_params(
    reader: &mut Reader<'_>,
    data_config: &Block<'_>,
    key: &str,
    rules: Rules,
) -> Option<LoaderParams> {
    data_config.or(reader, key, LoaderParams::default(), |reader, value| params(reader, value, rules)?.1)
}

/// Reads the block of a loader; the settings are `None` if one was refused.
fn params<'t>(
    reader: &mut Reader<'_>,
    value: &Value<'t>,
    rules: Rules,
) -> Option<(Block<'t>, Option<LoaderParams>)> {
    let block = value.block(reader)?;
    let batch_size = block.get("batch_size");
    if let Some(value) = &batch_size {
        reader.refuse_found::<()>(
            value,
            "a batch size for a single loader",
            "batch_size in data_config, which all loaders share",
        );
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
        // A number from an environment variable is stored as a number.
        if let Some(n_workers) = num_workers.flatten()
            && let Some((_, value)) = entries.iter_mut().find(|(key, _)| key == "num_workers")
        {
            *value = ConfigValue::from(n_workers);
        }
        LoaderParams::of_entries(entries)
    });
    Some((block, params))
}

/// The largest number of workers that is accepted.
pub(crate) const MAX_WORKERS: usize = 1024;
