//! Axis letters and strings of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::GeometryError;

/// One dimension of an image.
///
/// The order of the variants is the reference order `STCZYX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Axis {
    /// Sample: a position, field or repeat.
    S,
    /// Time.
    T,
    /// Channel.
    C,
    /// Depth.
    Z,
    /// Height.
    Y,
    /// Width.
    X,
}

impl Axis {
    /// All axes in the reference order.
    pub const ALL: [Axis; 6] = [Axis::S, Axis::T, Axis::C, Axis::Z, Axis::Y, Axis::X];

    /// The letter of this axis.
    pub fn letter(self) -> char {
        match self {
            Axis::S => 'S',
            Axis::T => 'T',
            Axis::C => 'C',
            Axis::Z => 'Z',
            Axis::Y => 'Y',
            Axis::X => 'X',
        }
    }

    /// The axis of an upper-case letter.
    pub fn from_letter(letter: char) -> Option<Axis> {
        Axis::ALL.into_iter().find(|axis| axis.letter() == letter)
    }

    /// Whether this is `Z`, `Y` or `X`.
    pub fn is_spatial(self) -> bool {
        matches!(self, Axis::Z | Axis::Y | Axis::X)
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

/// The axes of an array, first dimension first: letters of `STCZYX`, none twice, with `Y` and `X`.
///
/// ```
/// use patchweave_geometry::{Axes, Axis};
///
/// let axes: Axes = "ZYXC".parse()?;
/// assert_eq!(axes.position(Axis::C), Some(3));
/// assert!(axes.is_3d());
/// let error = "YXA".parse::<Axes>().unwrap_err();
/// assert_eq!(error.to_string(), "axes \"YXA\" hold the letter 'A', expected letters of STCZYX");
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Axes(Vec<Axis>);

impl Axes {
    /// The axes in order.
    pub fn as_slice(&self) -> &[Axis] {
        &self.0
    }

    /// The number of dimensions.
    #[expect(clippy::len_without_is_empty, reason = "axes always hold Y and X")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Where `axis` stands, if it is there.
    pub fn position(&self, axis: Axis) -> Option<usize> {
        self.0.iter().position(|&a| a == axis)
    }

    /// Whether `axis` is there.
    pub fn contains(&self, axis: Axis) -> bool {
        self.0.contains(&axis)
    }

    /// Whether there is a `Z` axis.
    pub fn is_3d(&self) -> bool {
        self.contains(Axis::Z)
    }

    /// 2 without `Z`, 3 with it.
    pub fn n_spatial(&self) -> usize {
        if self.is_3d() { 3 } else { 2 }
    }

    /// Whether the letters appear in the reference order `STCZYX`.
    pub fn is_canonical(&self) -> bool {
        self.0.is_sorted()
    }

    /// The same axes in the reference order.
    pub fn to_canonical(&self) -> Axes {
        let mut sorted = self.0.clone();
        sorted.sort();
        Axes(sorted)
    }

    /// The dimensions of this array listed in the reference order: a permutation for a transpose.
    pub fn canonical_permutation(&self) -> Vec<usize> {
        Axis::ALL.iter().filter_map(|&axis| self.position(axis)).collect()
    }

    /// These axes without the ones that `drop` selects.
    ///
    /// `Y` and `X` always stay.
    pub(crate) fn without(&self, drop: impl Fn(Axis) -> bool) -> Axes {
        Axes(self.0.iter().copied().filter(|&a| matches!(a, Axis::Y | Axis::X) || !drop(a)).collect())
    }

    /// These axes with `from` renamed to `to`, which must not be there yet.
    pub(crate) fn renamed(&self, from: Axis, to: Axis) -> Axes {
        Axes(self.0.iter().map(|&a| if a == from { to } else { a }).collect())
    }
}

impl FromStr for Axes {
    type Err = GeometryError;

    fn from_str(axes: &str) -> Result<Self, GeometryError> {
        let mut list = Vec::with_capacity(axes.len());
        for letter in axes.chars() {
            let axis = Axis::from_letter(letter)
                .ok_or_else(|| GeometryError::UnknownAxis { axes: axes.into(), letter })?;
            if list.contains(&axis) {
                return Err(GeometryError::RepeatedAxis { axes: axes.into(), axis });
            }
            list.push(axis);
        }
        for axis in [Axis::Y, Axis::X] {
            if !list.contains(&axis) {
                return Err(GeometryError::MissingAxis { axes: axes.into(), axis });
            }
        }
        Ok(Axes(list))
    }
}

impl TryFrom<String> for Axes {
    type Error = GeometryError;

    fn try_from(axes: String) -> Result<Self, GeometryError> {
        axes.parse()
    }
}

impl From<Axes> for String {
    fn from(axes: Axes) -> String {
        axes.to_string()
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|axis| write!(f, "{axis}"))
    }
}
