//! Paths of keys in messages, such as `data_config.patching.patch_size[1]`.

/// How many characters of a key are shown.
const MAX_KEY: usize = 60;

/// The path of a key below `parent`.
pub(crate) fn key_path(parent: &str, key: &str) -> String {
    let shown: String = key.escape_debug().take(MAX_KEY).collect();
    if parent.is_empty() { shown } else { format!("{parent}.{shown}") }
}

/// The path of a list entry.
pub(crate) fn entry_path(parent: &str, idx: usize) -> String {
    format!("{parent}[{idx}]")
}
