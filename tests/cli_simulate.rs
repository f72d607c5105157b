//! `patchweave simulate`: what it makes, what it finds, and what it refuses to overwrite.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "pixels may wrap around")]

mod support;

use std::fs;
use std::path::PathBuf;

use patchweave::pixel::PixelType;
use support::{Ended, Place, read_image};

#[track_caller]
fn simulate(place: &Place, options: &[&str]) -> Ended {
    let common = ["simulate", "data", "--size", "48,40"];
    place.patchweave(&[&common, options].concat())
}

fn listed(ended: &Ended) -> Vec<PathBuf> {
    ended.stdout.lines().skip(1).map(|line| PathBuf::from(line.trim_start())).collect()
}

#[test]
fn the_images_are_made_and_listed() {
    let place = Place::new();
    let ended = simulate(&place, &[]).with_code(0);
    ended.says("simulated 3 structures of 48 × 40 pixels, seed 42 in data");
    let files = listed(&ended);
    assert!(files.iter().all(|file| place.path(file).exists()), "{files:?}");
    let names = ["filaments", "mixed", "nuclei", "puncta", "structures"];
    let mut expected: Vec<_> =
        names.iter().flat_map(|name| [format!("{name}.ome.zarr"), format!("{name}.tiff")]).collect();
    expected.push("simulation.json".into());
    expected.sort();
    assert_eq!(place.names("data"), expected);
    let (pixel_type, structures) = read_image(&place.path("data/structures.tiff"), "CYX");
    assert_eq!((pixel_type, structures[0].dim()), (PixelType::U16, (3, 1, 48, 40)));
    let (_, mixed) = read_image(&place.path("data/mixed.ome.zarr"), "YX");
    let sum = structures[0].sum_axis(ndarray::Axis(0));
    assert!(sum.iter().zip(mixed[0].iter()).all(|(sum, mixed)| (sum - mixed).abs() <= 1.0));
}

#[test]
fn options_reach_the_images() {
    let place = Place::new();
    let options = "--structures 2 --seed 5 --bit-depth 8 --photons 30 --read-noise 0 --background 0 \
                   --psf-sigma 0 --formats tiff";
    let ended = simulate(&place, &options.split_whitespace().collect::<Vec<_>>()).with_code(0);
    ended.says("simulated 2 structures of 48 × 40 pixels, seed 5 in data");
    let expected = ["filaments.tiff", "mixed.tiff", "nuclei.tiff", "simulation.json", "structures.tiff"];
    assert_eq!(place.names("data"), expected);
    let (_, mixed) = read_image(&place.path("data/mixed.tiff"), "YX");
    assert!(mixed[0].iter().all(|&pixel| pixel <= 255.0));
    assert!(mixed[0].iter().any(|&pixel| pixel == 0.0));
}

#[test]
fn volumes_have_a_depth() {
    let place = Place::new();
    place.patchweave(&["simulate", "data", "--size", "6,24,20", "--formats", "ome_zarr"]).with_code(0);
    let (_, mixed) = read_image(&place.path("data/mixed.ome.zarr"), "ZYX");
    assert_eq!(mixed[0].dim(), (1, 6, 24, 20));
}

#[test]
fn one_seed_gives_one_set_and_finds_it_again() {
    let place = Place::new();
    let other = Place::new();
    simulate(&place, &[]).with_code(0);
    simulate(&other, &[]).with_code(0);
    let files = place.files("data");
    assert!(other.files("data") == files);
    simulate(&place, &[]).with_code(0).says("found simulated data in data");
    assert!(place.files("data") == files);
}

#[test]
fn changed_parameters_make_the_data_anew() {
    let place = Place::new();
    simulate(&place, &["--seed", "1"]).with_code(0);
    let first = place.files("data");
    simulate(&place, &["--seed", "2"]).with_code(0).says("simulated 3 structures");
    let second = place.files("data");
    assert!(first.keys().eq(second.keys()));
    assert!(first[&PathBuf::from("mixed.tiff")] != second[&PathBuf::from("mixed.tiff")]);
    simulate(&place, &["--seed", "1"]).with_code(0).says("simulated 3 structures");
    assert!(place.files("data") == first);
}

#[test]
fn a_lost_file_is_made_again() {
    let place = Place::new();
    simulate(&place, &[]).with_code(0);
    let files = place.files("data");
    fs::remove_file(place.path("data/puncta.tiff")).unwrap();
    simulate(&place, &[]).with_code(0).says("simulated 3 structures");
    assert!(place.files("data") == files);
}

#[test]
fn foreign_files_are_not_overwritten() {
    let place = Place::new();
    fs::create_dir(place.path("data")).unwrap();
    place.write("data/mixed.tiff", "my measurement");
    let before = place.files("");
    simulate(&place, &[]).with_code(1).complains(&["mixed.tiff is in the way", "not made by a simulation"]);
    assert!(place.files("") == before);
}

/// A record vouches for the files that it was written for, not for others of the same names.
#[test]
fn foreign_files_beside_a_record_are_not_overwritten() {
    let place = Place::new();
    simulate(&place, &["--formats", "tiff"]).with_code(0);
    place.image("data/mixed.ome.zarr", "ome_zarr", "YX", &[20, 20], |i| i as u16);
    let before = place.files("data/mixed.ome.zarr");
    let ended = simulate(&place, &["--formats", "tiff,ome_zarr"]);
    assert!(place.files("data/mixed.ome.zarr") == before, "{ended:#?}");
    ended.with_code(1).complains(&["mixed.ome.zarr is in the way"]);
}

/// A simulation that was broken off has no record yet; it can be started again all the same.
#[test]
fn a_broken_off_simulation_can_be_started_again() {
    let place = Place::new();
    simulate(&place, &[]).with_code(0);
    fs::create_dir(place.path("data/blocked")).unwrap();
    fs::rename(place.path("data/mixed.tiff"), place.path("data/blocked/mixed.tiff")).unwrap();
    fs::create_dir(place.path("data/mixed.tiff")).unwrap();
    simulate(&place, &["--seed", "2"]).with_code(1).complains(&["mixed.tiff"]);
    fs::remove_dir(place.path("data/mixed.tiff")).unwrap();
    simulate(&place, &["--seed", "2"]).with_code(0);
}

#[test]
fn a_format_that_is_named_twice_is_written_once() {
    let place = Place::new();
    let ended = simulate(&place, &["--formats", "tiff,ome_zarr,tiff"]);
    if ended.code != 2 {
        let mut files = listed(&ended.with_code(0));
        let n_listed = files.len();
        files.sort();
        files.dedup();
        assert_eq!(files.len(), n_listed);
    }
}

#[test]
fn parameters_out_of_range_are_refused() {
    let refused: [(&[&str], &str); 13] = [
        (&["--size", "64"], "--size"),
        (&["--size", "0,5"], "--size"),
        (&["--size", "a,5"], "--size"),
        (&["--size", "2,3,4,5"], "--size"),
        (&["--size", "1000000,1000000"], "1000000000000 pixels"),
        (&["--structures", "0"], "0 structures"),
        (&["--structures", "99"], "99 structures"),
        (&["--bit-depth", "17"], "17"),
        (&["--photons=0"], "photons"),
        (&["--read-noise=-1"], "read_noise"),
        (&["--psf-sigma=nan"], "psf_sigma"),
        (&["--formats", "png"], "png"),
        (&["--sead", "3"], "--seed"),
    ];
    let place = Place::new();
    for (options, part) in refused {
        let ended = place.patchweave(&[&["simulate", "data"], options].concat());
        assert_eq!(ended.code, 2, "{options:?}: {ended:#?}");
        ended.complains(&[part]);
    }
    place.patchweave(&["simulate"]).with_code(2).complains(&["<FOLDER>"]);
    assert!(place.names("").is_empty());
}

#[test]
fn a_file_in_the_place_of_the_folder_stays() {
    let place = Place::new();
    place.write("data", "my notes");
    simulate(&place, &[]).with_code(1).complains(&["data"]);
    assert_eq!(fs::read(place.path("data")).unwrap(), b"my notes");
}

#[cfg(unix)]
#[test]
fn an_interrupted_simulation_says_so_and_leaves_no_part_of_an_image() {
    let place = Place::new();
    let child = support::signal::start(&place, &["simulate", "data", "--size", "1024,1024"]);
    support::signal::wait_until(|| !place.names("data").is_empty());
    let (code, complaint) = support::signal::interrupt(child);
    assert_eq!(code, Some(1), "{complaint}");
    assert!(complaint.contains("interrupted"), "{complaint}");
    assert!(place.names("data").iter().all(|name| !name.starts_with('.')), "{:?}", place.names("data"));
}
