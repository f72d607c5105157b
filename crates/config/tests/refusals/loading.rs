//! Refusals: the keys of `train` that say how batches are made and dealt out, and which data sets share them.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "  target: b.tiff",
        to: "  order: shufled",
        problems: &[
            r#"13:10: train.order: got "shufled", expected sequential, shuffled, grouped, chunk_aware, weighted or foreground; did you mean `shuffled`?"#,
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  order: 3",
        problems: &[
            "13:10: train.order: got 3, expected sequential, shuffled, grouped, chunk_aware, weighted or foreground",
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  order: {name: chunk_aware, window: 0, source: 2}",
        problems: &[
            "13:38: train.order.window: got 0, expected an integer, at least 1",
            "13:41: train.order.source: unknown key, expected one of name, window, sources; did you mean `sources`?",
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  order: {name: shuffled, window: 8}",
        problems: &["13:27: train.order.window: unknown key, expected only name"],
    },
    Case {
        from: "train:\n  input: a.tiff\n  target: b.tiff",
        to: "  train_dataloader_params: {shuffle: false}\ntrain:\n  input: a.tiff\n  order: chunk_aware",
        problems: &[
            "14:10: train.order: order chunk_aware contradicts shuffle: false in data_config.train_dataloader_params, expected only one of the two, or two that agree",
        ],
    },
    Case {
        from: "train:\n  input: a.tiff\n  target: b.tiff",
        to: "  train_dataloader_params: {shuffle: true}\ntrain:\n  input: a.tiff\n  order: sequential",
        problems: &[
            "14:10: train.order: order sequential contradicts shuffle: true in data_config.train_dataloader_params, expected only one of the two, or two that agree",
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  order: weighted\n  weights: w.tiff",
        problems: &[
            "13:10: train.order: order weighted with patching random, which draws new positions in every epoch, expected patching sequential, or patching: {name: weighted}, which draws positions by weight, and another order",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}\n  normalization: {name: mean_std}\ntrain:\n  input: a.tiff\n",
        to: "{name: sequential, patch_size: [64, 64]}\n  normalization: {name: mean_std}\ntrain:\n  input: a.tiff\n  order: weighted\n",
        problems: &[
            "11:1: train.weights: missing, expected a path or a list of paths, because order is weighted",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}\n  normalization: {name: mean_std}\ntrain:\n  input: a.tiff\n",
        to: "{name: sequential, patch_size: [64, 64]}\n  normalization: {name: mean_std}\ntrain:\n  input: a.tiff\n  order: foreground\n",
        problems: &[
            "11:1: train.mask: missing, expected a path or a list of paths, because order is foreground",
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  passes: 0\n  max_patches: 0\n  shapes: mixed",
        problems: &[
            "13:11: train.passes: got 0, expected an integer, at least 1",
            "14:16: train.max_patches: got 0, expected an integer, at least 1",
            r#"15:11: train.shapes: got "mixed", expected equal or grouped"#,
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  on_failure: skipp",
        problems: &[
            r#"13:15: train.on_failure: got "skipp", expected fail, skip or {retry: n}; did you mean `skip`?"#,
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  on_failure: {retry: 0}",
        problems: &["13:23: train.on_failure.retry: got 0, expected an integer, at least 1"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  on_failure: {}",
        problems: &["13:3: train.on_failure.retry: missing, expected the number of retries"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  shard: {rank: 2, world_size: 2, uneven: even}",
        problems: &[
            "13:17: train.shard.rank: got 2, expected an integer from 0 to 1",
            r#"13:43: train.shard.uneven: got "even", expected keep, drop or pad"#,
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  shard:\n    rank: ${RANKS}\n    world_size: ${WORLD}",
        problems: &[
            r#"14:11: train.shard.rank: environment variable "RANKS" is not set, expected a variable that is set, or a number without variables"#,
            r#"15:17: train.shard.world_size: got "four" from "${WORLD}", expected an integer, at least 1"#,
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  shard: {rank: \"${RANK}\"}",
        problems: &["13:3: train.shard.world_size: missing, expected the number of processes"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  mix: other.yaml",
        problems: &[
            r#"13:8: train.mix: got "other.yaml", expected a list of blocks, as in [{config: other.yaml, ratio: 2}]"#,
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  mix: [{ratio: 0.0004}, {config: c.yaml, ratio: -1}]\n  ratio: 0",
        problems: &[
            "13:9: train.mix[0].config: missing, expected the path of a configuration",
            "13:17: train.mix[0].ratio: got 0.0004, expected a number above 0 and at most 1000000, with at most 3 decimal places",
            "13:50: train.mix[1].ratio: got -1, expected a number above 0 and at most 1000000, with at most 3 decimal places",
            "14:10: train.ratio: got 0, expected a number above 0 and at most 1000000, with at most 3 decimal places",
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  ratio: 2\n  mix_until: shortest",
        problems: &[
            "13:10: train.ratio: ratio without mix, expected mix with other configurations, or no ratio",
            "14:14: train.mix_until: mix_until without mix, expected mix with other configurations, or no mix_until",
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  ratio: 1000000\n  mix: [{config: c.yaml, ratio: 999999}]",
        problems: &[
            "14:8: train.mix: ratios whose sum in lowest terms is 1999999, expected at most 1048576; round the ratios",
        ],
    },
];

pub(crate) const ON_LATERAL: &[Case] = &[
    Case {
        from: "  constructor: multi_channel_target\n",
        to: "  constructor: multi_channel_target\n  order: grouped\n",
        problems: &[
            "29:10: train.order: order grouped with channels that are cut at positions of their own, expected sequential, shuffled or chunk_aware",
        ],
    },
    Case {
        from: "  constructor: multi_channel_target\n",
        to: "  constructor: multi_channel_target\n  order: weighted\n",
        problems: &[
            "29:10: train.order: order weighted with channels that are cut at positions of their own, expected sequential, shuffled or chunk_aware",
        ],
    },
];
