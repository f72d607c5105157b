//! Warnings: settings that are accepted, but probably not intended.

use std::fmt;
use std::path::PathBuf;

use super::problem::Excerpt;

/// A setting that is accepted, but has no effect, or probably not the intended one.
///
/// It is printed as `file:line:column: key: message`, followed by the line itself.
///
/// ```
/// use std::path::Path;
///
/// let text = "
/// output: out
/// data_config:
///   mode: training
///   data_type: tiff
///   axes: YX
///   patching: {name: random, patch_size: [64, 64]}
///   normalization: {name: none}
///   train_dataloader_params: {shuffle: false}
/// train: {input: a.tiff}
/// ";
/// let plan = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?;
/// let expected = "\
/// a.yaml:9:38: data_config.train_dataloader_params.shuffle: patches come in the same order in every epoch; shuffle: true usually trains better
///   |
/// 9 |   train_dataloader_params: {shuffle: false}
///   |                                      ^^^^^";
/// assert_eq!(plan.warnings[0].to_string(), expected);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The configuration file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters.
    pub column: usize,
    /// The path of the key, such as `data_config.channels`.
    pub key_path: String,
    /// Why the setting is probably not intended.
    pub message: String,
    /// The line of the key.
    pub excerpt: Excerpt,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Warning { line, column, key_path, message, .. } = self;
        write!(f, "{}:{line}:{column}: {key_path}: {message}", self.file.display())?;
        self.excerpt.write(f, *line)
    }
}
