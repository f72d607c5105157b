//! Which sizes of an axis a model takes.

use std::fmt;

/// Which sizes of an axis a model takes; 0 is never among them.
///
/// ```
/// use patchweave_model::SizeRule;
///
/// let halves_twice = SizeRule::Steps { min: 16, step: 4 };
/// assert!(halves_twice.accepts(20) && !halves_twice.accepts(18));
/// assert_eq!(halves_twice.fit(99), 96);
/// assert_eq!(halves_twice.fit(3), 16);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SizeRule {
    /// Every size.
    #[default]
    Any,
    /// This size alone.
    Fixed(usize),
    /// `min`, `min + step`, `min + 2 · step` and so on; a `step` of 0 counts as 1.
    Steps {
        /// The smallest size; 0 stands for the first step.
        min: usize,
        /// From one size to the next.
        step: usize,
    },
}

impl SizeRule {
    /// Whether the model takes `n` pixels.
    #[must_use]
    pub fn accepts(self, n: usize) -> bool {
        match self {
            SizeRule::Any => n > 0,
            SizeRule::Fixed(size) => n == size && n > 0,
            SizeRule::Steps { min, .. } => n >= self.smallest() && (n - min).is_multiple_of(self.step()),
        }
    }

    /// The smallest size that the model takes.
    #[must_use]
    pub fn smallest(self) -> usize {
        match self {
            SizeRule::Any => 1,
            SizeRule::Fixed(size) => size,
            SizeRule::Steps { min: 0, .. } => self.step(),
            SizeRule::Steps { min, .. } => min,
        }
    }

    /// From one size to the next: 1 where any size is taken, 0 where there is only one.
    #[must_use]
    pub fn step(self) -> usize {
        match self {
            SizeRule::Any => 1,
            SizeRule::Fixed(_) => 0,
            SizeRule::Steps { step, .. } => step.max(1),
        }
    }

    /// The largest size of at most `wanted` pixels, or else the smallest of all.
    #[must_use]
    pub fn fit(self, wanted: usize) -> usize {
        let smallest = self.smallest();
        match wanted.checked_sub(smallest) {
            Some(above) => above.checked_rem(self.step()).map_or(smallest, |rest| wanted - rest),
            None => smallest,
        }
    }

    /// As [`fit`](Self::fit), among the sizes that are multiples of `factor`; as `fit` where there are none.
    #[must_use]
    pub(crate) fn fit_multiple(self, wanted: usize, factor: usize) -> usize {
        let fitting = self.fit(wanted);
        let step = self.step();
        // Rests repeat after `factor` steps.
        let below = (0..factor).map_while(|n| fitting.checked_sub(n * step)).take_while(|n| self.accepts(*n));
        let above = (1..factor).filter_map(|n| fitting.checked_add(n * step));
        let mut sizes = below.chain(above);
        sizes.find(|size| size.is_multiple_of(factor.max(1))).unwrap_or(fitting)
    }
}

impl fmt::Display for SizeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            SizeRule::Any => f.write_str("any"),
            SizeRule::Fixed(size) => write!(f, "{size}"),
            SizeRule::Steps { min, .. } => {
                write!(f, "{} + n·{}", if min == 0 { self.smallest() } else { min }, self.step())
            }
        }
    }
}
