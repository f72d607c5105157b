//! Ctrl-C while a command reads whole images, before it has anything to show: each chunk comes late from a server.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::path::Path;
use std::time::Duration;

use patchweave_testkit::{Faults, Server};
use support::{PREDICT, Place, signal, with};

/// So many pixels along Y and X, in chunks of 128.
const SIZE: usize = 3000;
const N_CHUNKS: usize = SIZE.div_ceil(128).pow(2);

/// A prediction of an image behind a slow server, which has so many chunks that nobody reads all of them meanwhile.
fn slow(place: &Place) -> (Server, String) {
    place.image("image.ome.zarr", "ome_zarr", "YX", &[SIZE, SIZE], |i| u16::try_from(i % 999).unwrap());
    let server =
        Server::start(&place.path(""), Faults { delay: Duration::from_millis(40), ..Faults::default() });
    let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "[16, 16], overlaps: [4, 4]", "[96, 96], overlaps: [32, 32]");
    let url = format!("http://{}/image.ome.zarr", server.address);
    (server, with(&config, "image.tiff", &url))
}

/// How many chunks were given.
fn n_given(server: &Server) -> usize {
    server.served().iter().filter(|(name, _)| name.contains("/c/")).map(|(_, n_times)| n_times).sum()
}

/// Interrupts a command once it has some chunks, and before it has all.
#[track_caller]
fn is_interrupted(place: &Place, server: &Server, arguments: &[&str], told: &str) {
    let before = n_given(server);
    let child = signal::start(place, arguments);
    signal::wait_until(|| n_given(server) > before + 3);
    let (code, complaint) = signal::interrupt(child);
    assert_eq!(code, Some(1), "{complaint}");
    assert!(complaint.contains(told), "{complaint}");
    let n_given = n_given(server) - before;
    assert!(n_given < N_CHUNKS, "it went on: {n_given} of {N_CHUNKS} chunks were read");
}

#[test]
fn validate_deep_reads_no_further() {
    let place = Place::new();
    let (server, config) = slow(&place);
    place.write("run.yaml", &config);
    is_interrupted(&place, &server, &["validate", "run.yaml", "--deep"], "interrupted");
    assert!(!place.path("out").exists());
}

#[test]
fn statistics_of_all_images_are_computed_no_further() {
    let place = Place::new();
    let (server, config) = slow(&place);
    place.write("run.yaml", &with(&config, "{name: none}", "{name: mean_std}"));
    for command in ["run", "predict"] {
        is_interrupted(&place, &server, &[command, "run.yaml"], "interrupted");
        assert!(place.names("out").is_empty(), "{:?}", place.names("out"));
    }
}

/// A package normalises tiles by all of their image, which is read before the first of them.
#[test]
fn statistics_for_a_package_are_computed_no_further() {
    let place = Place::new();
    let (server, config) = slow(&place);
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/zoo/tests/packages/planes_0_5");
    let config = with(&config, "[identity]", &format!("[{{bioimage: {}, name: net}}]", package.display()));
    let config = with(&config, "  pixel_type: input\n", "  formats: npy\n");
    let config = with(&config, "[96, 96], overlaps: [32, 32]", "[24, 26], overlaps: [4, 6]");
    place.write("run.yaml", &config);
    is_interrupted(&place, &server, &["predict", "run.yaml"], "interrupted");
    assert!(place.names("out").is_empty(), "{:?}", place.names("out"));
}
