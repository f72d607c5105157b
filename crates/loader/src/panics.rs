//! What a panic of user code said.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic said; survives panics whose payload panics again when it is dropped.
pub(crate) fn panic_message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
    text.unwrap_or_else(|| "no message".to_owned())
}
