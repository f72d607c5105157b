//! Real images beside the repository, for tests that can do without them.
#![expect(clippy::print_stderr, reason = "a test that cannot run says so")]

use std::path::{Path, PathBuf};

/// Names the folder of real images.
const VARIABLE: &str = "PATCHWEAVE_TEST_DATA";

/// Lists the images of the folder.
const MANIFEST: &str = "MANIFEST.tsv";

/// The folder of real images: the one that `PATCHWEAVE_TEST_DATA` names, else `../shared/data` beside the
/// workspace if that exists.
///
/// Without a folder it says on standard error that the test is skipped; the test then ends.
///
/// # Panics
/// If a folder is named or stands there, but holds no `MANIFEST.tsv`: a test must not pass because its data is gone.
#[must_use]
pub fn real_data() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let beside = workspace.parent()?.join("shared/data");
    folder(std::env::var_os(VARIABLE).map(PathBuf::from), beside)
}

/// The folder that is named, or else the one beside the workspace if it is there.
fn folder(named: Option<PathBuf>, beside: PathBuf) -> Option<PathBuf> {
    let Some(folder) = named.or_else(|| beside.exists().then_some(beside)) else {
        eprintln!("skipped: no real images; {VARIABLE} may name their folder");
        return None;
    };
    assert!(
        folder.join(MANIFEST).is_file(),
        "got no {MANIFEST} in {}, expected the folder of real images; unset {VARIABLE} to skip these tests",
        folder.display()
    );
    Some(folder)
}

/// One line of the folder's `MANIFEST.tsv`.
#[derive(Debug, Clone, PartialEq)]
pub struct RealFile {
    /// What the image is good for, such as `b_stack_3d`.
    pub category: String,
    /// Path below the folder.
    pub path: PathBuf,
    /// Sizes as another reader found them; empty if it did not.
    pub shape: Vec<usize>,
    /// Axes as another reader found them, in its letters.
    pub axes: String,
    /// `ok`, or how reading failed.
    pub reads: String,
    /// Smallest, largest and mean pixel with about six digits, if they are known.
    pub min_max_mean: Option<[f64; 3]>,
}

/// The files that the manifest of a folder of real images lists.
///
/// # Errors
/// [`std::io::Error`] if there is no manifest or it lacks a column.
pub fn real_files(folder: &Path) -> std::io::Result<Vec<RealFile>> {
    let text = std::fs::read_to_string(folder.join(MANIFEST))?;
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let column = |name: &str| {
        let at = header.iter().position(|title| *title == name);
        at.ok_or_else(|| std::io::Error::other(format!("the manifest has no column {name:?}")))
    };
    let columns = [
        column("category")?,
        column("path")?,
        column("shape")?,
        column("axes")?,
        column("reads")?,
        column("details")?,
    ];
    let file = |line: Vec<&str>| {
        let [category, path, shape, axes, reads, details] =
            columns.map(|at| line.get(at).copied().unwrap_or_default());
        RealFile {
            category: category.to_owned(),
            path: PathBuf::from(path),
            shape: shape.split('x').filter_map(|size| size.parse().ok()).collect(),
            axes: axes.to_owned(),
            reads: reads.to_owned(),
            min_max_mean: min_max_mean(details),
        }
    };
    Ok(lines.map(file).collect())
}

fn min_max_mean(details: &str) -> Option<[f64; 3]> {
    let (_, values) = details.split_once("min/max/mean=")?;
    let values = values.split([';', ' ']).next()?;
    let numbers: Vec<f64> = values.split('/').filter_map(|number| number.parse().ok()).collect();
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is named or stands there has to hold the images; without one, tests are skipped.
    #[test]
    fn tests_do_not_pass_because_their_data_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let here = place.path().to_owned();
        let gone = place.path().join("gone");
        let is_refused = |named: Option<&PathBuf>, beside: &PathBuf| {
            std::panic::catch_unwind(|| folder(named.cloned(), beside.clone())).is_err()
        };
        assert!(is_refused(None, &here) && is_refused(Some(&here), &gone) && is_refused(Some(&gone), &gone));
        assert_eq!(folder(None, gone.clone()), None);
        std::fs::write(here.join(MANIFEST), "").unwrap();
        assert_eq!(folder(None, here.clone()), Some(here.clone()));
        assert_eq!(folder(Some(here.clone()), gone.clone()), Some(here.clone()));
        assert!(is_refused(Some(&gone), &here), "the named one counts");
    }

    #[test]
    fn details_hold_three_numbers() {
        let details = "TIFF; flags=uniform; min/max/mean=-128/127/-0.5";
        assert_eq!(min_max_mean(details), Some([-128.0, 127.0, -0.5]));
        assert_eq!(min_max_mean("TIFF; pages=1"), None);
    }
}
