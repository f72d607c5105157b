//! Refusals: the constructors with lateral context.

use crate::Case;

pub(crate) const ON_LATERAL: &[Case] = &[
    Case {
        from: "  constructor: multi_channel_target\n",
        to: "  constructor: basic\n",
        problems: &[
            r#"28:16: train.constructor: got "basic", expected multi_channel_target, independent_targets or paired, because data_config has lateral context"#,
        ],
    },
    Case {
        from: "  constructor: multi_channel_target\n",
        to: "  constructor: multi_channel_target\n  target_kind: labels\n",
        problems: &[
            "29:16: train.target_kind: labels with constructor multi_channel_target, which mixes inputs from targets, expected \
             constructor basic or paired, which read inputs",
        ],
    },
    Case {
        from: "  constructor: multi_channel_target\n",
        to: "",
        problems: &[
            "27:1: train.constructor: missing, expected multi_channel_target, independent_targets or paired, because data_config has lateral context",
        ],
    },
    Case {
        from: "  constructor: multi_channel_target\n  target: [a.zarr, b.zarr]\n",
        to: "  constructor: multi_channel_target\n  input: [a.zarr, b.zarr]\n",
        problems: &[
            "27:1: train.target: missing, expected a path or a list of paths",
            "29:10: train.input: input images with constructor multi_channel_target, expected only target, from which the input is mixed",
        ],
    },
    Case {
        from: "  val_target: c.zarr\n",
        to: "  val_target: c.zarr\n  val_input: d.zarr\n",
        problems: &[
            "31:14: train.val_input: input images with constructor multi_channel_target, expected only val_target, from which the input is mixed",
        ],
    },
    Case {
        from: "  constructor: multi_channel_target\n  target: [a.zarr, b.zarr]\n  val_target: c.zarr\n  weights: [wa.zarr, wb.zarr]\n",
        to: "  constructor: independent_targets\n  target: a.zarr\n",
        problems: &[
            "28:16: train.constructor: independent_targets with patching weighted, expected another patching, because every channel is cut at a position of its own",
            r#"29:11: train.target: got "a.zarr", expected a list of at least 2 sources, each a path or a list of paths"#,
        ],
    },
    Case {
        from: "  constructor: multi_channel_target\n  target: [a.zarr, b.zarr]\n  val_target: c.zarr\n  weights: [wa.zarr, wb.zarr]\n",
        to: "  constructor: independent_targets\n  target: [a.zarr, []]\n  val_target: [c.zarr, d.zarr]\n",
        problems: &[
            "28:16: train.constructor: independent_targets with patching weighted, expected another patching, because every channel is cut at a position of its own",
            "29:20: train.target[1]: got a list of 0 entries, expected a path or a non-empty list of paths",
        ],
    },
    Case {
        from: "  constructor: multi_channel_target\n  target: [a.zarr, b.zarr]\n  val_target: c.zarr\n",
        to: "  constructor: independent_targets\n  target: [a.zarr, b.zarr]\n  val_target: [c.zarr, d.zarr, e.zarr]\n",
        problems: &[
            "28:16: train.constructor: independent_targets with patching weighted, expected another patching, because every channel is cut at a position of its own",
            "30:15: train.val_target: got 3 sources, expected 2, as many as in target",
        ],
    },
    Case {
        from: "  constructor: multi_channel_target\n  target: [a.zarr, b.zarr]\n  val_target: c.zarr\n",
        to: "  constructor: paired\n  input: [a.zarr, b.zarr]\n",
        problems: &["27:1: train.target: missing, expected a path or a list of paths"],
    },
    Case {
        from: "  weights: [wa.zarr, wb.zarr]\n",
        to: "  weights: wa.zarr\n  mask: [c.zarr, d.zarr]\n  leak_free: true\n",
        problems: &[
            "32:9: train.mask: masks with constructor multi_channel_target, expected constructor basic or paired, which read inputs",
            "33:14: train.leak_free: leak_free with val_target, expected only one of the two: with separate validation images nothing is split off",
        ],
    },
    Case {
        from: "  weights: [wa.zarr, wb.zarr]\n",
        to: "",
        problems: &[
            "27:1: train.weights: missing, expected a path or a list of paths, because patching is weighted",
        ],
    },
    Case {
        from: "  patching: {name: weighted, patch_size: [8, 64, 64], share: 0.75}\n",
        to: "  patching: {name: stratified, patch_size: [8, 64, 64]}\n",
        problems: &[
            "31:12: train.weights: weights with patching stratified, expected patching weighted, order weighted, or no weights",
        ],
    },
    Case {
        from: "  constructor: multi_channel_target\n  target: [a.zarr, b.zarr]\n  val_target: c.zarr\n  weights: [wa.zarr, wb.zarr]\n",
        to: "  constructor: independent_targets\n  target: [a.zarr, b.zarr]\n  leak_free: true\n",
        problems: &[
            "28:16: train.constructor: independent_targets with patching weighted, expected another patching, because every channel is cut at a position of its own",
            "30:14: train.leak_free: leak_free with constructor independent_targets, expected val_target instead, because every channel is cut at a position of its own",
        ],
    },
    Case {
        from: "  target: [a.zarr, b.zarr]\n  val_target: c.zarr\n",
        to: "  target: [a.zarr, b.zarr]\n  leak_free: true\n",
        problems: &[
            "30:14: train.leak_free: leak_free with context_source pyramid, expected context_source image, because it is unknown from which pixels a pyramid level was made",
        ],
    },
];
