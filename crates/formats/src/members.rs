//! What an entry of a data set stands for: one file or store, everything in a folder, or what a pattern matches.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use patchweave_files::{BadPath, check_path};
use patchweave_stack::StackError;

use crate::ending::has_ending;
use crate::pattern::{PathPattern, Unlisted, enter};
use crate::{Formats, is_url};

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
    /// What was searched for and passed over, and why, for people.
    pub notes: Vec<String>,
}

impl Formats {
    /// What an entry stands for: all files and stores of a format below a folder, what a pattern (`*`, `?`, `[…]`,
    /// `**`) matches, or just itself.
    ///
    /// `format` is a name, or `None` for the endings of all formats. Hidden files and folders are ignored unless the
    /// pattern writes the dot of their names, a Zarr store counts as one file. Named pipes, sockets and devices are ignored with a note; links to nowhere are
    /// not, so that opening them says where they lead. Files of `future` are taken as if they were there already. A
    /// path that is neither a folder nor a pattern is returned whether it exists or not, so is a URL.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use patchweave_formats::Formats;
    ///
    /// let members = Formats::default().members(Path::new("data/a.tif"), Some("tiff"), &[])?;
    /// assert_eq!(members.found[0].name, Path::new("a.tif"));
    /// assert!(!members.is_searched);
    /// # Ok::<(), patchweave_stack::StackError>(())
    /// ```
    ///
    /// # Errors
    /// [`StackError::NoMembers`] if a folder or a pattern stands for nothing, [`StackError::Path`] if the folder of a
    /// pattern does not exist or nothing but pipes and the like was found, [`StackError::Io`] if a folder cannot be
    /// listed or a pattern is none.
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
        let is_path = is_url(entry) || is_planned || entry.exists();
        let pattern = if is_path { None } else { PathPattern::of(entry) };
        let mut found = Found::default();
        let base = if let Some(pattern) = pattern {
            let no_pattern = |error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error);
            let pattern = pattern.map_err(|error| listing_failed(entry, no_pattern(error)))?;
            let planned: Vec<_> = future.iter().filter(|file| pattern.matches(file)).cloned().collect();
            if planned.is_empty() {
                check_path(pattern.fixed()).map_err(StackError::Path)?;
            }
            search.matches(&pattern, &mut found)?;
            found.paths.extend(planned);
            pattern.fixed().to_owned()
        } else if is_folder(entry, &search) || future.iter().any(|file| is_below(file, entry)) {
            if entry.is_dir() {
                search.below(entry, &mut Vec::new(), &mut found)?;
            }
            let planned = future.iter().filter(|file| is_below(file, entry) && search.fits(file));
            found.paths.extend(planned.cloned());
            entry.to_owned()
        } else {
            let name = entry.file_name().map_or(entry.into(), PathBuf::from);
            let member = Member { path: entry.to_owned(), name };
            return Ok(Members { found: vec![member], is_searched: false, notes: Vec::new() });
        };
        let Found { paths, passed_over } = found;
        if paths.is_empty() {
            if let Some(special) = passed_over.into_iter().next() {
                return Err(StackError::Path(special));
            }
            let stack = entry.display().to_string();
            return Err(StackError::NoMembers { stack, endings: search.endings.join(", ") });
        }
        let member =
            |path: PathBuf| Member { name: path.strip_prefix(&base).unwrap_or(&path).to_owned(), path };
        let notes = passed_over.iter().map(|special| format!("{special}; it is ignored")).collect();
        Ok(Members { found: paths.into_iter().map(member).collect(), is_searched: true, notes })
    }
}

/// What a search has found.
#[derive(Default)]
struct Found {
    paths: BTreeSet<PathBuf>,
    /// What is neither a file nor a folder.
    passed_over: Vec<BadPath>,
}

impl Found {
    /// Takes what is a file or leads nowhere.
    fn take(&mut self, path: PathBuf) {
        match check_path(&path) {
            Err(special @ BadPath::Special { .. }) => self.passed_over.push(special),
            _ => drop(self.paths.insert(path)),
        }
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
    fn matches(&self, pattern: &PathPattern, found: &mut Found) -> Result<(), StackError> {
        for path in pattern.found().map_err(unlisted)? {
            if !path.is_dir() {
                found.take(path);
            } else if self.fits(&path) || path.ancestors().any(is_store) {
                found.paths.insert(path);
            }
        }
        Ok(())
    }

    /// Everything that fits below a folder; `above` are the folders on the way, so that links cannot lead in circles.
    fn below(&self, folder: &Path, above: &mut Vec<PathBuf>, found: &mut Found) -> Result<(), StackError> {
        let failed = |source| listing_failed(folder, source);
        if !enter(folder, above).map_err(unlisted)? {
            return Ok(());
        }
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if !path.is_dir() {
                if self.fits(&path) {
                    found.take(path);
                }
            } else if is_store(&path) {
                if self.takes_stores {
                    found.paths.insert(path);
                }
            } else {
                self.below(&path, above, found)?;
            }
        }
        above.pop();
        Ok(())
    }
}

fn unlisted(Unlisted { folder, source }: Unlisted) -> StackError {
    listing_failed(&folder, source)
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

/// Whether an entry is a folder to search, rather than a store or a place in one.
fn is_folder(entry: &Path, search: &Search) -> bool {
    entry.is_dir() && !search.fits(entry) && !entry.ancestors().any(is_store)
}

fn is_below(file: &Path, folder: &Path) -> bool {
    file != folder && file.starts_with(folder)
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

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let folder = tempfile::tempdir().unwrap();
        let formats = Formats::default();
        let nowhere = folder.path().join("raw/*.tif");
        let error = formats.members(&nowhere, Some("tiff"), &[]).unwrap_err().to_string();
        let expected =
            format!("raw does not exist, the nearest folder that does is {}", folder.path().display());
        assert!(error.ends_with(&expected), "{error}");
        let future = [folder.path().join("raw/a.tif")];
        assert_eq!(names(formats.members(&nowhere, Some("tiff"), &future)), ["a.tif"]);
        let error = formats.members(&folder.path().join("a**.tif"), None, &[]).unwrap_err();
        assert!(matches!(error, StackError::Io { .. }), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pipes_are_passed_over_and_told_and_links_to_nowhere_are_members() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.tif");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let formats = Formats::default();
        let entries = [folder.path().to_owned(), folder.path().join("*.tif"), folder.path().join("**/*")];
        for entry in &entries {
            let error = formats.members(entry, Some("tiff"), &[]).unwrap_err();
            assert!(error.to_string().ends_with("pipe.tif is not a file: a named pipe"), "{error}");
        }
        std::os::unix::fs::symlink("gone", folder.path().join("link.tif")).unwrap();
        for entry in &entries {
            let members = formats.members(entry, Some("tiff"), &[]).unwrap();
            assert_eq!(
                members.notes,
                [format!("{} is not a file: a named pipe; it is ignored", pipe.display())]
            );
            assert_eq!(names(Ok(members)), ["link.tif"]);
        }
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
