//! `patchweave run` when something is wrong: exit codes, messages, and nothing half-written left behind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "pixels may wrap around")]

mod support;

use std::fs;
use std::path::Path;

use support::{Ended, PREDICT, Place, SMALL, read_image, with};

/// The run refuses a configuration: exit code 2, all of `parts` in the message, not a file written.
#[track_caller]
fn refused(place: &Place, config: &str, parts: &[&str]) -> Ended {
    place.write("run.yaml", config);
    let before = place.files("");
    let ended = place.run(config).with_code(2);
    ended.complains(parts);
    assert_eq!(ended.stdout, "");
    assert!(place.files("") == before, "{:?}", place.files("").keys());
    let file = place.path("run.yaml");
    let validated = place.patchweave(&["validate".as_ref(), file.as_os_str()]).with_code(2);
    assert_eq!(validated.stderr, ended.stderr);
    ended
}

fn no_hidden_files(place: &Place) {
    let files = place.files("");
    let hidden: Vec<_> = files
        .keys()
        .filter(|file| file.iter().any(|part| part.to_string_lossy().starts_with(".patchweave")))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

/// Puts noise into a chunk, so that it cannot be decoded.
fn damage_chunk(image: &Path) {
    let chunk = image.join("0/c/0/0");
    let n_bytes = fs::metadata(&chunk).unwrap().len();
    fs::write(&chunk, vec![0xab; usize::try_from(n_bytes).unwrap()]).unwrap();
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    let config = with(SMALL, "  epochs: 2", "  epoch: 2");
    refused(&Place::new(), &config, &["train.epoch: unknown key", "did you mean `epochs`?", ":20:3:"]);
}

#[test]
fn patches_have_to_fit_the_images() {
    let config = with(SMALL, "random, patch_size: [32, 32]", "random, patch_size: [128, 128]");
    let size = "has size 96 × 80, expected at least the patch size 128 × 128";
    refused(&Place::new(), &config, &["data_config.patching.patch_size", size, ":12:"]);
}

#[test]
fn overlaps_have_to_be_smaller_than_patches() {
    let config = with(SMALL, "overlaps: [16, 16]", "overlaps: [32, 15]");
    let parts = [
        "predict.patching.overlaps[0]: got 32, expected an even number smaller than the patch size 32",
        "predict.patching.overlaps[1]: got 15, expected an even number smaller than the patch size 32",
        "2 problems in",
    ];
    refused(&Place::new(), &config, &parts);
}

#[test]
fn axes_have_to_fit_the_images() {
    let config = with(SMALL, "  target_axes: CYX", "  target_axes: YX");
    refused(&Place::new(), &config, &["train.target", "expected axes with 3 letters in data_config"]);
    let place = Place::new();
    place.image("image.tiff", "tiff", "ZYX", &[3, 20, 24], |i| i as u16);
    refused(&place, PREDICT, &["predict.input", "expected axes with 3 letters in data_config"]);
    refused(&place, &with(PREDICT, "axes: YX", "axes: YXQ"), &["data_config.axes", "YXQ"]);
    refused(&place, &with(PREDICT, "axes: YX", "axes: ZYX"), &["a list of 3 sizes for axes ZYX"]);
}

#[test]
fn images_have_to_exist() {
    refused(&Place::new(), PREDICT, &["predict.input", "image.tiff", ":10:10:"]);
    let zarr = with(PREDICT, "data_type: tiff", "data_type: zarr");
    refused(&Place::new(), &with(&zarr, "image.tiff", "image.zarr"), &["predict.input", "image.zarr"]);
}

#[test]
fn images_have_to_be_what_they_are_called() {
    let place = Place::new();
    place.write("image.tiff", "no image at all");
    refused(&place, PREDICT, &["predict.input", "image.tiff"]);
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    let bytes = fs::read(place.path("image.tiff")).unwrap();
    fs::write(place.path("image.tiff"), &bytes[..bytes.len() / 2]).unwrap();
    let ended = place.run(PREDICT);
    assert!([1, 2].contains(&ended.code), "{ended:#?}");
    ended.complains(&["image.tiff"]);
    assert!(place.names("out").is_empty());
}

#[test]
fn targets_have_to_lie_on_their_inputs() {
    let place = Place::new();
    place.image("a.tiff", "tiff", "YX", &[64, 64], |i| i as u16);
    place.image("b.tiff", "tiff", "YX", &[64, 65], |i| i as u16);
    let config = "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  patching: {name: random, patch_size: [32, 32]}
  normalization: {name: mean_std}
train:
  input: a.tiff
  target: b.tiff
";
    refused(&place, config, &["train.target", "64 × 65", "64 × 64", ":10:"]);
}

#[test]
fn channels_have_to_exist() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "CYX", &[2, 20, 24], |i| i as u16);
    let config = with(PREDICT, "axes: YX", "axes: CYX\n  channels: [0, 2]");
    refused(&place, &config, &["data_config.channels", "2 channels"]);
}

#[test]
fn all_problems_of_a_file_come_together_in_the_order_of_its_lines() {
    let config = with(SMALL, "seed: 7", "sead: 7");
    let config = with(&config, "mode: training", "mode: trainin");
    let config = with(&config, "batch_size: 4", "batch_size: 0");
    let config = with(&config, "epochs: 2", "epochs: two");
    let config = with(&config, "name: gaussian, sigma: 1", "name: gausian, sigma: 1");
    let ended = refused(&Place::new(), &config, &["5 problems in"]);
    let lines: Vec<usize> = ended
        .stderr
        .lines()
        .filter_map(|line| line.split("run.yaml:").nth(1)?.split(':').next()?.parse().ok())
        .collect();
    assert_eq!(lines, [5, 8, 14, 20, 25], "{}", ended.stderr);
    ended.complains(&["did you mean `seed`?", "did you mean `training`?", "did you mean `gaussian`?"]);
}

#[test]
fn all_missing_images_are_named_together() {
    let place = Place::new();
    let config = with(PREDICT, "image.tiff", "[a.tiff, b.tiff]");
    refused(&place, &config, &["a.tiff", "b.tiff", "2 problems in"]);
}

#[test]
fn text_that_is_no_configuration_is_refused() {
    for text in ["", "\u{0}", "a: [", "- 1", "output: out\noutput: out\n", "12", "? {"] {
        refused(&Place::new(), text, &["run.yaml", "expected"]);
    }
}

#[test]
fn variables_have_to_be_set() {
    let config = with(PREDICT, "image.tiff", "${PATCHWEAVE_NOT_SET}/image.tiff");
    refused(&Place::new(), &config, &["environment variable \"PATCHWEAVE_NOT_SET\" is not set"]);
}

#[test]
fn command_lines_that_ask_for_nothing_are_refused() {
    let place = Place::new();
    let nothing: [&str; 0] = [];
    place.patchweave(&nothing).with_code(2).complains(&["Usage: patchweave"]);
    place.patchweave(&["weave"]).with_code(2).complains(&["unrecognized subcommand 'weave'"]);
    place.patchweave(&["run"]).with_code(2).complains(&["<CONFIG>"]);
    place.patchweave(&["run", "a.yaml", "b.yaml"]).with_code(2).complains(&["b.yaml"]);
    place.patchweave(&["run", "no.yaml"]).with_code(2).complains(&["configuration no.yaml cannot be read"]);
    place.patchweave(&["run", "."]).with_code(2).complains(&["configuration . cannot be read"]);
    place.patchweave(&["--help"]).with_code(0).says("Usage: patchweave");
    place.patchweave(&["--version"]).with_code(0).says("patchweave 0.1.0");
    assert!(place.names("").is_empty());
}

#[test]
fn pixels_that_cannot_be_decoded_end_the_run() {
    let place = Place::new();
    place.image("image.ome.zarr", "ome_zarr", "YX", &[40, 48], |i| (i * 37) as u16);
    damage_chunk(&place.path("image.ome.zarr"));
    let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
    for normalization in ["none", "mean_std"] {
        let config = with(&config, "name: none", &format!("name: {normalization}"));
        let ended = place.run(&with(&config, "image.tiff", "image.ome.zarr")).with_code(1);
        ended.complains(&["image.ome.zarr", "caused by"]);
        assert!(place.names("out").is_empty(), "{:?}", place.names("out"));
    }
    no_hidden_files(&place);
}

/// The first image is finished and stays; the second one can be gone on with.
#[test]
fn a_failure_in_the_second_image_leaves_the_first() {
    let place = Place::new();
    place.image("a.ome.zarr", "ome_zarr", "YX", &[40, 48], |i| (i * 37) as u16);
    place.image("b.ome.zarr", "ome_zarr", "YX", &[300, 48], |i| (i * 31) as u16);
    damage_chunk(&place.path("b.ome.zarr"));
    // Rows from 128 on are fine, so that turning the image around fails after some tiles were written.
    fs::rename(place.path("b.ome.zarr/0/c/0/0"), place.path("chunk")).unwrap();
    fs::copy(place.path("b.ome.zarr/0/c/1/0"), place.path("b.ome.zarr/0/c/0/0")).unwrap();
    fs::rename(place.path("chunk"), place.path("b.ome.zarr/0/c/2/0")).unwrap();
    let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "image.tiff", "[a.ome.zarr, b.ome.zarr]");
    let ended = place.run(&config).with_code(1);
    ended.complains(&["b.ome.zarr"]);
    ended.says("prediction: what was written stays, --resume goes on with it");
    assert_eq!(place.names("out"), [".patchweave-journal", "a_identity.ome.zarr", "a_identity.tiff"]);
    let input = read_image(&place.path("a.ome.zarr"), "YX");
    assert_eq!(read_image(&place.path("out/a_identity.tiff"), "YX"), input);
    assert_eq!(read_image(&place.path("out/a_identity.ome.zarr"), "YX"), input);
    let begun = place.files("out");
    let told =
        ["2 results exist", "a prediction there was begun and not finished", "--resume, which goes on"];
    place.run(&config).with_code(2).complains(&told);
    assert!(place.files("out") == begun);
}

/// What an earlier run has written stays when a later one fails.
#[test]
fn earlier_results_survive_a_failure() {
    let place = Place::new();
    place.image("image.ome.zarr", "ome_zarr", "YX", &[40, 48], |i| (i * 37) as u16);
    let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "image.tiff", "image.ome.zarr");
    place.run(&config).with_code(0);
    let before = place.files("out");
    damage_chunk(&place.path("image.ome.zarr"));
    place.run(&format!("{config}overwrite: true\n")).with_code(1);
    assert!(place.files("out") == before);
}

#[test]
fn a_file_in_the_place_of_the_output_folder_stays() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    place.write("out", "my notes");
    let ended = place.run(PREDICT).with_code(2);
    ended.complains(&["out"]);
    assert_eq!(fs::read(place.path("out")).unwrap(), b"my notes");
    no_hidden_files(&place);
}

#[test]
fn folders_that_are_no_images_are_not_replaced() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    fs::create_dir_all(place.path("out/image_identity.ome.zarr")).unwrap();
    place.write("out/image_identity.ome.zarr/notes.txt", "my notes");
    let ended = place.run(&format!("{PREDICT}overwrite: true\n")).with_code(1);
    ended.complains(&["image_identity.ome.zarr is a folder but not a Zarr store"]);
    assert_eq!(place.names("out"), ["image_identity.ome.zarr"]);
    assert_eq!(place.names("out/image_identity.ome.zarr"), ["notes.txt"]);
}

/// The statistics are written to a file of a fixed name, which may be that of the configuration.
#[test]
fn the_configuration_is_not_overwritten() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    let config = with(&with(PREDICT, "output: out", "output: ."), "name: none", "name: mean_std");
    let path = place.write("normalization.yaml", &config);
    let ended = place.patchweave(&["run", "normalization.yaml"]);
    assert_eq!(fs::read_to_string(path).unwrap(), config, "{ended:#?}");
}

/// What a run reads may be neither replaced nor written into.
#[test]
fn inputs_are_not_written_over() {
    let place = Place::new();
    place.image("ramp.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    place.image("ramp_identity.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    let here = with(PREDICT, "output: out", "output: .");
    let both = with(&here, "image.tiff", "[ramp.tiff, ramp_identity.tiff]");
    refused(&place, &both, &["ramp_identity.tiff would be overwritten", ":1:9:"]);

    // A group of two arrays, whose results get the name of another input.
    let source = place.path("group.zarr");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("zarr.json"), r#"{"zarr_format": 3, "node_type": "group"}"#).unwrap();
    for name in ["a", "b"] {
        place.image(&format!("{name}.zarr"), "ome_zarr", "YX", &[40, 48], |i| i as u16);
        fs::rename(place.path(format!("{name}.zarr/0")), source.join(name)).unwrap();
    }
    fs::create_dir(place.path("group")).unwrap();
    place.image("group/a_identity.ome.zarr", "ome_zarr", "YX", &[40, 48], |i| i as u16);
    let zarr = with(&here, "data_type: tiff", "data_type: zarr");
    let config = with(&zarr, "image.tiff", "[group.zarr, group/a_identity.ome.zarr]");
    refused(&place, &config, &["group/a_identity.ome.zarr would be overwritten"]);

    let inside = with(&with(&zarr, "output: .", "output: group.zarr/out"), "image.tiff", "group.zarr");
    refused(&place, &inside, &["lies in", "group.zarr, which the run reads"]);
}

#[test]
fn statistics_need_finite_pixels() {
    let place = Place::new();
    let pixel = |i| if i == 700 { f32::INFINITY } else { i as f32 };
    place.image("image.tiff", "tiff", "YX", &[40, 48], pixel);
    let ended = place.run(&with(PREDICT, "name: none", "name: mean_std")).with_code(1);
    ended.complains(&["image.tiff", "input of patch", "infinite or no number"]);
    assert_eq!(place.names("out"), [""; 0]);
}

/// Sizes that no machine has memory for are a problem of the configuration, not a crash.
#[test]
fn batches_have_to_fit_into_the_budget() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    let fitted = with(PREDICT, "name: none", "name: mean_std");
    for size in ["1000000000, 1000000000", "4000000000, 2000000000", "200000, 200000"] {
        let config = with(&fitted, "[16, 16]", &format!("[{size}]"));
        refused(&place, &config, &["predict.prefetch_mib: a batch of 1 ×", "but the budget is 512 MiB"]);
    }
    let many = with(SMALL, "epochs: 2", "epochs: 2\n  prefetch_mib: 1");
    let many = with(&many, "batch_size: 4", "batch_size: 4000");
    refused(
        &place,
        &many,
        &["train.prefetch_mib: a batch of 4000 × 32 × 32 needs 63 MiB, but the budget is 1 MiB"],
    );
}

#[cfg(unix)]
mod interrupted {
    //! Ctrl-C while a run is under way.

    use std::io::{BufRead, BufReader};

    use super::*;
    use support::signal::{interrupt, start, wait_until};

    fn run(place: &Place, config: &str) -> std::process::Child {
        let config = place.write("run.yaml", config);
        start(place, &["run".as_ref(), config.as_os_str()])
    }

    /// Starts a run and waits until it trains.
    fn run_until_training(place: &Place, config: &str) -> std::process::Child {
        let mut child = run(place, config);
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let said = stdout.lines().map_while(Result::ok).find(|line| line.starts_with("training: "));
        assert!(said.is_some());
        child
    }

    #[test]
    fn training_ends_cleanly() {
        let place = Place::new();
        let child = run_until_training(&place, &with(SMALL, "epochs: 2", "epochs: 1000000"));
        let (code, complaint) = interrupt(child);
        assert_eq!(code, Some(1), "{complaint}");
        assert!(complaint.contains("interrupted"), "{complaint}");
        // Both were finished before the first batch.
        assert_eq!(place.names("out"), ["data", "normalization.yaml"]);
        no_hidden_files(&place);
    }

    #[test]
    fn any_number_of_epochs_may_be_asked_for() {
        let place = Place::new();
        let child = run_until_training(&place, &with(SMALL, "epochs: 2", &format!("epochs: {}", u64::MAX)));
        let (code, complaint) = interrupt(child);
        assert_eq!(code, Some(1), "{complaint}");
        assert!(complaint.contains("interrupted"), "{complaint}");
    }

    #[test]
    fn prediction_leaves_no_part_of_an_image() {
        let place = Place::new();
        place.image("image.tiff", "tiff", "YX", &[700, 700], |i| i as u16);
        let config = with(PREDICT, "[16, 16], overlaps: [4, 4]", "[32, 32], overlaps: [30, 30]");
        let child = run(&place, &with(&config, "[identity]", "[{name: gaussian, sigma: 2}]"));
        wait_until(|| place.names("out").iter().any(|name| name.starts_with('.')));
        let (code, complaint) = interrupt(child);
        assert_eq!(code, Some(1), "{complaint}");
        assert!(complaint.contains("interrupted"), "{complaint}");
        assert!(place.names("out").is_empty(), "{:?}", place.names("out"));
    }
}
