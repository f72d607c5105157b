//! Which tiles a prediction has left out: the same number and the same picture, whoever left them out, killed or in parts.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use support::signal::{self, JOURNAL, n_written};
use support::{Ended, Place, decoded, with};

/// Two images, the first of which is finished long before the second; units that are no multiples of tiles.
const CONFIG: &str = "\
output: out
data_config:
  mode: predicting
  data_type: zarr
  axes: YX
  patching: {name: tiled, patch_size: [16, 16], overlaps: [4, 4]}
  normalization: {name: none}
  num_workers: 2
predict:
  input: [a.zarr, b.zarr]
  models: [{name: gaussian, sigma: 60}]
  batch_size: 2
  formats: [{name: ome_zarr, chunks: {y: 40, x: 40}, sharding: none}]
  skip: {below: 100, value: 7}
  on_failure: {fill: 5}
";

/// How tiles come to be left out, and how the run ends then.
const CASES: [(&str, &str, i32); 3] = [
    ("skip: {below: 100, value: 7}", "all of whose pixels lie below 100", 0),
    ("skip: {mask: [a_mask.zarr, b_mask.zarr]}", "in which the mask is 0", 0),
    // A chunk of b cannot be decoded.
    ("skip: {below: 100, mask: [a_mask.zarr, b_mask.zarr]}", "lie below 100 or in which the mask is 0", 3),
];

fn place((skip, _, code): (&str, &str, i32)) -> Place {
    let place = Place::new();
    for (name, size) in [("a", [60, 70]), ("b", [300, 350])] {
        // Squares of 50 pixels, of which some are dark; masks have others.
        let square = |i: usize| (i / size[1] / 50 * 7 + i % size[1] / 50) % 5;
        let pixel = |i| if square(i) < 2 { 90_u16 } else { 120 + u16::try_from(i % 61).unwrap() };
        place.image(&format!("{name}.zarr"), "ome_zarr", "YX", &size, pixel);
        let mask = |i| u8::from(square(i) != 0);
        place.image(&format!("{name}_mask.zarr"), "ome_zarr", "YX", &size, mask);
    }
    if code == 3 {
        fs::write(place.path("b.zarr/0/c/1/1"), vec![0xab; 100]).unwrap();
    }
    place.write("run.yaml", &with(CONFIG, "skip: {below: 100, value: 7}", skip));
    place
}

fn predict(place: &Place, more: &[&str]) -> Ended {
    place.patchweave(&[&["predict", "run.yaml"], more].concat())
}

/// What a run tells of tiles that were left out.
#[track_caller]
fn told(ended: &Ended) -> String {
    let lines: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with("left out: ")).collect();
    assert_eq!(lines.len(), 1, "{}", ended.stdout);
    lines[0].to_owned()
}

/// What a run in one go tells and leaves.
struct Whole {
    told: String,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Whole {
    fn of(case: (&str, &str, i32)) -> Self {
        let place = place(case);
        let ended = predict(&place, &[]).with_code(case.2);
        let told = told(&ended);
        assert!(told.contains(case.1) && !told.starts_with("left out: 0 "), "{told}");
        for name in ["a", "b"] {
            let (_, pixels) = decoded(&place.path(format!("out/{name}_coverage.png")));
            let n_of = |colour: [u8; 3]| pixels.iter().filter(|pixel| **pixel == colour).count();
            assert!(n_of([0; 3]) > 0 && n_of([255; 3]) > 0, "{name}");
            assert_eq!(n_of([255, 0, 0]) > 0, name == "b" && case.2 == 3, "{name}");
        }
        Whole { told, files: place.files("out") }
    }

    #[track_caller]
    fn is(&self, ended: &Ended, place: &Place) {
        assert_eq!(told(ended), self.told);
        let files = place.files("out");
        assert_eq!(files.keys().collect::<Vec<_>>(), self.files.keys().collect::<Vec<_>>());
        for name in ["a_coverage.png", "b_coverage.png"] {
            let (got, whole) = (place.path(format!("out/{name}")), place.write("whole.png", ""));
            fs::write(&whole, &self.files[&PathBuf::from(name)]).unwrap();
            assert_eq!(decoded(&got), decoded(&whole), "{name}");
        }
        // Parts may have met a tile that cannot be read twice.
        for (path, bytes) in files.iter().filter(|(path, _)| !path.ends_with("left_out.json")) {
            assert!(bytes == &self.files[path], "{} differs", path.display());
        }
    }
}

/// Starts a prediction and kills it at a moment, or once it has ended; whether something was left to do.
fn is_killed_when(place: &Place, more: &[&str], is_moment: impl Fn() -> bool) -> bool {
    signal::killed_when(place, &[&["predict", "run.yaml"], more].concat(), is_moment);
    place.path(JOURNAL).exists()
}

#[test]
fn a_run_that_was_killed_and_resumed_tells_the_same() {
    for case in CASES {
        let whole = Whole::of(case);
        // Before the first image is finished, and in the middle of the second, once and twice.
        for units in [&[3_usize][..], &[20], &[15, 45]] {
            let place = place(case);
            let mut more: &[&str] = &[];
            for n_units in units {
                let is_left = is_killed_when(&place, more, || n_written(&place) >= *n_units);
                assert!(is_left, "the run had ended before it was killed");
                more = &["--resume"];
            }
            let ended = predict(&place, &["--resume"]).with_code(case.2);
            assert!(!ended.stdout.contains("prediction: 755 of 755 tiles"), "nothing was written before");
            whole.is(&ended, &place);
        }
    }
}

/// What is known of its tiles stays when there is no work of an image left.
#[test]
fn images_that_were_finished_before_count() {
    let case = CASES[0];
    let whole = Whole::of(case);
    let mut n_killed = 0;
    while n_killed == 0 {
        let place = place(case);
        let is_finished = || place.path("out/a_gaussian.ome.zarr").exists();
        if is_killed_when(&place, &[], is_finished) && is_finished() {
            n_killed += 1;
            whole.is(&predict(&place, &["--resume"]).with_code(case.2), &place);
        }
    }
}

/// Parts compute tiles at their borders twice, and one of them runs twice.
#[test]
fn parts_tell_the_same_when_they_are_finished() {
    for case in CASES {
        let whole = Whole::of(case);
        let finished = place(case);
        for part in ["2/3", "0/3", "1/3", "0/3"] {
            predict(&finished, &["--shard", part]).with_code(0);
            assert!(!finished.path("out/b_coverage.png").exists());
        }
        whole.is(&predict(&finished, &["--finish"]).with_code(case.2), &finished);
        // So does one process that makes the rest.
        let resumed = place(case);
        predict(&resumed, &["--shard", "1/2"]).with_code(0);
        whole.is(&predict(&resumed, &["--resume"]).with_code(case.2), &resumed);
        assert!(!resumed.path(JOURNAL).exists());
    }
}
