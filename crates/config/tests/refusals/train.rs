//! Refusals: `train` without lateral context.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "train:\n  input: a.tiff\n",
        to: "train:\n",
        problems: &["11:1: train.input: missing, expected a path or a list of paths"],
    },
    Case {
        from: "  input: a.tiff\n  target",
        to: "  input: []\n  target",
        problems: &[
            "12:10: train.input: got a list of 0 entries, expected a path or a non-empty list of paths",
        ],
    },
    Case {
        from: "  input: a.tiff\n  target",
        to: "  input: [a.tiff, 7, \"\"]\n  target",
        problems: &[
            "12:19: train.input[1]: got 7, expected a path (in quotes if it looks like a number, true or false)",
            r#"12:22: train.input[2]: got "", expected a non-empty path"#,
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  target_kind: mask\n  target: b.tiff",
        problems: &[
            r#"13:16: train.target_kind: got "mask", expected labels or intensities (mask is called labels)"#,
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  target_kind: labels",
        problems: &["13:16: train.target_kind: labels without a target, expected target, or no target_kind"],
    },
    Case {
        from: "{name: mean_std}\ntrain:\n  input: a.tiff\n",
        to: "{name: mean_std, skip_target: false}\ntrain:\n  input: a.tiff\n  target_kind: labels\n",
        problems: &[
            "10:48: data_config.normalization.skip_target: skip_target: false with target_kind labels in train, expected \
             true, or no skip_target: labels are not normalised",
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  epochs: 0",
        problems: &["13:11: train.epochs: got 0, expected an integer, at least 1"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  max_batches: 0",
        problems: &["13:16: train.max_batches: got 0, expected an integer, at least 1"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  prefetch_batches: 0",
        problems: &["13:21: train.prefetch_batches: got 0, expected an integer, at least 1"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  prefetch_mib: 99999999999999999",
        problems: &[
            "13:17: train.prefetch_mib: got 99999999999999999, expected an integer from 1 to 17592186044415",
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  montage_patches: -1",
        problems: &["13:20: train.montage_patches: got -1, expected an integer from 0 to 256"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  targets: b.tiff",
        problems: &[
            "13:3: train.targets: unknown key, expected one of constructor, input, target, val_input, val_target, leak_free, mask, weights, target_kind, statistics, epochs, max_batches, prefetch_batches, prefetch_mib, montage_patches, order, passes, max_patches, shapes, on_failure, shard, mix, ratio, mix_until; did you mean `target`?",
        ],
    },
    Case {
        from: "train:\n  input: a.tiff\n  target: b.tiff\npredict:\n  input: a.tiff\n",
        to: "other:\n",
        problems: &[
            "1:1: train: missing, expected `train`, `predict` or both",
            "11:1: other: unknown key, expected one of output, overwrite, durability, simulate, reading, data_config, train, predict",
        ],
    },
    Case {
        from: "train:\n  input: a.tiff\n  target: b.tiff\n",
        to: "train: [1]\n",
        problems: &["11:8: train: got a list of 1 entry, expected a block of keys"],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  constructor: baisc\n",
        problems: &[
            r#"14:16: train.constructor: got "baisc", expected basic, multi_channel_target, independent_targets or paired; did you mean `basic`?"#,
        ],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  constructor: paired\n",
        problems: &[
            r#"14:16: train.constructor: got "paired", expected basic, or multiscale_count in data_config (1 for no scale but the patch itself)"#,
        ],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  val_input: c.tiff\n",
        problems: &[
            "11:1: train.val_target: missing, expected a path or a list of paths, because there is a target",
        ],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  val_input: c.tiff\n  val_target: d.tiff\n",
        problems: &[
            "14:15: train.val_target: val_target without target, expected the key target as well, or no val_target",
        ],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  val_target: d.tiff\n",
        problems: &["11:1: train.val_input: missing, expected a path or a list of paths"],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  mask: m.tiff\n",
        problems: &["14:9: train.mask: masks with patching random, expected patching stratified"],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  weights: w.tiff\n",
        problems: &[
            "14:12: train.weights: weights with patching random, expected patching weighted, order weighted, or no weights",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: weighted, patch_size: [64, 64]}",
        problems: &[
            "11:1: train.weights: missing, expected a path or a list of paths, because patching is weighted",
        ],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  leak_free: 1\n",
        problems: &["14:14: train.leak_free: got 1, expected true or false"],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  leak_free: true\n",
        problems: &["14:14: train.leak_free: leak_free with patching random, expected patching stratified"],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  statistics: images\n",
        problems: &[r#"14:15: train.statistics: got "images", expected a block of keys"#],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  statistics: {from: image}\n",
        problems: &[
            r#"14:22: train.statistics.from: got "image", expected patches or images; did you mean `images`?"#,
        ],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  statistics: {from: images, tolerance: 0.1}\n",
        problems: &[
            "14:41: train.statistics.tolerance: a tolerance with statistics from images, expected from: patches, or no tolerance, because all pixels are used",
        ],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  target: b.tiff\n  statistics: {tolerance: 0, tol: 1}\n",
        problems: &[
            "14:27: train.statistics.tolerance: got 0, expected a finite number above 0",
            "14:30: train.statistics.tol: unknown key, expected one of from, tolerance",
        ],
    },
    Case {
        from: "  target: b.tiff\n",
        to: "  targets: b.tiff\n",
        problems: &[
            "13:3: train.targets: unknown key, expected one of constructor, input, target, val_input, val_target, leak_free, mask, weights, target_kind, statistics, epochs, max_batches, prefetch_batches, prefetch_mib, montage_patches, order, passes, max_patches, shapes, on_failure, shard, mix, ratio, mix_until; did you mean `target`?",
        ],
    },
];

pub(crate) const ON_FULL: &[Case] = &[
    Case {
        from: "  mask_filter: {name: mask, coverage: 0.6, ref_channel: 0, filtered_patch_prob: 0}",
        to: "  mask_filter: null",
        problems: &[
            "48:9: train.mask: masks without a mask_filter, expected a mask_filter in data_config, or no masks",
        ],
    },
    Case {
        from: "  n_val_patches: 4",
        to: "  n_val_patches: 0",
        problems: &[
            "49:14: train.leak_free: leak_free with n_val_patches 0, expected at least 1, or no leak_free",
        ],
    },
    Case {
        from: "  leak_free: true",
        to: "  leak_free: true\n  val_input: c.zarr\n  val_target: d.zarr",
        problems: &[
            "49:14: train.leak_free: leak_free with val_input, expected only one of the two: with separate validation images nothing is split off",
        ],
    },
];
