//! A package: where it lies and what it says of itself.

use std::fmt;
use std::path::Path;

use patchweave_config::ConfigTree;

use crate::checksum::sha256;
use crate::place::{Place, find};
use crate::read::read_description;
use crate::{AxisDescr, Description, FileDescr, TensorDescr, ZooError};

/// A package of the BioImage Model Zoo, of format 0.4 or 0.5, with ONNX weights.
///
/// It is a folder with a file `bioimageio.yaml` or `rdf.yaml`, a ZIP archive of such a folder, or the file itself. What is
/// opened was checked: all fields that matter for predicting, but no other file of the package yet.
///
/// ```no_run
/// use patchweave_zoo::Package;
///
/// println!("{}", Package::open("nuclei.zip".as_ref())?);
/// # Ok::<(), patchweave_zoo::ZooError>(())
/// ```
pub struct Package {
    place: Place,
    tree: ConfigTree,
    description: Description,
}

impl Package {
    /// Opens a package and checks its description.
    ///
    /// # Errors
    /// [`ZooError`] if there is none, or [`ZooError::Fields`] with all problems of its fields.
    pub fn open(path: &Path) -> Result<Self, ZooError> {
        let found = find(path)?;
        let tree = ConfigTree::parse(&found.text, &found.file)?;
        let description = read_description(&tree)?;
        Ok(Package { place: found.place, tree, description })
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Its folder or archive.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Reads a file of at most `limit` bytes and compares its checksum.
    pub(crate) fn read(&self, file: &FileDescr, limit: u64) -> Result<Vec<u8>, ZooError> {
        let bytes = self
            .place
            .read(&file.source, limit)
            .map_err(|not_had| self.refused(&file.source_path, not_had.found, not_had.expected))?;
        if let Some(expected) = &file.sha256 {
            let got = sha256(&bytes);
            if !got.eq_ignore_ascii_case(expected) {
                let found = format!("{} has the SHA-256 checksum {got}", file.source);
                return Err(self.refused(&format!("{}.sha256", file.path), found, expected));
            }
        }
        Ok(bytes)
    }

    /// A problem of a field that only its files reveal.
    pub(crate) fn refused(
        &self,
        path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> ZooError {
        self.tree.errors(vec![self.tree.problem_at(path, found, expected)]).into()
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Package")
            .field("path", &self.path())
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Description { format_version, name, text, input, outputs, weights } = &self.description;
        writeln!(f, "{}", self.path().display())?;
        writeln!(f, "  {name}, format {format_version}")?;
        if !text.trim().is_empty() {
            writeln!(f, "  {}", text.split_whitespace().collect::<Vec<_>>().join(" "))?;
        }
        write!(f, "  weights: {}", weights.file.source)?;
        if let Some(version) = weights.opset_version {
            write!(f, ", version {version} of the operators")?;
        }
        if let Some(data) = &weights.external_data {
            write!(f, ", with {}", data.source)?;
        }
        tensor(f, "input", "before the network", input)?;
        for output in outputs {
            tensor(f, "output", "after the network", output)?;
        }
        Ok(())
    }
}

fn tensor(f: &mut fmt::Formatter<'_>, what: &str, when: &str, tensor: &TensorDescr) -> fmt::Result {
    let axes: Vec<String> = tensor.axes.iter().map(axis).collect();
    write!(f, "\n  {what} {}: {}, {}", tensor.id, axes.join(", "), tensor.data_type)?;
    if tensor.are_labels {
        f.write_str(", labels")?;
    }
    tensor.steps.iter().try_for_each(|step| write!(f, "\n    {when}: {step}"))
}

fn axis(axis: &AxisDescr) -> String {
    let halo = if axis.halo > 0 { format!(" (halo {})", axis.halo) } else { String::new() };
    format!("{} {}{halo}", axis.id, axis.size)
}
