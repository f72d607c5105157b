//! Refusals: the keys of lateral context.

use crate::Case;

pub(crate) const ON_LATERAL: &[Case] = &[
    Case {
        from: "multiscale_count: 3",
        to: "multiscale_count: 0",
        problems: &["20:21: data_config.multiscale_count: got 0, expected an integer from 1 to 16"],
    },
    Case {
        from: "multiscale_count: 3",
        to: "multiscale_count: 17",
        problems: &["20:21: data_config.multiscale_count: got 17, expected an integer from 1 to 16"],
    },
    Case {
        from: "padding_mode: constant",
        to: "padding_mode: edge",
        problems: &[
            r#"21:17: data_config.padding_mode: got "edge", expected reflect, wrap, wrap_image or constant"#,
        ],
    },
    Case {
        from: "padding_mode: constant",
        to: "padding_mode: wrap_image",
        problems: &[
            "22:18: data_config.padding_value: padding_value with padding_mode wrap_image, expected padding_mode constant, or no padding_value",
        ],
    },
    Case {
        from: "padding_value: 100",
        to: "padding_value: .nan",
        problems: &[
            "22:18: data_config.padding_value: got NaN, expected a finite number in the range of float32",
        ],
    },
    Case {
        from: "context_source: pyramid",
        to: "context_source: pyramids",
        problems: &[
            r#"23:19: data_config.context_source: got "pyramids", expected image or pyramid; did you mean `pyramid`?"#,
        ],
    },
    Case {
        from: "data_type: zarr",
        to: "data_type: tiff",
        problems: &[
            r#"23:19: data_config.context_source: got "pyramid", expected image with data_type tiff, which has no pyramids"#,
        ],
    },
    Case {
        from: "context_depth: keep",
        to: "context_depth: Grow",
        problems: &[
            r#"24:18: data_config.context_depth: got "Grow", expected grow or keep; did you mean `grow`?"#,
        ],
    },
    Case {
        from: "  axes: ZYX\n  target_axes: CZYX\n  patching: {name: weighted, patch_size: [8, 64, 64], share: 0.75}",
        to: "  axes: YX\n  target_axes: CYX\n  patching: {name: weighted, patch_size: [64, 64], share: 0.75}",
        problems: &[
            r#"24:18: data_config.context_depth: got "keep", expected grow, because axes YX have no depth"#,
        ],
    },
    Case {
        from: "[[0, 1], [0.2, 0.5]]",
        to: "[]",
        problems: &[
            "25:17: data_config.alpha_ranges: got a list of 0 entries, expected a list with one range [low, high] per channel, or no alpha_ranges",
        ],
    },
    Case {
        from: "[[0, 1], [0.2, 0.5]]",
        to: "[0, 1]",
        problems: &[
            "25:18: data_config.alpha_ranges[0]: got 0, expected two numbers [low, high]",
            "25:21: data_config.alpha_ranges[1]: got 1, expected two numbers [low, high]",
        ],
    },
    Case {
        from: "[[0, 1], [0.2, 0.5]]",
        to: "[[0, 1, 2], [0.5, x]]",
        problems: &[
            "25:18: data_config.alpha_ranges[0]: got a list of 3 entries, expected two numbers [low, high]",
            r#"25:35: data_config.alpha_ranges[1][1]: got "x", expected a finite number in the range of float32"#,
        ],
    },
    Case {
        from: "[[0, 1], [0.2, 0.5]]",
        to: "[[0, 1], [0.5, 0.2]]",
        problems: &[
            "25:32: data_config.alpha_ranges[1][1]: got 0.2, expected at least 0.5, the lower end of the range",
        ],
    },
    Case {
        from: "[[0, 1], [0.2, 0.5]]",
        to: "0.5",
        problems: &[
            "25:17: data_config.alpha_ranges: got 0.5, expected a list with one range [low, high] per channel",
        ],
    },
    Case {
        from: "uncorrelated_channel_prob: 0.4",
        to: "uncorrelated_channel_prob: 1.5",
        problems: &["26:30: data_config.uncorrelated_channel_prob: got 1.5, expected a number from 0 to 1"],
    },
    Case {
        from: "uncorrelated_channel_prob: 0.4",
        to: "uncorrelated_channel_probab: 0.4",
        problems: &[
            "26:3: data_config.uncorrelated_channel_probab: unknown key, expected one of mode, data_type, axes, target_axes, axes_source, patching, normalization, batch_size, in_memory, n_val_patches, channels, patch_filter, mask_filter, augmentations, train_dataloader_params, val_dataloader_params, pred_dataloader_params, num_workers, seed, multiscale_count, padding_mode, alpha_ranges, uncorrelated_channel_prob, padding_value, context_source, context_depth; did you mean `uncorrelated_channel_prob`?",
        ],
    },
    Case {
        from: "  mode: training\n",
        to: "  mode: predicting\n",
        problems: &[
            r#"4:9: data_config.mode: got "predicting", expected training, because there is a `train` section"#,
            r#"8:20: data_config.patching.name: got "weighted", expected tiled or whole (for mode predicting)"#,
            "25:17: data_config.alpha_ranges: got a list of 2 entries, expected no alpha_ranges with mode predicting, which mixes no channels",
            "26:30: data_config.uncorrelated_channel_prob: got 0.4, expected 0 with mode predicting, which mixes no channels",
        ],
    },
    Case {
        from: "patch_size: [8, 64, 64]",
        to: "patch_size: [1, 1073741824, 1073741824]",
        problems: &[
            "20:21: data_config.multiscale_count: 3 scales of patches of size 1 × 1073741824 × 1073741824, expected fewer scales or smaller patches: the coarsest window has too many pixels",
        ],
    },
];
