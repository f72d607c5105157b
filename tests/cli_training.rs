//! Training configurations beyond the basic one: filters, weights, validation, lateral context, leaks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels may wrap around")]

mod support;

use std::fs;

use support::{Ended, Place, with};

/// A training on one image of a target with two channels.
const TRAIN: &str = "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  patching: {name: stratified, patch_size: [8, 8]}
  normalization: {name: mean_std}
  n_val_patches: 0
  batch_size: 4
  num_workers: 2
  seed: 42
train:
  input: image.tiff
";

fn place() -> Place {
    let place = Place::new();
    let texture = |at: usize| (at * 7919 % 1009) as u16;
    place.image::<u16>("image.tiff", "tiff", "YX", &[64, 64], texture);
    place.image::<u16>("other.tiff", "tiff", "YX", &[40, 48], texture);
    place.image::<u16>("pair.tiff", "tiff", "CYX", &[2, 64, 64], texture);
    place.image::<u8>("left.tiff", "tiff", "YX", &[64, 64], |at| u8::from(at % 64 < 32));
    place
}

/// Runs a configuration, then looks for leaks.
fn run_and_check(place: &Place, config: &str) -> (Ended, Ended) {
    let ended = place.run(config).with_code(0);
    (ended, place.patchweave(&["validate", "--leaks", "run.yaml"]))
}

#[test]
fn validation_patches_are_split_off() {
    let place = place();
    let config = with(TRAIN, "n_val_patches: 0", "n_val_patches: 5");
    let (ended, leaks) = run_and_check(&place, &config);
    ended.says("training: 59 patches from 1 image");
    ended.says("validation: 5 patches");
    leaks
        .with_code(0)
        .says("leaks: none; no pixel that one of the 5 validation patches in the training images");
}

#[test]
fn a_split_that_keeps_context_apart_leaves_fewer_patches() {
    let place = place();
    let config = with(TRAIN, "n_val_patches: 0", "n_val_patches: 1\n  multiscale_count: 2");
    let config = with(
        &config,
        "input: image.tiff",
        "{constructor: paired, input: image.tiff, target: pair.tiff, leak_free: true}",
    );
    let config = with(&config, "train:\n  {", "train: {");
    let config = with(&config, "axes: YX\n", "axes: YX\n  target_axes: CYX\n");
    let (ended, leaks) = run_and_check(&place, &config);
    ended.says("validation: 1 patch");
    leaks.with_code(0).says("leaks: none");
    let n_patches = |ended: &Ended| -> usize {
        let (_, rest) = ended.stdout.split_once("training: ").unwrap();
        rest.split_once(' ').unwrap().0.parse().unwrap()
    };
    let without = with(&config, ", leak_free: true", "");
    let without = place.run(&without).with_code(0);
    without.says("warning: ");
    without
        .says("n_val_patches: no validation patches are split off: that requires leak_free: true in train");
    assert!(n_patches(&ended) < n_patches(&without), "{ended:?}");
    let pyramid = with(&config, "data_type: tiff", "data_type: zarr\n  context_source: pyramid");
    place.run(&pyramid).with_code(2).complains(&["leak_free with context_source pyramid"]);
}

#[test]
fn an_image_that_is_listed_twice_counts_once_or_leaks() {
    let place = place();
    let config = with(TRAIN, "n_val_patches: 0", "n_val_patches: 5");
    let config = with(&config, "input: image.tiff", "input: [image.tiff, ./image.tiff]");
    let (ended, leaks) = run_and_check(&place, &config);
    ended.says("training: 59 patches from 1 image");
    ended.says("1 of 2 images are in the list before and are left out");
    leaks.with_code(0).says("leaks: none");
    // Another target of the same image is another example, of which validation patches may not be split off.
    for copy in ["first.tiff", "second.tiff"] {
        fs::copy(place.path("image.tiff"), place.path(copy)).unwrap();
    }
    let twice = "image.tiff, ./image.tiff]\n  target: [first.tiff, second.tiff]";
    let config = with(&config, "image.tiff, ./image.tiff]", twice);
    let (ended, leaks) = run_and_check(&place, &config);
    ended.says("from 2 images");
    leaks.with_code(2).complains(&["leak: pixel [", "image.tiff"]);
    let config = with(&config, "train:", "train:\n  leak_free: true");
    place.run(&config).with_code(1).complains(&["leak_free needs every image listed once"]);
}

#[test]
fn splits_and_statistics_that_cannot_be_are_refused() {
    let place = place();
    let split = with(TRAIN, "n_val_patches: 0", "n_val_patches: 3");
    let config = with(
        &split,
        "input: image.tiff",
        "input: image.tiff\n  leak_free: true\n  statistics: {from: images}",
    );
    place.run(&config).with_code(2).complains(&["leak_free with statistics from images"]);
    let config = with(TRAIN, "name: mean_std", "name: min_max");
    let config = with(&config, "input: image.tiff", "input: image.tiff\n  statistics: {tolerance: 0.1}");
    place.run(&config).with_code(2).complains(&["a tolerance with normalization min_max"]);
    let lists = "input: [a/1.tif, a/2.tif, a/3.tif]\n  target: [b/2.tif, b/1.tif, b/4.tif]";
    let config = with(TRAIN, "input: image.tiff", lists);
    place.run(&config).with_code(2).complains(&["2.tif beside", "pairs are made by name"]);
    place.image::<u16>("tiny.tiff", "tiff", "YX", &[12, 12], |at| at as u16);
    let config = with(&with(TRAIN, "image.tiff", "tiny.tiff"), "n_val_patches: 0", "n_val_patches: 1");
    place
        .run(&config)
        .with_code(2)
        .complains(&["data_config.n_val_patches: got 1: all 3 patches of the images use"]);
}

#[test]
fn a_leak_is_named() {
    let place = place();
    let config = with(TRAIN, "input: image.tiff", "input: image.tiff\n  val_input: [other.tiff, image.tiff]");
    let (_, leaks) = run_and_check(&place, &config);
    leaks.with_code(2).complains(&[
        "leak: pixel [",
        "is used by validation patch",
        "image.tiff",
        "leak_free",
    ]);

    let config = with(TRAIN, "input: image.tiff", "input: image.tiff\n  val_input: other.tiff");
    let (ended, leaks) = run_and_check(&place, &config);
    ended.says("validation: 30 patches");
    leaks
        .with_code(0)
        .says("leaks: none; no pixel that one of the 30 validation patches in images of their own");
}

#[test]
fn masks_and_filters_thin_out_background() {
    let place = place();
    let (full, _) = run_and_check(&place, TRAIN);
    full.says("training: 64 patches");
    let masked = with(
        TRAIN,
        "n_val_patches: 0",
        "n_val_patches: 0\n  mask_filter: {name: mask, coverage: 0.2, filtered_patch_prob: 0}",
    );
    let masked = with(&masked, "input: image.tiff", "input: image.tiff\n  mask: left.tiff");
    // Windows of two patches that start in the right half see nothing.
    place.run(&masked).with_code(0).says("training: 32 patches");
    let filtered =
        with(TRAIN, "n_val_patches: 0", "n_val_patches: 0\n  patch_filter: {name: max, threshold: 5000}");
    place.run(&filtered).with_code(0).says("training: 7 patches");
}

#[test]
fn patches_follow_weights() {
    let place = place();
    let config = with(TRAIN, "name: stratified", "name: weighted");
    let config = with(&config, "input: image.tiff", "input: left.tiff\n  weights: left.tiff");
    // Patches centred in the bright half are mostly bright.
    let ended = place.run(&with(&config, "name: mean_std", "name: min_max")).with_code(0);
    ended.says("normalisation: input 0.00 to 1.00 (smallest to largest, of 64 patches)");
    let mean = |config: &str| -> f64 {
        let stdout = place.run(config).with_code(0).stdout;
        let (_, rest) = stdout.split_once("normalisation: input ").unwrap();
        rest.split_once(" ±").unwrap().0.parse().unwrap()
    };
    let uniform = mean(&with(&with(&config, "name: weighted", "name: random"), "\n  weights: left.tiff", ""));
    assert!((0.35..0.65).contains(&uniform), "{uniform}");
    assert!(mean(&config) > 0.9);
    let foreground = with(
        &config,
        "name: weighted, patch_size: [8, 8]",
        "name: foreground, patch_size: [8, 8], threshold: 0.5, share: 1",
    );
    assert!(mean(&with(&foreground, "\n  weights: left.tiff", "")) > 0.9);
}

#[test]
fn statistics_come_from_patches_or_images() {
    let place = place();
    let exact = with(TRAIN, "input: image.tiff", "input: image.tiff\n  statistics: {from: images}");
    let exact = place.run(&exact).with_code(0);
    let pixels: Vec<f64> = (0..64 * 64_usize).map(|at| (at * 7919 % 1009) as f64).collect();
    let mean = pixels.iter().sum::<f64>() / 4096.0;
    let std = (pixels.iter().map(|pixel| (pixel - mean).powi(2)).sum::<f64>() / 4096.0).sqrt();
    exact.says(&format!("normalisation: input {mean:.2} ± {std:.2} (mean ± std, of all pixels)"));
    let quantiles =
        with(TRAIN, "name: mean_std", "name: quantile, lower_quantiles: 0.1, upper_quantiles: 0.9");
    place.run(&quantiles).with_code(0).says("(lower to upper quantile, of 64 patches)");
    // The statistics that a run leaves are a configuration that needs no others.
    let left = std::fs::read_to_string(place.path("out/normalization.yaml")).unwrap();
    let block = left.lines().skip(1).map(|line| format!("  {line}\n")).collect::<String>();
    let given = with(TRAIN, "  normalization: {name: mean_std}\n", &block);
    let ended = place.run(&given).with_code(0);
    assert!(!ended.stdout.contains("normalisation:"), "{ended:?}");
}

#[test]
fn every_constructor_runs_for_planes_and_volumes() {
    let place = place();
    let texture = |at: usize| (at * 7919 % 1009) as u16;
    place.image::<u16>("volume.tiff", "tiff", "ZYX", &[12, 24, 28], texture);
    place.image::<u16>("volumes.tiff", "tiff", "CZYX", &[2, 12, 24, 28], texture);
    let kinds = [
        ("multi_channel_target", "", "pair.tiff", "volumes.tiff"),
        ("independent_targets", "", "[image.tiff, other.tiff]", "[volume.tiff, volume.tiff]"),
        ("paired", "input: single, ", "pair.tiff", "volumes.tiff"),
    ];
    for (constructor, input, planes, volumes) in kinds {
        for (axes, patch, single, target) in
            [("YX", "[8, 8]", "image.tiff", planes), ("ZYX", "[4, 8, 8]", "volume.tiff", volumes)]
        {
            for padding in ["reflect", "wrap", "wrap_image", "constant"] {
                let is_multi = constructor == "multi_channel_target";
                let own = if is_multi { format!("C{axes}") } else { axes.to_owned() };
                let of_target =
                    if constructor == "independent_targets" { axes.to_owned() } else { format!("C{axes}") };
                let input = input.replace("single", single);
                let config = format!(
                    "output: out\n\
                     data_config:\n  mode: training\n  data_type: tiff\n  axes: {own}\n  target_axes: {of_target}\n  \
                     patching: {{name: random, patch_size: {patch}}}\n  normalization: {{name: mean_std}}\n  \
                     multiscale_count: 3\n  padding_mode: {padding}\n  batch_size: 2\n  seed: 1\n\
                     train: {{constructor: {constructor}, {input}target: {target}}}\n"
                );
                let ended = place.run(&config).with_code(0);
                ended.says("training: ");
            }
        }
    }
}

#[test]
fn larger_scales_may_come_from_a_pyramid() {
    let place = place();
    // A pyramid whose levels tell which of them a pixel is from.
    place.image::<u16>("fine.ome.zarr", "ome_zarr", "YX", &[64, 64], |_| 100);
    place.image::<u16>("coarse.ome.zarr", "ome_zarr", "YX", &[32, 32], |_| 300);
    std::fs::rename(place.path("coarse.ome.zarr/0"), place.path("fine.ome.zarr/1")).unwrap();
    let metadata = place.path("fine.ome.zarr/zarr.json");
    let text = std::fs::read_to_string(&metadata).unwrap();
    let level = text.split_once("\"datasets\": [").unwrap().1;
    let level = level.split_once("\n          ]").unwrap().0.to_owned();
    let both = format!("{level},{}", level.replace("\"path\": \"0\"", "\"path\": \"1\""));
    std::fs::write(&metadata, text.replace(&level, &both)).unwrap();

    let config = "\
output: out
data_config:
  mode: predicting
  data_type: zarr
  axes: YX
  patching: {name: tiled, patch_size: [16, 16], overlaps: [4, 4]}
  normalization: {name: none}
  multiscale_count: 2
  context_source: pyramid
predict: {input: fine.ome.zarr, models: [identity], formats: [tiff], pixel_type: input}
";
    place.run(config).with_code(0).says("all 4 096 uint16 pixels");
    // The statistics of paired inputs are those of the native scale, whatever the other level holds.
    place.image::<u16>("target.ome.zarr", "ome_zarr", "YX", &[64, 64], |_| 7);
    let training = with(config, "mode: predicting", "mode: training");
    let training = with(
        &training,
        "{name: tiled, patch_size: [16, 16], overlaps: [4, 4]}",
        "{name: random, patch_size: [16, 16]}",
    );
    let training = with(&training, "{name: none}", "{name: mean_std}");
    let (head, _) = training.split_once("predict:").unwrap();
    let training =
        format!("{head}train: {{constructor: paired, input: fine.ome.zarr, target: target.ome.zarr}}\n");
    place.run(&training).with_code(0).says("normalisation: input 100.00 ± 0.00; target 7.00 ± 0.00");

    let deep = with(config, "multiscale_count: 2", "multiscale_count: 3");
    place.run(&deep).with_code(2).complains(&["has 2 levels, expected at least 3", "context_source: image"]);
    std::fs::remove_dir_all(place.path("fine.ome.zarr/1")).unwrap();
    place.image::<u16>("other.ome.zarr", "ome_zarr", "YX", &[20, 32], |_| 300);
    std::fs::rename(place.path("other.ome.zarr/0"), place.path("fine.ome.zarr/1")).unwrap();
    let again = format!("{config}overwrite: true\n");
    place.run(&again).with_code(1).complains(&["has size 20 × 32, expected 32 × 32 for scale 1"]);
}
