//! How large an output is against its input.

use std::fmt;

/// How large an output is along an axis, against the input; a factor of 0 counts as 1.
///
/// ```
/// use patchweave_model::Scale;
///
/// assert_eq!([Scale::Same, Scale::Times(2), Scale::Over(4)].map(|scale| scale.of(64)), [64, 128, 16]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scale {
    /// As large as the input.
    #[default]
    Same,
    /// So many pixels for every pixel of the input.
    Times(usize),
    /// One pixel for so many pixels of the input, whose number is a multiple of it.
    Over(usize),
}

impl Scale {
    /// How many pixels an output has for `n` pixels of the input; the largest number there is if it has more.
    #[must_use]
    pub fn of(self, n: usize) -> usize {
        n.saturating_mul(self.times()) / self.over()
    }

    /// How many pixels of the output there are for a pixel of the input; 1 if there is less than one.
    #[must_use]
    pub fn times(self) -> usize {
        match self {
            Scale::Times(factor) => factor.max(1),
            Scale::Same | Scale::Over(_) => 1,
        }
    }

    /// How many pixels of the input become one pixel of the output; 1 if less than one does.
    #[must_use]
    pub fn over(self) -> usize {
        match self {
            Scale::Over(factor) => factor.max(1),
            Scale::Same | Scale::Times(_) => 1,
        }
    }

    /// The scale between `input` and `output` pixels; nothing where neither is a multiple of the other.
    ///
    /// ```
    /// use patchweave_model::Scale;
    ///
    /// assert_eq!(Scale::between(64, 32), Some(Scale::Over(2)));
    /// assert_eq!(Scale::between(64, 60), None);
    /// ```
    #[must_use]
    pub fn between(input: usize, output: usize) -> Option<Scale> {
        if input == 0 || output == 0 {
            None
        } else if input == output {
            Some(Scale::Same)
        } else if output.is_multiple_of(input) {
            Some(Scale::Times(output / input))
        } else {
            input.is_multiple_of(output).then(|| Scale::Over(input / output))
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scale::Same => f.write_str("×1"),
            Scale::Times(_) => write!(f, "×{}", self.times()),
            Scale::Over(_) => write!(f, "÷{}", self.over()),
        }
    }
}
