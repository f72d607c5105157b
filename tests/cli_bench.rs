//! `patchweave bench`: one verdict, numbers that fit each other, an advice that keeps its promise in decodes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels may wrap around")]

mod support;

use std::fs;

use patchweave::geometry::ArrayLayout;
use patchweave::pixel::{Pixel, PixelType};
use patchweave::sink::{ImageSpec, create};
use serde_json::Value;
use support::{Ended, Place, SMALL, with};

/// A volume whose planes are chunks of 32 KiB, 8 MiB in all.
const SHAPE: [usize; 3] = [256, 128, 128];

/// Patches of 16 planes from it, with room for a quarter of its chunks.
const THIN: &str = "\
output: out
reading: {cache_mib: 2}
data_config:
  mode: training
  data_type: zarr
  axes: ZYX
  patching: {name: random, patch_size: [16, 32, 32]}
  normalization: {name: none}
  augmentations: []
  batch_size: 4
  num_workers: 1
  seed: 42
train:
  input: thin.ome.zarr
";

const KINDS: [&str; 8] =
    ["reader", "wait", "construct", "normalise", "augment", "worker", "slot", "consumer"];

fn place_with_thin_volume() -> Place {
    let place = Place::new();
    let layout = ArrayLayout::new("ZYX".parse().unwrap(), &SHAPE).unwrap();
    let mut spec = ImageSpec::new(layout, PixelType::U16);
    spec.chunks = Some(vec![1, SHAPE[1], SHAPE[2]]);
    let mut sink = create(place.path("thin.ome.zarr"), "ome_zarr", spec).unwrap();
    // Noise, which takes its time to decode.
    let noise = |at: usize| ((at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50) as u16;
    let shape = (1, SHAPE[0], SHAPE[1], SHAPE[2]);
    let block = ndarray::Array4::from_shape_fn(shape, |(_, z, y, x)| {
        noise((z * SHAPE[1] + y) * SHAPE[2] + x).to_f32()
    });
    sink.write_block(0, [0; 3], block.view()).unwrap();
    sink.finish().unwrap();
    place
}

fn bench(place: &Place, config: &str, options: &[&str]) -> Ended {
    place.write("run.yaml", config);
    let arguments = [&["bench", "run.yaml", "--seconds", "0.2"], options].concat();
    place.patchweave(&arguments)
}

fn json(place: &Place, config: &str, options: &[&str]) -> Value {
    let ended = bench(place, config, &[&["--json"], options].concat()).with_code(0);
    let report = serde_json::from_str(&ended.stdout).unwrap();
    check_numbers(&report, &report["measured"]);
    report
}

/// What has to hold whatever the machine did.
fn check_numbers(report: &Value, measured: &Value) {
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} in {report:#}"));
    let shares: Vec<f64> = measured["stages"].as_object().unwrap().values().map(number).collect();
    assert_eq!(shares.len(), 7);
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{shares:?}");
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
    assert!((0.0..=1.0).contains(&number(&measured["consumer_waiting"])));
    let count = |key: &str| measured[key].as_u64().unwrap();
    assert!(count("n_batches") >= 1);
    assert_eq!(count("n_patches"), count("n_batches") * report["settings"]["batch_size"].as_u64().unwrap());
    assert!(count("n_made") >= count("n_patches"));
    let epoch = &report["forecast"];
    let patch_bytes = number(&epoch["n_bytes"]) / number(&epoch["n_patches"]);
    let per_patch = measured["n_decodes"].as_f64().unwrap() / count("n_made") as f64;
    assert!((per_patch - decodes_per_patch(measured)).abs() < 1e-6);
    assert!((number(&measured["n_bytes"]) - patch_bytes * count("n_patches") as f64).abs() < 1.0);
    let advice = &report["verdict"]["advice"];
    assert!(advice.is_null() || number(&advice["gain"]) >= 1.1, "{advice}");
}

fn decodes_per_patch(measured: &Value) -> f64 {
    measured["decodes_per_patch"].as_f64().unwrap()
}

fn is_verdict(line: &str) -> bool {
    KINDS.iter().any(|kind| line.starts_with(&format!("{kind}-bound: ")))
}

#[test]
fn the_last_line_is_the_only_verdict_and_nothing_is_written() {
    let place = Place::new();
    place.run(SMALL).with_code(0);
    let before = place.files("out");
    let ended = bench(&place, SMALL, &[]).with_code(0);
    let verdicts: Vec<&str> = ended.stdout.lines().filter(|line| is_verdict(line)).collect();
    assert_eq!(verdicts, [ended.stdout.lines().last().unwrap()], "{ended:#?}");
    ended.says("normalisation: mean_std, computed from");
    ended.says("forecast of an epoch: 9 patches in 3 batches, ");
    ended.says("forecast against actual: ");
    ended.says("of what was measured");
    ended.says("mixing, shuffled: ");
    assert_eq!(place.files("out"), before);
    let sequential = bench(&place, SMALL, &["--order", "sequential", "--trace", "trace.json"]).with_code(0);
    sequential.says("plain shuffle: ");
    let trace = fs::read_to_string(place.path("trace.json")).unwrap();
    for span in ["warm up", "measure", "replay", "patch"] {
        assert!(trace.contains(&format!("{{\"name\":\"{span}\"")), "no {span:?} in the trace");
    }
}

#[test]
fn thin_chunks_are_told_and_chunk_aware_order_decodes_fewer() {
    let place = place_with_thin_volume();
    let report = json(&place, THIN, &["--try"]);
    let decodes_of = |setting: &str| {
        let alternatives = report["alternatives"].as_array().unwrap();
        let found = alternatives.iter().find(|one| one["setting"].as_str().unwrap().starts_with(setting));
        decodes_per_patch(found.unwrap())
    };
    let setting = "train.order: {name: chunk_aware, window: ";
    let before = decodes_per_patch(&report["measured"]);
    assert!(decodes_of(setting) < before, "{report:#}");
    // More memory would help as well, but the configuration says how much there is.
    assert!(decodes_of("reading.cache_mib: 64") < decodes_of(setting), "{report:#}");
    assert!(!place.path("out").exists());
    // A machine that hardly lets the threads work may see another verdict than that of the decodes.
    let verdict = &report["verdict"];
    let tried = &report["try"];
    if verdict["advice"]["change"]["chunk_aware"].is_null() {
        return;
    }
    let text = verdict["text"].as_str().unwrap();
    assert!(is_verdict(text) && text.contains(verdict["setting"].as_str().unwrap()), "{text}");
    assert_eq!(tried["setting"], verdict["setting"]);
    assert_eq!(tried["predicted_gain"], verdict["advice"]["gain"]);
    check_numbers(&report, &tried["measured"]);
    let after = decodes_per_patch(&tried["measured"]);
    assert!(after < 0.7 * before, "{after} decodes per patch instead of {before}");
}

#[test]
fn a_cache_for_everything_decodes_every_chunk_once() {
    let place = place_with_thin_volume();
    let config = with(THIN, "cache_mib: 2", "cache_mib: 64");
    let report = json(&place, &config, &["--workers", "1"]);
    assert_eq!(report["settings"]["cache_bytes"], 64 << 20);
    let measured = &report["measured"];
    let epoch = &report["forecast"];
    let n_decodes = measured["n_decodes"].as_f64().unwrap();
    assert!(n_decodes <= SHAPE[0] as f64, "{measured:#}");
    // Of a part of an epoch the forecast is exact; a whole one has seen at least what the first epoch sees.
    let n_epochs = measured["n_epochs"].as_f64().unwrap();
    let seen = if n_epochs < 1.0 { &measured["forecast_decodes"] } else { &epoch["n_decodes"] };
    assert!(n_decodes >= seen.as_f64().unwrap(), "{report:#}");
    assert!(report["replayed"]["n_batches"].as_u64().unwrap() >= 1);
    assert_eq!(json(&place, &config, &["--workers", "3"])["settings"]["n_workers"], 3);
    // Nothing can be replayed where nothing is kept.
    let without = json(&place, &with(THIN, "cache_mib: 2", "cache_mib: 0"), &["--workers", "1"]);
    assert!(without["replayed"].is_null());
    assert!(decodes_per_patch(&without["measured"]) >= 16.0);
}

#[test]
fn a_slow_consumer_is_told() {
    let place = Place::new();
    place.image::<u16>("image.tiff", "tiff", "YX", &[128, 128], |at| at as u16);
    let config = with(THIN, "axes: ZYX", "axes: YX").replace("zarr", "tiff").replace("thin.ome.", "image.");
    let config = with(&config, "[16, 32, 32]", "[32, 32]");
    let report = json(&place, &config, &["--consume-ms", "400"]);
    let verdict = &report["verdict"];
    assert!(verdict["text"].as_str().unwrap().starts_with("consumer-bound: "), "{report:#}");
    assert!(verdict["advice"].is_null());
    assert_eq!(
        (report["measured"]["n_decodes"].as_u64(), report["measured"]["cache_hits"].as_f64()),
        (Some(0), None)
    );
    let ended = bench(&place, &config, &["--consume-ms", "400", "--try"]).with_code(0);
    ended.says("nothing was tried, because the verdict advises nothing");
    ended.says("no chunks to decode");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let place = Place::new();
    let complaint = |config: &str, options: &[&str], parts: &[&str]| {
        let ended = bench(&place, config, options).with_code(2);
        ended.complains(parts);
        assert_eq!(ended.stdout, "");
    };
    complaint(SMALL, &[], &["train.input", "have to be made first: patchweave run"]);
    complaint(SMALL, &["--seconds", "0"], &["--seconds"]);
    complaint(SMALL, &["--order", "by_name"], &["--order", "chunk_aware"]);
    complaint(SMALL, &["--workers", "0"], &["from 1 to 1024"]);
    complaint(SMALL, &["--json", "--trace", "trace.json"], &["--trace"]);
    let (head, _) = SMALL.split_once("train:").unwrap();
    let (_, predict) = SMALL.split_once("predict:").unwrap();
    place.run(SMALL).with_code(0);
    let without = format!("{head}predict:{predict}");
    complaint(&without, &[], &["train: there is none", "a `train` section"]);
    let too_few = with(
        SMALL,
        "batch_size: 4",
        "batch_size: 64\n  train_dataloader_params: {shuffle: true, drop_last: true}",
    );
    complaint(&too_few, &[], &["an epoch has no batch: there are 9 patches"]);
}
