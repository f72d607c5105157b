//! What an error of `object_store` holds: how the last try ended, the status, how often was tried.

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

/// How often was tried, for the end of a message.
pub(super) fn tries(n: u32) -> String {
    if n == 1 { " (1 try)".to_owned() } else { format!(" ({n} tries)") }
}

/// Every error of a chain.
pub(super) fn chain<'a>(error: &'a Error) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| (**error).source())
}

/// How an attempt to talk to the server ended, if that is what went wrong.
pub(super) fn transport(error: &Error) -> Option<HttpErrorKind> {
    chain(error).find_map(|error| error.downcast_ref::<HttpError>()).map(HttpError::kind)
}

/// What is at the bottom of it.
pub(super) fn root(error: &Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// How often `object_store` tried again. The errors that hold it as a number are private, their text is not.
pub(super) fn retries(error: &Error) -> u32 {
    let number = |text: &str| {
        let (before, _) = text.split_once(" retries, max_retries: ")?;
        before.rsplit(' ').next()?.parse().ok()
    };
    chain(error).find_map(|error| number(&error.to_string())).unwrap_or(0)
}

/// The text behind the words that tell a status. As above, only the text is public.
pub(super) fn status_text(error: &Error) -> Option<String> {
    let after = |text: &str| text.split_once("status code: ").map(|(_, rest)| rest.to_owned());
    chain(error).filter_map(|error| after(&error.to_string())).last()
}
