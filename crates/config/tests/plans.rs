//! Valid files: what each key becomes, what is assumed without it, how paths are found.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use std::fs;
use std::path::{Path, PathBuf};

use patchweave_config::{
    AlphaRange, AugmentPlan, AugmentationPlan, AxesSource, AxisSizes, Background, BadTilePlan, BioimagePlan,
    BlendPlan, CompressionPlan, ConfigErrors, ConfigValue, ConstructorPlan, ContextDepth, ContextSource,
    DataRules, DataType, Durability, FitSource, InputStatistics, LateralPlan, LevelAxesPlan, LevelCount,
    LoadError, LoadingPlan, MaskFilterPlan, MeanStd, MinMax, MissingPlanes, MixPlan, MixedFile, Mode,
    ModelPlan, NonFinitePlan, NormalizationPlan, OrderPlan, OutputFormat, OutputPlan, PaddingPlan,
    PatchFilterPlan, PatchingPlan, PixelTypeChoice, QuantileLevels, QuantileMethod, ReadingPlan, RemotePlan,
    RepeatsPlan, ResultPlan, ResultsPlan, RunPlan, RuntimePlan, SkipPlan, TargetKind, TargetStatistics,
    TileImagesPlan, TilingPlan, ValuesPlan, load, parse, parse_data_config,
};
use patchweave_geometry::{Axis, Extent, PerAxis};
use patchweave_loader::{MixLength, OnFailure, Shapes, Shard, Uneven};
use patchweave_pixel::PixelType;

const BASE: &str = include_str!("data/base.yaml");
const LATERAL: &str = include_str!("data/lateral.yaml");

fn plan(text: &str) -> RunPlan {
    let env = |name: &str| match name {
        "OUT" => Some("/o".to_owned()),
        "RANK" => Some("3".to_owned()),
        _ => None,
    };
    parse(text, Path::new("configs/a.yaml"), &env).unwrap_or_else(|errors| panic!("{errors}"))
}

fn extent(sizes: &[usize]) -> Extent {
    Extent::new(sizes).unwrap()
}

#[test]
fn every_key_arrives_in_the_plan() {
    let plan = plan(include_str!("data/full.yaml"));
    assert_eq!((plan.output.as_path(), plan.durability), (Path::new("/o/full"), Durability::None));
    assert!(plan.overwrite);

    let simulate = plan.simulate.unwrap();
    assert_eq!(simulate.folder, Path::new("/o/full/data"));
    assert_eq!(simulate.size, extent(&[16, 256, 256]));
    assert_eq!((simulate.n_structures, simulate.seed, simulate.bit_depth), (2, 0, 12));
    assert_eq!((simulate.photons, simulate.read_noise), (120.5, 0.0));
    assert_eq!((simulate.background, simulate.psf_sigma), (5.0, 1.0));
    assert_eq!(simulate.formats, [OutputFormat::Tiff, OutputFormat::OmeZarr]);

    let remote = RemotePlan { requests: 8, idle_seconds: 20, tries: 3, instance_credentials: true };
    let reading = ReadingPlan {
        cache_bytes: 512 << 20,
        chunk_bytes: 64 << 20,
        in_flight_bytes: 128 << 20,
        map_files: false,
        links_outside: true,
        non_finite: NonFinitePlan::Fail,
        missing_planes: MissingPlanes::Zeros,
        remote,
    };
    assert_eq!(plan.reading, reading);

    let data = plan.data;
    assert_eq!((data.mode, data.data_type), (Mode::Training, DataType::Zarr));
    assert_eq!((data.axes.to_string(), data.target_axes().to_string()), ("SCZYX".into(), "SZYX".into()));
    assert_eq!((data.n_spatial(), data.in_memory), (3, false));
    assert_eq!(data.axes_source, AxesSource::Config);
    assert_eq!(data.patching, PatchingPlan::Stratified { patch_size: extent(&[8, 64, 64]), seed: 7 });
    let background = Background::MeanStd { mean_threshold: 120.0, std_threshold: Some(3.0) };
    let patch_filter = PatchFilterPlan { ref_channel: 1, filtered_patch_prob: 0.2, background };
    assert_eq!(data.patch_filter, Some(patch_filter));
    let mask_filter = MaskFilterPlan { ref_channel: 0, filtered_patch_prob: 0.0, coverage: 0.6 };
    assert_eq!(data.mask_filter, Some(mask_filter));
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
    assert_eq!((data.batch_size, &data.channels), (16, &Some(vec![1, 0])));
    assert_eq!((data.num_workers, data.shuffle(), data.seed), (0, false, 11));
    assert_eq!((data.n_threads(&data.train_loader), data.n_threads(&data.val_loader)), (1, 3));
    assert_eq!(data.train_loader.drop_last(), Some(true));
    assert_eq!(data.pred_loader.get("pin_memory_device"), Some(&ConfigValue::from("cuda")));
    assert_eq!((data.n_val_patches, data.lateral), (4, None));

    let train = plan.train.unwrap();
    assert_eq!(train.constructor, ConstructorPlan::Basic);
    assert_eq!(train.inputs, [Path::new("configs/data/mixed.zarr"), Path::new("/abs/other.zarr")]);
    assert_eq!(train.targets, [[Path::new("configs/data/nuclei.zarr"), Path::new("/abs/target.zarr")]]);
    assert_eq!(train.masks, [Path::new("configs/data/mask.zarr"), Path::new("/abs/mask.zarr")]);
    assert_eq!((train.n_val_patches, train.leak_free), (4, true));
    assert_eq!(train.statistics, FitSource::Patches { tolerance: Some(0.01) });
    assert_eq!((train.epochs, train.max_batches, train.montage_patches), (3, Some(10), 0));
    assert_eq!((train.prefetch_batches, train.prefetch_bytes), (4, 64 << 20));
    assert_eq!(train.target_kind, TargetKind::Intensities);
    let loading = LoadingPlan {
        order: Some(OrderPlan::Sequential),
        passes: 2,
        max_patches: Some(1000),
        shapes: Shapes::Grouped,
        on_failure: OnFailure::Retry(2),
        shard: Shard { rank: 3, world_size: 4, uneven: Uneven::Pad },
    };
    assert_eq!(train.loading, loading);
    let mixed = |name: &str, ratio| MixedFile { config: Path::new("configs").join(name), ratio };
    let others = vec![mixed("other.yaml", 3), mixed("third.yaml", 10)];
    assert_eq!(train.mix, Some(MixPlan { ratio: 7, others, until: MixLength::Shortest }));

    let predict = plan.predict.unwrap();
    assert_eq!(predict.inputs, [Path::new("configs/data/mixed.zarr")]);
    assert_eq!(predict.targets, [Path::new("configs/data/structures.zarr")]);
    let overlaps = PerAxis::new(&[4, 32, 0]).unwrap();
    assert_eq!(predict.patching, TilingPlan::Tiled { patch_size: extent(&[8, 96, 80]), overlaps });
    let library = Some("configs/lib/libonnxruntime.so".into());
    let runtime = RuntimePlan::OnnxRuntime { library };
    let package = BioimagePlan { path: "configs/nets/nuclei.zip".into(), name: "cells".into(), runtime };
    let models = [
        ModelPlan::Identity,
        ModelPlan::Gaussian { sigma: 2.0 },
        ModelPlan::Gaussian { sigma: 1.0 },
        ModelPlan::Bioimage(package),
    ];
    let opened: Vec<_> = predict.models.iter().map(|entry| entry.model.clone()).collect();
    assert_eq!(opened, models);
    let repeats = RepeatsPlan { augment: AugmentPlan::All, samples: 3, deviation: true };
    assert_eq!((predict.models[0].repeats, predict.models[1].repeats), (RepeatsPlan::default(), repeats));
    let chosen = |channels: &[usize], values| ResultPlan { channels: Some(channels.to_vec()), values };
    let named = vec![
        ("gaussian".to_owned(), chosen(&[1, 0], ValuesPlan::Argmax)),
        ("gaussian_std".to_owned(), chosen(&[1], ValuesPlan::Threshold(0.5))),
    ];
    assert_eq!(
        predict.models[1].results,
        ResultsPlan { of_all: chosen(&[1, 0], ValuesPlan::Argmax), named: Some(named) }
    );
    assert_eq!(predict.models[2].results, ResultsPlan::default());
    assert_eq!(predict.blend, BlendPlan::Border { width: 4, weight: 0.1 });
    assert_eq!(predict.tile_images, TileImagesPlan { weights: true, deviation: true });
    assert_eq!(
        predict.skip,
        Some(SkipPlan { below: Some(110.0), masks: vec!["configs/data/cells.zarr".into()], value: -1.0 })
    );
    assert_eq!(predict.on_failure, BadTilePlan::Fill(7.0));
    assert_eq!((predict.batch_size, predict.formats), (8, vec![OutputPlan::named("ome_zarr")]));
    assert_eq!(predict.pixel_type, PixelTypeChoice::Given(PixelType::U16));
    assert_eq!((predict.channels, predict.prefetch_bytes), (Some(vec![1, 0]), 32 << 20));
    assert_eq!(predict.memory_bytes, 2048 << 20);

    let warnings: Vec<_> = plan.warnings.iter().map(|warning| warning.key_path.as_str()).collect();
    assert_eq!(warnings, ["data_config.train_dataloader_params.shuffle"]);
}

/// What an unknown key is refused with names the keys that there are: the files with every key have them all.
#[test]
fn the_files_with_every_key_have_every_key() {
    let full = include_str!("data/full.yaml");
    let files = [(full, plan(full)), (LATERAL, plan(LATERAL))];
    // Not beside patches that are split off, nor where inputs are mixed; not beside argmax.
    let exceptions = ["train.val_input", "predict.models[1].threshold"];
    for (file, place, block) in [
        (full, "output: ", ""),
        (full, "simulate:\n  ", "simulate."),
        (full, "reading: {", "reading."),
        (full, "remote: {", "reading.remote."),
        (full, "data_config:\n  ", "data_config."),
        (full, "normalization:\n    ", "data_config.normalization."),
        (LATERAL, "normalization:\n    ", "data_config.normalization."),
        (full, "patch_filter: {", "data_config.patch_filter."),
        (full, "mask_filter: {", "data_config.mask_filter."),
        (full, "train:\n  ", "train."),
        (full, "statistics: {", "train.statistics."),
        (full, "shard: {", "train.shard."),
        (full, "predict:\n  ", "predict."),
        (full, "- name: gaussian\n      ", "predict.models[1]."),
        (full, "blend: {", "predict.blend."),
        (full, "skip: {", "predict.skip."),
    ] {
        let unknown = match place.rsplit_once('\n') {
            Some((_, indent)) => format!("{place}zz: 1\n{indent}"),
            None if place.ends_with('{') => format!("{place}zz: 1, "),
            None => format!("zz: 1\n{place}"),
        };
        let errors =
            parse(&file.replacen(place, &unknown, 1), Path::new("a.yaml"), &|_| Some("3".to_owned()));
        let problems = errors.unwrap_err().problems;
        let problem = problems.iter().find(|problem| problem.key_path == format!("{block}zz")).unwrap();
        let known = problem.expected.split(';').next().unwrap().strip_prefix("one of ").unwrap();
        for key in known.split(", ").map(|key| format!("{block}{key}")) {
            let is_there = files.iter().any(|(_, plan)| plan.has_key(&key));
            assert!(is_there || exceptions.contains(&key.as_str()), "{key} is in neither file");
        }
    }
}

#[test]
fn every_key_of_lateral_context_arrives_in_the_plan() {
    let plan = plan(LATERAL);
    let lateral = LateralPlan {
        multiscale_count: 3,
        padding: PaddingPlan::Constant { value: 100.0 },
        source: ContextSource::Pyramid,
        depth: ContextDepth::Keep,
        alpha_ranges: Some(vec![AlphaRange { low: 0.0, high: 1.0 }, AlphaRange { low: 0.2, high: 0.5 }]),
        uncorrelated_channel_prob: 0.4,
    };
    assert_eq!(plan.data.lateral, Some(lateral));
    assert_eq!((plan.data.mask_filter, plan.data.n_val_patches), (None, 8));
    let patch_size = extent(&[8, 64, 64]);
    assert_eq!(plan.data.patching, PatchingPlan::Weighted { patch_size, seed: 42, share: 0.75 });
    let range = |min, max| MinMax { min, max };
    let normalization = NormalizationPlan::Quantile {
        per_channel: true,
        levels: vec![QuantileLevels { lower: 0.02, upper: 0.9 }, QuantileLevels { lower: 0.03, upper: 0.95 }],
        method: QuantileMethod::Streaming,
        input: InputStatistics::Given(vec![range(3.0, 30.0)]),
        target: TargetStatistics::Given(vec![range(1.0, 10.0), range(2.0, 20.0)]),
    };
    assert_eq!(plan.data.normalization, normalization);

    let train = plan.train.unwrap();
    assert_eq!(train.constructor, ConstructorPlan::MultiChannelTarget);
    assert_eq!((train.inputs, train.val_inputs), (Vec::<PathBuf>::new(), Vec::<PathBuf>::new()));
    assert_eq!(train.targets, [[Path::new("configs/a.zarr"), Path::new("configs/b.zarr")]]);
    assert_eq!(train.val_targets, [[Path::new("configs/c.zarr")]]);
    assert_eq!(train.weights, [Path::new("configs/wa.zarr"), Path::new("configs/wb.zarr")]);
    assert_eq!((train.n_val_patches, train.leak_free), (0, false));
    assert_eq!(train.statistics, FitSource::Patches { tolerance: None });
}

#[test]
fn whole_numbers_may_come_from_the_environment() {
    let keys = "  axes: CYX\n  seed: ${RANK}\n  batch_size: 1${RANK}\n  \
                train_dataloader_params: {shuffle: true, num_workers: \"${RANK}\"}";
    let data = plan(&BASE.replace("  axes: CYX", keys)).data;
    assert_eq!((data.seed, data.batch_size, data.n_threads(&data.train_loader)), (3, 13, 3));
    let env = |name: &str| (name == "RANK").then(|| " 7\n".to_owned());
    let text = BASE.replace("  axes: CYX", "  axes: CYX\n  seed: ${RANK}");
    assert_eq!(parse(&text, Path::new("a.yaml"), &env).unwrap().data.seed, 7);
}

#[test]
fn keys_that_are_left_out_or_null_have_defaults() {
    let nulls = "  axes: CYX\n  target_axes: null\n  augmentations: ~\n  batch_size:\n  channels: null\n  \
                 num_workers: null\n  train_dataloader_params: null\n  seed: null\n  in_memory: null\n  \
                 n_val_patches: null\n  patch_filter: null\n  alpha_ranges: null";
    for text in [BASE.to_owned(), BASE.replace("  axes: CYX", nulls)] {
        let plan = plan(&text);
        let simulate = plan.simulate.unwrap();
        assert_eq!((simulate.n_structures, simulate.seed, simulate.bit_depth), (3, 42, 16));
        assert_eq!((simulate.photons, simulate.read_noise), (200.0, 2.0));
        assert_eq!((simulate.background, simulate.psf_sigma), (10.0, 1.5));
        assert_eq!(simulate.formats, [OutputFormat::Tiff, OutputFormat::OmeZarr]);
        assert_eq!(plan.data.target_axes(), &plan.data.axes);
        assert_eq!(plan.data.patching, PatchingPlan::Random { patch_size: extent(&[64, 64]), seed: 42 });
        let fitted = NormalizationPlan::MeanStd {
            per_channel: true,
            input: InputStatistics::Fit,
            target: TargetStatistics::NotGiven,
        };
        assert_eq!(plan.data.normalization, fitted);
        assert_eq!(plan.data.augmentations, AugmentationPlan::DEFAULT);
        assert_eq!((plan.data.batch_size, &plan.data.channels), (1, &None));
        assert_eq!((plan.data.shuffle(), plan.data.seed), (true, 42));
        assert_eq!((plan.data.in_memory, plan.data.n_val_patches), (true, 8));
        let mask_filter = MaskFilterPlan { ref_channel: 0, filtered_patch_prob: 0.1, coverage: 0.25 };
        assert_eq!((plan.data.patch_filter, plan.data.mask_filter), (None, Some(mask_filter)));
        assert_eq!((plan.data.lateral, plan.warnings), (None, Vec::new()));
        assert!((1..=4).contains(&plan.data.num_workers));
        let train = plan.train.unwrap();
        assert_eq!((train.epochs, train.max_batches, train.montage_patches), (1, None, 12));
        assert_eq!((train.constructor, train.n_val_patches), (ConstructorPlan::Basic, 0));
        assert_eq!((train.val_inputs.len(), train.val_targets.len()), (0, 0));
        assert_eq!((train.masks.len(), train.weights.len(), train.leak_free), (0, 0, false));
        assert_eq!(train.statistics, FitSource::Patches { tolerance: None });
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
    let expected = NormalizationPlan::MinMax {
        per_channel: true,
        input: InputStatistics::Given(vec![MinMax { min: 0.0, max: 255.0 }]),
        target: TargetStatistics::Skip { unused: Some(vec![MinMax { min: 0.0, max: 1.0 }]) },
    };
    let skipping = with("{name: mean_std}", ranges);
    assert_eq!(skipping.data.normalization, expected);
    assert_eq!(skipping.warnings[0].message, "has no effect, because skip_target is true");
    let fitted = NormalizationPlan::Quantile {
        per_channel: false,
        levels: vec![QuantileLevels { lower: 0.01, upper: 0.5 }],
        method: QuantileMethod::Streaming,
        input: InputStatistics::Fit,
        target: TargetStatistics::NotGiven,
    };
    let quantile = "{name: quantile, per_channel: false, upper_quantiles: 0.5, method: streaming}";
    assert_eq!(with("{name: mean_std}", quantile).data.normalization, fitted);
    assert_eq!(with("{name: mean_std}", "{name: none}").data.normalization, NormalizationPlan::None);
}

#[test]
fn filters_have_defaults_that_follow_from_the_axes() {
    let filters = |lines: &str| {
        let patching = "{name: stratified, patch_size: [64, 64]}";
        let text = BASE.replace("{name: random, patch_size: [64, 64]}", &format!("{patching}{lines}"));
        let data = plan(&text).data;
        (data.patch_filter.map(|filter| filter.background), data.mask_filter.map(|filter| filter.coverage))
    };
    let max = Background::Max { threshold: 5.0, coverage: 0.25 };
    assert_eq!(filters("\n  patch_filter: {name: max, threshold: 5}"), (Some(max), Some(0.25)));
    let shannon = Background::Shannon { threshold: 2.5 };
    assert_eq!(filters("\n  patch_filter: {name: shannon, threshold: 2.5}"), (Some(shannon), Some(0.25)));
    assert_eq!(filters("\n  mask_filter: {coverage: 1}"), (None, Some(1.0)));

    let volume = include_str!("data/lateral.yaml").replace("  mask_filter: null\n", "");
    assert_eq!(plan(&volume).data.mask_filter.unwrap().coverage, 0.125);
    let volume = volume.replace("  channels: null\n", "  mask_filter: {name: mask}\n");
    assert_eq!(plan(&volume).data.mask_filter.unwrap().coverage, 0.25);
}

#[test]
fn foreground_is_drawn_more_often() {
    let foreground = |more: &str| {
        let patching = format!("{{name: foreground, patch_size: [64, 64], threshold: 300{more}}}");
        plan(&BASE.replace("{name: random, patch_size: [64, 64]}", &patching)).data.patching
    };
    let patch_size = extent(&[64, 64]);
    let threshold = 300.0;
    let expected = PatchingPlan::Foreground { patch_size, seed: 42, threshold, ref_channel: 0, share: 0.5 };
    assert_eq!(foreground(""), expected);
    let expected = PatchingPlan::Foreground { patch_size, seed: 3, threshold, ref_channel: 1, share: 1.0 };
    assert_eq!(foreground(", seed: 3, ref_channel: 1, share: 1"), expected);
}

/// The forms of `input` and `target`, by constructor.
#[test]
fn every_constructor_has_its_images() {
    let with = |constructor: &str, images: &str| {
        let text = LATERAL.replace(
            "  constructor: multi_channel_target\n  target: [a.zarr, b.zarr]\n  val_target: c.zarr\n  \
             weights: [wa.zarr, wb.zarr]\n",
            &format!("  constructor: {constructor}\n{images}"),
        );
        assert_ne!(text, LATERAL);
        plan(
            &text
                .replace("weighted, patch_size: [8, 64, 64], share: 0.75", "random, patch_size: [8, 64, 64]"),
        )
    };
    let independent =
        with("independent_targets", "  target: [a.zarr, [b.zarr, c.zarr]]\n  val_target: [d.zarr, e.zarr]\n");
    let train = independent.train.unwrap();
    let n_of = |lists: &[Vec<PathBuf>]| lists.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!((n_of(&train.targets), n_of(&train.val_targets)), (vec![1, 2], vec![1, 1]));
    let warnings: Vec<_> = independent.warnings.iter().map(ToString::to_string).collect();
    let expected = "\
configs/a.yaml:26:30: data_config.uncorrelated_channel_prob: has no effect with constructor independent_targets
   |
26 |   uncorrelated_channel_prob: 0.4
   |                              ^^^";
    assert_eq!(warnings, [expected]);

    let paired = with("paired", "  input: a.zarr\n  target: b.zarr\n");
    let warnings: Vec<_> = paired.warnings.iter().map(|warning| warning.key_path.as_str()).collect();
    assert_eq!(warnings, ["data_config.alpha_ranges", "data_config.uncorrelated_channel_prob"]);
    assert_eq!(paired.train.unwrap().inputs, [Path::new("configs/a.zarr")]);
}

/// Which trainings split patches off, and how many.
#[test]
fn patches_are_split_off_where_nothing_else_validates() {
    let n_val_patches = |text: &str| plan(text).train.unwrap().n_val_patches;
    let stratified = BASE.replace("name: random", "name: stratified");
    assert_eq!((n_val_patches(BASE), n_val_patches(&stratified)), (0, 8));
    let n_given = |n: usize| format!("  axes: CYX\n  n_val_patches: {n}");
    assert_eq!(n_val_patches(&BASE.replace("  axes: CYX", &n_given(3))), 0);
    assert_eq!(n_val_patches(&stratified.replace("  axes: CYX", &n_given(3))), 3);
    assert_eq!(n_val_patches(&stratified.replace("  axes: CYX", &n_given(0))), 0);
    let with_images = "target: b.tiff\n  val_input: c.tiff\n  val_target: d.tiff";
    assert_eq!(n_val_patches(&stratified.replace("target: b.tiff", with_images)), 0);

    let lateral = LATERAL
        .replace("weighted, patch_size: [8, 64, 64], share: 0.75", "stratified, patch_size: [8, 64, 64]")
        .replace("  val_target: c.zarr\n  weights: [wa.zarr, wb.zarr]\n", "");
    assert_eq!(n_val_patches(&lateral), 0);
    let leak_free = lateral
        .replace("  target: [a.zarr, b.zarr]\n", "  target: a.zarr\n  leak_free: true\n")
        .replace("  context_source: pyramid\n", "");
    assert_eq!(n_val_patches(&leak_free), 8);
}

#[test]
fn channels_of_a_mixed_target_are_not_those_of_a_prediction() {
    let predicted = |constructor: &str, images: &str| {
        let text = format!(
            "output: out\ndata_config:\n  {{mode: training, data_type: tiff, axes: CYX, channels: [1], \
             multiscale_count: 2, patching: {{name: random, patch_size: [8, 8]}}, normalization: {{name: none}}}}\n\
             {images}predict: {{input: p, models: [identity], patching: {{name: whole}}}}\n"
        );
        plan(&text.replace("CONSTRUCTOR", constructor)).predict.unwrap().channels
    };
    assert_eq!(predicted("", ""), Some(vec![1]));
    let train = "train: {constructor: CONSTRUCTOR, input: a, target: b}\n";
    assert_eq!(predicted("paired", train), Some(vec![1]));
    let train = "train: {constructor: CONSTRUCTOR, target: b}\n";
    assert_eq!(predicted("multi_channel_target", train), None);
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
    assert_eq!(plan.train.unwrap().targets, [[Path::new("${B}")]]);

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

/// Labels are never normalised, whatever the block says; what is given for them is told to be unused.
#[test]
fn labels_skip_the_normalisation_of_targets() {
    let base = include_str!("data/base.yaml");
    let plan = |normalization: &str, kind: &str| {
        let text = base
            .replace("{name: mean_std}", normalization)
            .replace("  target: b.tiff", &format!("  target: b.tiff{kind}"));
        patchweave_config::parse(&text, std::path::Path::new("f"), &|_| None).unwrap()
    };
    let labels = "\n  target_kind: labels";
    for normalization in ["{name: mean_std}", "{name: min_max}", "{name: quantile}", "{name: none}"] {
        let plan = plan(normalization, labels);
        assert!(plan.data.normalization.skips_target() && plan.warnings.is_empty(), "{normalization}");
    }
    assert!(!plan("{name: mean_std}", "").data.normalization.skips_target());
    let given = plan("{name: mean_std, target_means: 1, target_stds: 2}", labels);
    let told: Vec<String> = given.warnings.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("target_means: has no effect, because train.target_kind is labels"), "{told:?}");
}

/// What stands in for the reference's strictness is read back, and unknown to the reference.
#[test]
fn whose_axes_count_is_written_back() {
    for source in [AxesSource::Checked, AxesSource::Config, AxesSource::File] {
        let text = format!(
            "{{mode: predicting, data_type: tiff, axes: YX, axes_source: {}, patching: {{name: whole}}, \
             normalization: {{name: none}}}}",
            source.name()
        );
        let read = |text: &str, rules| parse_data_config(text, Path::new("a.yaml"), rules).unwrap();
        let data = read(&text, DataRules::Own);
        assert_eq!(data.axes_source, source);
        let form = data.to_reference_form();
        assert_eq!(form.get("axes_source").is_some(), source != AxesSource::Checked);
        assert_eq!(read(&form.to_yaml(), DataRules::Own).axes_source, source);
        assert_eq!(read(&text, DataRules::DataConfig).axes_source, AxesSource::Checked);
    }
}

#[test]
fn outputs_have_settings() {
    let with = |keys: &str| plan(&BASE.replacen("models: [identity]", keys, 1)).predict.unwrap();
    let predict = with(
        "models: [identity]\n  formats: [npy, {name: ome_zarr, levels: auto, level_axes: yx, \
         chunks: {z: 32, x: 128, y: 64}, shards: {y: 1024}, compression: zstd:-3, version: \"0.4\", \
         store_empty: true, unused: null}]\n  pixel_type: {to: input, scale: [-1, 2.5]}",
    );
    let zarr = OutputPlan {
        format: "ome_zarr".to_owned(),
        levels: LevelCount::Auto,
        level_axes: LevelAxesPlan::Yx,
        chunks: Some(AxisSizes(vec![(Axis::Z, 32), (Axis::Y, 64), (Axis::X, 128)])),
        shards: Some(AxisSizes(vec![(Axis::Y, 1024)])),
        compression: Some(CompressionPlan { codec: "zstd".to_owned(), level: Some(-3) }),
        settings: vec![
            ("version".to_owned(), ConfigValue::from("0.4")),
            ("store_empty".to_owned(), ConfigValue::from(true)),
        ],
    };
    assert_eq!(predict.formats, [OutputPlan::named("npy"), zarr]);
    assert_eq!((predict.pixel_type, predict.scale), (PixelTypeChoice::Input, Some((-1.0, 2.5))));

    let predict = with("models: [identity]\n  formats: own\n  pixel_type: {to: uint8, scale: none}");
    assert_eq!(predict.formats, [OutputPlan::named("own")]);
    assert_eq!((predict.pixel_type, predict.scale), (PixelTypeChoice::Given(PixelType::U8), None));
    let predict = with("models: [identity]\n  formats: {name: own, levels: 2, compression: none}");
    let compression = Some(CompressionPlan { codec: "none".to_owned(), level: None });
    let own = OutputPlan { levels: LevelCount::Given(2), compression, ..OutputPlan::named("own") };
    assert_eq!(predict.formats, [own]);
}
