//! How a package is opened.

use patchweave_onnx::Runtime;

/// How a package is opened.
///
/// ```
/// use patchweave_onnx::Runtime;
/// use patchweave_zoo::ZooOptions;
///
/// let mut options = ZooOptions::default();
/// options.name = Some("nuclei".into());
/// assert_eq!(options.runtime, Runtime::Tract);
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ZooOptions {
    /// What results are called after; the name of the folder or archive by default.
    pub name: Option<String>,
    /// Who runs the network.
    pub runtime: Runtime,
}
