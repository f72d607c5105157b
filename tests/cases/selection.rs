//! Thresholds, filters and weights that leave nothing; targets that are labels.

use crate::case;
use crate::support::{Ended, Place, with};

/// Threshold and largest pixel, or the weights, at the line of the key.
#[test]
fn foreground_and_weights_that_centre_nothing_are_refused() {
    let place = case("foreground-nothing-found");
    place.patchweave(&["run", "foreground.yaml"]).with_code(2).complains(&[
        "foreground.yaml:6:65: data_config.patching.threshold: no pixel of the image i.tif is above threshold 60000: the \
         largest pixel is 999, expected a threshold below the pixels of foreground",
    ]);
    place.patchweave(&["run", "weighted.yaml"]).with_code(2).complains(&[
        "weighted.yaml:13:12: train.weights: no pixel of the image zero.tif is above 0: the largest pixel is 0, \
         expected maps with weights above 0",
    ]);
}

#[test]
fn filters_that_leave_nothing_are_named() {
    let place = case("foreground-nothing-found");
    for config in ["filter.yaml", "filter_no_val.yaml"] {
        let ended = place.patchweave(&["run", config]).with_code(2);
        ended.complains(&[
            "data_config.patch_filter: patch_filter max (threshold 60000, coverage 0.25) takes all of the image i.tif for \
             background, and with filtered_patch_prob 0 no patch is left; the largest pixel is 999",
        ]);
        assert!(!ended.stderr.contains("n_val_patches"), "{ended:#?}");
        // What nobody wrote is not in the way of checking.
        place.patchweave(&["validate", config]).with_code(0);
        let leaks = place.patchweave(&["validate", "--leaks", config]).with_code(2);
        leaks.complains(&["data_config.patch_filter: patch_filter max (threshold 60000"]);
    }
}

const TRAIN: &str = "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  patching: {name: stratified, patch_size: [16, 16]}
  normalization: {name: none}
  batch_size: 4
  num_workers: 1
  n_val_patches: 0
train:
  input: [bright.tiff, dark.tiff]
";

/// Two images: pixels of 100 to 199, and of 1 to 9 below zero.
fn place() -> Place {
    let place = Place::new();
    place.image("bright.tiff", "tiff", "YX", &[64, 64], |at| (100 + at * 7919 % 100) as f32);
    place.image("dark.tiff", "tiff", "YX", &[64, 64], |at| -((1 + at * 7919 % 9) as f32));
    for name in ["zero.tiff", "empty.tiff"] {
        place.image(name, "tiff", "YX", &[64, 64], |_| 0_u8);
    }
    place.image("one.tiff", "tiff", "YX", &[64, 64], |_| 1_u8);
    place
}

#[track_caller]
fn run(place: &Place, patching: &str, more: &str) -> Ended {
    let config = with(TRAIN, "{name: stratified, patch_size: [16, 16]}", patching);
    place.run(&config.replace("train:", more))
}

/// One image without anything to centre on is told, and how many there are; the run goes on.
#[test]
fn images_without_foreground_are_counted() {
    let place = place();
    let foreground = |threshold: i32, share: f64| {
        let patching =
            format!("{{name: foreground, patch_size: [16, 16], threshold: {threshold}, share: {share}}}");
        run(&place, &patching, "train:")
    };
    let told = foreground(50, 1.0).with_code(0);
    told.says("data_config.patching.threshold: 1 of 2 images have no pixel above threshold 50, so that their patches are drawn anywhere; the first is ");
    told.says("dark.tiff: the largest pixel is -1");
    assert!(!foreground(-5, 1.0).with_code(0).stdout.contains("warning"));
    foreground(199, 1.0)
        .with_code(2)
        .complains(&["no pixel of the 2 images is above threshold 199: the largest pixel is 199"]);
    // The other half is drawn anywhere anyway.
    foreground(199, 0.5)
        .with_code(0)
        .says("is above threshold 199: the largest pixel is 199; all patches are drawn anywhere");
    let weighted = |maps: &str| {
        run(&place, "{name: weighted, patch_size: [16, 16]}", &format!("train:\n  weights: [{maps}]"))
    };
    weighted("one.tiff, zero.tiff").with_code(0).says("train.weights: 1 of 2 images have no pixel above 0");
    weighted("zero.tiff, empty.tiff")
        .with_code(2)
        .complains(&["train.weights: no pixel of the 2 images is above 0"]);
}

#[test]
fn every_filter_tells_what_it_saw() {
    let place = place();
    let filtered = |filter: &str| {
        let more = format!("  patch_filter: {{{filter}}}\ntrain:");
        run(&place, "{name: stratified, patch_size: [16, 16]}", &more)
    };
    // Some images: told. All of them: told where background is drawn at all, refused where not.
    for (some, all, seen) in [
        ("name: max, threshold: 50", "name: max, threshold: 200", "the largest pixel is 199"),
        (
            "name: max, threshold: 0.5, coverage: 0.01",
            "name: max, threshold: 199, coverage: 0.01",
            "the largest pixel is 199",
        ),
        (
            "name: mean_std, mean_threshold: 10",
            "name: mean_std, mean_threshold: 160",
            "the largest mean of a region is ",
        ),
        (
            "name: mean_std, mean_threshold: -1000, std_threshold: 20",
            "name: mean_std, mean_threshold: -1000, std_threshold: 2000",
            "the largest standard deviation ",
        ),
        (
            "name: shannon, threshold: 5",
            "name: shannon, threshold: 20",
            "the largest entropy of a region is ",
        ),
    ] {
        let told = filtered(some).with_code(0);
        told.says("takes 1 of 2 images for background as a whole, their patches are drawn 0.1 times as often as others; the first is ");
        // Zeros beyond the borders are no pixels of the image.
        if some.starts_with("name: max") {
            told.says("dark.tiff: the largest pixel is -1");
        }
        let none = filtered(&format!("{some}, filtered_patch_prob: 0")).with_code(0);
        none.says("takes 1 of 2 images for background as a whole, no patch comes from them; the first is ");
        let told = filtered(all).with_code(0);
        told.says("takes all of the 2 images for background; ");
        told.says(seen);
        let refused = filtered(&format!("{all}, filtered_patch_prob: 0")).with_code(2);
        refused.complains(&[
            "data_config.patch_filter: patch_filter ",
            "takes all of the 2 images for background, and with filtered_patch_prob 0 no patch is left",
            seen,
        ]);
    }
    // A mean may be negative, as pixels may.
    let negative = filtered("name: mean_std, mean_threshold: -20, filtered_patch_prob: 0").with_code(0);
    assert!(!negative.stdout.contains("warning"), "{negative:#?}");
}

#[test]
fn masks_and_orders_that_leave_nothing_are_named() {
    let place = place();
    let masked = |masks: &str, probability: f64| {
        let more =
            format!("  mask_filter: {{filtered_patch_prob: {probability}}}\ntrain:\n  mask: [{masks}]");
        run(&place, "{name: stratified, patch_size: [16, 16]}", &more)
    };
    masked("one.tiff, zero.tiff", 0.1)
        .with_code(0)
        .says("mask_filter mask (coverage 0.25) takes 1 of 2 images for background");
    masked("zero.tiff, empty.tiff", 0.1)
        .with_code(0)
        .says("the largest share of a region that a mask covers is 0");
    masked("zero.tiff, empty.tiff", 0.0)
        .with_code(2)
        .complains(&["data_config.mask_filter: mask_filter mask (coverage 0.25)"]);
    for (order, key) in [("weighted", "weights"), ("foreground", "mask")] {
        let ordered = |maps: &str| {
            let more = format!("train:\n  order: {order}\n  {key}: [{maps}]");
            run(&place, "{name: sequential, patch_size: [16, 16]}", &more)
        };
        let told = ordered("one.tiff, zero.tiff").with_code(0);
        told.says(&format!("train.{key}: 1 of 2 images have no pixel above 0 in a patch, so that none of their patches is drawn"));
        ordered("zero.tiff, empty.tiff").with_code(2).complains(&[&format!(
            "train.{key}: order {order}: no pixel of the 2 images is above 0 in any of the 32 patches"
        )]);
    }
}

/// Nobody wrote the 8 patches of validation: what a filter leaves decides, and a written number is refused.
#[test]
fn validation_patches_that_nobody_asked_for_are_lowered() {
    let place = place();
    let default = with(TRAIN, "  n_val_patches: 0\n", "");
    let small = with(&default, "patch_size: [16, 16]", "patch_size: [24, 24]");
    let small = with(&small, "[bright.tiff, dark.tiff]", "bright.tiff");
    let told = place.run(&small).with_code(0);
    told.says("data_config.n_val_patches: the default of 8 validation patches is lowered to at most 4, because the training images have 8 patches in 4 cells");
    told.says("validation: ");
    let told = place.run(&with(&small, "[24, 24]", "[64, 64]")).with_code(0);
    told.says(
        "data_config.n_val_patches: the run has no validation patches, because the training images have ",
    );
    told.says("or write n_val_patches: 0 to train without validation");
    assert!(!told.stdout.contains("validation: "), "{told:#?}");
    let filter = "  patch_filter: {name: max, threshold: 199, filtered_patch_prob: 0.1}\ntrain:";
    let filtered = place.run(&default.replace("train:", filter)).with_code(0);
    filtered.says("data_config.n_val_patches: the default of 8 validation patches is lowered to ");
    filtered.says("after data_config.patch_filter");
    let written =
        default.replace("train:", &filter.replace("  patch_filter", "  n_val_patches: 8\n  patch_filter"));
    place.run(&written).with_code(2).complains(&[
        "data_config.n_val_patches: got 8 after data_config.patch_filter: got 8 validation patches, expected fewer",
    ]);
}

const LABELS: &str = "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  patching: {name: random, patch_size: [16, 16]}
  normalization: {name: mean_std}
  batch_size: 4
  num_workers: 2
train:
  input: bright.tiff
  target: labels.tiff
";

/// Targets that look like masks are told before they are scaled as intensities; who says what they are hears nothing.
#[test]
fn targets_that_look_like_labels_are_told() {
    let place = place();
    place.image("labels.tiff", "tiff", "YX", &[64, 64], |at| if at % 64 < 20 { 255_u8 } else { 0 });
    place.image("measured.tiff", "tiff", "YX", &[64, 64], |at| u16::try_from(at * 7919 % 1009).unwrap());
    let told = place.run(LABELS).with_code(0);
    told.says("train.target_kind: the target ");
    told.says("labels.tiff (uint8) looks like labels, with 2 different values in ");
    told.says("is about to be normalised by mean_std; write target_kind: labels");
    for quiet in [
        LABELS.replace("labels.tiff", "labels.tiff\n  target_kind: intensities"),
        LABELS.replace("labels.tiff", "measured.tiff"),
        with(LABELS, "{name: mean_std}", "{name: mean_std, skip_target: true}"),
        with(LABELS, "{name: mean_std}", "{name: none}"),
    ] {
        let ended = place.run(&quiet).with_code(0);
        assert!(!ended.stdout.contains("warning"), "{ended:#?}");
    }
    let labels = place.run(&LABELS.replace("labels.tiff", "labels.tiff\n  target_kind: labels")).with_code(0);
    assert!(!labels.stdout.contains("warning") && !labels.stdout.contains("; target"), "{labels:#?}");
    let left = std::fs::read_to_string(place.path("out/normalization.yaml")).unwrap();
    assert!(left.contains("skip_target: true") && !left.contains("target_means"), "{left}");
}

/// A plane of 64 × 64 pixels as a NumPy file; sinks write what `float32` holds, which is not enough here.
fn write_npy<T: Copy>(
    place: &Place,
    name: &str,
    descr: &str,
    pixel: impl Fn(usize) -> T,
    bytes: fn(T) -> Vec<u8>,
) {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (64, 64), }}");
    let header = format!("{header:<117}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    file.extend(header.as_bytes());
    file.extend((0..64 * 64).flat_map(|at| bytes(pixel(at))));
    std::fs::write(place.path(name), file).unwrap();
}

/// Labels beyond what float32 counts in ones are refused where they are read, with file, place and value.
#[test]
fn labels_that_would_be_rounded_are_refused() {
    let place = Place::new();
    write_npy(
        &place,
        "bright.npy",
        "<u2",
        |at| u16::try_from(at * 7919 % 1009).unwrap(),
        |pixel| pixel.to_le_bytes().into(),
    );
    let config = LABELS.replace("labels.tiff", "labels.npy\n  target_kind: labels");
    let config = with(&with(&config, "data_type: tiff", "data_type: npy"), "bright.tiff", "bright.npy");
    let column = |at: usize| at % 64 == 20;
    let run = |last: u32| {
        let label = |at| if column(at) { last } else { 0 };
        write_npy(&place, "labels.npy", "<u4", label, |pixel| pixel.to_le_bytes().into());
        place.run(&config)
    };
    run(16_777_216).with_code(0);
    run(16_777_217).with_code(1).complains(&[
        "labels.npy: pixel [0, 0, ",
        ", 20] (CZYX) of sample 0 is 16777217 (uint32), which float32 does not hold",
    ]);
    // As intensities they are rounded, as everything else is.
    place.run(&with(&config, "target_kind: labels", "target_kind: intensities")).with_code(0);
    let label = |at| if column(at) { 0.1 } else { 0.5 };
    write_npy(&place, "labels.npy", "<f8", label, |pixel: f64| pixel.to_le_bytes().into());
    place.run(&config).with_code(1).complains(&["is 0.1 (float64), which float32 does not hold"]);
    let label = |at| if column(at) { 0.25 } else { 3.0 };
    write_npy(&place, "labels.npy", "<f8", label, |pixel: f64| pixel.to_le_bytes().into());
    place.run(&config).with_code(0);
}

/// Labels are exact in all data sets of a mixture or in none, so that none of them are rounded beside others.
#[test]
fn labels_are_mixed_with_labels_alone() {
    let place = place();
    let label = |at: usize| if at % 64 < 20 { 1_u8 } else { 0 };
    place.image("labels.tiff", "tiff", "YX", &[64, 64], label);
    place.image("others.tiff", "tiff", "YX", &[64, 64], label);
    let labelled = LABELS.replace("labels.tiff", "labels.tiff\n  target_kind: labels");
    let of_others = |config: &str| config.replace("labels.tiff", "others.tiff");
    let bare = LABELS.replace("  target: labels.tiff\n", "");
    let skipping = with(LABELS, "{name: mean_std}", "{name: mean_std, skip_target: true}");
    let run = |own: &str, other: &str| {
        place.write("other.yaml", other);
        place.run(&format!("{own}  mix: [{{config: other.yaml}}]\n"))
    };
    run(&labelled, &of_others(&labelled)).with_code(0);
    for plain in [LABELS, &skipping, &with(LABELS, "{name: mean_std}", "{name: none}")] {
        run(&labelled, &of_others(plain)).with_code(2).complains(&[
            "train.mix[0].config: ",
            "other.yaml has targets without target_kind labels, expected target_kind: labels there as well",
        ]);
        run(plain, &of_others(&labelled))
            .with_code(2)
            .complains(&["other.yaml has target_kind labels, expected target_kind: labels here as well"]);
    }
    // Who has no targets is not told to call them labels.
    for (own, other) in [(&bare, &labelled), (&labelled, &bare)] {
        let refused = run(own, &of_others(other)).with_code(2);
        refused.complains(&["other.yaml makes ", " as in "]);
        assert!(!refused.stderr.contains("target_kind"), "{refused:#?}");
    }
}

/// Ranks of one configuration that start together simulate once.
#[test]
fn ranks_that_share_a_folder_simulate_once() {
    let place = Place::new();
    let config = "\
output: out
simulate: {folder: out/data, size: [256, 256], formats: [tiff, ome_zarr]}
data_config:
  mode: training
  data_type: zarr
  axes: YX
  patching: {name: random, patch_size: [32, 32]}
  normalization: {name: mean_std}
  num_workers: 1
train:
  input: out/data/mixed.ome.zarr
  shard: {rank: '${RANK}', world_size: 3}
";
    place.write("run.yaml", config);
    // What a killed run may have left.
    std::fs::create_dir_all(place.path("out/data")).unwrap();
    std::fs::write(place.path("out/data/.patchweave-lock"), "").unwrap();
    let start = |rank: usize| {
        let mut command = std::process::Command::new(crate::support::PATCHWEAVE);
        command.args(["run", "run.yaml"]).current_dir(place.path("")).env("RANK", rank.to_string());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..3).map(start).collect();
    let ended: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let mut n_made = 0;
    for output in &ended {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout);
        n_made += usize::from(said.contains("simulated 3 structures"));
        assert!(said.contains("simulated"), "{said}");
    }
    assert_eq!(n_made, 1);
    let names = place.names("out/data");
    assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
}
