//! Which pixels a statistic is over.

use std::fmt;

/// How far a statistic reaches.
///
/// ```
/// use patchweave_zoo::Scope;
///
/// assert_eq!(Scope::Sample.to_string(), "of each image");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One sample: a whole image.
    Sample,
    /// All samples: the images of a run, or the batch of a single call.
    Dataset,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Sample => "of each image",
            Scope::Dataset => "of all images",
        })
    }
}

/// Which pixels a statistic is over.
///
/// ```
/// use patchweave_zoo::{Over, Scope};
///
/// let over = Over { scope: Scope::Sample, per_channel: true };
/// assert_eq!(over.to_string(), "of each image, by channel");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Over {
    /// How far it reaches.
    pub scope: Scope,
    /// Whether every channel has its own; otherwise there is one for all channels together.
    pub per_channel: bool,
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.scope, if self.per_channel { ", by channel" } else { "" })
    }
}
