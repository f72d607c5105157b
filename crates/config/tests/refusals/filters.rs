//! Refusals: the filters of `data_config`.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}\n  patch_filter: max",
        problems: &[
            r#"10:17: data_config.patch_filter: got "max", expected a block with name max, mean_std or shannon"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}\n  patch_filter: {name: maxx, threshold: 1}",
        problems: &[
            r#"10:24: data_config.patch_filter.name: got "maxx", expected max, mean_std or shannon; did you mean `max`?"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}\n  patch_filter: {name: mask, coverage: 0.5}",
        problems: &[
            r#"10:24: data_config.patch_filter.name: got "mask", expected max, mean_std or shannon (mask belongs in mask_filter)"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}\n  patch_filter: {name: max}",
        problems: &["10:3: data_config.patch_filter.threshold: missing, expected a number"],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}\n  patch_filter: {name: max, threshold: high, coverage: 1.5, ref_channel: -1, filtered_patch_prob: 2}",
        problems: &[
            r#"10:40: data_config.patch_filter.threshold: got "high", expected a finite number in the range of float32"#,
            "10:56: data_config.patch_filter.coverage: got 1.5, expected a number from 0 to 1",
            "10:74: data_config.patch_filter.ref_channel: got -1, expected an integer, at least 0",
            "10:99: data_config.patch_filter.filtered_patch_prob: got 2, expected a number from 0 to 1",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}\n  patch_filter: {name: mean_std, mean_threshold: low, std_threshold: -2, threshold: 3}",
        problems: &[
            r#"10:50: data_config.patch_filter.mean_threshold: got "low", expected a finite number in the range of float32"#,
            "10:70: data_config.patch_filter.std_threshold: got -2, expected a finite number, at least 0",
            "10:74: data_config.patch_filter.threshold: unknown key, expected one of name, ref_channel, filtered_patch_prob, mean_threshold, std_threshold",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}\n  patch_filter: {name: shannon, threshold: -0.5}",
        problems: &[
            "10:44: data_config.patch_filter.threshold: got -0.5, expected a finite number, at least 0",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}\n  mask_filter: 0.5",
        problems: &["10:16: data_config.mask_filter: got 0.5, expected a block of keys"],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}\n  mask_filter: {name: max, coverage: -1, coverag: 1}",
        problems: &[
            r#"10:23: data_config.mask_filter.name: got "max", expected mask"#,
            "10:38: data_config.mask_filter.coverage: got -1, expected a number from 0 to 1",
            "10:42: data_config.mask_filter.coverag: unknown key, expected one of name, ref_channel, filtered_patch_prob, coverage",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: random, patch_size: [64, 64]}\n  patch_filter: {name: max, threshold: 5}",
        problems: &[
            "10:3: data_config.patch_filter: a patch filter with patching random, expected patching stratified",
        ],
    },
    Case {
        from: "  mode: training\n  data_type: tiff\n  axes: CYX\n  patching: {name: random, patch_size: [64, 64]}",
        to: "  mode: predicting\n  data_type: tiff\n  axes: CYX\n  patching: {name: whole}\n  mask_filter: {}\n  patch_filter: {name: max, threshold: 5}",
        problems: &[
            r#"6:9: data_config.mode: got "predicting", expected training, because there is a `train` section"#,
            "10:3: data_config.mask_filter: a filter with mode predicting, expected mode training, or no filter",
            "11:3: data_config.patch_filter: a filter with mode predicting, expected mode training, or no filter",
        ],
    },
];

pub(crate) const ON_LATERAL: &[Case] = &[Case {
    from: "  mask_filter: null\n",
    to: "  patch_filter: {name: max, threshold: 1}\n",
    problems: &[
        "18:3: data_config.patch_filter: a patch filter together with lateral context, expected only one of the two",
    ],
}];
