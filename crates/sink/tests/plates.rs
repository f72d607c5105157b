//! Plates of wells: what a stopped one keeps, what is begun anew, and what is refused, in a folder and in a store.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]
#![cfg(all(feature = "zarr", feature = "remote"))]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{files, names};
use patchweave_geometry::{ArrayLayout, Plate, WellField};
use patchweave_pixel::{PixelType, TypedArray};
use patchweave_remote::{Part, RemoteOptions, Wanted, connect};
use patchweave_sink::{Durability, ImageSpec, Job, PlateJob, SinkError, SinkFormats};

fn plate() -> Arc<Plate> {
    let rows = vec!["A".to_owned(), "B".to_owned()];
    Arc::new(Plate { rows, columns: vec!["1".to_owned(), "2".to_owned()], ..Plate::default() })
}

fn field(plate: &Arc<Plate>, row: usize, column: usize, name: &str) -> WellField {
    WellField { plate: Arc::clone(plate), row, column, name: name.to_owned(), acquisition: None }
}

fn spec() -> ImageSpec {
    let mut spec = ImageSpec::new(ArrayLayout::new("YX".parse().unwrap(), &[6, 7]).unwrap(), PixelType::U16);
    spec.durability = Durability::None;
    spec
}

fn images() -> Vec<(WellField, ImageSpec)> {
    let plate = plate();
    [(0, 0, "0"), (0, 0, "1"), (1, 1, "0")]
        .map(|(row, column, name)| (field(&plate, row, column, name), spec()))
        .to_vec()
}

fn resume(target: &Path, images: &[(WellField, ImageSpec)]) -> Result<PlateJob, SinkError> {
    PlateJob::resume(&SinkFormats::default(), target, images)
}

/// Writes an image with a number everywhere.
fn write(place: &Path, spec: &ImageSpec, number: u16) {
    let job = Job::resume(&SinkFormats::default(), place, Some("ome_zarr"), spec.clone()).unwrap();
    let pixels = TypedArray::U16(ndarray::ArrayD::from_elem(vec![6, 7], number));
    job.sink().write(0, pixels.view()).unwrap();
    job.commit().unwrap();
}

fn whole(target: &Path) {
    let plate = resume(target, &images()).unwrap();
    for (number, (_, spec)) in images().iter().enumerate() {
        write(&plate.image(number).unwrap(), spec, 7 + u16::try_from(number).unwrap());
        plate.set_done(number).unwrap();
    }
    plate.commit().unwrap();
}

/// What stands at a path or URL, by name.
fn content(target: &Path) -> Vec<(String, Vec<u8>)> {
    if target.is_dir() {
        return files(target);
    }
    let folder = connect(target.to_str().unwrap(), &RemoteOptions::default()).unwrap();
    let names = folder.list("").unwrap();
    let bytes = |name: &String| folder.get(Wanted::new(name, Part::Whole, u64::MAX)).unwrap().unwrap();
    names.iter().map(|name| (name.clone(), bytes(name).pieces.remove(0))).collect()
}

fn targets(folder: &Path, bucket: &str) -> [PathBuf; 2] {
    [folder.join("plate.ome.zarr"), format!("memory://{bucket}/plate.ome.zarr").into()]
}

#[test]
fn a_plate_has_its_groups_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let [local, url] = targets(folder.path(), "plates-groups");
    whole(&local);
    whole(&url);
    let found = content(&local);
    assert!(found == content(&url));
    for group in ["", "A/", "A/1/", "A/1/0/", "A/1/1/", "B/", "B/2/", "B/2/0/"] {
        assert!(found.iter().any(|(name, _)| *name == format!("{group}zarr.json")), "{group}");
    }
    let text = |name: &str| {
        let bytes = found.iter().find(|(other, _)| other == name).unwrap().1.clone();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    let images = text("A/1/zarr.json")["attributes"]["ome"]["well"]["images"].clone();
    assert_eq!(images, serde_json::json!([{ "path": "0" }, { "path": "1" }]));
    let wells = text("zarr.json")["attributes"]["ome"]["plate"]["wells"].clone();
    let expected = serde_json::json!([
        { "path": "A/1", "rowIndex": 0, "columnIndex": 0 }, { "path": "B/2", "rowIndex": 1, "columnIndex": 1 },
    ]);
    assert_eq!(wells, expected);
    assert_eq!(names(folder.path()), ["plate.ome.zarr"]);
}

#[test]
fn a_stopped_plate_keeps_its_images_for_the_same_ones_only() {
    let folder = tempfile::tempdir().unwrap();
    let expected = folder.path().join("expected.ome.zarr");
    whole(&expected);
    let formats = SinkFormats::default();
    for target in targets(folder.path(), "plates-stopped") {
        let first = resume(&target, &images()).unwrap();
        write(&first.image(1).unwrap(), &spec(), 8);
        first.set_done(1).unwrap();
        // Written, but nobody said so.
        write(&first.image(2).unwrap(), &spec(), 5);
        first.leave();
        assert!(!target.exists());

        let second = resume(&target, &images()).unwrap();
        assert!(second.is_done(1).unwrap() && formats.stands(&second.image(1).unwrap()).unwrap());
        for (number, value) in [(0, 7), (2, 9)] {
            assert!(!second.is_done(number).unwrap());
            write(&second.image(number).unwrap(), &spec(), value);
            second.set_done(number).unwrap();
        }
        second.commit().unwrap();
        assert!(content(&target) == content(&expected));

        let mut others = images();
        let third = resume(&target, &others).unwrap();
        write(&third.image(1).unwrap(), &spec(), 8);
        third.set_done(1).unwrap();
        third.leave();
        others[0].1.origin = Some("another file".into());
        let fourth = resume(&target, &others).unwrap();
        assert!(!fourth.is_done(1).unwrap(), "begun anew");
        assert!(!formats.stands(&fourth.image(1).unwrap()).unwrap(), "begun anew");
        drop(fourth);
        // In a folder the earlier plate stays until there is another.
        let left =
            if target == folder.path().join("plate.ome.zarr") { content(&expected) } else { Vec::new() };
        assert!(content(&target) == left);
    }
    assert!(!names(folder.path()).iter().any(|name| name.starts_with('.')), "{:?}", names(folder.path()));
}

#[test]
fn plates_without_all_of_their_images_are_not_finished() {
    let folder = tempfile::tempdir().unwrap();
    for target in targets(folder.path(), "plates-missing") {
        let plate = resume(&target, &images()).unwrap();
        write(&plate.image(0).unwrap(), &spec(), 7);
        plate.set_done(0).unwrap();
        let error = plate.commit().unwrap_err();
        assert!(
            matches!(error, SinkError::Incomplete { unit_idx: 1, n_missing: 2, n_units: 3, .. }),
            "{error}"
        );
        assert!(!SinkFormats::default().stands(&target).unwrap());
        let plate = resume(&target, &images()).unwrap();
        assert!(plate.is_done(0).unwrap(), "it can be gone on with");
    }
}

/// Whoever starts another plate at a place owns it.
#[test]
fn a_plate_that_is_taken_over_is_told_with_the_next_image() {
    let target = Path::new("memory://plates-taken/plate.ome.zarr");
    let first = resume(target, &images()).unwrap();
    let mut others = images();
    others[0].1.origin = Some("another file".into());
    let second = resume(target, &others).unwrap();
    for error in [first.is_done(0).unwrap_err(), first.set_done(0).unwrap_err()] {
        assert!(matches!(error, SinkError::TakenOver { .. }), "{error}");
    }
    assert!(!second.is_done(0).unwrap());
}

#[test]
fn what_is_no_plate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("plate.ome.zarr");
    let one = plate();
    let other = Arc::new(Plate { name: Some("other".into()), ..(*one).clone() });
    let refused = |fields: &[WellField]| {
        let images: Vec<_> = fields.iter().map(|field| (field.clone(), spec())).collect();
        let error = resume(&target, &images).err().unwrap().to_string();
        error.strip_prefix(&format!("{}: ", target.display())).unwrap().to_owned()
    };
    let mut old = images();
    old[2].1.options.insert("version".into(), serde_json::json!("0.4"));
    let error = resume(&target, &old).err().unwrap().to_string();
    assert!(error.ends_with("got images of several versions of OME-Zarr, expected one version"), "{error}");
    assert_eq!(refused(&[]), "got a plate without images, expected one at least");
    let twice = [field(&one, 0, 1, "a"), field(&one, 0, 1, "A")];
    assert_eq!(refused(&twice), "got two images A/2/A, expected every field once");
    let of_two = [field(&one, 0, 1, "0"), field(&other, 0, 0, "0")];
    assert_eq!(refused(&of_two), "got images of several plates, expected those of one");
    for (row, column, name) in [(2, 0, "0"), (0, 2, "0"), (0, 0, "../x"), (0, 0, ""), (0, 0, "FOV_1")] {
        let expected = format!(
            "got row {row}, column {column}, field {name:?}, expected names of letters and digits that the plate has"
        );
        assert_eq!(refused(&[field(&one, row, column, name)]), expected);
    }
    assert!(names(folder.path()).is_empty());
}
