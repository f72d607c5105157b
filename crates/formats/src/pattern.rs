//! Patterns of paths: `*`, `?` and `[…]` within a name, `**` for any folders between. As in a shell, no
//! wildcard stands for the dot of a hidden name and `**` leads through no hidden folder; where the dot is written out, as in
//! `**/.masks/*.tif`, hidden names are found.
//!
//! Names that are not UTF-8 are matched as they are shown: what cannot be shown is one letter, which `?` and `*` match.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern, PatternError};

/// Deeper folders are more likely a loop.
pub(crate) const MAX_DEPTH: usize = 64;

/// Hidden files never match, and `*` stays within a folder.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// A pattern, part by part.
#[derive(Debug)]
pub(crate) struct PathPattern {
    fixed: PathBuf,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Name(OsString),
    Names(Pattern),
    /// Any number of folders, none of them hidden.
    Folders,
}

/// A folder that cannot be searched.
#[derive(Debug)]
pub(crate) struct Unlisted {
    pub folder: PathBuf,
    pub source: io::Error,
}

impl PathPattern {
    /// A path as a pattern; `None` if it has no wildcard.
    pub fn of(path: &Path) -> Option<Result<Self, PatternError>> {
        let fixed: PathBuf = path.components().take_while(|part| !is_wild(*part)).collect();
        let rest = path.strip_prefix(&fixed).unwrap_or(path);
        if rest == Path::new("") {
            return None;
        }
        Some(rest.components().map(Part::of).collect::<Result<Vec<_>, _>>().map(|mut parts| {
            // Any folders twice are any folders, and would be searched once for every way to divide them.
            parts.dedup_by(|next, part| matches!((part, next), (Part::Folders, Part::Folders)));
            PathPattern { fixed, parts }
        }))
    }

    /// The folder before the first part with a wildcard.
    pub fn fixed(&self) -> &Path {
        &self.fixed
    }

    /// Whether a path has this form, be it there or not.
    pub fn matches(&self, path: &Path) -> bool {
        let Ok(rest) = path.strip_prefix(&self.fixed) else { return false };
        let names: Vec<&OsStr> = rest.iter().collect();
        matches(&self.parts, &names)
    }

    /// Everything that exists and has this form, folders too.
    ///
    /// # Errors
    /// [`Unlisted`] for a folder on the way that cannot be listed.
    pub fn found(&self) -> Result<BTreeSet<PathBuf>, Unlisted> {
        let mut found = BTreeSet::new();
        find(&self.fixed, &self.parts, &mut Vec::new(), &mut found)?;
        Ok(found)
    }
}

impl Part {
    fn of(part: Component<'_>) -> Result<Self, PatternError> {
        if !is_wild(part) {
            return Ok(Part::Name(part.as_os_str().to_owned()));
        }
        match part.as_os_str().to_string_lossy().as_ref() {
            "**" => Ok(Part::Folders),
            pattern => Pattern::new(pattern).map(Part::Names),
        }
    }
}

fn is_wild(part: Component<'_>) -> bool {
    part.as_os_str().as_encoded_bytes().iter().any(|byte| b"*?[".contains(byte))
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn has_form(name: &OsStr, pattern: &Pattern) -> bool {
    pattern.matches_with(&name.to_string_lossy(), OPTIONS)
}

fn matches(parts: &[Part], names: &[&OsStr]) -> bool {
    match (parts, names) {
        ([], names) => names.is_empty(),
        ([Part::Folders, rest @ ..], names) => {
            matches(rest, names)
                || names
                    .split_first()
                    .is_some_and(|(first, below)| !is_hidden(first) && matches(parts, below))
        }
        ([Part::Name(name), rest @ ..], [first, below @ ..]) => name == first && matches(rest, below),
        ([Part::Names(pattern), rest @ ..], [first, below @ ..]) => {
            has_form(first, pattern) && matches(rest, below)
        }
        (_, []) => false,
    }
}

/// Adds what has the form of `parts` below a folder; `above` are the folders that `**` has led through, so that links
/// cannot lead in circles.
fn find(
    folder: &Path,
    parts: &[Part],
    above: &mut Vec<PathBuf>,
    found: &mut BTreeSet<PathBuf>,
) -> Result<(), Unlisted> {
    let Some((first, rest)) = parts.split_first() else {
        found.insert(folder.to_owned());
        return Ok(());
    };
    match first {
        Part::Name(name) => {
            let path = folder.join(name);
            // A link to nowhere is there, so that whoever opens it says where it leads.
            if fs::symlink_metadata(&path).is_ok() { find(&path, rest, above, found) } else { Ok(()) }
        }
        Part::Names(pattern) => {
            for Entry { name, is_folder } in entries(folder)? {
                if (is_folder || rest.is_empty()) && has_form(&name, pattern) {
                    find(&folder.join(name), rest, above, found)?;
                }
            }
            Ok(())
        }
        Part::Folders => {
            if !enter(folder, above)? {
                return Ok(());
            }
            find(folder, rest, above, found)?;
            for Entry { name, is_folder } in entries(folder)? {
                if is_folder && !is_hidden(&name) {
                    find(&folder.join(name), parts, above, found)?;
                }
            }
            above.pop();
            Ok(())
        }
    }
}

/// Notes that a search is in a folder; whether it was not in it already.
///
/// # Errors
/// [`Unlisted`] if it is too deep or not there.
pub(crate) fn enter(folder: &Path, above: &mut Vec<PathBuf>) -> Result<bool, Unlisted> {
    let failed = |source| Unlisted { folder: folder.to_owned(), source };
    let shown = if folder == Path::new("") { Path::new(".") } else { folder };
    let real = match shown.canonicalize() {
        Ok(real) => real,
        // `a/**` of something that is no folder stands for nothing.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    if above.contains(&real) {
        return Ok(false);
    }
    if above.len() == MAX_DEPTH {
        return Err(failed(io::Error::other(format!("it is more than {MAX_DEPTH} folders deep"))));
    }
    above.push(real);
    Ok(true)
}

/// A name in a folder, and whether it is a folder itself, behind links as well.
struct Entry {
    name: OsString,
    is_folder: bool,
}

/// What is in a folder; nothing if it is none.
fn entries(folder: &Path) -> Result<Vec<Entry>, Unlisted> {
    let failed = |source| Unlisted { folder: folder.to_owned(), source };
    let shown = if folder == Path::new("") { Path::new(".") } else { folder };
    let listed = match fs::read_dir(shown) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        listed => listed.map_err(failed)?,
    };
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.map_err(failed)?;
        let is_folder = match entry.file_type() {
            Ok(found) if found.is_symlink() => entry.path().is_dir(),
            Ok(found) => found.is_dir(),
            Err(error) => return Err(failed(error)),
        };
        Ok(Entry { name: entry.file_name(), is_folder })
    };
    listed.map(entry).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(path: &Path) -> PathPattern {
        PathPattern::of(path).unwrap().unwrap()
    }

    #[test]
    fn paths_without_wildcards_are_none() {
        assert!(PathPattern::of(Path::new("a/b.tif")).is_none());
        assert!(PathPattern::of(Path::new("")).is_none());
        assert_eq!(pattern(Path::new("a/b/*.tif")).fixed(), Path::new("a/b"));
        assert!(PathPattern::of(Path::new("a/b**.tif")).unwrap().is_err());
        assert!(PathPattern::of(Path::new("a/[.tif")).unwrap().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf_8_are_one_letter_where_they_cannot_be_shown() {
        use std::os::unix::ffi::OsStrExt;

        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join(OsStr::from_bytes(b"d\xe9"));
        let path = deep.join(OsStr::from_bytes(b"caf\xe9.tif"));
        fs::create_dir(&deep).unwrap();
        fs::write(&path, "").unwrap();
        for text in ["**/*.tif", "d?/caf?.tif", "d*/caf*", "**/caf[!e].tif"] {
            let pattern = pattern(&folder.path().join(text));
            assert_eq!(pattern.found().unwrap(), BTreeSet::from([path.clone()]), "{text}");
            assert!(pattern.matches(&path), "{text}");
        }
        assert!(pattern(&folder.path().join("*/cafe.*")).found().unwrap().is_empty());
        assert_eq!(pattern(&deep.join("*")).found().unwrap().len(), 1, "fixed parts are taken as they are");
    }

    #[test]
    fn hidden_names_are_found_where_they_are_written_out() {
        let folder = tempfile::tempdir().unwrap();
        for place in [".masks", "a/.masks", "a/b/.masks", ".c/.masks"] {
            fs::create_dir_all(folder.path().join(place)).unwrap();
            fs::write(folder.path().join(place).join("x.tif"), "").unwrap();
        }
        let found = |text: &str| {
            let pattern = pattern(&folder.path().join(text));
            let found = pattern.found().unwrap();
            assert!(found.iter().all(|path| pattern.matches(path)), "{text}");
            found.len()
        };
        assert_eq!(found("**/.masks/*.tif"), 3, "not below .c");
        assert_eq!((found("*/.masks/x.tif"), found(".c/*/x.tif"), found("**/.m*/*.tif")), (1, 0, 3));
        assert_eq!(found(".c/.masks/*"), 1);
    }

    const NAMES: [&str; 7] = ["a", "ab", "b.tif", "é.tif", ".a", "[x", "a{b}"];
    const PARTS: [&str; 14] =
        ["a", "ab", "b.tif", "*", "a*", "?", "?.tif", "*.tif", "[!b]*", ".a*", "**", "[[]x", "a{b}", ".a"];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// What is found is what is there and what the crate `glob` says has this form; its own search finds no more, and
        /// passes over hidden names that are written out.
        #[test]
        fn patterns_mean_what_they_mean_elsewhere(
            tree in prop::collection::vec(prop::collection::vec(prop::sample::select(&NAMES[..]), 1..4), 1..8),
            parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 1..4),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut there = BTreeSet::new();
            for path in &tree {
                // The last is a file unless a folder of its name is there.
                let path = folder.path().join(path.join("/"));
                if fs::create_dir_all(path.parent().unwrap()).is_ok() {
                    let _ = fs::write(&path, "");
                }
                let above = path.ancestors().take_while(|above| *above != folder.path());
                there.extend(above.filter(|path| path.exists()).map(Path::to_owned));
            }
            // Elsewhere, folders at the end of a pattern have a meaning of their own.
            prop_assume!(parts.last() != Some(&"**"));
            let path = folder.path().join(parts.join("/"));
            let text = path.to_str().unwrap();
            let searched = glob::glob_with(text, OPTIONS).unwrap().map(Result::unwrap);
            match PathPattern::of(&path) {
                None => prop_assert_eq!(searched.count(), usize::from(path.exists())),
                Some(ours) => {
                    let ours = ours.unwrap();
                    let theirs = Pattern::new(text).unwrap();
                    there.retain(|path| theirs.matches_path_with(path, OPTIONS));
                    prop_assert_eq!(&ours.found().unwrap(), &there);
                    prop_assert!(there.iter().all(|path| ours.matches(path)));
                    prop_assert!(searched.into_iter().all(|path| there.contains(&path)));
                }
            }
        }
    }
}
