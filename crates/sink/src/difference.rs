//! What images are made of, and where two of that differ.

use std::collections::BTreeMap;
use std::fmt;

/// What images are made of, field by field, in the caller's words.
pub type Fingerprint = BTreeMap<String, String>;

/// A field of which a [`Journal`](crate::Journal) says something else than is asked for.
///
/// ```
/// use patchweave_sink::Difference;
///
/// let difference = Difference { field: "blend".into(), begun: Some("crop".into()), now: None };
/// assert_eq!(difference.to_string(), "blend was crop, is not given");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub field: String,
    /// What the journal says of it.
    pub begun: Option<String>,
    /// What is asked for.
    pub now: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |value: &Option<String>| value.clone().unwrap_or_else(|| "not given".to_owned());
        write!(f, "{} was {}, is {}", self.field, told(&self.begun), told(&self.now))
    }
}

/// Where two fingerprints differ: that of what was begun and that of what is asked for.
pub(crate) fn differences(begun: &Fingerprint, now: &Fingerprint) -> Vec<Difference> {
    let mut fields: Vec<&String> = begun.keys().chain(now.keys()).collect();
    fields.sort_unstable();
    fields.dedup();
    let of = |field: &String| Difference {
        field: field.clone(),
        begun: begun.get(field).cloned(),
        now: now.get(field).cloned(),
    };
    fields.into_iter().map(of).filter(|difference| difference.begun != difference.now).collect()
}
