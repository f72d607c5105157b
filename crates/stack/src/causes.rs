//! Errors as people read them: with all their causes.

use std::error::Error;

/// An error with all its causes in one line; some repeat their cause in their own text.
///
/// ```
/// let error = std::io::Error::other("the disk is gone");
/// assert_eq!(patchweave_stack::with_causes(&error), "the disk is gone");
/// ```
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    messages(error).join(": ")
}

/// The messages of an error and of its causes, without those that another one repeats in its own text.
///
/// ```
/// let error = std::io::Error::other("the disk is gone");
/// assert_eq!(patchweave_stack::messages(&error), ["the disk is gone"]);
/// ```
#[must_use]
pub fn messages(error: &dyn Error) -> Vec<String> {
    let mut all = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !all.iter().any(|told| told.contains(&message)) {
            all.push(message);
        }
        cause = error.source();
    }
    all
}
