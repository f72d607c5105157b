//! What concerns every run: patches, pairs, channels, statistics, batches.

use patchweave_config::{ImageFacts, OpenedImages};

use crate::{image, images, problems};

#[test]
fn every_training_image_has_room_for_a_patch() {
    let train_inputs = vec![image("a", &[1, 2, 64, 63]), image("c", &[1, 2, 64, 64])];
    let train_targets = vec![vec![image("b", &[1, 3, 64, 63]), image("d", &[1, 3, 64, 64])]];
    let found = problems("", "", &OpenedImages { train_inputs, train_targets, ..images() });
    let expected = "9:40: data_config.patching.patch_size: image a has size 64 × 63, expected at least the patch size 64 × 64";
    assert_eq!(found, [expected]);
}

#[test]
fn images_of_a_role_are_of_one_kind() {
    let second = ImageFacts { entry: 1, ..image("q", &[1, 3, 5, 20, 20]) };
    let predict_inputs = vec![image("p", &[1, 2, 20, 20]), second];
    let list = "predict:\n  input: [p, q]";
    let found = problems("predict:\n  input: a.tiff", list, &OpenedImages { predict_inputs, ..images() });
    let expected = [
        "15:14: predict.input[1]: image q has 3 spatial axes, expected 2 as in axes CYX",
        "15:14: predict.input[1]: q has 3 channels, expected 2 as in p",
    ];
    assert_eq!(found, expected);
}

#[test]
fn targets_pair_with_inputs() {
    let train_targets = vec![vec![image("b", &[2, 1, 64, 80])]];
    let found = problems("", "", &OpenedImages { train_targets, ..images() });
    let expected = "13:11: train.target: target b has 2 samples of size 64 × 80, expected 1 sample of size 64 × 80 as its input a";
    assert_eq!(found, [expected]);

    let train_targets = vec![vec![image("b", &[1, 1, 64, 80]), image("c", &[1, 1, 64, 80])]];
    let found = problems("", "", &OpenedImages { train_targets, ..images() });
    assert_eq!(found, ["13:11: train.target: 2 targets, expected 1, one per input"]);
}

#[test]
fn selected_channels_exist() {
    let found = problems("axes: CYX", "axes: CYX\n  channels: [1, 2]", &images());
    let expected = [
        "9:17: data_config.channels[1]: channel 2, but image a has 2 channels, expected an index below 2",
        "9:17: data_config.channels[1]: channel 2, but image p has 2 channels, expected an index below 2",
    ];
    assert_eq!(found, expected);
    let found = problems("axes: CYX", "axes: CYX\n  channels: 2", &images());
    assert!(found[0].starts_with("9:13: data_config.channels: channel 2"), "{found:?}");
}

#[test]
fn given_statistics_fit_the_channels() {
    let three = "name: mean_std, input_means: [1, 2, 3], input_stds: [1, 2, 3], target_means: [1, 2], target_stds: [1, 2]";
    let found = problems("name: mean_std", three, &images());
    let expected = [
        "10:48: data_config.normalization.input_means: got 3 values, expected 1 or 2 (for the 2 channels of a)",
        "10:48: data_config.normalization.input_means: got 3 values, expected 1 or 2 (for the 2 channels of p)",
        "10:96: data_config.normalization.target_means: got 2 values, expected 1 or 3 (for the 3 channels of b)",
    ];
    assert_eq!(found, expected);

    let selected =
        "name: min_max, skip_target: true, input_mins: [1, 2], input_maxes: [2, 3]}\n  channels: [0";
    let found = problems("name: mean_std}", &format!("{selected}]"), &images());
    let expected =
        "10:65: data_config.normalization.input_mins: got 2 values, expected 1 (for the 1 channel of a)";
    assert_eq!(found[0], expected);
    let fits = problems("name: mean_std}", &format!("{selected}, 1]"), &images());
    assert_eq!(fits, Vec::<String>::new());
}

#[test]
fn fitted_statistics_fit_what_is_predicted() {
    let predict_inputs = vec![image("p", &[1, 3, 20, 20])];
    let images = OpenedImages { predict_inputs, ..images() };
    let found = problems("", "", &images);
    let expected =
        "15:10: predict.input: p has 3 channels, expected 2 as in a, on which the statistics are fitted";
    assert_eq!(found, [expected]);
    let one_for_all = problems("name: mean_std", "name: mean_std, per_channel: false", &images);
    assert_eq!(one_for_all, Vec::<String>::new());
}

#[test]
fn whole_images_of_different_sizes_share_no_batch() {
    let predict_inputs = vec![image("p", &[1, 2, 20, 20]), image("q", &[1, 2, 20, 30])];
    let images = OpenedImages { predict_inputs, ..images() };
    let tiled = "patching: {name: tiled, patch_size: [96, 96], overlaps: [32, 32]}";
    let found = problems(tiled, "patching: {name: whole}\n  batch_size: 4", &images);
    let expected = "17:15: predict.batch_size: batches of 4 whole images, but p has size 20 × 20 and q has size 20 × 30, \
                    expected 1, images of the same size, or tiles";
    assert_eq!(found, [expected]);
    assert_eq!(problems(tiled, "patching: {name: whole}", &images), Vec::<String>::new());
    assert_eq!(problems("", "", &images), Vec::<String>::new());
}

/// Their sizes are those of results, which the configuration does not know.
#[test]
fn targets_of_a_prediction_are_as_many_as_its_inputs() {
    let target = |shape: &[usize]| image("t", shape);
    let predict_inputs = vec![image("p", &[1, 2, 20, 20]), image("q", &[1, 2, 20, 20])];
    let found = |predict_targets: Vec<ImageFacts>| {
        let images = OpenedImages { predict_inputs: predict_inputs.clone(), predict_targets, ..images() };
        problems("predict:\n", "predict:\n  target: t.tiff\n", &images)
    };
    assert_eq!(
        found(vec![target(&[1, 3, 20, 20])]),
        ["15:11: predict.target: 1 target, expected 2, one per input"]
    );
    assert_eq!(found(vec![target(&[1, 3, 40, 40]); 2]), Vec::<String>::new());
    let differing = found(vec![target(&[1, 3, 20, 20]), target(&[1, 2, 20, 20])]);
    assert_eq!(differing, ["15:11: predict.target: t has 2 channels, expected 3 as in t"]);
}
