//! The form of training samples, in which data sets must agree to share batches.

use std::fmt;

use patchweave_geometry::Extent;

use super::check::Check;
use super::facts::OpenedImages;
use super::findings::Findings;
use super::roles::Roles;
use crate::plan::{ConstructorPlan, RunPlan};
use crate::text::counted;

/// The form of training samples, in which data sets must agree to share batches.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{ImageFacts, OpenedImages, SampleForm, parse};
/// use patchweave_geometry::ImageShape;
///
/// let text = "
/// output: out
/// data_config:
///   mode: training
///   data_type: tiff
///   axes: YX
///   patching: {name: random, patch_size: [64, 64]}
///   normalization: {name: none}
/// train: {input: a.tiff}
/// ";
/// let plan = parse(text, Path::new("a.yaml"), &|_| None)?;
/// let shape = ImageShape::from_slice(&[1, 1, 512, 512]).unwrap();
/// let image = ImageFacts { source: "a.tiff".into(), shape, entry: 0 };
/// let images = OpenedImages { train_inputs: vec![image], ..OpenedImages::default() };
/// let form = SampleForm::of(&plan, &images).unwrap();
/// assert_eq!(form.to_string(), "patches of 64 × 64 with 1 channel and no target");
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleForm {
    /// The size of a patch.
    pub patch_size: Extent,
    /// Channels of the input, or scales with lateral context.
    pub n_inputs: usize,
    /// Channels of the target; 0 without one.
    pub n_targets: usize,
    /// Whether the channels of the input are scales.
    pub is_lateral: bool,
}

impl SampleForm {
    /// The form of the samples of a plan; `None` without a training, or if its images could not be opened.
    pub fn of(plan: &RunPlan, images: &OpenedImages) -> Option<SampleForm> {
        let train = plan.train.as_ref()?;
        let roles = Roles::new(plan, images);
        let check = Check { plan, roles: &roles, findings: Findings::default() };
        let first = roles.drawn().first()?.images.first()?;
        // Targets that could not be opened have no channels to compare.
        if !train.targets.is_empty()
            && roles.of.train_targets.first().is_none_or(|targets| targets.images.is_empty())
        {
            return None;
        }
        let n_scales = plan.data.lateral.as_ref().map(|lateral| lateral.multiscale_count);
        Some(SampleForm {
            patch_size: plan.data.patching.training_size()?,
            n_inputs: match train.constructor {
                ConstructorPlan::Basic => check.n_trained(first),
                _ => n_scales?,
            },
            n_targets: check.n_target_channels(),
            is_lateral: train.constructor.is_lateral(),
        })
    }

    /// Whether samples of both forms may share a stream.
    ///
    /// Patch sizes may differ if every shape has batches of its own.
    pub fn agrees_with(&self, other: &SampleForm, patch_size_may_differ: bool) -> bool {
        let other = match patch_size_may_differ {
            true => SampleForm { patch_size: self.patch_size, ..*other },
            false => *other,
        };
        *self == other
    }
}

impl fmt::Display for SampleForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inputs = match self.is_lateral {
            true => counted(self.n_inputs, "scale", "scales"),
            false => counted(self.n_inputs, "channel", "channels"),
        };
        write!(f, "patches of {} with {inputs} and ", self.patch_size)?;
        match self.n_targets {
            0 => f.write_str("no target"),
            n => write!(f, "a target of {}", counted(n, "channel", "channels")),
        }
    }
}
