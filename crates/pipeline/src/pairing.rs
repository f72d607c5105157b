//! The files of every role, those that belong together in the same order, where some of them may hold the same images as
//! others of their list.

use std::collections::HashMap;
use std::path::PathBuf;

use patchweave_config::{ByRole, ConstructorPlan, ImageRole, RunPlan};
use patchweave_geometry::Axes;

use crate::listing::Listing;
use crate::opener::Opener;
use crate::role::{Key, LeftOut, RoleImage};

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
    let ByRole {
        train_inputs,
        train_targets,
        val_inputs,
        val_targets,
        masks,
        weights,
        predict_inputs,
        predict_targets,
        predict_masks,
    } = &mut listings;
    if constructor.has_inputs() {
        let targets = train_targets.iter_mut().map(|files| of(ImageRole::TrainTarget, files));
        let guides = [of(ImageRole::Mask, masks), of(ImageRole::Weights, weights)];
        pair(opener, of(ImageRole::TrainInput, train_inputs), targets.chain(guides).collect());
        let targets = val_targets.iter_mut().map(|files| of(ImageRole::ValTarget, files));
        pair(opener, of(ImageRole::ValInput, val_inputs), targets.collect());
    } else if let [targets] = train_targets.as_mut_slice() {
        pair(opener, of(ImageRole::TrainTarget, targets), vec![of(ImageRole::Weights, weights)]);
    }
    let beside =
        vec![of(ImageRole::PredictTarget, predict_targets), of(ImageRole::PredictMask, predict_masks)];
    pair(opener, of(ImageRole::PredictInput, predict_inputs), beside);
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
        entries.predict_targets = &predict.targets;
        entries.predict_masks = predict.skip.as_ref().map_or(&[], |skip| &skip.masks);
    }
    entries
}

/// Files of a key that belong to those of another, and the axes of their images.
struct Partners<'a> {
    key: &'static str,
    files: &'a mut Listing,
    axes: &'a Axes,
}

/// Puts files into the order of those of the `first`, to which they belong.
///
/// If they do not go together as they are listed, files are left out that hold the same images as others of their list: the
/// files of an OME-TIFF may belong to one file of targets. If that does not help either, what is wrong with the lists as
/// they are is noted.
fn pair(opener: &mut Opener<'_>, first: Partners<'_>, mut others: Vec<Partners<'_>>) {
    others.retain(|other| !other.files.files.is_empty());
    let goes_together = |first: &Listing, others: &[Listing]| {
        let mut all = others.iter().cloned();
        all.all(|mut other| other.files.len() == first.files.len() && other.pair_with(first).is_ok())
    };
    let listed: Vec<Listing> = others.iter().map(|other| other.files.clone()).collect();
    let is_incomplete = first.files.is_incomplete || listed.iter().any(|listing| listing.is_incomplete);
    if !is_incomplete && !goes_together(first.files, &listed) {
        let all = std::iter::once(&first).chain(&others);
        let once: Option<Vec<_>> = all.map(|one| distinct(opener, one)).collect();
        if let Some(once) = once
            && let [(of_first, _), of_others @ ..] = once.as_slice()
            && goes_together(of_first, &of_others.iter().map(|(files, _)| files.clone()).collect::<Vec<_>>())
        {
            let all = std::iter::once(&first).chain(&others);
            for (one, (_, left_out)) in all.zip(&once) {
                if let Some(left_out) = left_out {
                    opener.tell_left_out(one.key, left_out);
                }
            }
            first.files.clone_from(of_first);
            for (other, (files, _)) in others.iter_mut().zip(of_others) {
                other.files.clone_from(files);
            }
        }
    }
    for Partners { key, files, .. } in others {
        opener.pair(key, files, first.files);
    }
}

/// The files without those whose images a file before them has; `None` if one cannot be opened, which is told where its
/// images are opened.
fn distinct(
    opener: &Opener<'_>,
    Partners { files: listing, axes, .. }: &Partners<'_>,
) -> Option<(Listing, Option<LeftOut>)> {
    let mut kept = Listing { files: Vec::new(), ..(**listing).clone() };
    let mut left_out: Option<LeftOut> = None;
    // With the images themselves: the other files of an OME-TIFF are opened alone while it is open.
    let mut known: HashMap<Vec<Key>, (String, Vec<RoleImage>)> = HashMap::new();
    for file in &listing.files {
        let images = opener.open(&file.member.path, axes, 1).ok()?;
        let images = images.into_iter().enumerate();
        let images: Vec<RoleImage> = images
            .filter_map(|(number, levels)| {
                RoleImage::opened(levels, file.member.path.clone(), number, file.entry)
            })
            .collect();
        let keys: Vec<Key> = images.iter().map(|image| image.key.clone()).collect();
        let name = file.member.path.display().to_string();
        if let Some((same_as, _)) = known.get(&keys) {
            let first = || LeftOut {
                n: 0,
                of: listing.files.len(),
                first: (name, file.entry),
                same_as: same_as.clone(),
            };
            left_out.get_or_insert_with(first).n += 1;
        } else {
            known.insert(keys, (name, images));
            kept.files.push(file.clone());
        }
    }
    Some((kept, left_out))
}
