//! What an operation is applied to, as it is written: offsets or groups of them.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{SlicesError, ZOperation};

/// What an operation is applied to, as it is written.
///
/// ```
/// use patchweave_slices::{ChannelSpec, Members};
///
/// let error = ChannelSpec::from_pairs([("mean", Members::Offsets(vec![1]))]).unwrap_err();
/// assert_eq!(error.to_string(), "mean: got a list of offsets, expected a list of groups of offsets");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// A list of offsets, for an identity.
    Offsets(Vec<i64>),
    /// A list of groups of offsets, for a mean or a standard deviation.
    Groups(Vec<Vec<i64>>),
    /// Anything else, which no operation takes.
    Other,
}

/// The forms that serde tells apart; an empty list is one of offsets.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Offsets(Vec<i64>),
    Groups(Vec<Vec<i64>>),
    Other(IgnoredAny),
}

impl Members {
    pub(crate) fn of_groups(groups: &[&[i64]]) -> Self {
        Members::Groups(groups.iter().map(|group| group.to_vec()).collect())
    }

    /// The offsets of every channel.
    pub(crate) fn groups_for(self, name: &str, kind: ZOperation) -> Result<Vec<Vec<i64>>, SlicesError> {
        let expected = match kind {
            ZOperation::Identity => "a list of offsets",
            ZOperation::Mean | ZOperation::Std => "a list of groups of offsets",
        };
        let got = match (self, kind) {
            (Members::Offsets(list), _) if list.is_empty() => "an empty list",
            (Members::Groups(list), _) if list.is_empty() => "an empty list",
            (Members::Groups(list), _) if list.iter().any(Vec::is_empty) => "an empty group",
            (Members::Offsets(list), ZOperation::Identity) => {
                return Ok(list.into_iter().map(|offset| vec![offset]).collect());
            }
            (Members::Groups(list), ZOperation::Mean | ZOperation::Std) => return Ok(list),
            (Members::Offsets(_), _) => "a list of offsets",
            (Members::Groups(_), _) => "a list of groups of offsets",
            (Members::Other, _) => "neither a list of numbers nor one of lists of numbers",
        };
        Err(SlicesError::Members { operation: name.to_owned(), got: got.to_owned(), expected })
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::Offsets(offsets) => Members::Offsets(offsets),
            Written::Groups(groups) => Members::Groups(groups),
            Written::Other(_) => Members::Other,
        })
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Members::Offsets(offsets) => offsets.serialize(serializer),
            Members::Groups(groups) => groups.serialize(serializer),
            Members::Other => serializer.serialize_unit(),
        }
    }
}
