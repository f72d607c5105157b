//! What reading a configuration asks its caller: environment variables, axes of images, and a check of the plan.
//!
//! Nothing here opens an image; the caller answers.

use patchweave_geometry::ArrayLayout;

use crate::images::Findings;
use crate::plan::RunPlan;
use crate::read::data::own_axes::{AxesQuestion, UnknownAxes};

/// What reading a configuration asks its caller.
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
    /// The axes and sizes that an image names for itself; `None` if the configuration has to give the axes.
    ///
    /// It is asked only if the configuration gives no axes, or has `axes_source: file`.
    pub axes_of: &'a dyn Fn(&AxesQuestion<'_>) -> Option<Result<ArrayLayout, UnknownAxes>>,
    /// Checks the plan against its images.
    ///
    /// It also gets plans of texts with problems, so that all problems are reported at once; in place of refused values
    /// such a plan has stand-ins that fit any image. It is not called if the text does not say what the images are.
    pub check: &'a dyn Fn(&RunPlan) -> Findings,
}

impl Default for Outside<'_> {
    /// No variables, no axes, no check.
    fn default() -> Self {
        Outside { env: &|_| None, axes_of: &|_| None, check: &|_| Findings::default() }
    }
}
