//! Images behind a URL: what `info` says of them and predictions on them, from a server of the test's own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[path = "support/bucket.rs"]
mod bucket;
mod support;

use bucket::{KEY, with_bucket};
use patchweave_testkit::{Faults, Server};
use support::{Ended, PREDICT, Place, with};

fn place() -> Place {
    let place = Place::new();
    place.image("cells.ome.zarr", "ome_zarr", "YX", &[90, 70], |at| u16::try_from(at % 65_521).unwrap());
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
    let server = Server::start(&place.path(""), Faults { drop_connection: 3, ..Faults::default() });
    let url = format!("http://{}/cells.ome.zarr", server.address);
    let predict = |input: &str, output: &str| {
        let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
        let config = with(&config, "input: image.tiff", &format!("input: {input}"));
        let config =
            with(&config, "output: out", &format!("output: {output}\nreading: {{remote: {{tries: 16}}}}"));
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

/// Runs `info` on an image in a bucket of the server, with these variables and none of the machine.
fn info_of_bucket(place: &Place, server: &Server, variables: &[(&str, &str)]) -> Ended {
    with_bucket(place, server, variables, &["info", "s3://bucket/cells.ome.zarr"])
}

#[test]
fn images_and_folders_are_converted_into_a_bucket() {
    let place = place();
    place.image("in/a.tif", "tiff", "ZYX", &[3, 40, 50], |at| u8::try_from(at % 251).unwrap());
    place.image("in/b.tif", "tiff", "YX", &[30, 20], |at| u8::try_from(at % 249).unwrap());
    std::fs::create_dir(place.path("served")).unwrap();
    let server = Server::start(&place.path("served"), Faults::default());
    let convert =
        |arguments: &[&str]| with_bucket(&place, &server, &KEY, &[&["convert"], arguments].concat());

    let url = "s3://bucket/deep/cells.ome.zarr";
    convert(&["cells.ome.zarr", url, "--levels", "2", "--check"]).with_code(0).says("checked 6 300 pixels");
    convert(&["cells.ome.zarr", "local.ome.zarr", "--levels", "2"]).with_code(0);
    let chunks = |folder: &str| -> Vec<Vec<u8>> {
        let files = place.files(folder).into_iter();
        files.filter(|(path, _)| path.to_string_lossy().contains("/c/")).map(|(_, bytes)| bytes).collect()
    };
    assert!(!chunks("local.ome.zarr").is_empty());
    assert_eq!(chunks("served/bucket/deep/cells.ome.zarr"), chunks("local.ome.zarr"));
    let again = convert(&["cells.ome.zarr", url]).with_code(2);
    again.complains(&["s3://bucket/deep/cells.ome.zarr exists: --overwrite replaces it"]);
    convert(&["cells.ome.zarr", url, "--overwrite", "--check"]).with_code(0);
    // However it is spelled.
    for same in [url, "S3://bucket/deep/cells.ome.zarr/", "s3a://bucket/deep/cells.ome.zarr"] {
        convert(&[url, same, "--overwrite"]).with_code(2).complains(&["would replace"]);
    }
    convert(&["in", "s3://bucket/all", "--to", "ome_zarr"]).with_code(0);
    assert!(place.path("served/bucket/all/a.ome.zarr/zarr.json").exists());
    assert!(place.path("served/bucket/all/b.ome.zarr/zarr.json").exists());
    let file = convert(&["cells.ome.zarr", "s3://bucket/cells.tif"]).with_code(2);
    file.complains(&["got a URL, expected a path, or the format ome_zarr"]);
    assert!(!place.path("served/bucket/cells.tif").exists());
    assert!(place.files("served").keys().all(|path| !path.to_string_lossy().contains(".patchweave")));
}

#[test]
fn a_bucket_without_credentials_names_the_variables() {
    let place = place();
    let server = Server::start(&place.path(""), Faults::default());
    let told = info_of_bucket(&place, &server, &[]).with_code(1);
    told.complains(&[
        "got no credentials, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_SKIP_SIGNATURE=true for a public bucket",
    ]);
    assert_eq!(server.n_requests(), 0);
}

#[test]
fn a_wrong_key_a_bucket_that_is_not_there_and_a_server_that_is_down_are_told_apart() {
    let place = place();
    let refusing = |status, code| {
        let refusal = Some(("", status, code));
        let server = Server::start(&place.path(""), Faults { refusal, ..Faults::default() });
        info_of_bucket(&place, &server, &KEY).with_code(1)
    };
    refusing("403 Forbidden", "InvalidAccessKeyId").complains(&[
        "the server refuses the key (403 InvalidAccessKeyId: this is why), check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY",
    ]);
    refusing("404 Not Found", "NoSuchBucket").complains(&["there is no bucket bucket on the server"]);
    let server = Server::start(&place.path(""), Faults::default());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}");
    let down = [KEY[0], KEY[1], ("AWS_ENDPOINT_URL", nobody.as_str())];
    let told = info_of_bucket(&place, &server, &down).with_code(1);
    told.complains(&[&format!("the server {free} does not answer (4 tries): Connection refused")]);
}

#[test]
fn how_networks_are_read_is_up_to_the_configuration() {
    let place = place();
    let serve = |faults| {
        let server = Server::start(&place.path(""), faults);
        let url = format!("http://{}/cells.ome.zarr", server.address);
        let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
        (server, with(&config, "input: image.tiff", &format!("input: {url}")))
    };
    let with_reading =
        |config: &str, block: &str| with(config, "data_config:", &format!("reading: {block}\ndata_config:"));
    let (server, config) = serve(Faults::default());
    let block = "{in_flight_mib: 1, remote: {requests: 1, idle_seconds: 60}}";
    place.run(&with_reading(&config, block)).with_code(0);
    assert_eq!(server.most_at_once(), 1);
    let (_broken, config) = serve(Faults { error_500: 1, ..Faults::default() });
    let told = place.run(&format!("{}overwrite: true\n", with_reading(&config, "{remote: {tries: 1}}")));
    told.complains(&["the server answers 500 Internal Server Error: out of order (1 try)"]);
    let reading = |block: &str| with_reading(&config, block);
    for (block, key) in [
        ("{in_flight_mib: 0}", "reading.in_flight_mib"),
        ("{remote: {requests: 0}}", "reading.remote.requests"),
        ("{remote: {idle_seconds: 0}}", "reading.remote.idle_seconds"),
        ("{remote: {tries: 0}}", "reading.remote.tries"),
        ("{remote: {instance_credentials: 1}}", "reading.remote.instance_credentials"),
        ("{remote: {timeout: 1}}", "reading.remote.timeout: unknown key"),
    ] {
        place.run(&reading(block)).with_code(2).complains(&[key]);
    }
}
