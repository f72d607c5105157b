//! Who waits for a batch without blocking.

use std::sync::PoisonError;
use std::task::Waker;

use crate::sync::Mutex;

/// Whom to wake when a batch is there.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Option<Waker>>);

impl Waiting {
    pub fn register(&self, waker: &Waker) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }

    pub fn wake(&self) {
        let waker = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
