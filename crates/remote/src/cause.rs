//! What a server said, or that it said nothing, in few words.
//!
//! Errors of `object_store` hold everything: address, time, counts and the whole answer. What a person needs of it is
//! taken out here; the rest is in the `Debug` form.

use object_store::Error;
use object_store::client::HttpErrorKind;

use super::answer::Answer;
use super::place::Place;
use super::store_error::{chain, retries, root, transport, tries};

/// Why the last try failed.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error("got {got} bytes, expected {expected}")]
    Short { got: u64, expected: u64 },
    #[error("got more than {expected} bytes, expected {expected}")]
    Long { expected: u64 },
    #[error("{answer}")]
    Answered { answer: Answer, error: Error },
    #[error("the server {server} {what}{}: {reason}", tries(*n_tries))]
    Broken { server: String, what: &'static str, n_tries: u32, reason: String, error: Error },
    #[error(transparent)]
    Store(Error),
}

impl Cause {
    /// What an error says; `n_tries` is how often the caller tried, and `object_store` may have more often.
    pub fn of(error: Error, place: &Place, n_tries: u32) -> Self {
        let n_tries = n_tries.max(retries(&error).saturating_add(1));
        // A redirect that says not where to is how S3 answers for a bucket of another region.
        let is_redirect = chain(&error).any(|error| error.to_string().contains("redirect without LOCATION"));
        if is_redirect {
            return Cause::Answered { answer: Answer::redirect(place), error };
        }
        if let Some(answer) = Answer::of(&error, place, n_tries) {
            return Cause::Answered { answer, error };
        }
        let what = match transport(&error) {
            Some(HttpErrorKind::Connect | HttpErrorKind::Timeout) => "does not answer",
            Some(_) => "broke off",
            None => return Cause::Store(error),
        };
        let reason = root(&error);
        Cause::Broken { server: place.server.clone(), what, n_tries, reason, error }
    }

    /// As [`of`](Self::of), for a body that broke off and could not be gone on with.
    pub fn of_body(error: Error, place: &Place, n_tries: u32) -> Self {
        let is_unsupported = |error: &(dyn std::error::Error + 'static)| {
            matches!(error.downcast_ref(), Some(Error::NotSupported { .. }))
        };
        if !chain(&error).any(is_unsupported) {
            return Self::of(error, place, n_tries);
        }
        let reason = "it does not resume an interrupted download".to_owned();
        Cause::Broken { server: place.server.clone(), what: "broke off", n_tries, reason, error }
    }

    /// Whether the server says that there is no such object, which it does not where it answers with 405 or there is
    /// not even such a bucket.
    pub fn is_missing(&self) -> bool {
        match self {
            Cause::Answered { answer, .. } => answer.is_missing(),
            Cause::Store(error) => matches!(error, Error::NotFound { .. }),
            _ => false,
        }
    }

    /// Whether the server says that the object ends before what was asked for.
    pub fn is_beyond(&self) -> bool {
        matches!(self, Cause::Answered { answer, .. } if answer.status == 416)
    }
}
