//! The check of a plan against its images: the list of its rules.

use super::facts::OpenedImages;
use super::findings::Findings;
use super::roles::Roles;
use crate::plan::{ConstructorPlan, LateralPlan, RunPlan};

/// Checks a plan against its images; without problems they fit.
///
/// Every problem has the line of the key that causes it, and names the image. [`RunPlan::errors`] makes a printable error
/// of the problems.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{ImageFacts, OpenedImages, check_images, parse};
/// use patchweave_geometry::ImageShape;
///
/// let text = "\
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
/// let shape = ImageShape::from_slice(&[1, 1, 64, 32]).unwrap();
/// let small = ImageFacts { source: "a.tiff".into(), shape, entry: 0 };
/// let found = check_images(&plan, &OpenedImages { train_inputs: vec![small], ..OpenedImages::default() });
/// let expected = "\
/// a.yaml:6:40: data_config.patching.patch_size: image a.tiff has size 64 × 32, expected at least the patch size 64 × 64
///   |
/// 6 |   patching: {name: random, patch_size: [64, 64]}
///   |                                        ^";
/// assert_eq!(found.problems[0].to_string(), expected);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
pub fn check_images(plan: &RunPlan, images: &OpenedImages) -> Findings {
    let roles = Roles::new(plan, images);
    let mut check = Check { plan, roles: &roles, findings: Findings::default() };
    check.forms();
    check.patches();
    check.pairs();
    check.channels();
    check.statistics();
    check.whole_batches();
    check.budgets();
    check.findings
}

/// A plan, its images, and the findings so far.
pub(super) struct Check<'a> {
    pub plan: &'a RunPlan,
    pub roles: &'a Roles<'a>,
    pub findings: Findings,
}

impl Check<'_> {
    pub fn report(&mut self, key_path: &str, found: String, expected: impl Into<String>) {
        self.findings.problems.push(self.plan.problem_at(key_path, found, expected));
    }

    /// The constructor of the training; basic without a training.
    pub fn constructor(&self) -> ConstructorPlan {
        self.plan.train.as_ref().map_or(ConstructorPlan::Basic, |train| train.constructor)
    }

    pub fn lateral(&self) -> Option<&LateralPlan> {
        self.plan.data.lateral.as_ref()
    }
}
