//! What reading a configuration asks of the world around it: the environment, and the images where the text is silent.
//!
//! Nothing here opens an image; the caller answers.

use patchweave_geometry::ArrayLayout;

use crate::images::Findings;
use crate::plan::RunPlan;
use crate::read::data::own_axes::{AxesQuestion, UnknownAxes};

/// What reading a configuration asks of the world around it.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{Outside, parse_and_check};
/// use patchweave_geometry::ArrayLayout;
///
/// let text = "
/// output: out
/// data_config: {mode: predicting, data_type: tiff, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.ome.tiff, models: [identity]}
/// ";
/// let outside = Outside {
///     axes_of: &|question| {
///         assert_eq!(question.path, Path::new("a.ome.tiff"));
///         Some(Ok(ArrayLayout::new("ZYX".parse().unwrap(), &[8, 64, 64]).unwrap()))
///     },
///     ..Outside::default()
/// };
/// let plan = parse_and_check(text, Path::new("a.yaml"), &outside)?;
/// assert_eq!(plan.data.axes.to_string(), "ZYX");
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// The value of an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The axes that an image names for itself and their sizes, asked only where the configuration names none or says
    /// that those of the file count; `None` says that they have to be written.
    pub axes_of: &'a dyn Fn(&AxesQuestion<'_>) -> Option<Result<ArrayLayout, UnknownAxes>>,
    /// What does not fit the images of a plan, and what is to be known about them.
    ///
    /// It sees the plan also where values were refused, with stand-ins in their place that fit any image, so that a
    /// person learns of everything at once. It is not asked if the text does not even say which images there are and
    /// what they are.
    pub check: &'a dyn Fn(&RunPlan) -> Findings,
}

impl Default for Outside<'_> {
    /// No variables, no images.
    fn default() -> Self {
        Outside { env: &|_| None, axes_of: &|_| None, check: &|_| Findings::default() }
    }
}
