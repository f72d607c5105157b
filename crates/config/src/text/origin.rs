//! The file of a plan: its lines and the places of its keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::key_path::{entry_path, key_path};
use super::location::{Location, characters, line_starts};
use super::problem::{Excerpt, Problem};
use super::warning::Warning;
use super::wording::printable;
use super::yaml::{Kind, Node};

/// Longer lines are shown as a window of this many characters around the problem.
const MAX_LINE: usize = 120;
/// The least number of characters between the marked ones and the end of the window.
const MARGIN: usize = 20;

/// The lines of a file and the places of its keys, so that problems found later name their line as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    file: PathBuf,
    text: String,
    line_starts: Vec<usize>,
    places: BTreeMap<String, Location>,
    values: BTreeMap<String, String>,
}

/// A problem without its place.
pub(crate) struct Complaint {
    pub found: String,
    pub expected: String,
    pub suggestion: Option<String>,
}

impl Complaint {
    pub(crate) fn new(found: impl Into<String>, expected: impl Into<String>) -> Complaint {
        Complaint { found: found.into(), expected: expected.into(), suggestion: None }
    }
}

impl Origin {
    pub(crate) fn new(file: &Path, text: &str, root: Option<&Node>) -> Origin {
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let mut places = BTreeMap::new();
        if let Some(root) = root {
            note_places(&mut places, String::new(), root.location, root);
        }
        let mut values = BTreeMap::new();
        if let Some(root) = root {
            note_values(&mut values, String::new(), root);
        }
        let line_starts = line_starts(&text).collect();
        Origin { file: file.to_owned(), text, line_starts, places, values }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Every value of the file that holds no others, by the path of its key, as text.
    pub(crate) fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// Whether the file contains a key.
    pub(crate) fn has(&self, key_path: &str) -> bool {
        self.places.contains_key(key_path)
    }

    /// The place of a key, or of its nearest parent in the file.
    pub(crate) fn nearest(&self, key_path: &str) -> Location {
        let mut path = key_path;
        loop {
            if let Some(&location) = self.places.get(path) {
                return location;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return Location::START,
            }
        }
    }

    pub(crate) fn problem(&self, at: Location, key_path: &str, complaint: Complaint) -> Problem {
        Problem {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            key_path: key_path.into(),
            found: complaint.found,
            expected: complaint.expected,
            suggestion: complaint.suggestion,
            excerpt: self.excerpt(at),
        }
    }

    pub(crate) fn warning(&self, at: Location, key_path: &str, message: String) -> Warning {
        Warning {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            key_path: key_path.into(),
            message,
            excerpt: self.excerpt(at),
        }
    }

    fn excerpt(&self, at: Location) -> Excerpt {
        let start = self.line_starts.get(at.line - 1).copied().unwrap_or(self.text.len());
        let is_near_start = at.column <= MAX_LINE - MARGIN;
        let before_window = if is_near_start { 0 } else { at.column - 1 - MAX_LINE / 2 };
        let from_start = &self.text[start..];
        let window = &from_start[characters(from_start, before_window + 1, MAX_LINE)];
        let line = printable(window);
        let n_shown = line.chars().count();
        let n_before = (at.column - 1 - before_window).min(n_shown);
        let n_marked = at.n_chars.min(n_shown - n_before).max(1);
        Excerpt { line: line.trim_end().into(), n_before, n_marked }
    }
}

/// The place of a value: a block is at its key, any other value at its own start.
pub(crate) fn place(key_location: Location, node: &Node) -> Location {
    if matches!(node.kind, Kind::Map(_)) { key_location } else { node.location }
}

fn note_values(values: &mut BTreeMap<String, String>, path: String, node: &Node) {
    let text = match &node.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Int(value) => value.to_string(),
        Kind::Float(value) => format!("{value:?}"),
        Kind::Text(text) => text.clone(),
        Kind::List(nodes) => {
            let entries = nodes.iter().enumerate();
            entries.for_each(|(idx, node)| note_values(values, entry_path(&path, idx), node));
            return;
        }
        Kind::Map(entries) => {
            entries.iter().for_each(|entry| note_values(values, key_path(&path, &entry.key), &entry.value));
            return;
        }
    };
    values.insert(path, text);
}

fn note_places(places: &mut BTreeMap<String, Location>, path: String, location: Location, node: &Node) {
    match &node.kind {
        Kind::List(nodes) => {
            for (idx, node) in nodes.iter().enumerate() {
                note_places(places, entry_path(&path, idx), node.location, node);
            }
        }
        Kind::Map(entries) => {
            for entry in entries {
                let location = place(entry.key_location, &entry.value);
                note_places(places, key_path(&path, &entry.key), location, &entry.value);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) => {}
    }
    places.insert(path, location);
}
