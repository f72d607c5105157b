//! Which process this is: threads do not survive `fork()`, and what they were doing is never finished in the child.

/// The process in which something was made or begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    pub fn current() -> Self {
        Process(std::process::id())
    }

    /// Whether this is still the same process, not a child that was forked from it.
    pub fn is_current(self) -> bool {
        self == Process::current()
    }
}
