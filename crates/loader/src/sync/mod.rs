//! Threads, locks and channels of the loader: real ones, or with the feature `model-checking` those of `shuttle`, which
//! tries many of the ways in which threads can take turns.
//!
//! Nothing else of the loader may start a thread, lock, or wait.

#[cfg(feature = "model-checking")]
mod modelled;
#[cfg(not(feature = "model-checking"))]
mod real;

#[cfg(feature = "model-checking")]
pub(crate) use modelled::{
    AtomicBool, JoinHandle, Mutex, MutexGuard, Receiver, Sender, TryRecvError, spawn, unbounded,
};
#[cfg(not(feature = "model-checking"))]
pub(crate) use real::{
    AtomicBool, JoinHandle, Mutex, MutexGuard, Receiver, Sender, TryRecvError, spawn, unbounded,
};
