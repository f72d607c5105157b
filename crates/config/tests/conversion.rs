//! From the configuration of a training to that of a validation or prediction, and back to text.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

use std::path::Path;

use patchweave_config::{
    AugmentationPlan, ChannelChange, ConfigValue, ConversionError, ConversionOptions, DataPlan, DataRules,
    DataType, InputStatistics, LoaderParams, MeanStd, Mode, NormalizationPlan, PatchingPlan,
    TargetStatistics, TilingPlan, parse_data_config,
};
use patchweave_geometry::{Extent, PerAxis};
use proptest::prelude::*;

const TRAINING: &str = "
mode: training
data_type: tiff
axes: CYX
target_axes: YX
patching: {name: stratified, patch_size: [64, 64], seed: 3}
normalization: {name: mean_std, input_means: [1, 2], input_stds: [3, 4]}
patch_filter: {name: max, threshold: 5}
channels: [2, 0]
batch_size: 8
augmentations: [{name: XYFlip, flip_x: false, seed: 5}]
val_dataloader_params: {num_workers: 2}
seed: 11
";

fn read(text: &str) -> DataPlan {
    parse_data_config(text, Path::new("f"), DataRules::Own).unwrap_or_else(|errors| panic!("{errors}"))
}

fn default() -> ConversionOptions {
    ConversionOptions::default()
}

fn error(data: &DataPlan, mode: Mode, options: &ConversionOptions) -> String {
    match data.converted(mode, options).unwrap_err() {
        ConversionError::Invalid(errors) => errors.to_string().lines().next().unwrap().to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn a_validation_keeps_all_but_patching_and_filters() {
    let data = read(TRAINING);
    let converted = data.converted(Mode::Validating, &default()).unwrap();
    let patch_size = Extent::new(&[64, 64]).unwrap();
    let expected = DataPlan {
        mode: Mode::Validating,
        patching: PatchingPlan::FixedRandom { patch_size, seed: 11 },
        patch_filter: None,
        mask_filter: None,
        ..data.clone()
    };
    assert_eq!(converted, expected);

    let patch_size = Extent::new(&[32, 32]).unwrap();
    let options = ConversionOptions { patch_size: Some(patch_size), ..default() };
    let converted = data.converted(Mode::Validating, &options).unwrap();
    assert_eq!(converted.patching, PatchingPlan::FixedRandom { patch_size, seed: 11 });
}

#[test]
fn everything_that_is_given_is_replaced() {
    let patch_size = Extent::new(&[32, 16]).unwrap();
    let overlaps = PerAxis::new(&[8, 4]).unwrap();
    let options = ConversionOptions {
        patch_size: Some(patch_size),
        overlaps: Some(overlaps),
        batch_size: Some(3),
        data_type: Some(DataType::Zarr),
        axes: Some("TCYX".parse().unwrap()),
        target_axes: Some("TYX".parse().unwrap()),
        channels: ChannelChange::These(vec![1, 3]),
        in_memory: Some(false),
        loader: Some(LoaderParams::new([("num_workers", ConfigValue::Int(7))])),
    };
    let data = read(TRAINING).converted(Mode::Predicting, &options).unwrap();
    assert_eq!(data.patching, PatchingPlan::Tiling(TilingPlan::Tiled { patch_size, overlaps }));
    assert_eq!((data.batch_size, data.data_type, data.in_memory), (3, DataType::Zarr, false));
    assert_eq!((data.axes.to_string(), data.target_axes().to_string()), ("TCYX".into(), "TYX".into()));
    assert_eq!(data.channels, Some(vec![1, 3]));
    assert_eq!((data.pred_loader.num_workers(), data.val_loader.num_workers()), (Some(7), Some(2)));
    assert_eq!(data.augmentations, read(TRAINING).augmentations);
}

#[test]
fn lateral_context_stays_but_nothing_is_mixed() {
    let text = "
    {mode: training, data_type: zarr, axes: CZYX, patching: {name: foreground, patch_size: [4, 8, 8], threshold: 9},
     normalization: {name: none}, multiscale_count: 3, padding_mode: constant, padding_value: 7, context_depth: keep,
     context_source: pyramid, alpha_ranges: [[0, 1]], uncorrelated_channel_prob: 0.5}
    ";
    let data = read(text);
    let lateral = data.lateral.clone().unwrap();
    for mode in [Mode::Validating, Mode::Predicting] {
        let converted = data.converted(mode, &default()).unwrap().lateral.unwrap();
        assert_eq!((converted.alpha_ranges, converted.uncorrelated_channel_prob), (None, 0.0));
        assert_eq!((converted.multiscale_count, converted.padding), (3, lateral.padding));
        assert_eq!((converted.source, converted.depth), (lateral.source, lateral.depth));
    }
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let data = read(TRAINING);
    let with = |options: ConversionOptions| error(&data, Mode::Predicting, &options);
    let axes = |axes: &str| Some(axes.parse().unwrap());
    assert_eq!(
        error(&data, Mode::Training, &default()),
        "got a conversion from training to training, expected one from training to validating or predicting"
    );
    assert_eq!(
        with(ConversionOptions { axes: axes("CZYX"), ..default() }),
        "axes CZYX differ in depth from axes CYX, expected 2 spatial axes"
    );
    assert_eq!(
        with(ConversionOptions { patch_size: Some(Extent::new(&[8, 8]).unwrap()), ..default() }),
        "tiles have no overlaps, expected one per axis of their size"
    );
    assert_eq!(
        with(ConversionOptions { channels: ChannelChange::These(vec![1]), ..default() }),
        "got 1 channel, expected 2 as in the training"
    );
    assert_eq!(
        with(ConversionOptions { axes: axes("YX"), channels: ChannelChange::All, ..default() }),
        "got axes YX for a training with 2 channels, expected axes with C"
    );
    assert_eq!(
        with(ConversionOptions { axes: axes("SCYX"), ..default() }),
        "converted data_config:4:14: target_axes: got \"YX\", expected the same sample axes (S, T) as axes SCYX"
    );
    assert_eq!(
        with(ConversionOptions { data_type: Some(DataType::Zarr), ..default() }),
        "converted data_config:16:12: in_memory: got true, expected false with data_type zarr"
    );
    assert_eq!(
        with(ConversionOptions { batch_size: Some(0), ..default() }),
        "converted data_config:15:13: batch_size: got 0, expected an integer, at least 1"
    );

    let without = read(&TRAINING.replace("axes: CYX", "axes: YX").replace("channels: [2, 0]\n", ""));
    let options =
        ConversionOptions { axes: axes("CYX"), channels: ChannelChange::These(vec![1, 2]), ..default() };
    assert_eq!(
        error(&without, Mode::Predicting, &options),
        "got 2 channels for a training without a channel axis, expected one or all"
    );
    let one = read(&TRAINING.replace("[2, 0]", "2"));
    let found = error(&one, Mode::Predicting, &ConversionOptions { axes: axes("YX"), ..default() });
    assert!(found.ends_with("channels are selected, expected C in axes YX, or no channels"), "{found}");
    let all = ConversionOptions { axes: axes("YX"), channels: ChannelChange::All, ..default() };
    assert_eq!(one.converted(Mode::Predicting, &all).unwrap().channels, None);
}

#[test]
fn the_depth_of_a_czi_file_is_one_letter_or_the_other() {
    let text = TRAINING
        .replace("tiff", "czi")
        .replace("axes: CYX\ntarget_axes: YX", "axes: SCTYX")
        .replace("[64, 64]", "[8, 64, 64]");
    let data = read(&text);
    let axes = |axes: &str| ConversionOptions { axes: Some(axes.parse().unwrap()), ..default() };
    assert!(data.converted(Mode::Predicting, &axes("SCTYX")).is_ok());
    assert_eq!(
        error(&data, Mode::Predicting, &axes("SCZYX")),
        "axes SCZYX differ in depth from axes SCTYX, expected 3 spatial axes, with the same depth axis (Z or T)"
    );
    let relabelled = ConversionOptions { data_type: Some(DataType::Zarr), ..axes("CZYX") };
    assert!(data.converted(Mode::Predicting, &relabelled).is_ok());
}

/// What was read by the rules of the reference is not lost when a mode is converted.
#[test]
fn what_only_the_reference_accepts_survives() {
    let text = "
    {mode: training, data_type: array, axes: YX, patching: {name: random, patch_size: [8, 8]}, unknown: 1,
     normalization: {name: mean_std, input_means: 1, input_stds: -1},
     augmentations: [{name: XYFlip, flip_x: false, flip_y: false}],
     train_dataloader_params: {shuffle: true, collate: fast}}
    ";
    let data = parse_data_config(text, Path::new("f"), DataRules::DataConfig).unwrap();
    let converted = data.converted(Mode::Validating, &default()).unwrap();
    assert_eq!(converted.train_loader.get("collate"), Some(&ConfigValue::from("fast")));
    let input = InputStatistics::Given(vec![MeanStd { mean: 1.0, std: -1.0 }]);
    let target = TargetStatistics::NotGiven;
    assert_eq!(converted.normalization, NormalizationPlan::MeanStd { per_channel: true, input, target });
}

fn block(pieces: &[&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(pieces.to_vec()).prop_map(str::to_owned).boxed()
}

/// Texts of trainings that differ in every key.
fn training() -> impl Strategy<Value = String> {
    let patching = block(&[
        "{name: random, patch_size: [8, 16, 16]}",
        "{name: stratified, patch_size: [8, 16, 16], seed: 9}",
        "{name: weighted, patch_size: [1, 2, 2], share: 0.3}",
        "{name: foreground, patch_size: [1, 2, 2], threshold: -1.5e-9, ref_channel: 3, share: 1}",
        "{name: sequential, patch_size: [3, 4, 4], overlaps: [1, 0, 3]}",
    ]);
    let normalization = block(&[
        "{name: none}",
        "{name: mean_std, per_channel: false}",
        "{name: mean_std, input_means: [1e-7, 2e300], input_stds: [0.1, 3]}",
        "{name: min_max, skip_target: true, target_mins: 0, target_maxes: 1}",
        "{name: quantile, lower_quantiles: [0, 0.1], upper_quantiles: [1, 0.2]}",
        "{name: quantile, method: streaming}",
    ])
    .prop_map(|text| text.replace("2e300", "2e30"));
    let filters = block(&[
        "",
        "mask_filter: null",
        "patch_filter: {name: max, threshold: 1, coverage: 0.3}",
        "patch_filter: {name: mean_std, mean_threshold: 1}\nmask_filter: {coverage: 0, ref_channel: 2}",
        "patch_filter: {name: shannon, threshold: 0.7, filtered_patch_prob: 1}",
        "multiscale_count: 2\npadding_mode: wrap\nalpha_ranges: [[0, 1], [0.1, 0.2]]",
        "multiscale_count: 1\npadding_mode: constant\npadding_value: -3\ncontext_depth: keep",
        "uncorrelated_channel_prob: 0.1\ncontext_source: pyramid",
    ]);
    let loaders = block(&[
        "",
        "train_dataloader_params: {shuffle: false, prefetch_factor: null, timeout: 0.5}",
        "val_dataloader_params: {multiprocessing_context: 'no'}\nnum_workers: 0",
    ]);
    let rest = block(&[
        "",
        "target_axes: ZYX\nchannels: 1\nn_val_patches: 0",
        "channels: [3, 1]\nseed: 18446744073709551615\nbatch_size: 7\naugmentations: []",
        "augmentations: [{name: XYRandomRotate90, p: 0.1, seed: 0}, {name: XYFlip, p: 1}]",
    ]);
    (patching, normalization, filters, loaders, rest).prop_map(|(patching, normalization, filters, loaders, rest)| {
        format!(
            "mode: training\ndata_type: zarr\naxes: CZYX\npatching: {patching}\nnormalization: {normalization}\n\
             {filters}\n{loaders}\n{rest}\n"
        )
    })
}

/// Augmentations without a seed of their own have the global one once they are written.
fn with_seeds(data: DataPlan) -> DataPlan {
    let global = data.seed;
    let seeded = |plan: &AugmentationPlan| match *plan {
        AugmentationPlan::XyFlip { flip_x, flip_y, p, seed } => {
            AugmentationPlan::XyFlip { flip_x, flip_y, p, seed: seed.or(Some(global)) }
        }
        AugmentationPlan::XyRandomRotate90 { p, seed } => {
            AugmentationPlan::XyRandomRotate90 { p, seed: seed.or(Some(global)) }
        }
    };
    DataPlan { augmentations: data.augmentations.iter().map(seeded).collect(), ..data }
}

proptest! {
    #[test]
    fn a_plan_that_is_written_is_read_back(text in training()) {
        let data = read(&text);
        let written = data.to_reference_form().to_yaml();
        let again = read(&written);
        prop_assert_eq!(&again, &with_seeds(data), "{}", written);
        prop_assert_eq!(again.to_reference_form().to_yaml(), written);
    }

    #[test]
    fn every_training_can_be_converted(text in training()) {
        let data = with_seeds(read(&text));
        for mode in [Mode::Validating, Mode::Predicting] {
            let converted = data.converted(mode, &default()).unwrap();
            prop_assert_eq!(converted.mode, mode);
            let as_before = DataPlan {
                mode: data.mode,
                patching: data.patching.clone(),
                patch_filter: data.patch_filter,
                mask_filter: data.mask_filter,
                lateral: data.lateral.clone(),
                ..converted
            };
            prop_assert_eq!(&as_before, &data);
        }
    }
}
