//! Why one try to read an object failed, and whether another one could help.

use std::error::Error as _;
use std::time::Duration;

use object_store::Error;

/// Why the last try failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("it took longer than {0:?}")]
    Timeout(Duration),
    #[error("got {got} bytes, expected {expected}")]
    Short { got: u64, expected: u64 },
    #[error("got more than {expected} bytes, expected as many")]
    Long { expected: u64 },
    #[error(transparent)]
    Store(#[from] Error),
}

impl Cause {
    /// Whether the server says that there is no such object, which it does not where it answers with 405.
    pub fn is_missing(&self) -> bool {
        matches!(self, Cause::Store(Error::NotFound { .. }))
            && self.status().is_none_or(|status| status == 404)
    }

    /// Whether the server refuses (401 or 403).
    pub fn is_refusal(&self) -> bool {
        matches!(self, Cause::Store(Error::PermissionDenied { .. } | Error::Unauthenticated { .. }))
            || matches!(self.status(), Some(401 | 403))
    }

    /// Whether the server says that the object ends before what was asked for.
    pub fn is_beyond(&self) -> bool {
        self.status() == Some(416)
    }

    /// Whether the next answer would be the same.
    pub fn is_final(&self) -> bool {
        let Cause::Store(error) = self else { return false };
        let is_refused =
            self.status().is_some_and(|status| (400..500).contains(&status) && !matches!(status, 408 | 429));
        is_refused
            || self.any(|text| text.contains("non-partial response"))
            || matches!(
                error,
                Error::PermissionDenied { .. }
                    | Error::Unauthenticated { .. }
                    | Error::NotSupported { .. }
                    | Error::NotImplemented { .. }
                    | Error::InvalidPath { .. }
            )
    }

    /// The status of the answer. The errors that hold it as a number are private, their text is not.
    fn status(&self) -> Option<u16> {
        let mut status = None;
        self.any(|text| {
            let number = text.split_once("status code: ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
            status = status.or(number);
            false
        });
        status
    }

    /// Whether the text of the error or of a cause of it is of some kind.
    fn any(&self, mut is_so: impl FnMut(&str) -> bool) -> bool {
        let Cause::Store(error) = self else { return false };
        if is_so(&error.to_string()) {
            return true;
        }
        let mut cause = error.source();
        while let Some(inner) = cause {
            if is_so(&inner.to_string()) {
                return true;
            }
            cause = inner.source();
        }
        false
    }
}
