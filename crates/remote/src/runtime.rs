//! The one runtime that all requests run on, started with the first of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::{Builder, Runtime};

use super::RemoteError;

static RUNTIME: OnceLock<Result<Runtime, std::io::Error>> = OnceLock::new();

/// The process that started the runtime, or is about to; 0 before that.
static STARTED_BY: AtomicU32 = AtomicU32::new(0);

/// Refuses a process that was forked from one that had made requests: the thread they run on is not in it.
///
/// # Errors
/// [`RemoteError::Forked`], without waiting for anything.
pub fn check_process() -> Result<(), RemoteError> {
    match STARTED_BY.load(Ordering::Acquire) {
        0 => Ok(()),
        process if process == std::process::id() => Ok(()),
        _ => Err(RemoteError::Forked),
    }
}

/// The runtime; whoever hands it a future waits on a channel, not in a runtime, and so may stand in somebody else's
/// asynchronous code, whose thread it then holds up like any blocking read would.
pub(super) fn runtime() -> Result<&'static Runtime, RemoteError> {
    let own = std::process::id();
    // Who comes second finds the number of its own process or of the one it was forked from.
    if STARTED_BY.compare_exchange(0, own, Ordering::AcqRel, Ordering::Acquire).is_err() {
        check_process()?;
    }
    let start = || Builder::new_multi_thread().worker_threads(1).thread_name("requests").enable_all().build();
    RUNTIME.get_or_init(start).as_ref().map_err(RemoteError::Runtime)
}
