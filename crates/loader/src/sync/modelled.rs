//! Threads and locks of `shuttle`, and a channel made of them.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

use shuttle::sync::Condvar;
pub(crate) use shuttle::sync::atomic::AtomicBool;
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
pub(crate) use shuttle::thread::JoinHandle;

/// Starts a thread.
pub(crate) fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    shuttle::thread::Builder::new().name(name).spawn(work)
}

/// Why nothing was received.
pub(crate) enum TryRecvError {
    /// There is nothing yet.
    Empty,
    /// There will be nothing any more.
    Disconnected,
}

/// What was not sent, or not received, because the other side is gone.
#[derive(Debug)]
pub(crate) struct Gone;

struct Channel<T> {
    state: Mutex<State<T>>,
    is_ready: Condvar,
}

struct State<T> {
    queue: VecDeque<T>,
    n_senders: usize,
    n_receivers: usize,
}

impl<T> Channel<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A channel without bounds, as `crossbeam` has it.
pub(crate) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    let state = State { queue: VecDeque::new(), n_senders: 1, n_receivers: 1 };
    let channel = Arc::new(Channel { state: Mutex::new(state), is_ready: Condvar::new() });
    (Sender(Arc::clone(&channel)), Receiver(channel))
}

pub(crate) struct Sender<T>(Arc<Channel<T>>);

impl<T> Sender<T> {
    pub fn send(&self, value: T) -> Result<(), Gone> {
        let mut state = self.0.state();
        if state.n_receivers == 0 {
            return Err(Gone);
        }
        state.queue.push_back(value);
        drop(state);
        self.0.is_ready.notify_one();
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state().n_senders += 1;
        Sender(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.state().n_senders -= 1;
        self.0.is_ready.notify_all();
    }
}

pub(crate) struct Receiver<T>(Arc<Channel<T>>);

impl<T> Receiver<T> {
    pub fn recv(&self) -> Result<T, Gone> {
        let mut state = self.0.state();
        loop {
            if let Some(value) = state.queue.pop_front() {
                return Ok(value);
            }
            if state.n_senders == 0 {
                return Err(Gone);
            }
            state = self.0.is_ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.0.state();
        match (state.queue.pop_front(), state.n_senders) {
            (Some(value), _) => Ok(value),
            (None, 0) => Err(TryRecvError::Disconnected),
            (None, _) => Err(TryRecvError::Empty),
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.0.state().n_receivers += 1;
        Receiver(Arc::clone(&self.0))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.state().n_receivers -= 1;
    }
}
