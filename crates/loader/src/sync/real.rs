//! Threads of the operating system, channels of `crossbeam`.

pub(crate) use std::sync::atomic::AtomicBool;
pub(crate) use std::sync::{Mutex, MutexGuard};
pub(crate) use std::thread::JoinHandle;

pub(crate) use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};

/// Starts a thread.
pub(crate) fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name).spawn(work)
}
