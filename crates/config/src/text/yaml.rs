//! From YAML text to a tree whose nodes have a place; the only file that knows the YAML parser.
//!
//! Nothing here knows which keys exist. Aliases and merge keys are resolved; the sizes of the tree and of expanded aliases
//! are limited.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Options, Spanned};

use super::key_path::{entry_path, key_path};
use super::location::{Location, characters, line_starts};

/// A value of the file and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// The place of the value; for an alias, that of the alias.
    pub location: Location,
    pub kind: Kind,
}

/// A value, by the rules of YAML 1.2.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub key: String,
    pub key_location: Location,
    pub value: Node,
}

/// A place where the parser refused the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub location: Location,
    pub reason: Reason,
}

/// Why the parser refused the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reason {
    /// A duplicate key in the block with the path `parent`.
    DuplicateKey { key: String, parent: String },
    /// A second document after the first.
    SecondDocument,
    /// Any other error, as the parser words it.
    Syntax(String),
}

/// The tree of a text, and where the parser refused it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    /// `None` if the text is invalid for more than duplicate keys.
    pub root: Option<Node>,
    pub refusals: Vec<Refusal>,
}

/// The most duplicate keys that are reported at once.
const MAX_DUPLICATES: u32 = 32;

/// The first character that masks a duplicate key; from a range for private use.
const FIRST_MASK: u32 = 0xE000;

/// Parses a text.
///
/// The parser stops at a duplicate key. The letters of the key are then replaced by a character that no key contains, and the
/// text is parsed again, so that all duplicates and all other problems are found.
pub(crate) fn read(text: &str) -> Document {
    let mut refusals = Vec::new();
    let mut masked = text.to_owned();
    for mask in (FIRST_MASK..FIRST_MASK + MAX_DUPLICATES).filter_map(char::from_u32) {
        let refusal = match read_with(&masked, DuplicateKeyPolicy::Error) {
            Ok(mut root) => {
                root.drop_masked("", &mut refusals);
                return Document { root: Some(root), refusals };
            }
            Err(refusal) => refusal,
        };
        if !matches!(refusal.reason, Reason::DuplicateKey { .. }) || refusals.contains(&refusal) {
            if refusals.is_empty() {
                return Document { root: None, refusals: vec![refusal] };
            }
            break;
        }
        mask_characters(&mut masked, refusal.location, mask);
        refusals.push(refusal);
    }
    match read_with(text, DuplicateKeyPolicy::FirstWins) {
        Ok(root) => Document { root: Some(root), refusals },
        Err(refusal) => {
            refusals.push(refusal);
            Document { root: None, refusals }
        }
    }
}

/// Replaces every character of a range in one line by `mask`, so that all others keep their place.
fn mask_characters(text: &mut String, at: Location, mask: char) {
    let line_start = line_starts(text).nth(at.line - 1).unwrap_or(text.len());
    let range = characters(&text[line_start..], at.column, at.n_chars);
    let n_chars = text[line_start..][range.clone()].chars().count();
    let letters: String = std::iter::repeat_n(mask, n_chars).collect();
    text.replace_range(line_start + range.start..line_start + range.end, &letters);
}

/// The index of a masked key among the masked ones.
fn mask_idx(key: &str) -> Option<usize> {
    let first = u32::from(key.chars().next()?);
    usize::try_from(first.checked_sub(FIRST_MASK)?).ok()
}

impl Node {
    /// Removes the masked keys from the tree, and adds the path of their block to their refusals.
    fn drop_masked(&mut self, path: &str, refusals: &mut [Refusal]) {
        match &mut self.kind {
            Kind::List(nodes) => {
                for (idx, node) in nodes.iter_mut().enumerate() {
                    node.drop_masked(&entry_path(path, idx), refusals);
                }
            }
            Kind::Map(entries) => {
                entries.retain(|entry| {
                    let refusal = mask_idx(&entry.key).and_then(|idx| refusals.get_mut(idx));
                    if let Some(Refusal { reason: Reason::DuplicateKey { parent, .. }, .. }) = refusal {
                        *parent = path.to_owned();
                        return false;
                    }
                    true
                });
                for entry in entries {
                    entry.value.drop_masked(&key_path(path, &entry.key), refusals);
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) => {}
        }
    }
}

fn read_with(text: &str, duplicate_keys: DuplicateKeyPolicy) -> Result<Node, Refusal> {
    serde_saphyr::from_str_with_options(text, options(duplicate_keys)).map_err(|error| Refusal::from(&error))
}

/// YAML 1.2 scalars (`no` and `Y` are text), and limits far above what a configuration needs.
fn options(duplicate_keys: DuplicateKeyPolicy) -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 50_000,
            max_events: 200_000,
            max_aliases: 1_000,
            max_merge_keys: 1_000,
            max_recorded_anchor_events: 100_000,
            max_recorded_anchor_bytes: 1 << 24,
            max_total_scalar_bytes: 1 << 24,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 50_000 },
        duplicate_keys: duplicate_keys,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

impl From<serde_saphyr::Location> for Location {
    fn from(at: serde_saphyr::Location) -> Location {
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).max(1);
        Location { line: count(at.line()), column: count(at.column()), n_chars: count(at.span().len()) }
    }
}

impl From<&serde_saphyr::Error> for Refusal {
    fn from(error: &serde_saphyr::Error) -> Refusal {
        let location = error.location().map_or(Location::START, Location::from);
        let reason = match error {
            serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
                Reason::DuplicateKey { key: key.clone(), parent: String::new() }
            }
            serde_saphyr::Error::MultipleDocuments { .. } => Reason::SecondDocument,
            other => {
                let said = other.render();
                let message = said.split(" at line ").next().unwrap_or(&said);
                Reason::Syntax(message.trim_end_matches(':').into())
            }
        };
        Refusal { location, reason }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Node { location: spanned.referenced.into(), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

/// Builds a [`Kind`] from the events of the parser.
struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        Ok(Kind::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Text(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Kind::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<Key>>()? {
            let value = map.next_value()?;
            entries.push(Entry { key: key.value.0, key_location: key.referenced.into(), value });
        }
        Ok(Kind::Map(entries))
    }
}

/// A key as text; numbers and booleans are converted to text.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        match Kind::deserialize(deserializer)? {
            Kind::Null => Ok(Key("null".into())),
            Kind::Bool(value) => Ok(Key(value.to_string())),
            Kind::Int(value) => Ok(Key(value.to_string())),
            Kind::Float(value) => Ok(Key(value.to_string())),
            Kind::Text(text) => Ok(Key(text)),
            Kind::List(_) | Kind::Map(_) => {
                Err(D::Error::custom("got a list or a block as a key, expected text"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<Entry> {
        match read(text) {
            Document { root: Some(Node { kind: Kind::Map(entries), .. }), refusals }
                if refusals.is_empty() =>
            {
                entries
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn scalars_have_the_types_of_yaml_1_2() {
        for (written, kind) in [
            ("no", Kind::Text("no".into())),
            ("Y", Kind::Text("Y".into())),
            ("YX", Kind::Text("YX".into())),
            ("'5'", Kind::Text("5".into())),
            ("5", Kind::Int(5)),
            ("-5", Kind::Int(-5)),
            ("5.0", Kind::Float(5.0)),
            (".inf", Kind::Float(f64::INFINITY)),
            ("99999999999999999999", Kind::Float(1e20)),
            ("true", Kind::Bool(true)),
            ("", Kind::Null),
            ("~", Kind::Null),
        ] {
            assert_eq!(entries(&format!("a: {written}\n"))[0].value.kind, kind, "{written}");
        }
    }

    #[test]
    fn places_survive_nesting_aliases_and_merges() {
        let root = entries("a: &x {c: 1, d: 2}\nb: *x\ne:\n  <<: *x\n  d: 7\n");
        let place = |location: Location| (location.line, location.column, location.n_chars);
        assert_eq!(place(root[1].value.location), (2, 4, 2));
        let Kind::Map(merged) = &root[2].value.kind else { panic!("{root:?}") };
        let found: Vec<_> =
            merged.iter().map(|e| (e.key.as_str(), &e.value.kind, place(e.value.location))).collect();
        assert_eq!(found, [("d", &Kind::Int(7), (5, 6, 1)), ("c", &Kind::Int(1), (4, 7, 2))]);
    }

    #[test]
    fn every_duplicate_is_found_and_hides_nothing() {
        let document = read("seed: 1\n'ä': {k: 1, k: 2}\nseed: 2\nseed: 3\nlast: 4\n");
        let found: Vec<_> = document.refusals.iter().map(|r| (r.location.line, r.location.column)).collect();
        assert_eq!(found, [(2, 13), (3, 1), (4, 1)]);
        let duplicate = Reason::DuplicateKey { key: "k".into(), parent: "ä".into() };
        assert_eq!(document.refusals[0].reason, duplicate);
        let Some(Node { kind: Kind::Map(entries), .. }) = document.root else { panic!("no tree") };
        assert_eq!(entries.iter().map(|e| e.key.as_str()).collect::<Vec<_>>(), ["seed", "ä", "last"]);
        assert_eq!(entries[0].value.kind, Kind::Int(1));
    }

    #[test]
    fn what_aliases_unfold_to_is_limited() {
        let mut bomb = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1]\n");
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 9].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        let document = read(&bomb);
        assert_eq!((document.root, document.refusals.len()), (None, 1));
    }
}
