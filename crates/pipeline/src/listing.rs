//! The files of one role of a run, as the entries of the configuration stand for them, and which belong together.
//!
//! Pairs are made by name, so that the order of two lists or folders does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use patchweave_formats::Member;

/// A file and the entry of the configuration that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub member: Member,
    pub entry: usize,
}

/// The files of one role, in the order of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub files: Vec<Listed>,
    /// Whether any were searched for, so that nobody has written their order.
    pub is_searched: bool,
    /// Whether an entry stands for nothing.
    pub is_incomplete: bool,
}

/// Files that cannot be paired: what was found, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpaired {
    pub found: String,
    pub expected: String,
}

impl Listing {
    /// The paths of the files.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.member.path.as_path())
    }

    /// Puts the files into the order of those that they belong to.
    ///
    /// They belong together by their path below the folder that was searched, by that without its ending, by their
    /// file name alone, or by one of these within folders that stand at the same place of both lists, whichever fits
    /// all of them first. Lists whose names have nothing in common keep the order they were
    /// written in.
    ///
    /// # Errors
    /// [`Unpaired`] if files were searched for and do not have the same names, or if the same names occur at
    /// different places and not all of them are paired by name.
    pub fn pair_with(&mut self, partners: &Listing) -> Result<(), Unpaired> {
        if self.files.is_empty() || self.is_incomplete || partners.is_incomplete {
            return Ok(());
        }
        for name in NAMES {
            if let Some(order) = order(partners, self, name) {
                self.files = order.into_iter().filter_map(|at| self.files.get(at).cloned()).collect();
                return Ok(());
            }
        }
        let is_one_each = self.files.len() == 1 && partners.files.len() == 1;
        let is_searched = self.is_searched || partners.is_searched;
        if is_searched && !is_one_each {
            return Err(self.misses(partners));
        }
        match self.crossed(partners) {
            Some((own, partner)) => Err(Unpaired {
                found: format!("{} beside {}", own.display(), partner.display()),
                expected: "files of other names, or the same names once each, because pairs are made by name"
                    .to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The first file without a partner of its name.
    fn misses(&self, partners: &Listing) -> Unpaired {
        let names = |listing: &Listing| listing.files.iter().map(stem).collect::<BTreeSet<_>>();
        let own = names(self);
        let theirs = names(partners);
        let lonely = |listing: &Listing, others: &BTreeSet<PathBuf>| {
            let file = listing.files.iter().find(|file| !others.contains(&stem(file)));
            file.map(|file| file.member.path.clone())
        };
        let found = match (lonely(partners, &own), lonely(self, &theirs)) {
            (Some(path), _) => format!("nothing has the name of {}", path.display()),
            (None, Some(path)) => format!("nothing belongs to {}", path.display()),
            (None, None) => format!("{} files for {}", self.files.len(), partners.files.len()),
        };
        let expected = format!(
            "one file of the same name for each of the {}, because pairs are made by name",
            partners.files.len()
        );
        Unpaired { found, expected }
    }

    /// The first two files side by side whose names occur on both sides, but elsewhere.
    fn crossed<'a>(&'a self, partners: &'a Listing) -> Option<(&'a Path, &'a Path)> {
        let name = |file: &Listed| file.member.path.file_name().map(OsStr::to_owned);
        let names: BTreeSet<_> = self.files.iter().map(name).collect();
        let sides = self.files.iter().zip(&partners.files);
        let crossed = sides
            .into_iter()
            .find(|(own, partner)| name(own) != name(partner) && names.contains(&name(partner)));
        crossed.map(|(own, partner)| (own.member.path.as_path(), partner.member.path.as_path()))
    }
}

/// What a file may be called when partners are looked for, from the strictest on.
const NAMES: [fn(&Listed) -> PathBuf; 6] = [
    |file| file.member.name.clone(),
    stem,
    |file| file.member.path.file_name().map(PathBuf::from).unwrap_or_default(),
    |file| file.member.path.file_stem().map(PathBuf::from).unwrap_or_default(),
    |file| Path::new(&file.entry.to_string()).join(&file.member.name),
    |file| Path::new(&file.entry.to_string()).join(stem(file)),
];

/// The path below the folder that was searched, without its ending.
fn stem(file: &Listed) -> PathBuf {
    file.member.name.with_extension("")
}

/// For every partner the place of the file of its name, if all of them have one and no name occurs twice.
fn order(partners: &Listing, files: &Listing, name: fn(&Listed) -> PathBuf) -> Option<Vec<usize>> {
    let places: BTreeMap<PathBuf, usize> =
        files.files.iter().enumerate().map(|(place, file)| (name(file), place)).collect();
    let wanted: BTreeSet<PathBuf> = partners.files.iter().map(name).collect();
    let are_unique = places.len() == files.files.len() && wanted.len() == partners.files.len();
    if !are_unique || places.len() != wanted.len() {
        return None;
    }
    partners.files.iter().map(|partner| places.get(&name(partner)).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listing(is_searched: bool, paths: &[&str]) -> Listing {
        let listed = |(entry, path): (usize, &&str)| {
            let path = PathBuf::from(path);
            let name = match is_searched {
                true => path.components().skip(1).collect(),
                false => path.file_name().unwrap().into(),
            };
            Listed { member: Member { path, name }, entry }
        };
        Listing { files: paths.iter().enumerate().map(listed).collect(), is_searched, is_incomplete: false }
    }

    fn paired(inputs: &Listing, mut targets: Listing) -> Result<Vec<String>, String> {
        match targets.pair_with(inputs) {
            Ok(()) => Ok(targets.paths().map(|path| path.display().to_string()).collect()),
            Err(Unpaired { found, expected }) => Err(format!("{found}, expected {expected}")),
        }
    }

    fn lists(inputs: &[&str], targets: &[&str]) -> Result<Vec<String>, String> {
        paired(&listing(false, inputs), listing(false, targets))
    }

    fn folders(inputs: &[&str], targets: &[&str]) -> Result<Vec<String>, String> {
        paired(&listing(true, inputs), listing(true, targets))
    }

    #[test]
    fn the_same_names_are_pairs_in_any_order() {
        assert_eq!(lists(&["a/1.tif", "a/2.tif"], &["b/2.tif", "b/1.tif"]).unwrap(), ["b/1.tif", "b/2.tif"]);
        assert_eq!(lists(&["a/1.tif", "a/2.tif"], &["b/2.npy", "b/1.npy"]).unwrap(), ["b/1.npy", "b/2.npy"]);
        // The path below the folder counts before the name.
        let pairs = folders(&["a/x/1.tif", "a/y/1.tif"], &["b/y/1.tif", "b/x/1.tif"]);
        assert_eq!(pairs.unwrap(), ["b/x/1.tif", "b/y/1.tif"]);
        let pairs = folders(&["a/x/1.tif", "a/y/2.tif"], &["b/2.tif", "b/1.tif"]);
        assert_eq!(pairs.unwrap(), ["b/1.tif", "b/2.tif"]);
    }

    #[test]
    fn lists_of_other_names_keep_their_order() {
        assert_eq!(lists(&["1.tif", "2.tif"], &["b.tif", "a.tif"]).unwrap(), ["b.tif", "a.tif"]);
        let stores = lists(&["a.zarr/raw", "b.zarr/raw"], &["a.zarr/clean", "b.zarr/clean"]);
        assert_eq!(stores.unwrap(), ["a.zarr/clean", "b.zarr/clean"]);
        let levels = lists(&["a.zarr/0", "b.zarr/0"], &["c.zarr/0", "d.zarr/0"]);
        assert_eq!(levels.unwrap(), ["c.zarr/0", "d.zarr/0"]);
    }

    #[test]
    fn what_would_mislead_is_refused() {
        assert_eq!(
            lists(&["a/1.tif", "a/2.tif", "a/3.tif"], &["b/2.tif", "b/1.tif", "b/x.tif"]).unwrap_err(),
            "b/2.tif beside a/1.tif, expected files of other names, or the same names once each, because pairs are \
             made by name"
        );
        assert_eq!(
            folders(&["a/1.tif", "a/2.tif"], &["b/1.tif", "b/3.tif"]).unwrap_err(),
            "nothing has the name of a/2.tif, expected one file of the same name for each of the 2, because pairs \
             are made by name"
        );
        assert!(
            folders(&["a/1.tif"], &["b/1.tif", "b/3.tif"]).unwrap_err().starts_with("nothing belongs to b/3")
        );
        assert_eq!(folders(&["a/1.tif"], &["b/other.tif"]).unwrap(), ["b/other.tif"]);
    }

    proptest! {
        /// Whatever the order of the files, the pairs are the same.
        #[test]
        fn order_does_not_matter(names in prop::collection::btree_set("[a-d]{1,3}", 1..8), seed in any::<u64>()) {
            let inputs: Vec<String> = names.iter().map(|name| format!("a/{name}.tif")).collect();
            let mut targets: Vec<String> = names.iter().map(|name| format!("b/{name}.tif")).collect();
            let expected = targets.clone();
            let places = targets.len();
            for (at, turn) in (0..places).zip(0_u32..) {
                targets.swap(at, usize::try_from(seed.rotate_left(7 * turn) % places as u64).unwrap());
            }
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
            prop_assert_eq!(lists(&inputs, &targets).unwrap(), expected.clone());
            prop_assert_eq!(folders(&inputs, &targets).unwrap(), expected);
        }
    }
}
