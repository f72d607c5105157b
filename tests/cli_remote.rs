//! Images behind a URL: what `info` says of them and predictions on them, from a server of the test's own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use patchweave::sink::Format;
use patchweave_testkit::{Faults, Server};
use support::{PREDICT, Place, with};

fn place() -> Place {
    let place = Place::new();
    place.image("cells.ome.zarr", Format::OmeZarr, "YX", &[90, 70], |at| u16::try_from(at % 65_521).unwrap());
    place
}

#[test]
fn zarrs_over_http_are_told_to_people() {
    let place = place();
    let server = Server::start(&place.path(""), Faults::default());
    let url = format!("http://{}/cells.ome.zarr", server.address);
    let told = place.patchweave(&["info", url.as_str()]).with_code(0);
    told.says(&url);
    told.says("  axes         YX\n");
    told.says("  shape        90 × 70, ");
    told.says("  type         uint16\n");
}

#[test]
fn predictions_on_zarrs_over_http_are_those_on_files() {
    let place = place();
    // Connections break, and nobody notices.
    let server = Server::start(&place.path(""), Faults { drop_connection: 5, ..Faults::default() });
    let url = format!("http://{}/cells.ome.zarr", server.address);
    let predict = |input: &str, output: &str| {
        let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
        let config = with(&config, "input: image.tiff", &format!("input: {input}"));
        let config = with(&config, "output: out", &format!("output: {output}"));
        place.run(&config).with_code(0);
        place.files(output)
    };
    let images = |files: std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>| -> Vec<Vec<u8>> {
        let is_image = |path: &std::path::Path| {
            let path = path.to_string_lossy().into_owned();
            path.contains(".tif") || path.contains(".zarr/")
        };
        files.into_iter().filter(|(path, _)| is_image(path)).map(|(_, bytes)| bytes).collect()
    };
    let local = images(predict("cells.ome.zarr", "local"));
    assert!(!local.is_empty());
    assert_eq!(images(predict(&url, "remote")), local);
    assert!(server.n_faults() > 0);
}
