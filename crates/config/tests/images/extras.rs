//! Masks, weights, images for validation, patches that are split off, and channels that are looked at.

use std::path::Path;

use patchweave_config::{OpenedImages, check_images, parse};

use crate::{BASE, image, images, problems, problems_of};

const RANDOM: &str = "{name: random, patch_size: [64, 64]}";
const STRATIFIED: &str = "{name: stratified, patch_size: [64, 64]}";

/// The file with other patches and more lines in `train`.
fn with(patching: &str, train: &str) -> String {
    BASE.replacen(RANDOM, patching, 1).replacen(
        "  target: b.tiff\n",
        &format!("  target: b.tiff\n{train}"),
        1,
    )
}

#[test]
fn masks_belong_to_inputs() {
    let stratified = format!("{STRATIFIED}\n  n_val_patches: 0");
    let file = with(&stratified, "  mask: m.tiff\n");
    let mask = |shape: &[usize]| OpenedImages { masks: vec![image("m", shape)], ..images() };
    assert_eq!(problems_of(&file, &mask(&[1, 1, 64, 80])), Vec::<String>::new());
    let expected = [
        "15:9: train.mask: mask m has 1 sample of size 64 × 64, expected 1 sample of size 64 × 80 as its input a",
        "15:9: train.mask: m has 2 channels, expected 1, because a mask has a single channel",
    ];
    assert_eq!(problems_of(&file, &mask(&[1, 2, 64, 64])), expected);

    let two = OpenedImages { masks: vec![image("m", &[1, 1, 64, 80]); 2], ..images() };
    assert_eq!(problems_of(&file, &two), ["15:9: train.mask: 2 masks, expected 1, one per input"]);
    let other_channel = file.replace("n_val_patches: 0", "n_val_patches: 0\n  mask_filter: {ref_channel: 1}");
    let expected = "11:30: data_config.mask_filter.ref_channel: channel 1, but image m has 1 channel, expected an index below 1";
    assert_eq!(problems_of(&other_channel, &mask(&[1, 1, 64, 80])), [expected]);
}

#[test]
fn weights_belong_to_what_patches_are_drawn_from() {
    let file = with("{name: weighted, patch_size: [64, 64]}", "  weights: w.tiff\n");
    let weights = |shape: &[usize]| OpenedImages { weights: vec![image("w", shape)], ..images() };
    assert_eq!(problems_of(&file, &weights(&[1, 1, 64, 80])), Vec::<String>::new());
    let expected = [
        "14:12: train.weights: image w has 2 samples of size 64 × 80, expected 1 sample of size 64 × 80 as its image a",
        "14:12: train.weights: w has 3 channels, expected 1, because weights have a single channel",
    ];
    assert_eq!(problems_of(&file, &weights(&[2, 3, 64, 80])), expected);
}

#[test]
fn images_for_validation_have_the_form_of_those_for_training() {
    let file = with(RANDOM, "  val_input: [c, d]\n  val_target: [e, f]\n");
    let validation = |inputs: [[usize; 4]; 2], targets: [[usize; 4]; 2]| OpenedImages {
        val_inputs: ["c", "d"].iter().zip(inputs).map(|(name, shape)| image(name, &shape)).collect(),
        val_targets: vec![["e", "f"].iter().zip(targets).map(|(name, shape)| image(name, &shape)).collect()],
        ..images()
    };
    let fits = validation([[1, 2, 70, 70], [2, 2, 64, 99]], [[1, 3, 70, 70], [2, 3, 64, 99]]);
    assert_eq!(problems_of(&file, &fits), Vec::<String>::new());
    let wrong = validation([[1, 4, 70, 70], [1, 4, 64, 63]], [[1, 3, 70, 70], [1, 1, 70, 70]]);
    let expected = [
        "15:16: train.val_target[0]: f has 1 channel, expected 3 as in e",
        "14:15: train.val_input[0]: c has 4 channels, expected 2 as in a, an image of the training",
        "9:40: data_config.patching.patch_size: image d has size 64 × 63, expected at least the patch size 64 × 64",
        "15:16: train.val_target[0]: target f has 1 sample of size 70 × 70, expected 1 sample of size 64 × 63 as its input d",
    ];
    assert_eq!(problems_of(&file, &wrong), expected);
    let missing = OpenedImages { val_inputs: Vec::new(), ..wrong };
    assert!(!problems_of(&file, &missing).iter().any(|problem| problem.contains("as its input")));
}

#[test]
fn there_are_patches_enough_to_split_some_off() {
    let file = |n: usize| with(&format!("{STRATIFIED}\n  n_val_patches: {n}"), "");
    // Two samples of 2 × 3 cells, and 2.5 × 3.125 = 8 patches each.
    let large = OpenedImages {
        train_inputs: vec![image("a", &[2, 2, 160, 200])],
        train_targets: vec![vec![image("b", &[2, 3, 160, 200])]],
        ..images()
    };
    assert_eq!(problems_of(&file(12), &large), Vec::<String>::new());
    let expected = "10:18: data_config.n_val_patches: 13 validation patches, but the training images have 16 patches in 12 cells, \
                    expected at most 12, or separate validation images";
    assert_eq!(problems_of(&file(13), &large), [expected]);
    // One cell, 2 patches.
    assert_eq!(problems_of(&file(1), &images()), Vec::<String>::new());
}

/// What nobody wrote is no mistake of theirs.
#[test]
fn the_default_of_validation_patches_is_lowered_to_what_images_give() {
    let file = with(STRATIFIED, "");
    assert_eq!(problems_of(&file, &images()), Vec::<String>::new());
    let plan = parse(&file, Path::new("f"), &|_| None).unwrap();
    let warnings = check_images(&plan, &images()).warnings;
    let expected = "f:5:1: data_config.n_val_patches: the default of 8 validation patches is lowered to at most 1, because the \
                    training images have 2 patches in 1 cell; write n_val_patches to choose the number yourself";
    assert!(
        matches!(warnings.as_slice(), [warning] if warning.to_string().starts_with(expected)),
        "{warnings:?}"
    );
    // A split that has to leak nothing has to be one.
    let one = OpenedImages {
        train_inputs: vec![image("a", &[1, 2, 64, 64])],
        train_targets: vec![vec![image("b", &[1, 3, 64, 64])]],
        ..images()
    };
    let found = problems_of(&with(STRATIFIED, "  leak_free: true\n"), &one);
    let expected = "the default of 8 validation patches, but the training images have 1 patch in 1 cell, expected larger \
                    images, smaller patches, or no leak_free";
    assert!(matches!(found.as_slice(), [problem] if problem.ends_with(expected)), "{found:?}");
    assert_eq!(problems_of(&file, &one), Vec::<String>::new());
}

#[test]
fn channels_that_are_looked_at_exist() {
    let stratified = format!(
        "{STRATIFIED}\n  n_val_patches: 0\n  patch_filter: {{name: max, threshold: 1, ref_channel: 2}}"
    );
    let expected = "11:56: data_config.patch_filter.ref_channel: channel 2, but image a has 2 channels, expected an index below 2";
    assert_eq!(problems(RANDOM, &stratified, &images()), [expected]);
    let foreground = "{name: foreground, patch_size: [64, 64], threshold: 1, ref_channel: 2}";
    let expected = "9:81: data_config.patching.ref_channel: channel 2, but image a has 2 channels, expected an index below 2";
    assert_eq!(problems(RANDOM, foreground, &images()), [expected]);
}
