//! Errors of the file system and of headers as errors of an image.

use patchweave_stack::StackError;

use super::header::BadHeader;

pub(super) fn io_error(stack: &str, action: &'static str) -> impl Fn(std::io::Error) -> StackError {
    let stack = stack.to_owned();
    move |source| StackError::Io { stack: stack.clone(), action, source }
}

pub(super) fn header_error(stack: &str) -> impl Fn(BadHeader) -> StackError {
    let stack = stack.to_owned();
    move |error| match error {
        BadHeader::Damaged { got, expected } => {
            StackError::damaged(stack.clone(), "the header", got, expected)
        }
        BadHeader::Unsupported { what } => StackError::Unsupported {
            stack: stack.clone(),
            what,
            hint: "save it as an array of booleans, integers or floats",
        },
    }
}
