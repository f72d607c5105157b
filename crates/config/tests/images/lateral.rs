//! Lateral context: one channel per input, one per independent source, one range per mixed channel.

use patchweave_config::{ImageFacts, OpenedImages};

use crate::{LATERAL, image, problems_of};

/// The images that the file with lateral context fits.
pub fn images() -> OpenedImages {
    OpenedImages {
        train_targets: vec![vec![image("a", &[1, 2, 9, 70, 70]), image("b", &[2, 2, 8, 64, 64])]],
        val_targets: vec![vec![image("c", &[1, 2, 8, 64, 64])]],
        weights: vec![image("wa", &[1, 1, 9, 70, 70]), image("wb", &[2, 1, 8, 64, 64])],
        predict_inputs: vec![image("d", &[1, 1, 8, 100, 90])],
        ..OpenedImages::default()
    }
}

/// The file with other images of the training, and patches that are drawn anywhere.
fn with(train: &str) -> String {
    let start = LATERAL.find("train:").unwrap();
    let end = LATERAL.find("predict:").unwrap();
    let weighted = "{name: weighted, patch_size: [8, 64, 64], share: 0.75}";
    let text = format!("{}train:\n{train}{}", &LATERAL[..start], &LATERAL[end..]);
    text.replacen(weighted, "{name: random, patch_size: [8, 64, 64]}", 1)
}

/// The file with its channels selected.
fn selecting(channels: &str, ranges: &str) -> String {
    LATERAL
        .replace("  axes: ZYX", "  axes: CZYX")
        .replace("  channels: null", &format!("  channels: {channels}"))
        .replace("alpha_ranges: [[0, 1], [0.2, 0.5]]", &format!("alpha_ranges: {ranges}"))
        .replace("[0.02, 0.03]", "0.02")
        .replace("[0.9, 0.95]", "0.9")
        .replace("[1, 2]", "1")
        .replace("[10, 20]", "10")
}

fn target(n_channels: usize) -> OpenedImages {
    let image = |name: &str, image: &ImageFacts| ImageFacts {
        source: name.into(),
        shape: patchweave_geometry::ImageShape { n_channels, ..image.shape },
        entry: image.entry,
    };
    let lists = |lists: Vec<Vec<ImageFacts>>| -> Vec<Vec<ImageFacts>> {
        lists.iter().map(|list| list.iter().map(|one| image(&one.source, one)).collect()).collect()
    };
    let images = images();
    OpenedImages {
        train_targets: lists(images.train_targets),
        val_targets: lists(images.val_targets),
        ..images
    }
}

#[test]
fn there_is_a_range_for_every_channel_of_the_source() {
    let found = problems_of(&LATERAL.replace("[[0, 1], [0.2, 0.5]]", "[[0, 1]]"), &images());
    assert_eq!(found, ["25:17: data_config.alpha_ranges: 1 range, expected 2, one for every channel of a"]);

    // Two of four channels are mixed, and ranges are counted by the four.
    for (channels, ranges, fits) in [
        ("[2, 0]", "[[0, 1], [0, 1], [0, 1]]", true),
        ("[2, 0]", "[[0, 1], [0, 1], [0, 1], [0, 1]]", true),
        ("[1, 0]", "[[0, 1], [0, 1]]", true),
        ("[2, 0]", "[[0, 1], [0, 1]]", false),
        ("[2, 0]", "[[0, 1]]", false),
        ("[2, 0]", "[[0, 1], [0, 1], [0, 1], [0, 1], [0, 1]]", false),
    ] {
        let found = problems_of(&selecting(channels, ranges), &target(4));
        assert_eq!(found.is_empty(), fits, "{channels} {ranges}: {found:?}");
    }
    let expected = "25:17: data_config.alpha_ranges: 2 ranges, expected 3 to 4, because the ranges belong, by position, to the channels of a";
    assert_eq!(problems_of(&selecting("[2, 0]", "[[0, 1], [0, 1]]"), &target(4)), [expected]);
    let found = problems_of(&selecting("[4, 0]", "null"), &target(4));
    assert!(found[0].contains("data_config.channels[0]: channel 4, but image a has 4 channels"), "{found:?}");
}

#[test]
fn independent_sources_have_one_channel_each() {
    let file = with("  constructor: independent_targets\n  target: [a, [b, c]]\n");
    let source = |name: &str, entry: usize, n_channels: usize| ImageFacts {
        entry,
        ..image(name, &[1, n_channels, 8, 64, 64])
    };
    let fits = OpenedImages {
        train_targets: vec![vec![source("a", 0, 1)], vec![source("b", 0, 1), source("c", 1, 1)]],
        ..OpenedImages::default()
    };
    assert_eq!(problems_of(&file, &fits), Vec::<String>::new());
    let wrong = OpenedImages {
        train_targets: vec![vec![source("a", 0, 2)], vec![source("b", 0, 3), source("c", 1, 1)]],
        ..OpenedImages::default()
    };
    let expected = [
        "29:19: train.target[1][1]: c has 1 channel, expected 3 as in b",
        "29:12: train.target[0]: a has 2 channels, expected 1, because every source of independent_targets is one channel",
        "29:16: train.target[1][0]: b has 3 channels, expected 1, because every source of independent_targets is one channel",
    ];
    assert_eq!(problems_of(&file, &wrong), expected);

    let three = file.replace("[a, [b, c]]", "[a, b, c]");
    let sources = ["a", "b", "c"].map(|name| vec![source(name, 0, 1)]).to_vec();
    let found = problems_of(&three, &OpenedImages { train_targets: sources, ..OpenedImages::default() });
    let expected = [
        "25:17: data_config.alpha_ranges: 2 ranges, expected 3, one per source",
        "14:35: data_config.normalization.target_lower_quantile_values: got 2 values, expected 1 or 3 (for the 3 channels of a)",
    ];
    assert_eq!(found, expected);
}

#[test]
fn inputs_with_lateral_context_have_one_channel() {
    let file = with("  constructor: paired\n  input: a\n  target: b\n");
    let pair = |n_channels: usize| OpenedImages {
        train_inputs: vec![image("a", &[1, n_channels, 8, 64, 64])],
        train_targets: vec![vec![image("b", &[1, 2, 8, 64, 64])]],
        ..OpenedImages::default()
    };
    assert_eq!(problems_of(&file, &pair(1)), Vec::<String>::new());
    let expected = "29:10: train.input: a has 2 channels, expected 1, or one of them selected by channels, because lateral context is made \
                    of one channel";
    assert_eq!(problems_of(&file, &pair(2)), [expected]);
    let selected = file.replace("  axes: ZYX", "  axes: CZYX").replace("channels: null", "channels: 1");
    assert_eq!(problems_of(&selected, &pair(2)), Vec::<String>::new());
    let several = selected.replace("channels: 1", "channels: [1, 0]");
    let expected = "19:13: data_config.channels: 2 channels of train.input, expected 1, because lateral context is made of one channel";
    assert_eq!(problems_of(&several, &pair(2)), [expected]);

    let predicted = OpenedImages { predict_inputs: vec![image("d", &[1, 2, 8, 64, 64])], ..images() };
    let found = problems_of(LATERAL, &predicted);
    assert!(found[0].contains("predict.input: d has 2 channels, expected 1, or one of them"), "{found:?}");
}

#[test]
fn the_scales_of_an_input_share_their_statistics() {
    let file = LATERAL.replace("input_lower_quantile_values: 3", "input_lower_quantile_values: [3, 4, 5]");
    let file = file.replace("input_upper_quantile_values: 30", "input_upper_quantile_values: [30, 40, 50]");
    let expected = [
        "16:34: data_config.normalization.input_lower_quantile_values: got 3 values, expected 1 (for the 1 channel of a)",
        "16:34: data_config.normalization.input_lower_quantile_values: got 3 values, expected 1 (for the 1 channel of d)",
    ];
    assert_eq!(problems_of(&file, &images()), expected);
}

#[test]
fn all_scales_take_memory() {
    // 3 scales and 2 target channels of 2^15 pixels, 64 samples: 40 MiB; 3 scales of the image: less than 1 MiB.
    let file = |mib: usize| {
        let text = LATERAL.replace("  channels: null", "  batch_size: 64");
        let text = text.replace("models: [identity]", "models: [identity]\n  batch_size: 1");
        text.replace("  statistics: {from: patches}", &format!("  prefetch_mib: {mib}"))
    };
    assert_eq!(problems_of(&file(40), &images()), Vec::<String>::new());
    let expected = "32:17: train.prefetch_mib: a batch of 64 × 8 × 64 × 64 needs 40 MiB, but the budget is 39 MiB, expected a larger prefetch_mib, \
                    a smaller batch_size or smaller patches";
    assert_eq!(problems_of(&file(39), &images()), [expected]);
}

#[test]
fn levels_of_quantiles_are_one_per_channel_that_is_fitted() {
    let file = LATERAL
        .replace("    target_lower_quantile_values: [1, 2]\n    target_upper_quantile_values: [10, 20]\n", "")
        .replace("    input_lower_quantile_values: 3\n    input_upper_quantile_values: 30\n", "");
    let expected =
        "12:22: data_config.normalization.lower_quantiles: got 2 values, expected 1 (for the 1 channel of a)";
    assert_eq!(problems_of(&file, &images()), [expected]);
    let three = file.replace("[0.02, 0.03]", "[0, 0, 0]").replace("[0.9, 0.95]", "[1, 1, 1]");
    let expected = [
        "12:22: data_config.normalization.lower_quantiles: got 3 values, expected 1 (for the 1 channel of a)",
        "12:22: data_config.normalization.lower_quantiles: got 3 values, expected 1 or 2 (for the 2 channels of a)",
    ];
    assert_eq!(problems_of(&three, &images()), expected);
}
