//! One thing for each role that images have in a run.

use crate::text::entry_path;

/// What images are for in a run; every role is a key of the configuration.
///
/// ```
/// use patchweave_config::ImageRole;
///
/// assert_eq!(ImageRole::ValTarget.key(), "train.val_target");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageRole {
    /// Inputs of the training.
    TrainInput,
    /// Targets of the training.
    TrainTarget,
    /// Inputs of the validation.
    ValInput,
    /// Targets of the validation.
    ValTarget,
    /// Masks of the training inputs.
    Mask,
    /// Weights of the images that training patches are drawn from.
    Weights,
    /// Inputs of the prediction.
    PredictInput,
    /// What results of the prediction are compared with.
    PredictTarget,
    /// Where there is something to predict.
    PredictMask,
}

impl ImageRole {
    /// The key that lists the images.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            ImageRole::TrainInput => "train.input",
            ImageRole::TrainTarget => "train.target",
            ImageRole::ValInput => "train.val_input",
            ImageRole::ValTarget => "train.val_target",
            ImageRole::Mask => "train.mask",
            ImageRole::Weights => "train.weights",
            ImageRole::PredictInput => "predict.input",
            ImageRole::PredictTarget => "predict.target",
            ImageRole::PredictMask => "predict.skip.mask",
        }
    }

    /// Whether its images are targets.
    #[must_use]
    pub fn is_target(self) -> bool {
        matches!(self, ImageRole::TrainTarget | ImageRole::ValTarget | ImageRole::PredictTarget)
    }
}

/// A role, and which of its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoleSource {
    /// The role.
    pub role: ImageRole,
    /// Which source of targets; 0 for other roles.
    pub source: usize,
    /// How many sources the role has.
    pub n_sources: usize,
}

impl RoleSource {
    fn single(role: ImageRole) -> Self {
        RoleSource { role, source: 0, n_sources: 1 }
    }

    /// The key of its images; sources are counted only where there are several.
    ///
    /// ```
    /// use patchweave_config::{ImageRole, RoleSource};
    ///
    /// let source = RoleSource { role: ImageRole::TrainTarget, source: 1, n_sources: 2 };
    /// assert_eq!(source.key(), "train.target[1]");
    /// ```
    #[must_use]
    pub fn key(&self) -> String {
        let key = self.role.key();
        if self.n_sources == 1 { key.to_owned() } else { entry_path(key, self.source) }
    }
}

/// One thing for each role of a run, and one for each source of targets.
///
/// ```
/// use patchweave_config::ByRole;
///
/// let n_images = ByRole { train_inputs: 3, train_targets: vec![2, 1], ..ByRole::default() };
/// let listed = n_images.map(|source, n| format!("{}: {n}", source.key()));
/// assert_eq!(listed.train_targets, ["train.target[0]: 2", "train.target[1]: 1"]);
/// assert_eq!(listed.masks, "train.mask: 0");
/// assert_eq!(listed.iter().count(), 9);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ByRole<T> {
    /// Inputs of the training.
    pub train_inputs: T,
    /// Targets of the training, one for each source as in the plan.
    pub train_targets: Vec<T>,
    /// Inputs of the validation.
    pub val_inputs: T,
    /// Targets of the validation, one for each source as in the plan.
    pub val_targets: Vec<T>,
    /// Masks of the training inputs.
    pub masks: T,
    /// Weights of the images that training patches are drawn from.
    pub weights: T,
    /// Inputs of the prediction.
    pub predict_inputs: T,
    /// What results of the prediction are compared with.
    pub predict_targets: T,
    /// Where there is something to predict.
    pub predict_masks: T,
}

impl<T> ByRole<T> {
    /// Something else for each of them, made in the order of the fields.
    pub fn map<U>(self, mut change: impl FnMut(RoleSource, T) -> U) -> ByRole<U> {
        ByRole {
            train_inputs: change(RoleSource::single(ImageRole::TrainInput), self.train_inputs),
            train_targets: map_sources(ImageRole::TrainTarget, self.train_targets, &mut change),
            val_inputs: change(RoleSource::single(ImageRole::ValInput), self.val_inputs),
            val_targets: map_sources(ImageRole::ValTarget, self.val_targets, &mut change),
            masks: change(RoleSource::single(ImageRole::Mask), self.masks),
            weights: change(RoleSource::single(ImageRole::Weights), self.weights),
            predict_inputs: change(RoleSource::single(ImageRole::PredictInput), self.predict_inputs),
            predict_targets: change(RoleSource::single(ImageRole::PredictTarget), self.predict_targets),
            predict_masks: change(RoleSource::single(ImageRole::PredictMask), self.predict_masks),
        }
    }

    /// The same by reference.
    #[must_use]
    pub fn as_ref(&self) -> ByRole<&T> {
        ByRole {
            train_inputs: &self.train_inputs,
            train_targets: self.train_targets.iter().collect(),
            val_inputs: &self.val_inputs,
            val_targets: self.val_targets.iter().collect(),
            masks: &self.masks,
            weights: &self.weights,
            predict_inputs: &self.predict_inputs,
            predict_targets: &self.predict_targets,
            predict_masks: &self.predict_masks,
        }
    }

    /// All of them, in the order of the fields.
    pub fn iter(&self) -> impl Iterator<Item = (RoleSource, &T)> {
        let mut all = Vec::new();
        self.as_ref().map(|source, one| all.push((source, one)));
        all.into_iter()
    }
}

fn map_sources<T, U>(role: ImageRole, sources: Vec<T>, mut change: impl FnMut(RoleSource, T) -> U) -> Vec<U> {
    let n_sources = sources.len();
    let numbered = sources.into_iter().enumerate();
    numbered.map(|(source, one)| change(RoleSource { role, source, n_sources }, one)).collect()
}
