//! Validation patches taken out of stratified training images: as many as are written, or as the images can give.

use patchweave_config::{DataPlan, TrainPlan, ValidationRoom};
use patchweave_geometry::ImageShape;
use patchweave_patching::{
    FixedPatching, Patching, PatchingError, Separation, StratifiedPatching, split_validation,
};

use crate::constructors::used_context;
use crate::selection::too_many_validation_patches;
use crate::{Notice, PipelineError};

/// The validation patches of a plan and the images that they come from.
pub(crate) struct Splitting<'a> {
    pub data: &'a DataPlan,
    pub train: &'a TrainPlan,
    /// Of the images that patches are drawn from.
    pub shapes: &'a [ImageShape],
}

impl Splitting<'_> {
    /// Takes the validation patches out of a training strategy; none if the images give none.
    ///
    /// The default number is lowered to what the images have room for, with a notice; a written number is not.
    pub fn split_off(
        &self,
        stratified: &mut StratifiedPatching,
        notices: &mut Vec<Notice>,
    ) -> Result<Option<FixedPatching>, PipelineError> {
        let Splitting { data, train, shapes } = *self;
        let wanted = train.n_val_patches;
        // Without filters so many can be had, as the check of the plan says in its own warning.
        let said = match train.n_val_is_default {
            true => ValidationRoom::of(shapes, &stratified.size()).most().min(wanted),
            false => wanted,
        };
        let mut n_val = said;
        let mut cause = None;
        while n_val > 0 {
            match self.try_split(stratified, n_val)? {
                Ok(val) => {
                    if n_val < said {
                        notices.push(self.lowered(n_val, cause.as_ref()));
                    }
                    return Ok(Some(val));
                }
                Err(error) if train.n_val_is_default => {
                    n_val = fewer(&error, n_val);
                    cause.get_or_insert(error);
                }
                Err(error) => {
                    return Err(too_many_validation_patches(&wanted.to_string(), data, &error.to_string()));
                }
            }
        }
        if train.leak_free {
            let cause = cause.map_or_else(|| "there is no room".to_owned(), |error| error.to_string());
            return Err(too_many_validation_patches(&format!("the default of {wanted}"), data, &cause));
        }
        if said > 0 {
            notices.push(self.lowered(0, cause.as_ref()));
        }
        Ok(None)
    }

    /// Takes out so many patches, or says why not; the strategy is unchanged then.
    fn try_split(
        &self,
        stratified: &mut StratifiedPatching,
        n_val: usize,
    ) -> Result<Result<FixedPatching, PatchingError>, PipelineError> {
        let separation = match self.train.leak_free {
            true => Separation::Pixels(used_context(self.data)?),
            false => Separation::Patches,
        };
        let mut left = stratified.clone();
        let n_patches = stratified.n_patches();
        match split_validation(&mut left, n_val, self.data.seed, separation) {
            Ok(_) if left.n_patches() == 0 => Ok(Err(PatchingError::NoTrainingLeft { n_val, n_patches })),
            Ok(val) => {
                *stratified = left;
                Ok(Ok(val))
            }
            Err(
                error @ (PatchingError::ValidationCount { .. }
                | PatchingError::ValidationCells { .. }
                | PatchingError::NoTrainingLeft { .. }),
            ) => Ok(Err(error)),
            Err(error) => Err(error.into()),
        }
    }

    fn lowered(&self, n_val: usize, cause: Option<&PatchingError>) -> Notice {
        let cause = cause.map_or_else(String::new, |cause| format!(" ({cause})"));
        let filter = match (&self.data.patch_filter, self.train.masks.is_empty()) {
            (None, true) => "",
            (Some(_), true) => " after data_config.patch_filter",
            (None, false) => " after data_config.mask_filter",
            (Some(_), false) => " after data_config.patch_filter and mask_filter",
        };
        let message = match n_val {
            0 => format!(
                "the run has no validation patches, because the training images have room for none{filter}{cause}; use train.val_input, \
                 or write n_val_patches: 0 to train without validation"
            ),
            _ => format!(
                "the default of {} validation patches is lowered to {n_val}, because the training images have room for no \
                 more{filter}{cause}; write n_val_patches to choose a number",
                self.train.n_val_patches
            ),
        };
        Notice::new("data_config.n_val_patches", message)
    }
}

/// A smaller number that may do.
fn fewer(error: &PatchingError, n_val: usize) -> usize {
    let most = match *error {
        PatchingError::ValidationCount { n_patches, .. } => n_patches.saturating_sub(1),
        PatchingError::ValidationCells { n_cells, .. } => n_cells,
        _ => n_val - 1,
    };
    most.min(n_val - 1)
}
