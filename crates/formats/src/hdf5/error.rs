//! Errors of the reader as errors of an image.

use patchweave_stack::StackError;

/// An error of the reader with the place it is about.
pub(super) fn hdf5_error(
    stack: &str,
    place: &str,
) -> impl Fn(hdf5_reader::error::Error) -> StackError + use<> {
    let stack = stack.to_owned();
    let place = inside_or_file(place).to_owned();
    move |source| StackError::Unreadable { stack: stack.clone(), place: place.clone(), source: source.into() }
}

/// How messages call a place of the file.
pub(super) fn inside_or_file(inside: &str) -> &str {
    if inside.is_empty() { "the file" } else { inside }
}
