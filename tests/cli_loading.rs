//! How a run loads: states that later runs go on from, ranks, patches that are skipped, mixtures.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels may wrap around")]

mod support;

use std::fs;

use assert_cmd::Command;
use patchweave::loader::LoaderState;
use support::{Ended, PATCHWEAVE, Place, with};

const TRAIN: &str = "\
output: out
data_config:
  mode: training
  data_type: zarr
  axes: YX
  patching: {name: random, patch_size: [8, 8]}
  normalization: {name: none}
  n_val_patches: 0
  batch_size: 4
  num_workers: 2
  seed: 42
train:
  input: [a.ome.zarr, b.ome.zarr]
  epochs: 2
";

fn place() -> Place {
    let place = Place::new();
    for (name, factor) in [("a.ome.zarr", 7919), ("b.ome.zarr", 104_729)] {
        place.image::<u16>(name, "ome_zarr", "YX", &[32, 32], |at| (at * factor % 1009) as u16);
    }
    place
}

fn damage(place: &Place) {
    let chunk = place.path("b.ome.zarr/0/c/0/0");
    let n_bytes = fs::metadata(&chunk).unwrap().len();
    fs::write(&chunk, vec![0xab; usize::try_from(n_bytes).unwrap()]).unwrap();
}

fn run_with_state(place: &Place, config: &str) -> Ended {
    let config = place.write("run.yaml", config);
    place.patchweave(&["run".as_ref(), config.as_os_str(), "--state".as_ref(), "state.json".as_ref()])
}

fn state(place: &Place) -> LoaderState {
    serde_json::from_slice(&fs::read(place.path("state.json")).unwrap()).unwrap()
}

#[test]
fn a_run_goes_on_where_an_earlier_one_ended() {
    let place = place();
    let first = run_with_state(&place, TRAIN).with_code(0);
    first.says("training: 32 patches from 2 images, 8 batches of up to 4 each, 2 epochs");
    first.says("state: state.json: all 2 epochs were loaded");
    first.says("loaded 64 patches");
    assert_eq!((state(&place).epoch, state(&place).next_batch), (2, 0));

    let again = run_with_state(&place, TRAIN).with_code(0);
    again.says(": all 2 epochs were loaded");
    again.says("loaded 0 patches");
    let more = run_with_state(&place, &with(TRAIN, "epochs: 2", "epochs: 3")).with_code(0);
    more.says("state: state.json: next is epoch 3 of 3, batch 1");
    more.says("loaded 32 patches");

    // In the middle of an epoch, with other threads.
    let middle = LoaderState { epoch: 1, next_batch: 5, ..state(&place) };
    place.write("state.json", &serde_json::to_string(&middle).unwrap());
    let left = run_with_state(&place, &with(TRAIN, "num_workers: 2", "num_workers: 1")).with_code(0);
    left.says("state: state.json: next is epoch 2 of 2, batch 6");
    left.says("loaded 12 patches");
    // With a limit that leaves two of the batches of this epoch.
    place.write("state.json", &serde_json::to_string(&middle).unwrap());
    run_with_state(&place, &with(TRAIN, "epochs: 2", "epochs: 2\n  max_batches: 7"))
        .with_code(0)
        .says("loaded 8 patches");
}

#[test]
fn a_failing_batch_is_the_next_one() {
    let place = place();
    let config = with(TRAIN, "epochs: 2", "epochs: 2\n  order: sequential");
    let whole = fs::read(place.path("b.ome.zarr/0/c/0/0")).unwrap();
    damage(&place);
    let failed = run_with_state(&place, &config).with_code(1);
    failed.says("state: state.json: next is epoch 1 of 2, batch 5");
    failed.complains(&["batch 4: patch 16 of epoch 0", "b.ome.zarr"]);
    assert_eq!((state(&place).epoch, state(&place).next_batch), (0, 4));
    fs::write(place.path("b.ome.zarr/0/c/0/0"), whole).unwrap();
    run_with_state(&place, &config).with_code(0).says("loaded 48 patches");
}

#[test]
fn states_of_other_runs_are_refused() {
    let place = place();
    run_with_state(&place, TRAIN).with_code(0);
    place.image::<u16>("c.ome.zarr", "ome_zarr", "YX", &[32, 32], |at| (at * 13 % 1009) as u16);
    for name in ["mask.ome.zarr", "other.ome.zarr"] {
        place.image::<u8>(name, "ome_zarr", "YX", &[32, 32], |at| u8::from(at < 900));
    }
    let stratified = "{name: stratified, patch_size: [8, 8]}";
    for (from, to, what) in [
        ("seed: 42", "seed: 43", "seed (42, here 43);"),
        ("batch_size: 4", "batch_size: 5", "batches (size"),
        ("epochs: 2", "epochs: 2\n  order: grouped", "order (its kind"),
        // Of all that follows there are as many patches and batches as before.
        ("{name: random, patch_size: [8, 8]}", stratified, "patching (its kind"),
        ("{name: none}", "{name: min_max}", "normalization (its kind or statistics);"),
        ("{name: none}", "{name: mean_std, input_means: 500, input_stds: 300}", "normalization (its kind"),
        ("  seed: 42", "  seed: 42\n  augmentations: []", "augmentations;"),
        ("b.ome.zarr", "c.ome.zarr", "images (their number"),
        ("a.ome.zarr, b.ome.zarr", "b.ome.zarr, a.ome.zarr", "images (their number"),
    ] {
        let before = fs::read(place.path("state.json")).unwrap();
        let ended = run_with_state(&place, &with(TRAIN, from, to)).with_code(2);
        let what = format!("the state belongs to another stream, with other {what}");
        ended.complains(&["state.json does not fit this run", &what]);
        assert_eq!(fs::read(place.path("state.json")).unwrap(), before);
    }
    // A rule that moves few patches, or none of those that are looked at.
    let foreground = |threshold: u32, share: f64| {
        let patching =
            format!("{{name: foreground, patch_size: [8, 8], threshold: {threshold}, share: {share}}}");
        with(TRAIN, "{name: random, patch_size: [8, 8]}", &patching)
    };
    fs::remove_file(place.path("state.json")).unwrap();
    run_with_state(&place, &foreground(500, 0.5)).with_code(0);
    for other in [foreground(500, 0.501), foreground(501, 0.5)] {
        run_with_state(&place, &other).with_code(2).complains(&["with other patching (its kind"]);
    }
    let filtered = |probability: f64| {
        let filter = format!(
            "{stratified}\n  patch_filter: {{name: max, threshold: 2000, filtered_patch_prob: {probability}}}"
        );
        with(TRAIN, "{name: random, patch_size: [8, 8]}", &filter)
    };
    fs::remove_file(place.path("state.json")).unwrap();
    run_with_state(&place, &filtered(1.0)).with_code(0);
    run_with_state(&place, &with(&filtered(1.0), "threshold: 2000", "threshold: 3000"))
        .with_code(2)
        .complains(&["with other patching (its kind"]);
    let masked = with(&filtered(1.0), "epochs: 2", "epochs: 2\n  mask: [mask.ome.zarr, other.ome.zarr]");
    run_with_state(&place, &masked).with_code(2).complains(&["with other patching (its kind"]);
    // States of the first format said too little.
    let old = r#"{"epoch": 1, "next_batch": 0, "seed": 42, "n_batches": 8, "settings": 1}"#;
    for (text, format) in [(old, 1), (r#"{"format": 3, "next_batch": 0, "moon": 1}"#, 3)] {
        place.write("state.json", text);
        run_with_state(&place, TRAIN).with_code(2).complains(&[&format!(
            "state.json was written by another version (format {format}, expected 2) and cannot be resumed; remove the file to \
             start with the first epoch"
        )]);
    }
    for damaged in ["", "{", "[1]", "{\"epoch\": -1}", "not json"] {
        place.write("state.json", damaged);
        let ended = run_with_state(&place, &with(TRAIN, "output: out", "output: other")).with_code(2);
        assert!(!place.path("other").exists(), "nothing is written before the state was read");
        ended.complains(&["state.json is not a state file, or is damaged", "caused by"]);
    }
    let predicting = "output: out\ndata_config: {mode: predicting, data_type: zarr, axes: YX, patching: {name: whole}, \
                      normalization: {name: none}}\npredict: {input: a.ome.zarr, models: [identity]}\n";
    run_with_state(&place, predicting).with_code(2).complains(&["--state needs a train section"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_where_it_stands() {
    let place = place();
    let config = place.write("run.yaml", &with(TRAIN, "epochs: 2", "epochs: 1000000"));
    let arguments = ["run".as_ref(), config.as_os_str(), "--state".as_ref(), "state.json".as_ref()];
    let child = support::signal::start(&place, &arguments);
    support::signal::wait_until(|| place.path("state.json").exists());
    let (code, complaint) = support::signal::interrupt(child);
    assert_eq!(code, Some(1), "{complaint}");
    assert!(complaint.contains("interrupted"), "{complaint}");
    let left = state(&place);
    let config = with(TRAIN, "epochs: 2", &format!("epochs: {}", left.epoch + 1));
    let n_left = 32 - 4 * left.next_batch;
    run_with_state(&place, &config).with_code(0).says(&format!("loaded {n_left} patch"));
}

#[test]
fn ranks_come_from_the_environment() {
    let place = place();
    let shard = "epochs: 2\n  shard:\n    rank: ${RANK}\n    world_size: ${WORLD_SIZE}";
    let config = place.write("run.yaml", &with(TRAIN, "epochs: 2", shard));
    for (rank, n_patches) in [("1", 24), ("2", 16), ("0", 24)] {
        assert!(!place.path("out/training_patches.png").exists(), "only rank 0 writes");
        let mut command = Command::new(PATCHWEAVE);
        command.arg("run").arg(&config).env("RANK", rank).env("WORLD_SIZE", "3");
        let ended = Ended::of(&mut command).with_code(0);
        ended.says(&format!("rank {rank} of 3"));
        ended.says(&format!("loaded {n_patches} patches"));
    }
    assert!(place.path("out/training_patches.png").exists());
    let mut command = Command::new(PATCHWEAVE);
    command.arg("run").arg(&config).env("RANK", "3").env("WORLD_SIZE", "3");
    Ended::of(&mut command)
        .with_code(2)
        .complains(&[r#"train.shard.rank: got "3" from "${RANK}", expected an integer from 0 to 2"#]);
    let mut command = Command::new(PATCHWEAVE);
    command.arg("run").arg(&config).env_remove("RANK").env("WORLD_SIZE", "3");
    Ended::of(&mut command).with_code(2).complains(&["environment variable \"RANK\" is not set"]);
}

#[test]
fn skipped_patches_are_told() {
    let place = place();
    damage(&place);
    let failing = place.run(TRAIN).with_code(1);
    failing.complains(&["b.ome.zarr"]);
    let skipping = place.run(&with(TRAIN, "epochs: 2", "epochs: 2\n  on_failure: skip")).with_code(0);
    skipping.says("loaded 32 patches");
    skipping.says("skipped 32 patches that could not be made:");
    let reasons: Vec<&str> = skipping.stdout.lines().filter(|line| line.starts_with("  batch ")).collect();
    assert_eq!(reasons.len(), 3, "{skipping:?}");
    assert!(reasons.iter().all(|reason| reason.contains("b.ome.zarr") && reason.contains("of epoch 0")));
    assert!(place.path("out/training_patches.png").exists());
    // A batch of one that is skipped does not end the run either.
    let single =
        with(&with(TRAIN, "batch_size: 4", "batch_size: 1"), "epochs: 2", "epochs: 1\n  on_failure: skip");
    place.run(&single).with_code(0).says("skipped 16 patches that could not be made:");
    let nothing = with(&single, "[a.ome.zarr, b.ome.zarr]", "b.ome.zarr");
    let nothing = place.run(&nothing).with_code(1);
    nothing.says("skipped 16 patches that could not be made:");
    nothing.complains(&["all of its 1 patches failed", "b.ome.zarr"]);
    let retrying = place.run(&with(TRAIN, "epochs: 2", "epochs: 2\n  on_failure: {retry: 3}")).with_code(1);
    retrying.complains(&["b.ome.zarr"]);
}

#[test]
fn mixtures_are_told_and_simulated() {
    let place = Place::new();
    let config = |name: &str, seed: u64| {
        format!(
            "output: out\nsimulate: {{folder: {name}, size: [64, 64], seed: {seed}, formats: [tiff]}}\ndata_config:\n  \
             mode: training\n  data_type: tiff\n  axes: YX\n  patching: {{name: random, patch_size: [16, 16]}}\n  \
             normalization: {{name: mean_std}}\n  batch_size: 5\ntrain:\n  input: {name}/mixed.tiff\n"
        )
    };
    place.write("other.yaml", &with(&config("other", 2), "batch_size: 5", "batch_size: 7"));
    let own = format!("{}  ratio: 3\n  mix: [{{config: other.yaml, ratio: 1.5}}]\n", config("own", 1));
    let ended = place.run(&own).with_code(0);
    ended.says("simulated 3 structures of 64 × 64 pixels, seed 1 in ");
    ended.says("simulated 3 structures of 64 × 64 pixels, seed 2 in ");
    ended.says("data_config.batch_size: not used where it is mixed into ");
    ended.says("normalisation: input ");
    ended.says("normalisation of other.yaml: input ");
    ended.says("training: 48 patches from 2 images");
    ended.says("mixed: 32 patches from run.yaml, 16 patches from other.yaml");
    for file in ["out/normalization.yaml", "out/normalization_2.yaml", "out/training_patches.png"] {
        assert!(ended.listed().iter().any(|listed| listed.ends_with(file)), "{file} in {ended:?}");
    }
    let config = place.path("run.yaml");
    let validated = place.patchweave(&["validate".as_ref(), config.as_os_str()]).with_code(0);
    validated.says("not used where it is mixed into");
    let same_folder = with(&own, "folder: own", "folder: other");
    let same_folder = with(&same_folder, "own/mixed.tiff", "other/mixed.tiff");
    place.run(&same_folder).with_code(2).complains(&["other.yaml simulates other images into"]);
}
