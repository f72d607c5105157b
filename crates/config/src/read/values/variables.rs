//! Environment variables in values: `${NAME}` in paths and integers.

use super::reader::{Reader, Value};
use crate::text::quoted;

/// Replaces environment variables by their values, which are not expanded again.
///
/// `what` is the kind of value, for messages.
pub(crate) fn expand(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    written: &str,
    what: &str,
) -> Option<String> {
    let mut pieces = written.split("${");
    let mut expanded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let Some((name, rest)) = piece.split_once('}') else {
            return reader.refuse(value, "a `}` after every `${`");
        };
        match reader.variable(name).filter(|_| !name.is_empty()) {
            Some(found) => expanded.push_str(&found),
            None => {
                let found = format!("environment variable {} is not set", quoted(name));
                return reader.refuse_found(
                    value,
                    found,
                    format!("a variable that is set, or {what} without variables"),
                );
            }
        }
        expanded.push_str(rest);
    }
    Some(expanded)
}

/// Whether a text contains a variable.
pub(crate) fn has_variable(written: &str) -> bool {
    written.contains("${")
}
