//! Errors as a person reads them.

use std::error::Error;

/// What an error says, followed by all that it was caused by.
///
/// ```
/// use patchweave_testkit::with_causes;
///
/// let error = std::io::Error::other("no disk");
/// assert_eq!(with_causes(&error), "no disk");
/// ```
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
