//! Which tiles a prediction has left out: the same number and the same picture, whoever left them out, killed or in parts; and
//! masks that cannot be read.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;

use support::signal::{self, JOURNAL, n_written};
use support::{Ended, Place, decoded, read_image, with};

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

/// A place in which a prediction was killed at some moments, one after the other, and not finished. Where it was too quick, it is
/// tried again.
#[track_caller]
fn killed(case: (&str, &str, i32), moments: &[&dyn Fn(&Place) -> bool]) -> Place {
    for _ in 0..20 {
        let place = place(case);
        let mut more: &[&str] = &[];
        let mut is_left = |is_moment: &&dyn Fn(&Place) -> bool| {
            let arguments = [&["predict", "run.yaml"], more].concat();
            signal::killed_when(&place, &arguments, || is_moment(&place));
            more = &["--resume"];
            is_moment(&place) && place.path(JOURNAL).exists()
        };
        if moments.iter().all(&mut is_left) {
            return place;
        }
    }
    panic!("every run had ended before it was killed");
}

#[test]
fn a_run_that_was_killed_and_resumed_tells_the_same() {
    for case in CASES {
        let whole = Whole::of(case);
        // Before the first image is finished, and in the middle of the second, once and twice.
        for units in [&[3_usize][..], &[20], &[15, 40]] {
            let has = |n_units: &usize| {
                let n_units = *n_units;
                move |place: &Place| n_written(place) >= n_units
            };
            let moments: Vec<_> = units.iter().map(has).collect();
            let moments: Vec<_> = moments.iter().map(|moment| moment as &dyn Fn(&Place) -> bool).collect();
            let place = killed(case, &moments);
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
    let is_finished = |place: &Place| place.path("out/a_gaussian.ome.zarr").exists();
    let place = killed(case, &[&is_finished]);
    whole.is(&predict(&place, &["--resume"]).with_code(case.2), &place);
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

/// Masks of which one cannot be read in part; how it is repaired so that nobody notices.
fn with_damaged_mask(on_failure: &str) -> (Place, impl Fn()) {
    let place = place(CASES[1]);
    let text = with(CONFIG, "sigma: 60", "sigma: 1");
    let text = with(&text, "skip: {below: 100, value: 7}", CASES[1].0);
    place.write("run.yaml", &with(&text, "{fill: 5}", on_failure));
    let chunk = place.path("b_mask.zarr/0/c/1/1");
    let (bytes, changed) = (fs::read(&chunk).unwrap(), fs::metadata(&chunk).unwrap().modified().unwrap());
    let put = move |bytes: &[u8]| {
        fs::write(&chunk, bytes).unwrap();
        File::options().write(true).open(&chunk).unwrap().set_modified(changed).unwrap();
    };
    put(&vec![0xab; bytes.len()]);
    (place, move || put(&bytes))
}

#[test]
fn a_mask_that_cannot_be_read_is_as_an_image_that_cannot() {
    let (place, _) = with_damaged_mask("fail");
    predict(&place, &[]).with_code(1).complains(&[
        "mask b_mask.zarr/0 of image 1 (b.zarr/0) cannot be read",
        "chunk [1, 1] (b_mask.zarr/0/c/1/1) cannot be read",
    ]);

    for on_failure in ["skip", "{fill: 5}"] {
        let (place, _) = with_damaged_mask(on_failure);
        let ended = predict(&place, &[]).with_code(3);
        ended.says("could not be read");
        let told_alone = told(&ended);
        let report = fs::read(place.path("out/left_out.json")).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        let tiles = report["tiles"].as_array().unwrap();
        assert!(!tiles.is_empty());
        for tile in tiles {
            assert_eq!(tile["image"], "b.zarr/0");
            assert!(tile["reason"].as_str().unwrap().contains("mask b_mask.zarr/0 of image 1"), "{tile}");
        }
        let has_b = on_failure != "skip";
        let names = place.names("out");
        for (name, is_written) in [("a_gaussian.ome.zarr", true), ("b_gaussian.ome.zarr", has_b)] {
            assert_eq!(names.iter().any(|other| other == name), is_written, "{name} in {names:?}");
        }
        let whole = place.files("out");
        // Parts remember it.
        fs::remove_dir_all(place.path("out")).unwrap();
        for part in ["1/2", "0/2"] {
            predict(&place, &["--shard", part]).with_code(0);
        }
        let ended = predict(&place, &["--finish"]).with_code(3);
        assert_eq!(told(&ended), told_alone);
        let files = place.files("out");
        assert_eq!(files.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
        for (path, bytes) in files.iter().filter(|(path, _)| !path.ends_with("left_out.json")) {
            assert!(bytes == &whole[path], "{} differs", path.display());
        }
    }
}

/// Nothing is known of the tiles that have pixels of the damaged chunk; all others are what they are without damage.
#[test]
fn tiles_whose_mask_cannot_be_read_are_filled() {
    let (place, repair) = with_damaged_mask("{fill: 5}");
    let (undamaged, repair_other) = with_damaged_mask("{fill: 5}");
    repair_other();
    predict(&place, &[]).with_code(3);
    predict(&undamaged, &[]).with_code(0);
    let pixels = |place: &Place| read_image(&place.path("out/b_gaussian.ome.zarr"), "YX").1.remove(0);
    let (filled, whole) = (pixels(&place), pixels(&undamaged));
    let (_, shown) = decoded(&place.path("out/b_coverage.png"));
    // Tiles start every 12 pixels; the chunk has the pixels from 128 to 256.
    let (mut n_filled, mut n_same) = (0, 0);
    for ((place, pixel), shown) in filled.indexed_iter().zip(shown) {
        let is_in_chunk = (128..256).contains(&place.2) && (128..256).contains(&place.3);
        let is_near = (116..268).contains(&place.2) && (116..268).contains(&place.3);
        assert!(!is_in_chunk || *pixel == 5.0, "{place:?}");
        assert!(is_near || *pixel == whole[place], "{place:?}");
        assert!(!is_in_chunk || shown == [255, 0, 0], "{place:?}");
        n_filled += usize::from(*pixel == 5.0);
        n_same += usize::from(*pixel == whole[place]);
    }
    assert_eq!(n_filled + n_same, filled.len());

    // Once it can be read, they are predicted or left out as if it always could.
    fs::remove_dir_all(place.path("out")).unwrap();
    for part in ["0/2", "1/2"] {
        predict(&place, &["--shard", part]).with_code(0);
    }
    repair();
    let ended = predict(&place, &["--resume"]).with_code(0);
    ended.says("that were filled before can be read now, predicted anew");
    assert!(place.files("out") == undamaged.files("out"));
}
