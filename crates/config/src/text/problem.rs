//! Problems of a file: a single one, all of them, and how they are printed.

use std::fmt;
use std::path::{Path, PathBuf};

use super::suggest::nearest;

/// One problem of a file, and its place.
///
/// It is printed as `file:line:column: key: found, expected …; did you mean …?`, followed by the line itself.
///
/// ```
/// use std::path::Path;
///
/// let text = "output: out\ndata_config: {mode: trainin}\n";
/// let errors = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None).unwrap_err();
/// let problem = errors.problems.iter().find(|p| p.key_path == "data_config.mode").unwrap();
/// assert_eq!((problem.line, problem.column), (2, 21));
/// assert_eq!(problem.found, "got \"trainin\"");
/// assert_eq!(problem.expected, "training, validating or predicting");
/// assert_eq!(problem.suggestion.as_deref(), Some("training"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The configuration file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// The path of the key, such as `data_config.patching.patch_size[1]`; empty for the file as a whole.
    pub key_path: String,
    /// What was found: `got 5`, `missing`, `unknown key`.
    pub found: String,
    /// What would be accepted.
    pub expected: String,
    /// A known name that is similar to the one in the file.
    pub suggestion: Option<String>,
    /// The line with the problem.
    pub excerpt: Excerpt,
}

/// The line of a problem, or a part of it, in printable characters.
///
/// Every character that does not print is replaced by a space, so that columns are preserved.
///
/// ```
/// use std::path::Path;
///
/// let errors = patchweave_config::parse("output: [", Path::new("a.yaml"), &|_| None).unwrap_err();
/// assert_eq!(errors.problems[0].excerpt.line, "output: [");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, or a window of a long one.
    pub line: String,
    /// The number of characters before the marked ones.
    pub n_before: usize,
    /// The number of marked characters, at least 1.
    pub n_marked: usize,
}

impl Problem {
    /// The problem with the most similar of the known names as a suggestion, if one is similar to what was written.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// let errors = patchweave_config::parse("output: [", Path::new("a.yaml"), &|_| None).unwrap_err();
    /// let problem = errors.problems[0].clone().suggesting("tif", ["ome_zarr", "tiff"]);
    /// assert_eq!(problem.suggestion.as_deref(), Some("tiff"));
    /// ```
    #[must_use]
    pub fn suggesting<'n>(mut self, written: &str, known: impl IntoIterator<Item = &'n str>) -> Self {
        self.suggestion = nearest(written, known).map(str::to_owned);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file.display(), self.line, self.column)?;
        if !self.key_path.is_empty() {
            write!(f, "{}: ", self.key_path)?;
        }
        write!(f, "{}, expected {}", self.found, self.expected)?;
        if let Some(name) = &self.suggestion {
            write!(f, "; did you mean `{name}`?")?;
        }
        self.excerpt.write(f, self.line)
    }
}

impl Excerpt {
    /// Writes the line with its number, and marks under the characters in question.
    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>, line: usize) -> fmt::Result {
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let before = " ".repeat(self.n_before);
        let carets = "^".repeat(self.n_marked);
        write!(f, "\n{margin} |\n{number} | {}\n{margin} | {before}{carets}", self.line)
    }
}

/// All problems of a file in the order of its lines, followed by those of the files that it names.
///
/// ```
/// use std::path::Path;
///
/// let errors = patchweave_config::parse("outptu: out\n", Path::new("a.yaml"), &|_| None).unwrap_err();
/// let expected = "\
/// a.yaml:1:1: data_config: missing, expected a block of keys
///   |
/// 1 | outptu: out
///   | ^
///
/// a.yaml:1:1: outptu: unknown key, expected one of output, overwrite, durability, simulate, reading, data_config, train, predict; did you mean `output`?
///   |
/// 1 | outptu: out
///   | ^^^^^^
///
/// a.yaml:1:1: train: missing, expected `train`, `predict` or both
///   |
/// 1 | outptu: out
///   | ^
///
/// 3 problems in a.yaml";
/// assert_eq!(errors.to_string(), expected);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The configuration file.
    pub file: PathBuf,
    /// At least one problem, sorted by file, line and column.
    pub problems: Vec<Problem>,
}

impl ConfigErrors {
    pub(crate) fn new(file: PathBuf, mut problems: Vec<Problem>) -> ConfigErrors {
        fn place<'p>(file: &Path, problem: &'p Problem) -> (Option<&'p Path>, usize, usize, &'p str) {
            let other = Some(problem.file.as_path()).filter(|own| *own != file);
            (other, problem.line, problem.column, &problem.key_path)
        }
        problems.sort_by(|a, b| place(&file, a).cmp(&place(&file, b)));
        problems.dedup();
        ConfigErrors { file, problems }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            write!(f, "{problem}\n\n")?;
        }
        let noun = if self.problems.len() == 1 { "problem" } else { "problems" };
        write!(f, "{} {noun} in ", self.problems.len())?;
        let mut files: Vec<_> =
            self.problems.iter().map(|problem| problem.file.display().to_string()).collect();
        files.dedup();
        match files.is_empty() {
            true => write!(f, "{}", self.file.display()),
            false => f.write_str(&files.join(" and ")),
        }
    }
}

impl std::error::Error for ConfigErrors {}
