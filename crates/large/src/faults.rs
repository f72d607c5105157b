//! Failures on purpose, so that tests can stop a transaction at every step, and counts of what goes to and
//! fro; elsewhere nothing fails and nothing is counted.

use std::io;
#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many steps are left until everything fails.
#[derive(Debug)]
pub(crate) struct Faults {
    #[cfg(test)]
    left: AtomicUsize,
}

impl Faults {
    pub(crate) fn none() -> Self {
        Faults {
            #[cfg(test)]
            left: AtomicUsize::new(usize::MAX),
        }
    }

    /// Called before everything that changes a file.
    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests let it fail")]
    pub(crate) fn step(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn step(&self) -> io::Result<()> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(|_| ()).map_err(|_| io::Error::other("stopped on purpose"))
    }

    /// Lets everything fail after so many more steps.
    #[cfg(test)]
    pub(crate) fn after(&self, n_steps: usize) {
        self.left.store(n_steps, Ordering::SeqCst);
    }
}

/// How many chunks were read and written.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    #[cfg(test)]
    n_read: AtomicUsize,
    #[cfg(test)]
    n_written: AtomicUsize,
}

#[cfg(not(test))]
#[expect(clippy::unused_self, reason = "tests count")]
impl Traffic {
    pub(crate) fn read(&self) {}

    pub(crate) fn written(&self) {}
}

#[cfg(test)]
impl Traffic {
    pub(crate) fn read(&self) {
        self.n_read.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn written(&self) {
        self.n_written.fetch_add(1, Ordering::SeqCst);
    }

    /// Chunks read and written since the last time.
    pub(crate) fn take(&self) -> (usize, usize) {
        (self.n_read.swap(0, Ordering::SeqCst), self.n_written.swap(0, Ordering::SeqCst))
    }
}
