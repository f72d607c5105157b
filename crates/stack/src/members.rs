//! What an entry of a data set stands for: one file or store, everything in a folder, or what a pattern matches.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::formats::has_ending;
use crate::{Formats, StackError, is_url};

/// One file, store or URL of a data set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called in its data set: its path below the folder that was searched, otherwise its file name.
    pub name: PathBuf,
}

/// What an entry of a data set stands for, sorted by path and never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Members {
    /// The files, stores and URLs.
    pub found: Vec<Member>,
    /// Whether they were searched for, in a folder or by a pattern.
    pub is_searched: bool,
}

/// Deeper folders are more likely a loop.
const MAX_DEPTH: usize = 64;

/// Hidden files never match, and `*` stays within a folder.
const PATTERNS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

impl Formats {
    /// What an entry stands for: all files and stores of a format below a folder, what a pattern (`*`, `?`, `[…]`,
    /// `**`) matches, or just itself.
    ///
    /// `format` is a name, or `None` for the endings of all formats. Hidden files and folders are passed over, a Zarr
    /// store counts as one file. Files of `future` are taken as if they were there already. A path that is neither a
    /// folder nor a pattern is returned whether it exists or not, so is a URL.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use patchweave_stack::Formats;
    ///
    /// let members = Formats::default().members(Path::new("data/a.tif"), Some("tiff"), &[])?;
    /// assert_eq!(members.found[0].name, Path::new("a.tif"));
    /// assert!(!members.is_searched);
    /// # Ok::<(), patchweave_stack::StackError>(())
    /// ```
    ///
    /// # Errors
    /// [`StackError::NoMembers`] if a folder or a pattern stands for nothing, [`StackError::Io`] if a folder cannot be
    /// listed.
    pub fn members(
        &self,
        entry: &Path,
        format: Option<&str>,
        future: &[PathBuf],
    ) -> Result<Members, StackError> {
        let endings: Vec<String> = match format {
            Some(name) => self.named(name).map_or(Vec::new(), |format| endings(format.extensions())),
            None => self.all().flat_map(|format| endings(format.extensions())).collect(),
        };
        let takes_stores = format.is_none_or(|name| name == "zarr");
        let search = Search { endings, takes_stores };
        let is_planned = future.iter().any(|file| file == entry);
        let pattern = if is_url(entry) || is_planned || entry.exists() { None } else { as_pattern(entry) };
        let (base, paths) = if let Some(pattern) = pattern {
            let mut paths = search.matches(entry, &pattern)?;
            paths.extend(future.iter().filter(|file| pattern.matches_path_with(file, PATTERNS)).cloned());
            (fixed_part(entry), paths)
        } else if is_folder(entry, &search) || future.iter().any(|file| is_below(file, entry)) {
            let mut paths = BTreeSet::new();
            if entry.is_dir() {
                search.below(entry, &mut Vec::new(), &mut paths)?;
            }
            paths.extend(future.iter().filter(|file| is_below(file, entry) && search.fits(file)).cloned());
            (entry.to_owned(), paths)
        } else {
            let name = entry.file_name().map_or(entry.into(), PathBuf::from);
            let member = Member { path: entry.to_owned(), name };
            return Ok(Members { found: vec![member], is_searched: false });
        };
        if paths.is_empty() {
            let stack = entry.display().to_string();
            return Err(StackError::NoMembers { stack, endings: search.endings.join(", ") });
        }
        let member =
            |path: PathBuf| Member { name: path.strip_prefix(&base).unwrap_or(&path).to_owned(), path };
        Ok(Members { found: paths.into_iter().map(member).collect(), is_searched: true })
    }
}

/// Which files and stores are looked for.
struct Search {
    endings: Vec<String>,
    takes_stores: bool,
}

impl Search {
    fn fits(&self, path: &Path) -> bool {
        self.endings.iter().any(|ending| has_ending(path, ending))
    }

    /// Whatever a pattern matches, except for folders that are none of these.
    fn matches(&self, entry: &Path, pattern: &Pattern) -> Result<BTreeSet<PathBuf>, StackError> {
        let failed = |source: std::io::Error| listing_failed(entry, source);
        let found = glob::glob_with(pattern.as_str(), PATTERNS)
            .map_err(|error| failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, error)))?;
        let base = fixed_part(entry);
        let mut paths = BTreeSet::new();
        for path in found {
            let path = path.map_err(|error| failed(error.into()))?;
            if is_in_a_circle(&path, &base) {
                continue;
            }
            let is_inside = path.ancestors().skip(1).any(is_store);
            if !path.is_dir() || self.fits(&path) || is_inside || is_store(&path) {
                paths.insert(path);
            }
        }
        Ok(paths)
    }

    /// Everything that fits below a folder; `above` are the folders on the way, so that links cannot lead in circles.
    fn below(
        &self,
        folder: &Path,
        above: &mut Vec<PathBuf>,
        paths: &mut BTreeSet<PathBuf>,
    ) -> Result<(), StackError> {
        let failed = |source| listing_failed(folder, source);
        let real = folder.canonicalize().map_err(failed)?;
        if above.contains(&real) {
            return Ok(());
        }
        if above.len() == MAX_DEPTH {
            let source = std::io::Error::other(format!("it is more than {MAX_DEPTH} folders deep"));
            return Err(failed(source));
        }
        above.push(real);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if !path.is_dir() {
                if self.fits(&path) {
                    paths.insert(path);
                }
            } else if is_store(&path) {
                if self.takes_stores {
                    paths.insert(path);
                }
            } else {
                self.below(&path, above, paths)?;
            }
        }
        above.pop();
        Ok(())
    }
}

fn endings(extensions: &[&str]) -> Vec<String> {
    extensions.iter().map(|extension| (*extension).to_owned()).collect()
}

fn listing_failed(folder: &Path, source: std::io::Error) -> StackError {
    StackError::Io { stack: folder.display().to_string(), action: "list the files", source }
}

/// Whether a folder is a Zarr store, or a node of one.
fn is_store(folder: &Path) -> bool {
    has_ending(folder, "zarr")
        || ["zarr.json", ".zgroup", ".zarray"].iter().any(|metadata| folder.join(metadata).is_file())
}

/// Whether the way from `base` to a path leads through the same folder twice, as links make it possible.
fn is_in_a_circle(path: &Path, base: &Path) -> bool {
    let mut seen = BTreeSet::new();
    let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(base));
    folders.filter_map(|folder| folder.canonicalize().ok()).any(|folder| !seen.insert(folder))
}

/// Whether an entry is a folder to search, rather than a store or a place in one.
fn is_folder(entry: &Path, search: &Search) -> bool {
    entry.is_dir() && !search.fits(entry) && !entry.ancestors().any(is_store)
}

fn is_below(file: &Path, folder: &Path) -> bool {
    file != folder && file.starts_with(folder)
}

/// An entry as a pattern, if it is one.
fn as_pattern(entry: &Path) -> Option<Pattern> {
    let text = entry.to_str().filter(|text| text.contains(['*', '?', '[']))?;
    Pattern::new(text).ok()
}

/// The folder before the first part with a wildcard.
fn fixed_part(entry: &Path) -> PathBuf {
    let is_fixed = |part: &std::path::Component<'_>| {
        part.as_os_str().to_str().is_some_and(|part| !part.contains(['*', '?', '[']))
    };
    entry.components().take_while(is_fixed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(members: Result<Members, StackError>) -> Vec<String> {
        members.unwrap().found.iter().map(|member| member.name.display().to_string()).collect()
    }

    #[test]
    fn folders_are_searched_for_files_and_stores() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in ["b.tif", "a/c.TIFF", "a/.hidden.tif", ".hidden/d.tif", "a/notes.txt", "s.zarr/d.tif"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(root, root.join("a/loop")).unwrap();
        let formats = Formats::default();
        assert_eq!(names(formats.members(root, Some("tiff"), &[])), ["a/c.TIFF", "b.tif"]);
        assert_eq!(names(formats.members(root, Some("zarr"), &[])), ["s.zarr"]);
        assert_eq!(names(formats.members(root, None, &[])), ["a/c.TIFF", "b.tif", "s.zarr"]);
        assert_eq!(
            names(formats.members(&root.join("**/*.tif"), Some("tiff"), &[])),
            ["b.tif", "s.zarr/d.tif"]
        );
        assert_eq!(names(formats.members(&root.join("[ab]*"), None, &[])), ["b.tif"]);
        let future = [root.join("b2.tif"), root.join("new/e.tif"), root.join("new/e.ome.zarr")];
        assert_eq!(names(formats.members(&root.join("b*"), Some("tiff"), &future)), ["b.tif", "b2.tif"]);
        assert_eq!(names(formats.members(&root.join("new"), Some("tiff"), &future)), ["e.tif"]);
        assert_eq!(names(formats.members(&root.join("s.zarr/0"), Some("zarr"), &[])), ["0"]);
        assert_eq!(names(formats.members(Path::new("s3://b/*.tif"), Some("tiff"), &[])), ["*.tif"]);
        let error = formats.members(&root.join("a"), Some("npy"), &[]).unwrap_err();
        assert!(
            error.to_string().ends_with("got no image, expected at least one whose name ends in npy, npz")
        );
    }

    /// A name with wildcards that exists is a name.
    #[test]
    fn files_may_look_like_patterns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a[1].tif");
        fs::write(&path, "").unwrap();
        let members = Formats::default().members(&path, Some("tiff"), &[]).unwrap();
        assert_eq!((members.found[0].path.clone(), members.is_searched), (path, false));
    }
}
