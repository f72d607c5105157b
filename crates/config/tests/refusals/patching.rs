//! Refusals: `patching` of `data_config`.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "  axes: CYX",
        to: "  axes: CZYX",
        problems: &[
            "9:40: data_config.patching.patch_size: got a list of 2 entries, expected a list of 3 sizes for axes CZYX",
            "16:39: predict.patching.patch_size: got a list of 2 entries, expected a list of 3 sizes for axes CZYX",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: randm, patch_size: [64, 64]}",
        problems: &[
            r#"9:20: data_config.patching.name: got "randm", expected random, stratified, weighted, foreground, sequential, fixed_random, tiled or whole; did you mean `random`?"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{patch_size: [64, 64]}",
        problems: &[
            "9:3: data_config.patching.name: missing, expected random, stratified, weighted, foreground, sequential, fixed_random, tiled or whole",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "random",
        problems: &[
            r#"9:13: data_config.patching: got "random", expected a block with name random, stratified, weighted, foreground, sequential, fixed_random, tiled or whole"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: random}",
        problems: &["9:3: data_config.patching.patch_size: missing, expected a list of sizes"],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: random, patch_sze: [64, 64]}",
        problems: &[
            "9:28: data_config.patching.patch_sze: unknown key, expected one of name, patch_size, seed; did you mean `patch_size`?",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: random, patch_size: [64, 32]}",
        problems: &[
            "9:40: data_config.patching.patch_size: got 64 × 32, expected the same size along Y and X, because patches are rotated by 90 degrees",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: random, patch_size: [8, 64, 64]}",
        problems: &[
            "9:40: data_config.patching.patch_size: got a list of 3 entries, expected a list of 2 sizes for axes CYX",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: random, patch_size: [64, -64]}",
        problems: &["9:45: data_config.patching.patch_size[1]: got -64, expected an integer, at least 1"],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: random, patch_size: [64, 64], seed: 0}",
        problems: &["9:56: data_config.patching.seed: got 0, expected an integer, at least 1"],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: random, patch_size: [64, 64], overlaps: [2, 2]}",
        problems: &[
            "9:50: data_config.patching.overlaps: unknown key, expected one of name, patch_size, seed",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: fixed_random, patch_size: [64, 64]}",
        problems: &[
            r#"9:20: data_config.patching.name: got "fixed_random", expected random, stratified, weighted, foreground or sequential (for mode training)"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: tiled, patch_size: [64, 64], overlaps: [32, 32]}",
        problems: &[
            r#"9:20: data_config.patching.name: got "tiled", expected random, stratified, weighted, foreground or sequential (for mode training)"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: whole}",
        problems: &[
            r#"9:20: data_config.patching.name: got "whole", expected random, stratified, weighted, foreground or sequential (for mode training)"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: sequential, patch_size: [64, 32]}",
        problems: &[
            "9:44: data_config.patching.patch_size: got 64 × 32, expected the same size along Y and X, because patches are rotated by 90 degrees",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: sequential, patch_size: [64, 64], overlaps: [64, 3]}",
        problems: &[
            "9:65: data_config.patching.overlaps[0]: got 64, expected a number smaller than the patch size 64",
        ],
    },
    Case {
        from: "patch_size: [64, 64]}",
        to: "patch_size: [64, 64], patch_size: [3, 3], 'patch_size': 1}",
        problems: &[
            "9:50: data_config.patching.patch_size: duplicate key, expected each key once",
            "9:70: data_config.patching.patch_size: duplicate key, expected each key once",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratifid, patch_size: [64, 64]}",
        problems: &[
            r#"9:20: data_config.patching.name: got "stratifid", expected random, stratified, weighted, foreground, sequential, fixed_random, tiled or whole; did you mean `stratified`?"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 32], seed: 0}",
        problems: &[
            "9:44: data_config.patching.patch_size: got 64 × 32, expected the same size along Y and X, because patches are rotated by 90 degrees",
            "9:60: data_config.patching.seed: got 0, expected an integer, at least 1",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: weighted, patch_size: [64, 64], share: 0}",
        problems: &["9:59: data_config.patching.share: got 0, expected a number above 0 and at most 1"],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: weighted, patch_size: [64, 64], share: 1.5, threshold: 3}",
        problems: &[
            "9:59: data_config.patching.share: got 1.5, expected a number above 0 and at most 1",
            "9:64: data_config.patching.threshold: unknown key, expected one of name, patch_size, seed, share",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: foreground, patch_size: [64, 64]}",
        problems: &[
            "9:3: data_config.patching.threshold: missing, expected the intensity above which a pixel is foreground",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: foreground, patch_size: [64], threshold: .inf, ref_channel: -1, share: 2}",
        problems: &[
            "9:44: data_config.patching.patch_size: got a list of 1 entry, expected a list of 2 sizes for axes CYX",
            "9:61: data_config.patching.threshold: got inf, expected a finite number in the range of float32",
            "9:80: data_config.patching.ref_channel: got -1, expected an integer, at least 0",
            "9:91: data_config.patching.share: got 2, expected a number above 0 and at most 1",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: foreground, patch_size: [64, 64], treshold: 3}",
        problems: &[
            "9:54: data_config.patching.treshold: unknown key, expected one of name, patch_size, seed, threshold, ref_channel, share; did you mean `threshold`?",
        ],
    },
];
