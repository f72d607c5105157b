//! Any YAML file as a tree of values that knows the places of its keys.

use std::path::Path;

use super::values::Reader;
use crate::text::{Complaint, ConfigErrors, ConfigValue, Origin, Problem, yaml};

/// A YAML file whose keys this crate does not know: its values, and problems at their places.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{ConfigTree, ConfigValue};
///
/// let tree = ConfigTree::parse("name: net\ninputs:\n- {axes: byxc}\n", Path::new("rdf.yaml"))?;
/// assert_eq!(tree.root().get("name"), Some(&ConfigValue::Text("net".into())));
/// let problem = tree.problem_at("inputs[0].axes", "got \"byxc\"", "letters of bczyx");
/// assert_eq!((problem.line, problem.column), (3, 10));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigTree {
    root: ConfigValue,
    origin: Origin,
}

impl ConfigTree {
    /// Parses a text; `file` is what messages call it.
    ///
    /// # Errors
    /// [`ConfigErrors`] where the text is no YAML, has a key twice, or is larger than any configuration.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigErrors> {
        let document = yaml::read(text);
        let origin = Origin::new(file, text, document.root.as_ref());
        let mut reader = Reader::new(&origin, &|_| None);
        reader.report_refusals(document.refusals);
        let (problems, _) = reader.into_findings();
        match document.root {
            Some(root) if problems.is_empty() => Ok(ConfigTree { root: ConfigValue::of(&root.kind), origin }),
            _ => Err(ConfigErrors::new(file.to_owned(), problems)),
        }
    }

    /// The value of the whole file.
    pub fn root(&self) -> &ConfigValue {
        &self.root
    }

    /// A problem of the key with a path such as `inputs[0].axes`; it is at the nearest key above where the file lacks it.
    pub fn problem_at(
        &self,
        key_path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Problem {
        let at = self.origin.nearest(key_path);
        self.origin.problem(at, key_path, Complaint::new(found, expected))
    }

    /// Problems of this file, in the order of its lines.
    pub fn errors(&self, problems: Vec<Problem>) -> ConfigErrors {
        ConfigErrors::new(self.origin.file().to_owned(), problems)
    }
}
