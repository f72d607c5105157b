//! Widths at the two ends of an axis.

use std::fmt;

/// Widths at the two ends of an axis, in pixels.
///
/// As the halo of a model: how far an output sees beyond its own place. Its own place is the pixel of the input that it lies
/// in, or, where the output is smaller than the input, the block of pixels that became one.
///
/// ```
/// use patchweave_model::Sides;
///
/// let halo = Sides { before: 5, after: 4 };
/// assert_eq!(halo.max(Sides::both(4)), halo);
/// assert_eq!(halo.to_string(), "5+4");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sides {
    /// At the end with the smaller positions.
    pub before: usize,
    /// At the end with the larger positions.
    pub after: usize,
}

impl Sides {
    /// The same width at both ends.
    #[must_use]
    pub const fn both(width: usize) -> Self {
        Sides { before: width, after: width }
    }

    /// The larger width at each end.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Sides { before: self.before.max(other.before), after: self.after.max(other.after) }
    }
}

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.before, self.after)
    }
}
