//! What a page is called in messages.

use std::fmt;

/// A page among its like: its number in the file, and the number of its reduced copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageName {
    pub page: usize,
    /// 1 for the first directory below that of the page.
    pub level: usize,
}

impl fmt::Display for PageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            0 => write!(f, "page {}", self.page),
            level => write!(f, "page {}, reduced copy {level}", self.page),
        }
    }
}
