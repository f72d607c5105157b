//! Valid files: what each key becomes, what is assumed without it, how paths are found.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use std::fs;
use std::path::{Path, PathBuf};

use patchweave_config::{
    AugmentationPlan, ConfigErrors, DataType, InputStatistics, LoadError, MeanStd, MinMax, Mode, ModelPlan,
    NormalizationPlan, OutputFormat, PatchingPlan, PixelTypeChoice, RunPlan, TargetStatistics, TilingPlan,
    load, parse,
};
use patchweave_geometry::{Extent, PerAxis};
use patchweave_pixel::PixelType;

const BASE: &str = include_str!("data/base.yaml");

fn plan(text: &str) -> RunPlan {
    let env = |name: &str| (name == "OUT").then(|| "/o".to_owned());
    parse(text, Path::new("configs/a.yaml"), &env).unwrap_or_else(|errors| panic!("{errors}"))
}

fn extent(sizes: &[usize]) -> Extent {
    Extent::new(sizes).unwrap()
}

#[test]
fn every_key_arrives_in_the_plan() {
    let plan = plan(include_str!("data/full.yaml"));
    assert_eq!(plan.output, Path::new("/o/full"));

    let simulate = plan.simulate.unwrap();
    assert_eq!(simulate.folder, Path::new("/o/full/data"));
    assert_eq!(simulate.size, extent(&[16, 256, 256]));
    assert_eq!((simulate.n_structures, simulate.seed, simulate.bit_depth), (2, 0, 12));
    assert_eq!((simulate.photons, simulate.read_noise), (120.5, 0.0));
    assert_eq!((simulate.background, simulate.psf_sigma), (5.0, 1.0));
    assert_eq!(simulate.formats, [OutputFormat::Tiff, OutputFormat::OmeZarr]);

    let data = plan.data;
    assert_eq!((data.mode, data.data_type), (Mode::Training, DataType::Zarr));
    assert_eq!((data.axes.to_string(), data.target_axes.to_string()), ("SCZYX".into(), "SZYX".into()));
    assert_eq!(data.patching, PatchingPlan::Random { patch_size: extent(&[8, 64, 64]), seed: 7 });
    let given = |mean, std| MeanStd { mean, std };
    let normalization = NormalizationPlan::MeanStd {
        per_channel: true,
        input: InputStatistics::Given(vec![given(100.0, 10.0), given(200.5, 20.0)]),
        target: TargetStatistics::Given(vec![given(50.0, 5.0)]),
    };
    assert_eq!(data.normalization, normalization);
    let augmentations = [
        AugmentationPlan::XyFlip { flip_x: false, flip_y: true, p: 0.25, seed: Some(3) },
        AugmentationPlan::XyRandomRotate90 { p: 1.0, seed: None },
    ];
    assert_eq!(data.augmentations, augmentations);
    assert_eq!((data.batch_size, data.channels), (16, Some(vec![1, 0])));
    assert_eq!((data.num_workers, data.shuffle, data.seed), (1, false, 11));

    let train = plan.train.unwrap();
    assert_eq!(train.inputs, [Path::new("configs/data/mixed.zarr"), Path::new("/abs/other.zarr")]);
    assert_eq!(train.targets, [Path::new("configs/data/nuclei.zarr"), Path::new("/abs/target.zarr")]);
    assert_eq!((train.epochs, train.max_batches, train.montage_patches), (3, Some(10), 0));
    assert_eq!((train.prefetch_batches, train.prefetch_bytes), (4, 64 << 20));

    let predict = plan.predict.unwrap();
    assert_eq!(predict.inputs, [Path::new("configs/data/mixed.zarr")]);
    let overlaps = PerAxis::new(&[4, 32, 0]).unwrap();
    assert_eq!(predict.patching, TilingPlan::Tiled { patch_size: extent(&[8, 96, 80]), overlaps });
    let models =
        [ModelPlan::Identity, ModelPlan::Gaussian { sigma: 2.0 }, ModelPlan::Gaussian { sigma: 1.0 }];
    assert_eq!(predict.models, models);
    assert_eq!((predict.batch_size, predict.formats), (8, vec![OutputFormat::OmeZarr]));
    assert_eq!(predict.pixel_type, PixelTypeChoice::Given(PixelType::U16));
}

#[test]
fn keys_that_are_left_out_or_null_have_defaults() {
    let nulls = "  axes: CYX\n  target_axes: null\n  augmentations: ~\n  batch_size:\n  channels: null\n  \
                 num_workers: null\n  train_dataloader_params: null\n  seed: null";
    for text in [BASE.to_owned(), BASE.replace("  axes: CYX", nulls)] {
        let plan = plan(&text);
        let simulate = plan.simulate.unwrap();
        assert_eq!((simulate.n_structures, simulate.seed, simulate.bit_depth), (3, 42, 16));
        assert_eq!((simulate.photons, simulate.read_noise), (200.0, 2.0));
        assert_eq!((simulate.background, simulate.psf_sigma), (10.0, 1.5));
        assert_eq!(simulate.formats, [OutputFormat::Tiff, OutputFormat::OmeZarr]);
        assert_eq!(plan.data.target_axes, plan.data.axes);
        assert_eq!(plan.data.patching, PatchingPlan::Random { patch_size: extent(&[64, 64]), seed: 42 });
        let fitted = NormalizationPlan::MeanStd {
            per_channel: true,
            input: InputStatistics::Fit,
            target: TargetStatistics::NotGiven,
        };
        assert_eq!(plan.data.normalization, fitted);
        assert_eq!(plan.data.augmentations, AugmentationPlan::DEFAULT);
        assert_eq!((plan.data.batch_size, plan.data.channels), (1, None));
        assert_eq!((plan.data.shuffle, plan.data.seed), (true, 42));
        assert!((1..=4).contains(&plan.data.num_workers));
        let train = plan.train.unwrap();
        assert_eq!((train.epochs, train.max_batches, train.montage_patches), (1, None, 12));
        assert_eq!((train.prefetch_batches, train.prefetch_bytes), (8, 512 << 20));
        let predict = plan.predict.unwrap();
        assert_eq!((predict.batch_size, predict.formats.len()), (1, 2));
        assert_eq!(predict.pixel_type, PixelTypeChoice::Given(PixelType::F32));
    }
}

#[test]
fn other_forms_of_blocks_are_read() {
    let with = |from: &str, to: &str| {
        assert!(BASE.contains(from), "{from}");
        plan(&BASE.replacen(from, to, 1))
    };
    assert_eq!(with("axes: CYX", "axes: CYX\n  channels: []").data.channels, None);
    assert_eq!(with("axes: CYX", "axes: CYX\n  augmentations: []").data.augmentations, []);
    assert_eq!(with("axes: CYX", "axes: CXY").data.axes.to_string(), "CXY");

    let patching = "{name: sequential, patch_size: [32, 32], overlaps: [7, 0]}";
    let overlaps = PerAxis::new(&[7, 0]).unwrap();
    let expected = PatchingPlan::Sequential { patch_size: extent(&[32, 32]), overlaps };
    assert_eq!(with("{name: random, patch_size: [64, 64]}", patching).data.patching, expected);
    let oblong = "{name: sequential, patch_size: [32, 64]}\n  augmentations: []";
    let overlaps = PerAxis::new(&[0, 0]).unwrap();
    let expected = PatchingPlan::Sequential { patch_size: extent(&[32, 64]), overlaps };
    assert_eq!(with("{name: random, patch_size: [64, 64]}", oblong).data.patching, expected);

    let ranges = "{name: min_max, input_mins: 0, input_maxes: [255], skip_target: true, target_mins: 0, target_maxes: 1}";
    let input = vec![MinMax { min: 0.0, max: 255.0 }];
    let expected = NormalizationPlan::MinMax { input, target: TargetStatistics::Skip };
    assert_eq!(with("{name: mean_std}", ranges).data.normalization, expected);
    assert_eq!(with("{name: mean_std}", "{name: none}").data.normalization, NormalizationPlan::None);
}

#[test]
fn prediction_takes_its_tiling_from_a_data_set_for_prediction() {
    let text = "output: out\ndata_config:\n  {mode: predicting, data_type: tiff, axes: YX, normalization: {name: none}, \
                batch_size: 3, patching: {name: tiled, patch_size: [8, 9], overlaps: [2, 8]}}\n\
                predict: {input: a.tiff, models: [identity]}\n";
    let predict = plan(text).predict.unwrap();
    let overlaps = PerAxis::new(&[2, 8]).unwrap();
    assert_eq!(predict.patching, TilingPlan::Tiled { patch_size: extent(&[8, 9]), overlaps });
    assert_eq!(predict.batch_size, 3);
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let text = BASE
        .replace(
            "patching: {name: random, patch_size: [64, 64]}",
            "patching: {name: random, patch_size: &size [64, 64]}",
        )
        .replace("input: a.tiff\n  target", "input: &input a.tiff\n  target")
        .replace(
            "predict:\n  input: a.tiff",
            "predict:\n  <<: {input: *input, batch_size: 5}\n  batch_size: 6",
        )
        .replace("patch_size: [96, 96]", "patch_size: *size");
    let predict = plan(&text).predict.unwrap();
    assert_eq!((predict.inputs, predict.batch_size), (vec![PathBuf::from("configs/a.tiff")], 6));
    let TilingPlan::Tiled { patch_size, .. } = predict.patching else { panic!("{:?}", predict.patching) };
    assert_eq!(patch_size, extent(&[64, 64]));
}

#[test]
fn a_byte_order_mark_and_other_line_ends_change_nothing() {
    let expected = plan(BASE);
    for text in [format!("\u{feff}{BASE}"), BASE.replace('\n', "\r\n")] {
        let plan = plan(&text);
        assert_eq!(
            (&plan.data, &plan.train, &plan.predict),
            (&expected.data, &expected.train, &expected.predict)
        );
        let problem = plan.problem_at("data_config.axes", "got CYX", "YX");
        assert_eq!((problem.line, problem.column, problem.excerpt.line.as_str()), (8, 9, "  axes: CYX"));
    }
}

#[test]
fn variables_are_put_into_paths_and_nowhere_else() {
    let text =
        BASE.replace("output: out", "output: ${A}/x${B}y$C{}").replace("target: b.tiff", "target: '${A}'");
    let env = |name: &str| match name {
        "A" => Some("${B}".to_owned()),
        "B" => Some(String::new()),
        _ => None,
    };
    let plan = parse(&text, Path::new("a.yaml"), &env).unwrap();
    assert_eq!(plan.output, Path::new("${B}/xy$C{}"));
    assert_eq!(plan.train.unwrap().targets, [Path::new("${B}")]);

    let errors = parse(&BASE.replace("tiff\n  axes", "${A}\n  axes"), Path::new("a.yaml"), &env).unwrap_err();
    assert_eq!(errors.problems[0].found, "got \"${A}\"");
}

#[test]
fn problems_found_later_stand_at_the_nearest_key() {
    let plan = plan(BASE);
    let place = |key_path: &str| {
        let problem = plan.problem_at(key_path, "got this", "that");
        (problem.line, problem.column, problem.key_path)
    };
    let at = |line, column, key_path: &str| (line, column, key_path.to_owned());
    assert_eq!(place("predict.patching.overlaps[1]"), at(16, 64, "predict.patching.overlaps[1]"));
    assert_eq!(place("predict.batch_size"), at(14, 1, "predict.batch_size"));
    assert_eq!(place("train.input[0]"), at(12, 10, "train.input[0]"));
    assert_eq!(place("data_config.patching.patch_size"), at(9, 40, "data_config.patching.patch_size"));
    assert_eq!(place("elsewhere"), at(1, 1, "elsewhere"));

    let errors: ConfigErrors = plan.errors(vec![
        plan.problem_at("train.input", "got this", "that"),
        plan.problem_at("simulate.size[1]", "got this", "that"),
    ]);
    let expected = "\
configs/a.yaml:4:14: simulate.size[1]: got this, expected that
  |
4 |   size: [64, 64]
  |              ^^

configs/a.yaml:12:10: train.input: got this, expected that
   |
12 |   input: a.tiff
   |          ^^^^^^

2 problems in configs/a.yaml";
    assert_eq!(errors.to_string(), expected);
}

#[test]
fn files_are_read_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.yaml");
    fs::write(&file, BASE).unwrap();
    assert_eq!(load(&file).unwrap().output, folder.path().join("out"));

    fs::write(&file, BASE.replace("epochs", "epoch").replace("YX", "XX")).unwrap();
    assert!(matches!(load(&file), Err(LoadError::Invalid(errors)) if errors.file == file));
    fs::write(&file, [0x61, 0xff]).unwrap();
    assert!(matches!(load(&file), Err(LoadError::NotText { .. })));
    fs::write(&file, vec![b'#'; (16 << 20) + 1]).unwrap();
    assert!(matches!(load(&file), Err(LoadError::TooLarge { .. })));
    assert!(matches!(load(folder.path()), Err(LoadError::Read { .. })));
}
