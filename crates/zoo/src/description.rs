//! What a package says of itself, whichever version of the format it has.

use crate::{AxisDescr, AxisKind, DataType, Step, Tolerance};

/// What a package says of itself; every value is checked.
///
/// ```no_run
/// use patchweave_zoo::Package;
///
/// let package = Package::open("nuclei.zip".as_ref())?;
/// let description = package.description();
/// println!("{} ({}): {} outputs", description.name, description.format_version, description.outputs.len());
/// # Ok::<(), patchweave_zoo::ZooError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Description {
    /// The version of the format, 0.4 or 0.5.
    pub format_version: String,
    /// What the model is called.
    pub name: String,
    /// What it does, in words; may be empty.
    pub text: String,
    /// What it takes.
    pub input: TensorDescr,
    /// What it makes, at least one.
    pub outputs: Vec<TensorDescr>,
    /// Its weights.
    pub weights: WeightsDescr,
}

/// An input or output of a package.
///
/// ```no_run
/// use patchweave_zoo::Package;
///
/// let package = Package::open("nuclei.zip".as_ref())?;
/// for step in &package.description().input.steps {
///     println!("preprocessing: {step}");
/// }
/// # Ok::<(), patchweave_zoo::ZooError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TensorDescr {
    /// What it is called.
    pub id: String,
    /// Its axes, in the order of the weights.
    pub axes: Vec<AxisDescr>,
    /// The type of its values: of an input before, of an output after its steps.
    pub data_type: DataType,
    /// Whether its values are names of classes or objects.
    pub are_labels: bool,
    /// What is done to it in this order: before the network for an input, after it for an output.
    pub steps: Vec<Step>,
    /// An example that the package was tested with.
    pub test_tensor: FileDescr,
    /// How close an output has to come to its example; nothing counts for an input.
    pub tolerance: Tolerance,
    /// Where the description has it.
    pub(crate) path: String,
}

impl TensorDescr {
    /// The number of channels; nothing where it is that of a reference.
    #[must_use]
    pub fn axis(&self, kind: AxisKind) -> Option<&AxisDescr> {
        self.axes.iter().find(|axis| axis.kind == kind)
    }

    /// The letters of its axes, as ONNX files have them.
    pub(crate) fn letters(&self) -> String {
        self.axes.iter().map(|axis| axis.kind.letter()).collect()
    }
}

/// A file that a description names.
///
/// ```no_run
/// use patchweave_zoo::Package;
///
/// let package = Package::open("nuclei.zip".as_ref())?;
/// println!("weights in {}", package.description().weights.file.source);
/// # Ok::<(), patchweave_zoo::ZooError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileDescr {
    /// Its path in the package.
    pub source: String,
    /// What SHA-256 makes of it, 64 hexadecimal digits, where the description says.
    pub sha256: Option<String>,
    /// Where the description has it.
    pub(crate) path: String,
    /// Where the description has its name.
    pub(crate) source_path: String,
}

/// The ONNX weights of a package.
///
/// ```no_run
/// use patchweave_zoo::Package;
///
/// let package = Package::open("nuclei.zip".as_ref())?;
/// println!("operators of version {:?}", package.description().weights.opset_version);
/// # Ok::<(), patchweave_zoo::ZooError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WeightsDescr {
    /// The network.
    pub file: FileDescr,
    /// The version of the operators, where the description says.
    pub opset_version: Option<u64>,
    /// A file with numbers that the network has learned.
    pub external_data: Option<FileDescr>,
}
