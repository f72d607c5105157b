//! What is told of a network that its file does not say.

use patchweave_model::{Likeness, Sides};

use crate::{FileAxes, Runtime};

/// What is told of a network that its file does not say.
///
/// ```
/// use patchweave_model::Sides;
/// use patchweave_onnx::OnnxOptions;
///
/// let mut options = OnnxOptions::default();
/// options.axes = Some("NYXC".parse()?);
/// options.halo = Some([Sides::both(0), Sides::both(92), Sides::both(92)]);
/// # Ok::<(), patchweave_onnx::BadAxes>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct OnnxOptions {
    /// What the model is called; the name of the file without its ending by default.
    pub name: Option<String>,
    /// The axes of the input; by default `NCZYX`, `NCYX`, `NYX` or `CYX`, and `YX`, by the number of dimensions.
    pub axes: Option<FileAxes>,
    /// How far all outputs see along `ZYX`; 0 by default, as long as nobody has
    /// [measured](patchweave_model::halo::measure) it.
    pub halo: Option<[Sides; 3]>,
    /// Whether other sizes than those that the file fixes are tried.
    pub resize: bool,
    /// Who runs the network.
    pub runtime: Runtime,
    /// Whose intensities the outputs have.
    pub likeness: Likeness,
}
