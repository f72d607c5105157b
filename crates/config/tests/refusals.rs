//! Every refusal: one change to a valid file, and all that is then reported.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::path::Path;

const BASE: &str = include_str!("data/base.yaml");

/// A change to the valid file and the first lines of the problems it leads to.
struct Case {
    from: &'static str,
    to: &'static str,
    problems: &'static [&'static str],
}

fn env(name: &str) -> Option<String> {
    (name == "OUT").then(|| "/o".to_owned())
}

/// The problems of a text, each in one line without the name of the file.
fn problems_of(text: &str) -> Vec<String> {
    let Err(errors) = patchweave_config::parse(text, Path::new("f"), &env) else { return Vec::new() };
    let first_line = |problem: String| problem.lines().next().unwrap().strip_prefix("f:").unwrap().to_owned();
    errors.problems.iter().map(|problem| first_line(problem.to_string())).collect()
}

#[test]
fn the_unchanged_file_is_accepted() {
    assert_eq!(problems_of(BASE), Vec::<String>::new());
}

#[test]
fn every_refusal_says_where_what_and_why() {
    for case in CASES {
        assert_eq!(BASE.matches(case.from).count().min(1), 1, "{:?} is not in the file", case.from);
        let text = BASE.replacen(case.from, case.to, 1);
        assert_eq!(problems_of(&text), case.problems, "{:?} instead of {:?}", case.to, case.from);
    }
}

#[test]
fn the_problems_of_all_sections_come_together() {
    let mut text = BASE.to_owned();
    for (from, to) in [
        ("size: [64, 64]", "size: [0, 64]"),
        ("mode: training", "mode: [training]"),
        ("name: mean_std", "name: mean"),
        ("target: b.tiff", "target: b.tiff\n  epoch: 2"),
        ("[identity]", "[blur]"),
    ] {
        text = text.replacen(from, to, 1);
    }
    let places: Vec<_> =
        problems_of(&text).iter().map(|p| p.split(": ").nth(1).unwrap().to_owned()).collect();
    let expected = [
        "simulate.size[0]",
        "data_config.mode",
        "data_config.normalization.name",
        "train.epoch",
        "predict.models[0]",
    ];
    assert_eq!(places, expected);
}

#[test]
fn long_lines_and_strange_characters_are_shown_in_one_short_line() {
    let text = format!("{}: \"\u{7f}\" # {}", "ä".repeat(200), "x".repeat(300));
    let errors = patchweave_config::parse(&text, Path::new("f"), &env).unwrap_err();
    assert!(errors.to_string().lines().all(|line| line.chars().count() < 300), "{errors}");
    assert!(!errors.to_string().contains('\u{7f}'));
}

#[test]
fn a_line_is_shown_from_its_start_unless_the_problem_is_far_behind() {
    for (column, n_before) in [(20, 19), (100, 99), (101, 60), (500, 60)] {
        let text = format!("{{output: {}, x: 1}}", "a".repeat(column - 12));
        let errors = patchweave_config::parse(&text, Path::new("f"), &env).unwrap_err();
        let problem = errors.problems.iter().find(|problem| problem.key_path == "x").unwrap();
        assert_eq!((problem.column, problem.excerpt.n_before), (column, n_before));
        let marked: String =
            problem.excerpt.line.chars().skip(n_before).take(problem.excerpt.n_marked).collect();
        assert_eq!(marked, "x");
    }
}

const CASES: &[Case] = &[
    Case {
        from: "output: out",
        to: "outptu: out",
        problems: &[
            "1:1: outptu: unknown key, expected one of output, simulate, data_config, train, predict; did you mean `output`?",
        ],
    },
    Case { from: "output: out", to: "output:", problems: &["1:7: output: got null, expected a path"] },
    Case {
        from: "output: out",
        to: "output: \"\"",
        problems: &[r#"1:9: output: got "", expected a path that is not empty"#],
    },
    Case {
        from: "output: out",
        to: "output: 5",
        problems: &[
            "1:9: output: got 5, expected a path (in quotes if it looks like a number or a truth value)",
        ],
    },
    Case {
        from: "output: out",
        to: "output: [a]",
        problems: &["1:9: output: got a list of 1 entry, expected a path"],
    },
    Case {
        from: "output: out",
        to: "output: ${NOWHERE}/x",
        problems: &[
            r#"1:9: output: environment variable "NOWHERE" is not set, expected a variable that is set, or a path without it"#,
        ],
    },
    Case {
        from: "output: out",
        to: "output: ${OUT/x",
        problems: &[r#"1:9: output: got "${OUT/x", expected a `}` behind every `${`"#],
    },
    Case {
        from: "output: out",
        to: "output: out\nfolder: x",
        problems: &[
            "2:1: folder: unknown key, expected one of output, simulate, data_config, train, predict",
        ],
    },
    Case {
        from: "output: out",
        to: "output: out\nTrain: {}",
        problems: &["2:1: Train: unknown key, expected one of output, simulate, data_config, train, predict"],
    },
    Case {
        from: "output: out",
        to: "output: out\noutput: other",
        problems: &["2:1: output: stands here a second time, expected each key once"],
    },
    Case {
        from: "simulate:\n  folder: out/data",
        to: "simulate:",
        problems: &["2:1: simulate.folder: missing, expected a folder"],
    },
    Case {
        from: "  size: [64, 64]\n",
        to: "",
        problems: &["2:1: simulate.size: missing, expected a list of 2 (YX) or 3 (ZYX) sizes"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64]",
        problems: &["4:9: simulate.size: got a list of 1 entry, expected a list of 2 (YX) or 3 (ZYX) sizes"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: 64",
        problems: &["4:9: simulate.size: got 64, expected a list of 2 (YX) or 3 (ZYX) sizes"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 0]",
        problems: &["4:14: simulate.size[1]: got 0, expected a whole number, at least 1"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 6.5]",
        problems: &["4:14: simulate.size[1]: got 6.5, expected a whole number, at least 1"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [4294967296, 4294967296]",
        problems: &[
            "4:9: simulate.size: shape [4294967296, 4294967296] has no pixels or too many to address, expected fewer pixels",
        ],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  n_structures: 17",
        problems: &["5:17: simulate.n_structures: got 17, expected a whole number from 1 to 16"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  n_structures: \"5\"",
        problems: &[r#"5:17: simulate.n_structures: got "5", expected a whole number from 1 to 16"#],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  n_structures: 5.0",
        problems: &["5:17: simulate.n_structures: got 5.0, expected a whole number from 1 to 16"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  seed: -1",
        problems: &["5:9: simulate.seed: got -1, expected a whole number, at least 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  seed: 99999999999999999999",
        problems: &["5:9: simulate.seed: got 1e20, expected a whole number, at least 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  bit_depth: 32",
        problems: &["5:14: simulate.bit_depth: got 32, expected a whole number from 8 to 16"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  photons: 0",
        problems: &["5:12: simulate.photons: got 0, expected a finite number above 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  photons: .nan",
        problems: &["5:12: simulate.photons: got NaN, expected a finite number above 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  read_noise: -0.5",
        problems: &["5:15: simulate.read_noise: got -0.5, expected a finite number, at least 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  background: .inf",
        problems: &["5:15: simulate.background: got inf, expected a finite number, at least 0"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  psf_sigma: wide",
        problems: &[r#"5:14: simulate.psf_sigma: got "wide", expected a finite number, at least 0"#],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  formats: []",
        problems: &[
            "5:12: simulate.formats: got a list of 0 entries, expected a list with at least one of tiff, ome_zarr",
        ],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  formats: [tiff, tiff]",
        problems: &[r#"5:19: simulate.formats[1]: got "tiff" twice, expected each format once"#],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  formats: [tif, zarr]",
        problems: &[
            r#"5:13: simulate.formats[0]: got "tif", expected tiff or ome_zarr; did you mean `tiff`?"#,
            r#"5:18: simulate.formats[1]: got "zarr", expected tiff or ome_zarr (zarr is called ome_zarr here)"#,
        ],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  Seeds: 3",
        problems: &[
            "5:3: simulate.Seeds: unknown key, expected one of folder, size, n_structures, seed, bit_depth, photons, read_noise, background, psf_sigma, formats; did you mean `seed`?",
        ],
    },
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
            r#"9:20: data_config.patching.name: got "random", expected tiled or whole, which go with mode predicting"#,
        ],
    },
    Case {
        from: "  mode: training",
        to: "  mode: validating",
        problems: &[
            r#"6:9: data_config.mode: got "validating", expected training, because there is a `train` section"#,
            r#"9:20: data_config.patching.name: got "random", expected fixed_random, which go with mode validating"#,
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
            r#"7:14: data_config.data_type: got "array", expected tiff or zarr (array can only be given from the library)"#,
        ],
    },
    Case {
        from: "  data_type: tiff",
        to: "  data_type: czi",
        problems: &[
            r#"7:14: data_config.data_type: got "czi", expected tiff or zarr (czi cannot be read yet)"#,
        ],
    },
    Case {
        from: "  data_type: tiff",
        to: "  data_type: custom",
        problems: &[
            r#"7:14: data_config.data_type: got "custom", expected tiff or zarr (custom can only be given from the library)"#,
        ],
    },
    Case {
        from: "  data_type: tiff",
        to: "  data_type: tif",
        problems: &[r#"7:14: data_config.data_type: got "tif", expected tiff or zarr; did you mean `tiff`?"#],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: cyx",
        problems: &[
            r#"8:9: data_config.axes: got "cyx", with the letter 'c', expected letters of STCZYX, none twice, with Y and X next to each other; did you mean `CYX`?"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: YCX",
        problems: &[r#"8:9: data_config.axes: got "YCX", expected X and Y next to each other"#],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: YY",
        problems: &[
            r#"8:9: data_config.axes: got "YY", with Y twice, expected letters of STCZYX, none twice, with Y and X next to each other"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CY",
        problems: &[
            r#"8:9: data_config.axes: got "CY", without X, expected letters of STCZYX, none twice, with Y and X next to each other"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: QYX",
        problems: &[
            r#"8:9: data_config.axes: got "QYX", with the letter 'Q', expected letters of STCZYX, none twice, with Y and X next to each other"#,
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: [Y, X]",
        problems: &[
            "8:9: data_config.axes: got a list of 2 entries, expected letters of STCZYX, none twice, with Y and X next to each other",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CZYX",
        problems: &[
            "9:40: data_config.patching.patch_size: got a list of 2 entries, expected a list of 3 sizes for axes CZYX",
            "16:39: predict.patching.patch_size: got a list of 2 entries, expected a list of 3 sizes for axes CZYX",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  target_axes: TYX",
        problems: &[
            r#"9:16: data_config.target_axes: got "TYX", expected the same of S and T as in axes CYX"#,
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
        problems: &["9:13: data_config.channels: got -1, expected a whole number, at least 0"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  channels: all",
        problems: &[r#"9:13: data_config.channels: got "all", expected a whole number, at least 0"#],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  batch_size: 0",
        problems: &["9:15: data_config.batch_size: got 0, expected a whole number, at least 1"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  num_workers: 5000",
        problems: &["9:16: data_config.num_workers: got 5000, expected a whole number from 0 to 1024"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  seed: 0",
        problems: &["9:9: data_config.seed: got 0, expected a whole number, at least 1"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  train_dataloader_params: {shuffle: 1}",
        problems: &["9:38: data_config.train_dataloader_params.shuffle: got 1, expected true or false"],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  train_dataloader_params: {shuffle: true, drop_last: true}",
        problems: &[
            "9:44: data_config.train_dataloader_params.drop_last: unknown key, expected only shuffle",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  in_memory: false",
        problems: &[
            "9:3: data_config.in_memory: key not available yet, expected one of mode, data_type, axes, target_axes, patching, normalization, augmentations, batch_size, channels, num_workers, train_dataloader_params, seed",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: stratified, patch_size: [64, 64]}",
        problems: &[
            r#"9:20: data_config.patching.name: got "stratified", expected random, fixed_random, sequential, tiled or whole (stratified is not available yet, use random)"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: randm, patch_size: [64, 64]}",
        problems: &[
            r#"9:20: data_config.patching.name: got "randm", expected random, fixed_random, sequential, tiled or whole; did you mean `random`?"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{patch_size: [64, 64]}",
        problems: &[
            "9:3: data_config.patching.name: missing, expected random, fixed_random, sequential, tiled or whole",
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "random",
        problems: &[
            r#"9:13: data_config.patching: got "random", expected a block with name random, fixed_random, sequential, tiled or whole"#,
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
            "9:40: data_config.patching.patch_size: got 64 × 32, expected the same size for Y and X, so that quarter turns fit",
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
        problems: &["9:45: data_config.patching.patch_size[1]: got -64, expected a whole number, at least 1"],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: random, patch_size: [64, 64], seed: 0}",
        problems: &["9:56: data_config.patching.seed: got 0, expected a whole number, at least 1"],
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
            r#"9:20: data_config.patching.name: got "fixed_random", expected random or sequential, which go with mode training"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: tiled, patch_size: [64, 64], overlaps: [32, 32]}",
        problems: &[
            r#"9:20: data_config.patching.name: got "tiled", expected random or sequential, which go with mode training"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: whole}",
        problems: &[
            r#"9:20: data_config.patching.name: got "whole", expected random or sequential, which go with mode training"#,
        ],
    },
    Case {
        from: "{name: random, patch_size: [64, 64]}",
        to: "{name: sequential, patch_size: [64, 32]}",
        problems: &[
            "9:44: data_config.patching.patch_size: got 64 × 32, expected the same size for Y and X, so that quarter turns fit",
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
        from: "{name: mean_std}",
        to: "{name: mean_sdt}",
        problems: &[
            r#"10:25: data_config.normalization.name: got "mean_sdt", expected mean_std, min_max or none; did you mean `mean_std`?"#,
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: quantile}",
        problems: &[
            r#"10:25: data_config.normalization.name: got "quantile", expected mean_std, min_max or none (quantile cannot be fitted yet; give its values to min_max)"#,
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: min_max}",
        problems: &[
            "10:3: data_config.normalization.input_mins: missing, expected input_mins and input_maxes, which cannot be fitted yet",
            "10:3: data_config.normalization.target_mins: missing, expected target_mins and target_maxes for the targets of `train`, or skip_target: true",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: min_max, input_mins: 0}",
        problems: &[
            "10:3: data_config.normalization.input_maxes: missing, expected as many values as in input_mins",
            "10:3: data_config.normalization.target_mins: missing, expected target_mins and target_maxes for the targets of `train`, or skip_target: true",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: min_max, input_mins: 0, input_maxes: 0, skip_target: true}",
        problems: &["10:62: data_config.normalization.input_maxes: got 0, expected more than the minimum 0"],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: min_max, input_mins: 0, input_maxes: 1}",
        problems: &[
            "10:3: data_config.normalization.target_mins: missing, expected target_mins and target_maxes for the targets of `train`, or skip_target: true",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: [1, 2]}",
        problems: &[
            "10:3: data_config.normalization.input_stds: missing, expected as many values as in input_means",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_stds: [1, 2]}",
        problems: &[
            "10:3: data_config.normalization.input_means: missing, expected as many values as in input_stds",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: [1, 2], input_stds: [1]}",
        problems: &[
            "10:68: data_config.normalization.input_stds: got 1 value, expected 2 values as in input_means",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: [], input_stds: [1]}",
        problems: &[
            "10:48: data_config.normalization.input_means: got a list of 0 entries, expected a number or a list with at least one",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: [.nan], input_stds: [-1]}",
        problems: &[
            "10:49: data_config.normalization.input_means[0]: got NaN, expected a finite number that float32 holds",
            "10:69: data_config.normalization.input_stds[0]: got -1, expected a finite number, at least 0",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, input_means: 0, input_stds: -1}",
        problems: &[
            "10:63: data_config.normalization.input_stds: got -1, expected a finite number, at least 0",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, per_channel: false, input_means: [1, 2], input_stds: [1, 2]}",
        problems: &[
            "10:68: data_config.normalization.input_means: got 2 values, expected one value, because per_channel is false",
            "10:88: data_config.normalization.input_stds: got 2 values, expected one value, because per_channel is false",
        ],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: mean_std, per_channel: no}",
        problems: &[r#"10:48: data_config.normalization.per_channel: got "no", expected true or false"#],
    },
    Case {
        from: "{name: mean_std}",
        to: "{name: none, input_means: 1}",
        problems: &[
            "10:31: data_config.normalization.input_means: unknown key, expected one of name, per_channel, skip_target",
        ],
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
        from: "train:\n  input: a.tiff\n",
        to: "train:\n",
        problems: &["11:1: train.input: missing, expected a path or a list of paths"],
    },
    Case {
        from: "  input: a.tiff\n  target",
        to: "  input: []\n  target",
        problems: &[
            "12:10: train.input: got a list of 0 entries, expected a path or a list with at least one",
        ],
    },
    Case {
        from: "  input: a.tiff\n  target",
        to: "  input: [a.tiff, 7, \"\"]\n  target",
        problems: &[
            "12:19: train.input[1]: got 7, expected a path (in quotes if it looks like a number or a truth value)",
            r#"12:22: train.input[2]: got "", expected a path that is not empty"#,
        ],
    },
    Case {
        from: "  input: a.tiff\n  target",
        to: "  input: [a.tiff, c.tiff]\n  target",
        problems: &["13:11: train.target: got 1 target, expected as many as inputs, 2"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  epochs: 0",
        problems: &["13:11: train.epochs: got 0, expected a whole number, at least 1"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  max_batches: 0",
        problems: &["13:16: train.max_batches: got 0, expected a whole number, at least 1"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  prefetch_batches: 0",
        problems: &["13:21: train.prefetch_batches: got 0, expected a whole number, at least 1"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  prefetch_mib: 99999999999999999",
        problems: &[
            "13:17: train.prefetch_mib: got 99999999999999999, expected a whole number from 1 to 17592186044415",
        ],
    },
    Case {
        from: "  target: b.tiff",
        to: "  montage_patches: -1",
        problems: &["13:20: train.montage_patches: got -1, expected a whole number from 0 to 256"],
    },
    Case {
        from: "  target: b.tiff",
        to: "  targets: b.tiff",
        problems: &[
            "13:3: train.targets: unknown key, expected one of input, target, epochs, max_batches, prefetch_batches, prefetch_mib, montage_patches; did you mean `target`?",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: []",
        problems: &[
            "17:11: predict.models: got a list of 0 entries, expected a list with at least one of identity, gaussian",
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: 3",
        problems: &[
            r#"17:11: predict.models: got 3, expected a list with at least one of identity, gaussian"#,
        ],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identiy]",
        problems: &[
            r#"17:12: predict.models[0]: got "identiy", expected identity or gaussian; did you mean `identity`?"#,
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
        problems: &["17:29: predict.models[0].sigma: unknown key, expected only name"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [3]",
        problems: &["17:12: predict.models[0]: got 3, expected a block with name identity or gaussian"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  batch_size: 0",
        problems: &["18:15: predict.batch_size: got 0, expected a whole number, at least 1"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n  formats: [png]",
        problems: &[r#"18:13: predict.formats[0]: got "png", expected tiff or ome_zarr"#],
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
            "16:59: predict.patching.overlaps: got a list of 1 entry, expected 2 overlaps as in patch_size",
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
        from: "  models: [identity]",
        to: "  models: [identity",
        problems: &["17:11: not readable as YAML: unclosed bracket '[', expected valid YAML"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: *nothing",
        problems: &["17:11: not readable as YAML: alias references unknown anchor, expected valid YAML"],
    },
    Case {
        from: "  models: [identity]",
        to: "  models: [identity]\n---\na: 1",
        problems: &["19:1: a second document starts here, expected one document per file"],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  size: [64, 64]\n  size: [32, 32]\n  seed: x",
        problems: &[
            "5:3: simulate.size: stands here a second time, expected each key once",
            r#"6:9: simulate.seed: got "x", expected a whole number, at least 0"#,
        ],
    },
    Case {
        from: "patch_size: [64, 64]}",
        to: "patch_size: [64, 64], patch_size: [3, 3], 'patch_size': 1}",
        problems: &[
            "9:50: data_config.patching.patch_size: stands here a second time, expected each key once",
            "9:70: data_config.patching.patch_size: stands here a second time, expected each key once",
        ],
    },
    Case { from: "output: out\n", to: "", problems: &["1:1: output: missing, expected a folder"] },
    Case {
        from: "data_config:",
        to: "data_confg:",
        problems: &[
            "5:1: data_confg: unknown key, expected one of output, simulate, data_config, train, predict; did you mean `data_config`?",
        ],
    },
    Case {
        from: "data_config:\n  mode: training\n",
        to: "data_config: 5\nother:\n",
        problems: &[
            "5:14: data_config: got 5, expected a block of keys",
            "6:1: other: unknown key, expected one of output, simulate, data_config, train, predict",
        ],
    },
    Case {
        from: "train:\n  input: a.tiff\n  target: b.tiff\npredict:\n  input: a.tiff\n",
        to: "other:\n",
        problems: &[
            "1:1: train: missing, expected `train`, `predict` or both",
            "11:1: other: unknown key, expected one of output, simulate, data_config, train, predict",
        ],
    },
    Case {
        from: "train:\n  input: a.tiff\n  target: b.tiff\n",
        to: "train: [1]\n",
        problems: &["11:8: train: got a list of 1 entry, expected a block of keys"],
    },
    Case {
        from: "output: out",
        to: "output: *x",
        problems: &["1:9: not readable as YAML: alias references unknown anchor, expected valid YAML"],
    },
    Case {
        from: "output: out",
        to: "? [a, b]\n: out",
        problems: &[
            "1:3: not readable as YAML: got a list or a block as a key, expected text, expected valid YAML",
        ],
    },
    Case {
        from: "  axes: CYX",
        to: "  axes: CYX\n  batchsize: 4\n  num_workers: two\n  channels: [0, x]",
        problems: &[
            "9:3: data_config.batchsize: unknown key, expected one of mode, data_type, axes, target_axes, patching, normalization, augmentations, batch_size, channels, num_workers, train_dataloader_params, seed; did you mean `batch_size`?",
            r#"10:16: data_config.num_workers: got "two", expected a whole number from 0 to 1024"#,
            r#"11:17: data_config.channels[1]: got "x", expected a whole number, at least 0"#,
        ],
    },
    Case {
        from: "  size: [64, 64]",
        to: "  <<: {size: [64], sed: 1}",
        problems: &[
            "4:7: simulate.sed: unknown key, expected one of folder, size, n_structures, seed, bit_depth, photons, read_noise, background, psf_sigma, formats; did you mean `seed`?",
            "4:7: simulate.size: got a list of 1 entry, expected a list of 2 (YX) or 3 (ZYX) sizes",
        ],
    },
];
