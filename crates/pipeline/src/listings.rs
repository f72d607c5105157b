//! The files of every role, those that belong together in the same order.

use std::path::PathBuf;

use patchweave_config::{ByRole, ConstructorPlan, ImageRole, RunPlan};

use crate::listing::Listing;
use crate::opener::Opener;
use crate::pairing::{Partners, pair};

/// The files that the entries of every role stand for; what belongs together stands at the same place.
pub(crate) fn listings(opener: &mut Opener<'_>, constructor: ConstructorPlan) -> ByRole<Listing> {
    let plan = opener.plan;
    let mut listings = entries(plan).map(|source, entries| opener.listing(&source.key(), entries));
    let axes = &plan.data.axes;
    let target_axes = plan.data.target_axes();
    let of = |role: ImageRole, files| {
        let axes = if role.is_target() { target_axes } else { axes };
        Partners { key: role.key(), files, axes }
    };
    let ByRole { train_inputs, train_targets, val_inputs, val_targets, masks, weights, .. } = &mut listings;
    if constructor.has_inputs() {
        let targets = train_targets.iter_mut().map(|files| of(ImageRole::TrainTarget, files));
        let guides = [of(ImageRole::Mask, masks), of(ImageRole::Weights, weights)];
        pair(opener, of(ImageRole::TrainInput, train_inputs), targets.chain(guides).collect());
        let targets = val_targets.iter_mut().map(|files| of(ImageRole::ValTarget, files));
        pair(opener, of(ImageRole::ValInput, val_inputs), targets.collect());
    } else if let [targets] = train_targets.as_mut_slice() {
        pair(opener, of(ImageRole::TrainTarget, targets), vec![of(ImageRole::Weights, weights)]);
    }
    listings
}

/// The entries of a configuration, role by role.
fn entries(plan: &RunPlan) -> ByRole<&[PathBuf]> {
    let mut entries = ByRole::<&[PathBuf]>::default();
    if let Some(train) = &plan.train {
        entries.train_inputs = &train.inputs;
        entries.train_targets = train.targets.iter().map(Vec::as_slice).collect();
        entries.val_inputs = &train.val_inputs;
        entries.val_targets = train.val_targets.iter().map(Vec::as_slice).collect();
        entries.masks = &train.masks;
        entries.weights = &train.weights;
    }
    if let Some(predict) = &plan.predict {
        entries.predict_inputs = &predict.inputs;
    }
    entries
}
