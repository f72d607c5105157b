//! The one runtime that all requests run on, started with the first of them.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::mpsc;

use tokio::runtime::{Builder, Runtime};

use super::RemoteError;

static RUNTIME: OnceLock<Result<Runtime, std::io::Error>> = OnceLock::new();

/// Runs a future to its end and waits for it.
///
/// The caller waits on a channel, not in a runtime, and so may stand in somebody else's asynchronous code, whose thread
/// it then holds up like any blocking read would.
pub(super) fn run<F>(future: F) -> Result<F::Output, RemoteError>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let start = || Builder::new_multi_thread().worker_threads(1).thread_name("requests").enable_all().build();
    let runtime = RUNTIME.get_or_init(start).as_ref().map_err(RemoteError::Runtime)?;
    let (done, result) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        // Nobody listens any more only if the caller panicked.
        drop(done.send(future.await));
    });
    result.recv().map_err(|_| RemoteError::Stopped)
}
