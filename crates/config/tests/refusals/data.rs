//! Refusals: the plain keys of `data_config`.

use crate::Case;

pub(crate) const ON_BASE: &[Case] = &[
    Case {
        from: "  mode: training",
        to: "  mode: trainin",
        problems: &[
            r#"6:9: data_config.mode: got "trainin", expected training, validating or predicting; did you mean `training`?"#,
        ],
    },
    Case {
        from: "  mode: training",
        to: "  mode: predicting",
        problems: &[
            r#"6:9: data_config.mode: got "predicting", expected training, because there is a `train` section"#,
            r#"9:20: data_config.patching.name: got "random", expected tiled or whole (for mode predicting)"#,
        ],
    },
    Case {
        from: "  mode: training",
        to: "  mode: validating",
        problems: &[
            r#"6:9: data_config.mode: got "validating", expected training, because there is a `train` section"#,
            r#"9:20: data_config.patching.name: got "random", expected fixed_random (for mode validating)"#,
        ],
    },
    Case {
        from: "  mode: training",
        to: "  mode: true",
        problems: &["6:9: data_config.mode: got true, expected training, validating or predicting"],
    },
    Case {
        from: "  mode: training\n",
        to: "",
        problems: &["5:1: data_config.mode: missing, expected training, validating or predicting"],
    },
    Case {
        from: "  data_type: tiff",
        to: "  data_type: array",
        problems: &[
            r#"7:14: data_config.data_type: got "array", expected tiff, zarr, hdf5, npy or custom (array is only available in the library)"#,
        ],
    },
    Case {
        from: "  data_type: tiff",
        to: "  data_type: czi",
        problems: &[
            r#"7:14: data_config.data_type: got "czi", expected tiff, zarr, hdf5, npy or custom (czi is not supported: convert to OME-Zarr or OME-TIFF with bioformats2raw or Fiji)"#,
        ],
    },
    Case {
        from: "  data_type: tiff",
        to: "  data_type: tif",
        problems: &[
            r#"7:14: data_config.data_type: got "tif", expected tiff, zarr, hdf5, npy or custom; did you mean `tiff`?"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: cyx",
        problems: &[
            r#"8:9: data_config.axes: got "cyx", with the unknown letter 'c', expected letters of STCZYX without repeats, with Y and X adjacent; did you mean `CYX`?"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: YCX",
        problems: &[r#"8:9: data_config.axes: got "YCX", expected X and Y adjacent"#],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: YY",
        problems: &[
            r#"8:9: data_config.axes: got "YY", with Y twice, expected letters of STCZYX without repeats, with Y and X adjacent"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CY",
        problems: &[
            r#"8:9: data_config.axes: got "CY", without X, expected letters of STCZYX without repeats, with Y and X adjacent"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: QYX",
        problems: &[
            r#"8:9: data_config.axes: got "QYX", with the unknown letter 'Q', expected letters of STCZYX without repeats, with Y and X adjacent"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: [Y, X]",
        problems: &[
            "8:9: data_config.axes: got a list of 2 entries, expected letters of STCZYX without repeats, with Y and X adjacent",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  target_axes: TYX",
        problems: &[
            r#"9:16: data_config.target_axes: got "TYX", expected the same sample axes (S, T) as axes CYX"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  target_axes: ZYX",
        problems: &[r#"9:16: data_config.target_axes: got "ZYX", expected no Z, as in axes CYX"#],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: YX\n  channels: [0]",
        problems: &[
            "9:13: data_config.channels: channels are selected, expected C in axes YX, or no channels",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  channels: [0, 1, 0]",
        problems: &["9:20: data_config.channels[2]: got 0 twice, expected each channel once"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  channels: -1",
        problems: &["9:13: data_config.channels: got -1, expected an integer, at least 0"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  channels: all",
        problems: &[r#"9:13: data_config.channels: got "all", expected an integer, at least 0"#],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  batch_size: 0",
        problems: &["9:15: data_config.batch_size: got 0, expected an integer, at least 1"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  num_workers: 5000",
        problems: &["9:16: data_config.num_workers: got 5000, expected an integer from 0 to 1024"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  seed: 0",
        problems: &["9:9: data_config.seed: got 0, expected an integer, at least 1"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  augmentations: XYFlip",
        problems: &[
            r#"9:18: data_config.augmentations: got "XYFlip", expected a list of augmentations, [] for none"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  augmentations: [{name: XYFlp}]",
        problems: &[
            r#"9:26: data_config.augmentations[0].name: got "XYFlp", expected XYFlip or XYRandomRotate90; did you mean `XYFlip`?"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  augmentations: [{name: XYFlip, flip_x: false, flip_y: false}]",
        problems: &[
            "9:19: data_config.augmentations[0]: flip_x and flip_y are both false, expected at least one of them true",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  augmentations: [{name: XYFlip, p: 1.5}, {name: XYRandomRotate90, p: -1, flip_x: true}]",
        problems: &[
            "9:37: data_config.augmentations[0].p: got 1.5, expected a number from 0 to 1",
            "9:71: data_config.augmentations[1].p: got -1, expected a number from 0 to 1",
            "9:75: data_config.augmentations[1].flip_x: unknown key, expected one of name, p, seed",
        ],
    },
    Case {
        from: "data_config:\n  mode: training\n",
        to: "data_config: 5\nother:\n",
        problems: &[
            "5:14: data_config: got 5, expected a block of keys",
            "6:1: other: unknown key, expected one of output, overwrite, durability, simulate, reading, data_config, train, predict",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  batchsize: 4\n  num_workers: two\n  channels: [0, x]",
        problems: &[
            "9:3: data_config.batchsize: unknown key, expected one of mode, data_type, axes, target_axes, axes_source, patching, normalization, batch_size, in_memory, n_val_patches, channels, patch_filter, mask_filter, augmentations, train_dataloader_params, val_dataloader_params, pred_dataloader_params, num_workers, seed, multiscale_count, padding_mode, alpha_ranges, uncorrelated_channel_prob, padding_value, context_source, context_depth; did you mean `batch_size`?",
            r#"10:16: data_config.num_workers: got "two", expected an integer from 0 to 1024"#,
            r#"11:17: data_config.channels[1]: got "x", expected an integer, at least 0"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  in_memory: yes",
        problems: &[r#"9:14: data_config.in_memory: got "yes", expected true or false"#],
    },
    Case {
        from: "  data_type: tiff\n  axes: CYX",
        to: "  data_type: zarr\n  axes: CYX\n  in_memory: true",
        problems: &["9:14: data_config.in_memory: got true, expected false with data_type zarr"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  n_val_patches: -1",
        problems: &["9:18: data_config.n_val_patches: got -1, expected an integer, at least 0"],
    },
];
