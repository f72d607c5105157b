//! Panics of the runtime as errors.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use patchweave_model::Cause;

/// A panic of the runtime.
#[derive(Debug, thiserror::Error)]
#[error("the runtime gave up: {0}")]
struct GaveUp(String);

/// Calls the runtime, which panics on some files and shapes that it does not expect.
///
/// What `call` may leave half done has to be thrown away by the caller if it fails.
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(GaveUp(message(panic.as_ref())).into()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_errors() {
        let error = guarded::<()>(|| panic!("odd file")).unwrap_err();
        assert_eq!(error.to_string(), "the runtime gave up: odd file");
        assert_eq!(guarded(|| Ok(3)).unwrap(), 3);
        assert_eq!(guarded::<()>(|| Err("no".into())).unwrap_err().to_string(), "no");
    }
}
