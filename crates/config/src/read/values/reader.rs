//! Values with their key paths, blocks of keys, and the reader, which collects problems.
//!
//! A function that reads a value reports what is wrong and returns `None`; its caller reads on, so that one run reports
//! every problem. Nothing here knows what a key means.

use std::path::Path;

use crate::text::{
    Complaint, ConfigValue, Entry, Kind, Location, Node, Origin, Problem, Reason, Refusal, Warning, counted,
    entry_path, key_path, nearest, place, printable, quoted,
};

/// What reading needs besides the values: the file, the environment, and the problems so far.
pub(crate) struct Reader<'r> {
    origin: &'r Origin,
    env: &'r dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

/// A value, its key path and its place.
#[derive(Debug, Clone)]
pub(crate) struct Value<'t> {
    pub path: String,
    pub location: Location,
    pub kind: &'t Kind,
}

/// A value that is a block of keys.
#[derive(Debug, Clone)]
pub(crate) struct Block<'t> {
    pub path: String,
    pub location: Location,
    entries: &'t [Entry],
    // Known keys that are probably meant by unknown ones; they are not reported as missing as well.
    mistyped: Vec<&'static str>,
}

impl<'r> Reader<'r> {
    pub(crate) fn new(origin: &'r Origin, env: &'r dyn Fn(&str) -> Option<String>) -> Self {
        Reader { origin, env, problems: Vec::new(), warnings: Vec::new() }
    }

    /// The problems and warnings so far.
    pub(crate) fn into_findings(self) -> (Vec<Problem>, Vec<Warning>) {
        (self.problems, self.warnings)
    }

    /// The folder of the configuration file.
    pub(crate) fn folder(&self) -> &'r Path {
        self.origin.file().parent().unwrap_or(Path::new(""))
    }

    /// The value of an environment variable.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name)
    }

    /// Reports a problem.
    pub(crate) fn report(&mut self, at: Location, path: &str, complaint: Complaint) {
        self.problems.push(self.origin.problem(at, path, complaint));
    }

    /// Reports what the parser refused.
    pub(crate) fn report_refusals(&mut self, refusals: Vec<Refusal>) {
        for refusal in refusals {
            let path = match &refusal.reason {
                Reason::DuplicateKey { key, parent } => key_path(parent, key),
                Reason::SecondDocument | Reason::Syntax(_) => String::new(),
            };
            self.report(refusal.location, &path, complaint(&refusal.reason));
        }
    }

    /// Warns about a value that is accepted.
    pub(crate) fn warn(&mut self, value: &Value<'_>, message: impl Into<String>) {
        self.warnings.push(self.origin.warning(value.location, &value.path, message.into()));
    }

    /// Warns about a key that was read before.
    pub(crate) fn warn_at(&mut self, location: Location, path: &str, message: impl Into<String>) {
        self.warnings.push(self.origin.warning(location, path, message.into()));
    }

    /// Refuses a value.
    pub(crate) fn refuse<T>(&mut self, value: &Value<'_>, expected: impl Into<String>) -> Option<T> {
        self.refuse_found(value, value.got(), expected)
    }

    /// Refuses a value, and says what was found about it.
    pub(crate) fn refuse_found<T>(
        &mut self,
        value: &Value<'_>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Option<T> {
        self.report(value.location, &value.path, Complaint::new(found, expected));
        None
    }

    /// Refuses a name, and suggests the most similar one of `known`.
    pub(crate) fn refuse_name<'n, T>(
        &mut self,
        value: &Value<'_>,
        expected: String,
        known: impl IntoIterator<Item = &'n str>,
    ) -> Option<T> {
        let suggestion = match value.kind {
            Kind::Text(name) => nearest(name, known).map(str::to_owned),
            _ => None,
        };
        self.report(value.location, &value.path, Complaint { found: value.got(), expected, suggestion });
        None
    }
}

/// What is wrong where the parser refused the text.
fn complaint(reason: &Reason) -> Complaint {
    match reason {
        Reason::DuplicateKey { .. } => Complaint::new("duplicate key", "each key once"),
        Reason::SecondDocument => Complaint::new("a second document starts here", "one document per file"),
        Reason::Syntax(message) => {
            Complaint::new(format!("invalid YAML: {}", printable(message)), "valid YAML")
        }
    }
}

impl<'t> Value<'t> {
    /// The whole file.
    pub(crate) fn root(node: &'t Node) -> Value<'t> {
        Value { path: String::new(), location: Location::START, kind: &node.kind }
    }

    /// The value for a message, as in `got 5`.
    pub(crate) fn got(&self) -> String {
        match self.kind {
            Kind::Null => "got null".into(),
            Kind::Bool(value) => format!("got {value}"),
            Kind::Int(value) => format!("got {value}"),
            Kind::Float(value) => format!("got {value:?}"),
            Kind::Text(text) => format!("got {}", quoted(text)),
            Kind::List(nodes) => format!("got a list of {}", counted(nodes.len(), "entry", "entries")),
            Kind::Map(_) => "got a block of keys".into(),
        }
    }

    /// This value as a block; reports any other.
    pub(crate) fn block(&self, reader: &mut Reader<'_>) -> Option<Block<'t>> {
        match self.as_block() {
            Some(block) => Some(block),
            None => reader.refuse(self, "a block of keys"),
        }
    }

    /// This value as a block, if it is one.
    pub(crate) fn as_block(&self) -> Option<Block<'t>> {
        match self.kind {
            Kind::Map(entries) => Some(Block::new(self, entries)),
            _ => None,
        }
    }

    /// This value as text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&'t str> {
        match self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of this value, if it is a list.
    pub(crate) fn entries(&self) -> Option<Vec<Value<'t>>> {
        let Kind::List(nodes) = self.kind else { return None };
        let entry = |(idx, node): (usize, &'t Node)| Value {
            path: entry_path(&self.path, idx),
            location: node.location,
            kind: &node.kind,
        };
        Some(nodes.iter().enumerate().map(entry).collect())
    }
}

impl<'t> Block<'t> {
    fn new(value: &Value<'t>, entries: &'t [Entry]) -> Block<'t> {
        Block { path: value.path.clone(), location: value.location, entries, mistyped: Vec::new() }
    }

    /// An empty block at the place of `value`.
    pub(crate) fn empty(value: &Value<'t>) -> Block<'t> {
        Block::new(value, &[])
    }

    /// Reports every key that is not one of `known`.
    pub(crate) fn only(self, reader: &mut Reader<'_>, known: &[&'static str]) -> Block<'t> {
        self.only_beside(reader, known, &[])
    }

    /// As [`only`](Self::only), except for keys that the caller reports itself.
    pub(crate) fn only_beside(
        mut self,
        reader: &mut Reader<'_>,
        known: &[&'static str],
        elsewhere: &[&str],
    ) -> Block<'t> {
        let is_known = |key: &str| known.contains(&key) || elsewhere.contains(&key);
        for entry in self.entries.iter().filter(|entry| !is_known(&entry.key)) {
            let suggestion = nearest(&entry.key, known.iter().copied());
            let path = key_path(&self.path, &entry.key);
            let listed = if known.len() == 1 { "only" } else { "one of" };
            let complaint = Complaint {
                found: "unknown key".into(),
                expected: format!("{listed} {}", known.join(", ")),
                suggestion: suggestion.filter(|name| !self.has(name)).map(str::to_owned),
            };
            reader.report(entry.key_location, &path, complaint);
            self.mistyped.extend(known.iter().filter(|name| suggestion == Some(name)));
        }
        self
    }

    /// All keys with their values.
    pub(crate) fn to_values(&self) -> Vec<(String, ConfigValue)> {
        self.entries.iter().map(|entry| (entry.key.clone(), ConfigValue::of(&entry.value.kind))).collect()
    }

    fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// The value of a key, `null` included.
    pub(crate) fn get(&self, key: &str) -> Option<Value<'t>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(Value {
            path: key_path(&self.path, key),
            location: place(entry.key_location, &entry.value),
            kind: &entry.value.kind,
        })
    }

    /// The value of a key, unless it is `null`, which counts as absent.
    pub(crate) fn given(&self, key: &str) -> Option<Value<'t>> {
        self.get(key).filter(|value| *value.kind != Kind::Null)
    }

    /// Reports a key as missing.
    pub(crate) fn missing<T>(&self, reader: &mut Reader<'_>, key: &str, expected: &str) -> Option<T> {
        if !self.mistyped.contains(&key) {
            let complaint = Complaint::new("missing", expected);
            reader.report(self.location, &key_path(&self.path, key), complaint);
        }
        None
    }

    /// Reads a required key; `expected` describes its value.
    pub(crate) fn need<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        expected: &str,
        read: impl FnOnce(&mut Reader<'_>, &Value<'t>) -> Option<T>,
    ) -> Option<T> {
        match self.get(key) {
            Some(value) => read(reader, &value),
            None => self.missing(reader, key, expected),
        }
    }

    /// Reads a key that has a default.
    pub(crate) fn or<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        default: T,
        read: impl FnOnce(&mut Reader<'_>, &Value<'t>) -> Option<T>,
    ) -> Option<T> {
        match self.given(key) {
            Some(value) => read(reader, &value),
            None => Some(default),
        }
    }

    /// Reads an optional key; the outer `None` says that it was refused.
    pub(crate) fn maybe<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        read: impl FnOnce(&mut Reader<'_>, &Value<'t>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.given(key) {
            Some(value) => read(reader, &value).map(Some),
            None => Some(None),
        }
    }
}
