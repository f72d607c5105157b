//! Threads, locks and channels of the loader: real ones, or with the feature `model-checking` those of `shuttle`, which
//! tries many of the ways in which threads can take turns.
//!
//! Nothing else of the loader may lock, wait for another thread, or start one; but for places that the chunk-aware order looks
//! up, by threads that share nothing.

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
