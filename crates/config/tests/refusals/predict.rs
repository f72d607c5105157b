//! Refusals: `predict`.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "  models: [identity]",
        to: "  target: []\n  models: [identity]",
        problems: &[
            "17:11: predict.target: got a list of 0 entries, expected a path or a non-empty list of paths",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  target: {a.tiff: b.tiff}\n  models: [identity]",
        problems: &["17:3: predict.target: got a block of keys, expected a path"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: []",
        problems: &[
            "17:11: predict.models: got a list of 0 entries, expected a non-empty list of models (identity, gaussian, channel_mean, {onnx: FILE}, {bioimage: PATH})",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: 3",
        problems: &[
            "17:11: predict.models: got 3, expected a non-empty list of models (identity, gaussian, channel_mean, {onnx: FILE}, {bioimage: PATH})",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identiy]",
        problems: &[
            r#"17:12: predict.models[0]: got "identiy", expected identity, gaussian or channel_mean; did you mean `identity`?"#,
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity, identity]",
        problems: &[
            "17:22: predict.models[1]: identity with the same settings twice, expected each model once",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [{name: gaussian, sigma: 0}, {name: gaussian, sigma: 101}]",
        problems: &[
            "17:36: predict.models[0].sigma: got 0, expected a number above 0 and at most 100",
            "17:64: predict.models[1].sigma: got 101, expected a number above 0 and at most 100",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [{name: identity, sigma: 1}]",
        problems: &[
            "17:29: predict.models[0].sigma: unknown key, expected one of name, augment, samples, deviation, channels, argmax, threshold, outputs",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [{name: identity, augment: flip, samples: 0}, {name: identity, deviation: true}]",
        problems: &[
            r#"17:38: predict.models[0].augment: got "flip", expected none, flips or all; did you mean `flips`?"#,
            "17:53: predict.models[0].samples: got 0, expected an integer from 1 to 65536",
            "17:85: predict.models[1].deviation: got true, expected several predictions to deviate from each other: samples above 1, or augment",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [{name: identity, argmax: true, threshold: 1}, {name: identity, channels: [1, 1]}, {name: identity, channels: []}]",
        problems: &[
            "17:54: predict.models[0].threshold: got 1, expected argmax or threshold, not both",
            "17:89: predict.models[1].channels[1]: got 1, expected each channel once",
            "17:121: predict.models[2].channels: got a list of 0 entries, expected a non-empty list of channels, as in [0, 2]",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [{name: identity, outputs: {identity: {sigma: 1}}}, {name: identity, outputs: [a, a]}, {name: identity, outputs: {}}]",
        problems: &[
            "17:50: predict.models[0].outputs.identity.sigma: unknown key, expected one of channels, argmax, threshold",
            "17:93: predict.models[1].outputs[1]: got \"a\", expected each output once",
            "17:115: predict.models[2].outputs: got a block of keys, expected a list of names of outputs, or a block as in {NAME: {argmax: true}}",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  blend: {name: crop, weights: true}\n  skip: {value: x}",
        problems: &[
            "18:23: predict.blend.weights: unknown key, expected only name",
            "19:3: predict.skip.below: missing, expected a raw pixel value, or the path of a mask in `mask`",
            r#"19:17: predict.skip.value: got "x", expected a finite number in the range of float32"#,
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [{bioimage: 5, halo: 3, name: a/b}]",
        problems: &[
            "17:23: predict.models[0].bioimage: got 5, expected a path (in quotes if it looks like a number, true or false)",
            "17:26: predict.models[0].halo: unknown key, expected one of bioimage, name, runtime, augment, samples, deviation, channels, argmax, threshold, outputs",
            r#"17:41: predict.models[0].name: got "a/b", expected a name of letters, digits, -, _ and ., which files are called after"#,
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [nets/cells.zip]",
        problems: &[
            r#"17:12: predict.models[0]: got "nets/cells.zip", expected {bioimage: nets/cells.zip} for a package of the BioImage Model Zoo"#,
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [3]",
        problems: &[
            "17:12: predict.models[0]: got 3, expected a block with name identity, gaussian or channel_mean",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  batch_size: 0",
        problems: &["18:15: predict.batch_size: got 0, expected an integer, at least 1"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  formats: []",
        problems: &[
            "18:12: predict.formats: got a list of 0 entries, expected a non-empty list of formats, names or blocks with a name",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  formats: [tiff, 3, {levels: auto}, {name: tiff, levels: 2}]",
        problems: &[
            "18:19: predict.formats[1]: got 3, expected a format, or a block with the name of one",
            "18:22: predict.formats[2].name: missing, expected the name of a format",
            r#"18:38: predict.formats[3]: got "tiff" twice, expected each format once"#,
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  formats: {name: ome_zarr, levels: 33, level_axes: zy, compression: \"zstd:x\"}",
        problems: &[
            "18:37: predict.formats.levels: got 33, expected an integer from 1 to 32",
            r#"18:53: predict.formats.level_axes: got "zy", expected auto, yx or zyx; did you mean `zyx`?"#,
            r#"18:70: predict.formats.compression: got "zstd:x", expected a codec, or a codec and its level as in zstd:9"#,
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  formats: [{name: 3, levels: many, chunks: 64, shards: {}, compression: 9}]",
        problems: &[
            "18:20: predict.formats[0].name: got 3, expected the name of a format",
            r#"18:31: predict.formats[0].levels: got "many", expected auto or an integer from 1 to 32"#,
            "18:45: predict.formats[0].chunks: got 64, expected a block of sizes by axis, as in {z: 32, y: 128, x: 128}",
            "18:49: predict.formats[0].shards: got a block of keys, expected a block of sizes by axis, as in {z: 32, y: 128, x: 128}",
            "18:74: predict.formats[0].compression: got 9, expected a codec, or a codec and its level as in zstd:9",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  formats: [{name: ome_zarr, chunks: {Y: 64, x: 0, q: 1}}]",
        problems: &[
            "18:39: predict.formats[0].chunks.Y: unknown key, expected one of s, t, c, z, y, x; did you mean `y`?",
            "18:49: predict.formats[0].chunks.x: got 0, expected an integer, at least 1",
            "18:52: predict.formats[0].chunks.q: unknown key, expected one of s, t, c, z, y, x",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  pixel_type: {to: unit16, scale: [3, 3], by: 2}",
        problems: &[
            r#"18:20: predict.pixel_type.to: got "unit16", expected input, bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64, float16, float32 or float64; did you mean `uint16`?"#,
            "18:35: predict.pixel_type.scale: got [3, 3], expected none, or [low, high] with low below high",
            "18:43: predict.pixel_type.by: unknown key, expected one of to, scale",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  pixel_type: {to: uint8, scale: range}",
        problems: &[
            r#"18:34: predict.pixel_type.scale: got "range", expected [low, high], because the range is not known before all tiles are predicted; or predict float32 and use `patchweave convert --type uint8 --scale range`"#,
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  pixel_type: {scale: [0, .inf]}",
        problems: &[
            "18:3: predict.pixel_type.to: missing, expected input or a pixel type",
            "18:27: predict.pixel_type.scale[1]: got inf, expected a finite number in the range of float32",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  pixel_type: {to: uint8, scale: [0]}",
        problems: &[
            "18:34: predict.pixel_type.scale: got a list of 1 entry, expected none, or [low, high] with low below high",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  pixel_type: unit16",
        problems: &[
            r#"18:15: predict.pixel_type: got "unit16", expected input, bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64, float16, float32 or float64; did you mean `uint16`?"#,
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  pixel_type: 16",
        problems: &[
            "18:15: predict.pixel_type: got 16, expected input, bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64, float16, float32 or float64",
        ],
    },
    Case {
        from: "  models: [identity]\n",
        to: "",
        problems: &["14:1: predict.models: missing, expected a list of models"],
    },
    Case {
        from: "overlaps: [32, 32]}",
        to: "overlaps: [32, 31]}",
        problems: &[
            "16:64: predict.patching.overlaps[1]: got 31, expected an even number smaller than the patch size 96",
        ],
    },
    Case {
        from: "overlaps: [32, 32]}",
        to: "overlaps: [96, 32]}",
        problems: &[
            "16:60: predict.patching.overlaps[0]: got 96, expected an even number smaller than the patch size 96",
        ],
    },
    Case {
        from: "overlaps: [32, 32]}",
        to: "overlaps: [32]}",
        problems: &[
            "16:59: predict.patching.overlaps: got a list of 1 entry, expected 2 overlaps, one per axis of patch_size",
        ],
    },
    Case {
        from: "overlaps: [32, 32]}",
        to: "overlaps: 32}",
        problems: &[
            "16:59: predict.patching.overlaps: got 32, expected a list with one overlap per axis of patch_size",
        ],
    },
    Case {
        from: ", overlaps: [32, 32]}",
        to: "}",
        problems: &["16:3: predict.patching.overlaps: missing, expected one even number per axis"],
    },
    Case {
        from: "{name: tiled, patch_size: [96, 96], overlaps: [32, 32]}",
        to: "{name: random, patch_size: [96, 96]}",
        problems: &[
            r#"16:20: predict.patching.name: got "random", expected tiled or whole (random is for training)"#,
        ],
    },
    Case {
        from: "{name: tiled, patch_size: [96, 96], overlaps: [32, 32]}",
        to: "{name: tiled, patch_size: [4, 96, 96], overlaps: [2, 32, 32]}",
        problems: &[
            "16:39: predict.patching.patch_size: got a list of 3 entries, expected a list of 2 sizes for axes CYX",
        ],
    },
    Case {
        from: "  patching: {name: tiled, patch_size: [96, 96], overlaps: [32, 32]}\n",
        to: "",
        problems: &["14:1: predict.patching: missing, expected a block with name tiled or whole"],
    },
    Case {
        from: "patch_size: [96, 96], overlaps: [32, 32]}",
        to: "patch_size: auto, overlaps: [32, 32, 4]}",
        problems: &[
            "16:55: predict.patching.overlaps: got a list of 3 entries, expected a list of 2 overlaps for axes CYX",
        ],
    },
    Case {
        from: "patch_size: [96, 96], overlaps: [32, 32]}",
        to: "patch_size: auto, overlaps: [31, 32]}",
        problems: &["16:56: predict.patching.overlaps[0]: got 31, expected an even number"],
    },
    Case {
        from: "patch_size: [96, 96], overlaps: [32, 32]}",
        to: "patch_size: auto, overlap: [32, 32]}",
        problems: &[
            "16:45: predict.patching.overlap: unknown key, expected one of name, patch_size, overlaps; did you mean `overlaps`?",
        ],
    },
];
