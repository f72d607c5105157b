//! How a specification is written: operations by name with lists of offsets or of groups.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ChannelSpec, Members, ZOperation};

impl<'de> Deserialize<'de> for ChannelSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = deserializer.deserialize_any(Pairs)?;
        ChannelSpec::from_pairs(pairs).map_err(serde::de::Error::custom)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, Members)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping of identity, mean and std, or a list of such pairs")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = list.next_element()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

impl Serialize for ChannelSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.operations().len()))?;
        for operation in self.operations() {
            let members = match operation.kind() {
                ZOperation::Identity => {
                    Members::Offsets(operation.groups().iter().flatten().copied().collect())
                }
                ZOperation::Mean | ZOperation::Std => Members::Groups(operation.groups().to_vec()),
            };
            list.serialize_element(&(operation.name(), members))?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ChannelSpec, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn mappings_and_pairs_mean_the_same() {
        let pairs = r#"[["std",[[0,1],[-1]]],["IDENTITY",[2,-2]]]"#;
        let spec = read(pairs).unwrap();
        assert_eq!(read(r#"{"std": [[0, 1], [-1]], "IDENTITY": [2, -2]}"#).unwrap(), spec);
        assert_eq!(serde_json::to_string(&spec).unwrap(), pairs);
        assert_eq!(spec.operations()[1].groups(), [[2], [-2]]);
    }

    #[test]
    fn what_is_no_specification_is_refused_in_words() {
        let refusals = [
            ("{}", "the channel specification is empty, expected at least one of identity, mean and std"),
            (r#"{"median": [0]}"#, "got the operation \"median\", expected identity, mean or std"),
            (r#"{"identity": []}"#, "identity: got an empty list, expected a list of offsets"),
            (
                r#"{"identity": "x"}"#,
                "identity: got neither a list of numbers nor one of lists of numbers, expected a list of offsets",
            ),
            (
                r#"{"identity": [[1]]}"#,
                "identity: got a list of groups of offsets, expected a list of offsets",
            ),
            (r#"{"mean": []}"#, "mean: got an empty list, expected a list of groups of offsets"),
            (r#"{"Mean": [[]]}"#, "Mean: got an empty group, expected a list of groups of offsets"),
            (r#"{"std": [3]}"#, "std: got a list of offsets, expected a list of groups of offsets"),
            (
                r#"{"std": [3, [1]]}"#,
                "std: got neither a list of numbers nor one of lists of numbers, expected a list of groups of offsets",
            ),
            (
                r#"{"identity": [-3000000000]}"#,
                "identity: got the offset -3000000000, expected at most 2147483648 slices in either direction",
            ),
        ];
        for (text, expected) in refusals {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
        assert!(read("7").unwrap_err().contains("expected a mapping of identity, mean and std"));
    }
}
