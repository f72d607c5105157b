//! What stands for slices before the first and behind the last.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::SlicesError;

/// What stands for a slice outside of the volume.
///
/// The rule sees the whole volume, however little of it is read.
///
/// ```
/// use patchweave_slices::Boundary;
///
/// assert_eq!(Boundary::Clamp.resolve(-3, 5), Some(0));
/// assert_eq!(Boundary::Reflect.resolve(-2, 5), Some(1));
/// assert_eq!(Boundary::Reflect.resolve(12, 5), Some(2));
/// assert_eq!(Boundary::Zero.resolve(5, 5), None);
/// assert_eq!("skip".parse::<Boundary>()?, Boundary::Skip);
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Boundary {
    /// The nearest slice.
    #[default]
    Clamp,
    /// A slice of zeros.
    Zero,
    /// The volume mirrored at its ends, which are repeated: −1 is slice 0, −2 is slice 1, and so on with a period of
    /// twice the volume.
    Reflect,
    /// Nothing: a mean or standard deviation is that of the others.
    Skip,
}

impl Boundary {
    /// Every rule.
    pub const ALL: [Boundary; 4] = [Boundary::Clamp, Boundary::Zero, Boundary::Reflect, Boundary::Skip];

    /// The name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Boundary::Clamp => "clamp",
            Boundary::Zero => "zero",
            Boundary::Reflect => "reflect",
            Boundary::Skip => "skip",
        }
    }

    /// Which slice of a volume of `n_slices` is taken at `z`; `None` if none is.
    #[must_use]
    pub fn resolve(self, z: i64, n_slices: usize) -> Option<usize> {
        let inside = |z: i64| usize::try_from(z).ok().filter(|z| *z < n_slices);
        let last = n_slices.checked_sub(1)?;
        match self {
            Boundary::Zero | Boundary::Skip => inside(z),
            Boundary::Clamp if z < 0 => Some(0),
            Boundary::Clamp => Some(inside(z).unwrap_or(last)),
            Boundary::Reflect => {
                let period = i128::try_from(n_slices).ok()? * 2;
                let place = i128::from(z).rem_euclid(period);
                usize::try_from(place.min(period - 1 - place)).ok()
            }
        }
    }
}

impl FromStr for Boundary {
    type Err = SlicesError;

    fn from_str(name: &str) -> Result<Self, SlicesError> {
        Boundary::ALL.into_iter().find(|rule| rule.name() == name).ok_or_else(|| SlicesError::UnknownName {
            what: "boundary",
            got: name.to_owned(),
            expected: "clamp, zero, reflect or skip",
        })
    }
}

impl std::fmt::Display for Boundary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn inside_every_rule_takes_the_slice_itself(n in 1_usize..20, z in 0_usize..20) {
            prop_assume!(z < n);
            for rule in Boundary::ALL {
                prop_assert_eq!(rule.resolve(i64::try_from(z).unwrap(), n), Some(z));
            }
        }

        #[test]
        fn reflecting_is_periodic_and_symmetric(n in 1_usize..20, z in any::<i32>(), turns in -5_i64..5) {
            let z = i64::from(z);
            let length = i64::try_from(n).unwrap();
            let at = |z| Boundary::Reflect.resolve(z, n);
            prop_assert!(at(z).is_some_and(|at| at < n));
            prop_assert_eq!(at(z), at(z + turns * 2 * length));
            prop_assert_eq!(at(z), at(-1 - z));
            prop_assert_eq!(at(length - 1 - z), at(length + z));
        }
    }

    #[test]
    fn extreme_places_and_empty_volumes_have_an_answer() {
        for rule in Boundary::ALL {
            assert_eq!(rule.resolve(0, 0), None);
            for z in [i64::MIN, i64::MAX] {
                assert!(rule.resolve(z, 7).is_none_or(|at| at < 7));
            }
        }
        assert_eq!(Boundary::Clamp.resolve(i64::MAX, 7), Some(6));
        let error = "mirror".parse::<Boundary>().unwrap_err();
        assert_eq!(error.to_string(), "got the boundary \"mirror\", expected clamp, zero, reflect or skip");
    }
}
