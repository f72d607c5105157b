//! Which process this is.

/// The process in which something was made or begun.
///
/// Threads do not survive `fork()`: what they were doing is never finished in the child, and locks that they held stay
/// locked. A source with threads of its own keeps one of these and refuses to read where it is not current.
///
/// ```
/// let made_in = patchweave_stack::Process::current();
/// assert!(made_in.is_current());
/// assert!(!patchweave_stack::Process::with_id(!std::process::id()).is_current());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process(u32);

impl Process {
    /// The process that asks.
    #[must_use]
    pub fn current() -> Self {
        Process(std::process::id())
    }

    /// Whether this is still the same process, not a child that was forked from it.
    #[must_use]
    pub fn is_current(self) -> bool {
        self == Process::current()
    }

    /// The process that the operating system gave this number, for tests of what happens after a fork.
    #[must_use]
    pub fn with_id(id: u32) -> Self {
        Process(id)
    }
}
