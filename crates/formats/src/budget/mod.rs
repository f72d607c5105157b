//! How many bytes may be fetched and decoded at a time, over all threads and images that share it.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use patchweave_stack::Process;
use patchweave_stack::read_cost::waiting;

/// Bytes that are being fetched and decoded at a time.
///
/// Clones share it. A chunk counts twice its decoded size, once for what is fetched and once for what is made of it, from
/// before it is fetched until it is handed over, to the cache or to whoever asked; the first chunk of a shard that a thread
/// reads at a time counts with the index of the shard. Threads wait for their turn in the
/// order in which they came; a chunk that is larger than the budget goes when nothing else is under way.
///
/// ```
/// use patchweave_formats::{OpenOptions, ReadBudget};
///
/// let mut options = OpenOptions::default();
/// options.in_flight = ReadBudget::new(64 << 20);
/// assert_eq!((options.in_flight.bytes(), options.in_flight.taken()), (64 << 20, 0));
/// ```
#[derive(Clone)]
pub struct ReadBudget {
    shared: Arc<Shared>,
}

struct Shared {
    bytes: u64,
    state: Mutex<State>,
    has_changed: Condvar,
}

struct State {
    taken: u64,
    most: u64,
    /// The number of the next thread that comes, and of the one whose turn it is.
    next: u64,
    turn: u64,
    /// What threads of another process took, nobody gives back in this one.
    process: Process,
}

thread_local! {
    /// How many permits this thread holds, of whatever budgets.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Leave to use some bytes, until it is dropped by the thread that got it.
pub(crate) struct Permit {
    shared: Arc<Shared>,
    n_bytes: u64,
    process: Process,
    of_thread: PhantomData<*const ()>,
}

impl ReadBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let state = State { taken: 0, most: 0, next: 0, turn: 0, process: Process::current() };
        let shared = Shared { bytes, state: Mutex::new(state), has_changed: Condvar::new() };
        ReadBudget { shared: Arc::new(shared) }
    }

    /// The budget.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.bytes
    }

    /// What is taken of it now.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.shared.state().taken
    }

    /// The most that was taken of it at a time so far.
    #[must_use]
    pub fn most_taken(&self) -> u64 {
        self.shared.state().most
    }

    /// Takes bytes, waiting until there are as many, or nothing else is taken.
    ///
    /// A thread that holds a permit already gets another one at once, whatever is left: what it waits for might be what
    /// it holds. So it may go over the budget, but never waits for itself or in a circle with others.
    pub(crate) fn take(&self, n_bytes: u64) -> Permit {
        let shared = &self.shared;
        let mut state = shared.state();
        if HELD.get() == 0 && !(state.next == state.turn && shared.fits(&state, n_bytes)) {
            let number = state.next;
            state.next += 1;
            state = waiting(|| {
                while state.turn != number || !shared.fits(&state, n_bytes) {
                    state = shared.has_changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                state
            });
            state.turn += 1;
            shared.has_changed.notify_all();
        }
        self.granted(state, n_bytes)
    }

    /// Takes bytes if there are as many and nobody waits for some.
    pub(crate) fn try_take(&self, n_bytes: u64) -> Option<Permit> {
        let state = self.shared.state();
        let is_free = state.next == state.turn && self.shared.fits(&state, n_bytes);
        is_free.then(|| self.granted(state, n_bytes))
    }

    fn granted(&self, mut state: MutexGuard<'_, State>, n_bytes: u64) -> Permit {
        state.taken = state.taken.saturating_add(n_bytes);
        state.most = state.most.max(state.taken);
        HELD.set(HELD.get() + 1);
        Permit { shared: self.shared.clone(), n_bytes, process: state.process, of_thread: PhantomData }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.process.is_current() {
            let taken = 0;
            let next = 0;
            let turn = 0;
            *state = State { taken, most: 0, next, turn, process: Process::current() };
        }
        state
    }

    fn fits(&self, state: &State, n_bytes: u64) -> bool {
        state.taken == 0 || state.taken.saturating_add(n_bytes) <= self.bytes
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        HELD.set(HELD.get().saturating_sub(1));
        let mut state = self.shared.state();
        if state.process == self.process {
            state.taken = state.taken.saturating_sub(self.n_bytes);
            drop(state);
            self.shared.has_changed.notify_all();
        }
    }
}

impl fmt::Debug for ReadBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadBudget").field("bytes", &self.bytes()).field("taken", &self.taken()).finish()
    }
}
