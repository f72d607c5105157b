//! What configurations deliver stays what it is: the batches of many of them, and what is predicted, as checksums that
//! `recorded.tsv` keeps.
//!
//! A difference is a break for everyone who resumes or repeats a training: it needs a reason and a word in the changelog.
//! The test that fails prints the lines that it found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use patchweave::construct::ImageMetadata;
use patchweave::loader::{Loader, LoaderOptions, Shard};
use patchweave::pipeline::{CheckedRun, Opening, prediction, training};
use sha2::{Digest, Sha256};
use support::{Place, read_image};

const RECORDED: &str = include_str!("recorded.tsv");

/// Lines of `data_config`, of `train` and of `predict`.
struct Case {
    name: &'static str,
    data: &'static [&'static str],
    train: &'static [&'static str],
    predict: &'static [&'static str],
}

macro_rules! cases {
    ($($name:ident: [$($data:expr),*], [$($train:expr),*], [$($predict:expr),*];)*) => {
        const CASES: &[Case] = &[$(Case {
            name: stringify!($name),
            data: &[$($data),*],
            train: &[$($train),*],
            predict: &[$($predict),*],
        }),*];

        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*
    };
}

const PLANES: &str = "data_type: tiff\n  axes: YX\n  target_axes: CYX";
const CHANNELS: &str = "data_type: tiff\n  axes: CYX";
const VOLUMES: &str = "data_type: zarr\n  axes: ZYX\n  target_axes: CZYX";
const RANDOM: &str = "patching: {name: random, patch_size: [32, 32]}";
const STRATIFIED: &str = "patching: {name: stratified, patch_size: [32, 32]}\n  n_val_patches: 3";
const SEQUENTIAL: &str = "patching: {name: sequential, patch_size: [32, 32]}";
const BOXES: &str = "patching: {name: random, patch_size: [8, 32, 32]}";
const TURNED: &str = "augmentations: [{name: XYFlip, p: 0.5}, {name: XYRandomRotate90, p: 0.5}]";
const MEAN_STD: &str = "normalization: {name: mean_std, per_channel: true}";

const PAIRS: &str = "input: planes\n  target: targets";
const TARGETS: &str = "constructor: multi_channel_target\n  target: targets";
const LISTS: &str =
    "constructor: independent_targets\n  target: [[planes/a.tiff, planes/b.tiff], [planes/c.tiff]]";
const ZARRS: &str = "input: volumes/a.zarr\n  target: volumes/b.zarr";

const TILES: &str = "input: planes\n  patching: {name: tiled, patch_size: [32, 32], overlaps: [8, 8]}\n  \
                     models: [identity, {name: gaussian, sigma: 1}]\n  formats: [tiff]";
const BLOCKS: &str = "input: volumes/a.zarr\n  patching: {name: tiled, patch_size: [8, 32, 32], overlaps: [4, 8, 8]}\n  \
                      models: [identity]\n  formats: [tiff]";

cases! {
    random: [PLANES, RANDOM, TURNED, MEAN_STD], [PAIRS], [TILES];
    random_alone: [PLANES, RANDOM, "normalization: {name: min_max}"], ["input: planes", "passes: 2"], [];
    stratified: [PLANES, STRATIFIED, TURNED, MEAN_STD], [PAIRS, "statistics: {from: images}"], [];
    stratified_apart: [PLANES, STRATIFIED, MEAN_STD], [PAIRS, "leak_free: true"], [];
    masked: [PLANES, STRATIFIED, "normalization: {name: none}"], [PAIRS, "mask: masks"], [];
    filtered: [
        PLANES, STRATIFIED, MEAN_STD,
        "patch_filter: {name: mean_std, mean_threshold: 900, filtered_patch_prob: 0.2}"
    ], [PAIRS], [];
    sequential: [PLANES, SEQUENTIAL, MEAN_STD], [PAIRS], [];
    foreground: [
        PLANES, MEAN_STD, "patching: {name: foreground, patch_size: [32, 32], threshold: 1200, share: 0.5}"
    ], [PAIRS], [];
    weighted: [
        PLANES, MEAN_STD, "patching: {name: weighted, patch_size: [32, 32], share: 0.7}"
    ], [PAIRS, "weights: planes"], [];
    quantiles: [
        PLANES, RANDOM, "normalization: {name: quantile, lower_quantiles: 0.02, upper_quantiles: 0.9}"
    ], [PAIRS], [];
    streamed_quantiles: [
        PLANES, RANDOM,
        "normalization: {name: quantile, lower_quantiles: 0.02, upper_quantiles: 0.9, method: streaming}"
    ], [PAIRS], [];
    labels: [PLANES, RANDOM, TURNED, MEAN_STD], [PAIRS, "target_kind: labels"], [];
    grouped: [PLANES, SEQUENTIAL, MEAN_STD], [PAIRS, "order: grouped"], [];
    by_weight: [PLANES, SEQUENTIAL, MEAN_STD], [PAIRS, "order: weighted", "weights: planes"], [];
    few_patches: [PLANES, RANDOM, MEAN_STD], [PAIRS, "max_patches: 7", "order: sequential"], [];
    multiplexed: [
        CHANNELS, RANDOM, MEAN_STD, "multiscale_count: 3", "padding_mode: wrap_image",
        "alpha_ranges: [[0.5, 1.0], [0.5, 1.5], [0.1, 0.2]]", "uncorrelated_channel_prob: 0.4"
    ], [TARGETS], [];
    multiplexed_stratified: [
        CHANNELS, STRATIFIED, MEAN_STD, "multiscale_count: 2", "padding_mode: constant", "channels: [2, 0]"
    ], [TARGETS, "leak_free: true"], [];
    independent: [
        "data_type: tiff\n  axes: YX", RANDOM, MEAN_STD, "multiscale_count: 2", "padding_mode: reflect",
        "alpha_ranges: [[0.5, 1.0], [0.5, 1.5]]"
    ], [LISTS], [];
    paired: [PLANES, STRATIFIED, MEAN_STD, "multiscale_count: 3", "padding_mode: wrap"], [
        "constructor: paired", PAIRS
    ], [TILES];
    volumes: [VOLUMES, BOXES, TURNED, MEAN_STD], [ZARRS], [BLOCKS];
    volumes_by_chunk: [VOLUMES, BOXES, MEAN_STD], [
        ZARRS, "order: {name: chunk_aware, window: 16, sources: 2}"
    ], [];
    volumes_with_context: [
        VOLUMES, BOXES, MEAN_STD, "multiscale_count: 2", "padding_mode: reflect", "context_depth: keep"
    ], ["constructor: paired", ZARRS], [];
}

const MIX: &str = "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  target_axes: CYX
  patching: {name: random, patch_size: [32, 32]}
  normalization: {name: none}
  batch_size: 5
  seed: 3
train: {input: planes, target: targets}
";

#[test]
fn mixed() {
    check("mixed");
}

fn check(name: &str) {
    let lines = checksums(name);
    let recorded = RECORDED.lines().filter(|line| line.split('\t').next() == Some(name));
    let recorded: Vec<&str> = recorded.collect();
    assert_eq!(lines, recorded, "\n{}\n", lines.join("\n"));
}

#[test]
fn every_line_has_its_case() {
    for line in RECORDED.lines().skip(1) {
        let name = line.split('\t').next().unwrap();
        assert!(name == "mixed" || CASES.iter().any(|case| case.name == name), "{line}");
    }
}

/// A pixel that neighbours tell little of, brighter in some places.
#[expect(clippy::cast_possible_truncation, reason = "a few bits are wanted")]
fn pixel(seed: u64, at: usize) -> u16 {
    let hash = (at as u64 + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bright = if (at / 1700 + seed as usize).is_multiple_of(3) { 700 } else { 0 };
    ((hash ^ (hash >> 29)) % 1000) as u16 + bright
}

/// Images of different size with all that belongs to them.
fn images() -> Place {
    let place = Place::new();
    for folder in ["planes", "targets", "masks", "volumes"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    for (seed, (name, size)) in [("a", [70, 90]), ("b", [110, 64]), ("c", [81, 77])].into_iter().enumerate() {
        let seed = seed as u64;
        let [height, width] = size;
        let file = |folder: &str| format!("{folder}/{name}.tiff");
        place.image(&file("planes"), "tiff", "YX", &size, |at| pixel(seed, at));
        place.image(&file("targets"), "tiff", "CYX", &[3, height, width], |at| pixel(seed + 10, at));
        place.image(&file("masks"), "tiff", "YX", &size, |at| u16::from(pixel(seed, at) > 800));
    }
    let [size, channels] = [&[13, 50, 61][..], &[2, 13, 50, 61]];
    place.image("volumes/a.zarr", "ome_zarr", "ZYX", size, |at| pixel(20, at));
    place.image("volumes/b.zarr", "ome_zarr", "CZYX", channels, |at| pixel(21, at));
    place
}

/// The lines of the table for a case.
fn checksums(name: &str) -> Vec<String> {
    let place = images();
    let case = CASES.iter().find(|case| case.name == name);
    let text = case.map_or_else(
        || {
            place.write("mix.yaml", MIX);
            support::with(
                MIX,
                "train: {",
                "train: {mix: [{config: mix.yaml, ratio: 2}], mix_until: longest, ",
            )
        },
        |case| {
            let block = |lines: &[&str]| format!("  {}\n", lines.join("\n  "));
            let data = "  mode: training\n  batch_size: 5\n  num_workers: 2\n  seed: 42\n";
            let mut text =
                format!("output: out\ndata_config:\n{data}{}train:\n{}", block(case.data), block(case.train));
            if !case.predict.is_empty() {
                text = format!("{text}predict:\n{}", block(case.predict));
            }
            text
        },
    );
    let config = place.write("run.yaml", &text);
    let opening = Opening::default();
    let checked = CheckedRun::load(&config, &opening).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let plan = checked.plan().clone();
    let images = checked.into_images(&opening).unwrap();
    let train = plan.train.as_ref().unwrap();
    let training = training(&plan.data, train, &images, &|| true).unwrap();
    let line = |what: &str, sum: String| format!("{name}\t{what}\t{sum}");
    let mut lines =
        vec![line("epoch 0", epoch(&training.loader, 0)), line("epoch 1", epoch(&training.loader, 1))];
    let shard = Shard { rank: 1, world_size: 3, ..Shard::default() };
    let options = LoaderOptions { shard, n_workers: 1, ..*training.loader.options() };
    lines.push(line("rank 1 of 3", epoch(&training.loader.with_options(options).unwrap(), 1)));
    if let Some(validation) = &training.validation {
        lines.push(line("validation", epoch(validation, 0)));
    }
    if let Some(predict) = &plan.predict {
        fs::create_dir_all(&plan.output).unwrap();
        let prediction = prediction(&plan, predict, &images, Some(&training.statistics), &|| true).unwrap();
        for (result, predicted) in
            prediction.results().iter().zip(prediction.run(|_| true).unwrap().predicted)
        {
            let mut sum = Sha256::new();
            let axes = plan.data.axes.to_string();
            for file in predicted.files {
                if file.extension().is_some_and(|extension| extension == "tiff") {
                    sum.update(file.file_name().unwrap().as_encoded_bytes());
                    for image in read_image(&file, &axes).1 {
                        add(&mut sum, image.iter());
                    }
                }
            }
            lines.push(line(&result.label, hex(sum)));
        }
    }
    lines
}

/// All that the batches of an epoch hold, and where it comes from.
fn epoch(loader: &Loader, epoch: u64) -> String {
    let mut sum = Sha256::new();
    for batch in loader.epoch(epoch).unwrap() {
        let batch = batch.unwrap();
        sum.update(format!("{} {} {:?}", batch.batch_idx(), batch.is_padding(), batch.inputs().shape()));
        batch.samples().for_each(|sample| sum.update(format!("{} {};", sample.dataset, sample.index)));
        batch.specs().for_each(|spec| sum.update(serde_json::to_string(spec).unwrap()));
        batch.input_metadata().chain(batch.target_metadata()).for_each(|image| {
            if let Some(image) = image {
                sum.update(described(&image));
            }
        });
        add(&mut sum, batch.inputs().iter());
        batch.targets().iter().for_each(|targets| add(&mut sum, targets.iter()));
    }
    hex(sum)
}

/// What a batch tells of an image, without the folder that it is in.
fn described(image: &ImageMetadata) -> String {
    let name = |source: &str| Path::new(source).file_name().unwrap().to_owned();
    let channels: Vec<_> = image.channels.iter().map(|channel| name(&channel.source)).collect();
    format!(
        "{:?} {} {:?} {:?} {channels:?}",
        name(&image.source),
        image.dtype,
        image.data_shape,
        image.chunks
    )
}

fn add<'a>(sum: &mut Sha256, pixels: impl Iterator<Item = &'a f32>) {
    // A few of them at a time are much quicker than one by one.
    let bytes: Vec<u8> = pixels.flat_map(|pixel| pixel.to_le_bytes()).collect();
    sum.update(&bytes);
}

fn hex(sum: Sha256) -> String {
    sum.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
