//! Errors of the library for Zarr as errors of an image.

use patchweave_stack::StackError;

/// An error with the image and the place that it is about.
pub(super) fn zarr_error(
    stack: &str,
    place: impl Into<String>,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StackError {
    StackError::Unreadable { stack: stack.to_owned(), place: place.into(), source: source.into() }
}
