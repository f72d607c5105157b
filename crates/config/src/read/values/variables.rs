//! Environment variables in values: `${NAME}` in paths and whole numbers.

use super::reader::{Reader, Value};
use crate::text::quoted;

/// Puts the values of environment variables in their places; what they hold is not expanded again.
///
/// `what` says what the value is.
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
            return reader.refuse(value, "a `}` behind every `${`");
        };
        match reader.variable(name).filter(|_| !name.is_empty()) {
            Some(found) => expanded.push_str(&found),
            None => {
                let found = format!("environment variable {} is not set", quoted(name));
                return reader.refuse_found(
                    value,
                    found,
                    format!("a variable that is set, or {what} without it"),
                );
            }
        }
        expanded.push_str(rest);
    }
    Some(expanded)
}

/// Whether a text has a variable in it.
pub(crate) fn has_variable(written: &str) -> bool {
    written.contains("${")
}
