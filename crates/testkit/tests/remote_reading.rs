//! How images are read over a network: many requests at a time and no more than that, few for shards, patience with what is
//! slow, memory within its budget, and refusals in few words.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use patchweave_formats::{FileFormat, OpenOptions, ReadBudget, RequestLimit, open};
use patchweave_geometry::Region;
use patchweave_stack::{ImageStack, ImageStackExt, with_causes};
use patchweave_testkit::{Faults, Server};

use support::{expected, write_array, write_image};

/// Chunks of the plain image, and shards of the other one.
const N_CHUNKS: usize = 2 * 3 * 3;
const N_SHARDS: usize = 4;

/// A bucket with the ramp in plain chunks and in shards.
fn bucket() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("bucket/cells.zarr");
    write_array(&root, "/plain", |_| {});
    write_array(&root, "/shards", |builder| {
        builder.chunk_grid_metadata(vec![1_u64, 24, 24]).subchunk_shape(Some(vec![1, 8, 12]));
    });
    write_image(&root, &["plain", "shards"]);
    folder
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::default();
    options.remote.back_off = Duration::from_millis(1);
    options
}

fn url(server: &Server, array: &str) -> PathBuf {
    format!("http://{}/bucket/cells.zarr/{array}", server.address).into()
}

fn opened(path: &Path, options: &OpenOptions) -> Arc<dyn ImageStack> {
    open(path, FileFormat::Zarr, None, options).unwrap().remove(0)
}

/// The whole image, or all that went wrong.
fn read(stack: &dyn ImageStack) -> Result<(), String> {
    let whole = Region::whole(stack.info().shape().extent);
    let patch = stack.read_patch(0, None, &whole).map_err(|error| with_causes(&error))?;
    assert!(patch.iter().zip(expected().iter()).all(|(got, expected)| got == expected));
    Ok(())
}

/// What was served of the chunks of an array, and how often, without the looks at whether there is one.
fn served(server: &Server, array: &str) -> Vec<(String, usize)> {
    let chunks = format!("/{array}/c/");
    let is_meant = |name: &str| name.contains(&chunks) && !name.ends_with(" bytes=0-0");
    server.served().into_iter().filter(|(name, _)| is_meant(name)).collect()
}

fn n_served(server: &Server, array: &str) -> usize {
    served(server, array).iter().map(|(_, n)| *n).sum()
}

#[test]
fn a_stated_number_of_requests_is_under_way_whatever_the_threads() {
    let folder = bucket();
    for (limit, n_threads) in [(1, 1), (4, 1), (64, 1), (4, 6)] {
        // As many wait as may, or as there are.
        let expected = limit.min(n_threads * N_CHUNKS) as u64;
        let gather = Some(("/plain/c/", expected));
        let server = Server::start(folder.path(), Faults { gather, ..Faults::default() });
        let mut options = options();
        options.remote.requests = RequestLimit::new(limit);
        let stacks: Vec<_> = (0..n_threads).map(|_| opened(&url(&server, "plain"), &options)).collect();
        std::thread::scope(|scope| {
            for stack in &stacks {
                scope.spawn(|| read(&**stack).unwrap());
            }
        });
        assert_eq!(server.most_at_once(), expected, "{limit} for {n_threads} threads");
        assert_eq!(n_served(&server, "plain"), n_threads * N_CHUNKS);
    }
}

#[test]
fn chunks_of_a_shard_share_a_request() {
    let folder = bucket();
    let server = Server::start(folder.path(), Faults::default());
    let stack = opened(&url(&server, "shards"), &options());
    read(&*stack).unwrap();
    assert_eq!(n_served(&server, "shards"), 2 * N_SHARDS, "an index and all chunks of each");
    read(&*stack).unwrap();
    assert_eq!(n_served(&server, "shards"), 2 * N_SHARDS, "they are kept");

    // Without a cache, the index of the shard that was used last is kept all the same.
    let mut options = OpenOptions::with_cache_bytes(0);
    options.remote.requests = RequestLimit::new(1);
    let stack = opened(&url(&server, "shards"), &options);
    let before = n_served(&server, "shards");
    let corner = Region::whole(patchweave_geometry::Extent::new(&[2, 2]).unwrap());
    for n in 1..4 {
        stack.read_patch(0, Some(&[0]), &corner).unwrap();
        assert_eq!(n_served(&server, "shards") - before, 1 + n);
    }
}

#[test]
fn a_slow_body_is_waited_for_and_one_that_stops_is_left() {
    let folder = bucket();
    let mut options = options();
    options.remote.idle = Duration::from_millis(400);
    // Each body takes longer than a server may be silent.
    let pace = Some((10, Duration::from_millis(50)));
    let server = Server::start(folder.path(), Faults { pace, ..Faults::default() });
    let stack = opened(&url(&server, "plain"), &options);
    let start = std::time::Instant::now();
    read(&*stack).unwrap();
    assert!(start.elapsed() > options.remote.idle);
    assert_eq!(n_served(&server, "plain"), N_CHUNKS, "none was asked for again");

    let server = Server::start(folder.path(), Faults { stall: Some("/c/1/2/1"), ..Faults::default() });
    (options.remote.tries, options.remote.idle) = (2, Duration::from_millis(100));
    let stack = opened(&url(&server, "plain"), &options);
    let text = read(&*stack).unwrap_err();
    let end = format!("the server {} does not answer (2 tries): operation timed out", server.address);
    assert!(text.contains("chunk [1, 2, 1]") && text.ends_with(&end), "{text}");
    assert_eq!(server.n_faults(), 2);
}

/// Bodies are gone on with where the version is known and stays the same, and asked for again from the start elsewhere.
#[test]
fn a_body_that_broke_off_is_had_all_the_same() {
    let folder = bucket();
    let kinds = |cut_body: u64| {
        let cut = Faults { cut_body, ..Faults::default() };
        [
            (cut, true),
            (Faults { new_versions: true, ..cut }, true),
            (Faults { no_version: true, ..cut }, false),
            // The rest is asked for, and all of it given.
            (Faults { whole: Some(""), ..cut }, false),
        ]
    };
    // Of requests side by side, the one that is cut may be the same one a few times.
    let mut patient = options();
    patient.remote.tries = 16;
    for (faults, gives_parts) in kinds(4) {
        let server = Server::start(folder.path(), faults);
        let stack = opened(&url(&server, "plain"), &patient);
        read(&*stack).unwrap();
        assert!(server.n_faults() > 0);
        let n_parts = served(&server, "plain").iter().filter(|(name, _)| !name.ends_with(" whole")).count();
        assert_eq!(n_parts > 0, gives_parts, "{:?}", server.served());
    }
    // What breaks off whatever is asked is given up after so many tries.
    for (faults, _) in kinds(1) {
        let server = Server::start(folder.path(), faults);
        let error = open(&url(&server, "plain"), FileFormat::Zarr, None, &options()).err().unwrap();
        let text = with_causes(&error);
        let expected =
            format!("zarr.json cannot be read: the server {} broke off (4 tries): ", server.address);
        assert!(text.contains(&expected), "{text}");
        assert_eq!(server.n_requests(), 4);
    }
}

/// Connections outlive the image that they were made for, so that there are far fewer than images.
#[test]
fn images_of_one_server_share_connections() {
    let folder = bucket();
    for scheme in ["http", "s3"] {
        let server = Server::start(folder.path(), Faults::default());
        let mut options = options();
        options.remote.requests = RequestLimit::new(3);
        let endpoint = format!("http://{}", server.address);
        for (key, value) in [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_SKIP_SIGNATURE", "true"),
        ] {
            options.remote.settings.push((key.to_owned(), value.to_owned()));
        }
        for number in 0..20 {
            let array = if number % 2 == 0 { "plain" } else { "shards" };
            let path = match scheme {
                "s3" => format!("s3://bucket/cells.zarr/{array}").into(),
                _ => url(&server, array),
            };
            read(&*opened(&path, &options.clone())).unwrap();
        }
        // A few more than may be used at a time: one that was just used is not always back for the next request.
        assert!(server.n_requests() > 200 && server.n_connections() <= 10, "{}", server.n_connections());
    }
}

#[test]
fn bytes_in_flight_stay_within_their_budget() {
    let folder = bucket();
    let server =
        Server::start(folder.path(), Faults { delay: Duration::from_millis(1), ..Faults::default() });
    // A chunk counts twice its 8 × 12 pixels of 2 bytes, the first of a shard also the index of 6 chunks, as it is and
    // with its checksum.
    let chunk = 2 * 8 * 12 * 2;
    let index = 2 * 6 * 16 + 4;
    for budget in [0, 1, chunk, 3 * chunk, 100 * chunk] {
        let local = folder.path().join("bucket/cells.zarr");
        for (array, is_far) in [("plain", true), ("shards", true), ("plain", false), ("shards", false)] {
            let need = if array == "shards" { chunk + index } else { chunk };
            let mut options = options();
            options.in_flight = ReadBudget::new(budget);
            let path = if is_far { url(&server, array) } else { local.join(array) };
            let stack = opened(&path, &options);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| read(&*stack).unwrap());
                }
            });
            let most = options.in_flight.most_taken();
            assert!((need..=budget.max(need)).contains(&most), "{most} of {budget} for {array}");
            assert_eq!(options.in_flight.taken(), 0);
        }
    }
}

/// What opening an image in a bucket says, if something is set and the rest is as for a server without TLS.
fn refusal(server: &Server, settings: &[(&str, &str)]) -> String {
    let mut options = options();
    let endpoint = format!("http://{}", server.address);
    // A cloud machine that was asked would not answer here.
    for (key, value) in
        [("AWS_ENDPOINT_URL", endpoint.as_str()), ("AWS_ALLOW_HTTP", "true")].iter().chain(settings)
    {
        options.remote.settings.push(((*key).to_owned(), (*value).to_owned()));
    }
    let error = open(Path::new("s3://bucket/cells.zarr"), FileFormat::Zarr, None, &options).err().unwrap();
    with_causes(&error)
}

const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];

#[test]
fn what_is_wrong_with_a_bucket_is_said_in_few_words() {
    let folder = bucket();
    let check = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what the key may do";
    for (status, code, expected) in [
        (
            "403 Forbidden",
            "InvalidAccessKeyId",
            format!("the server refuses the key (403 InvalidAccessKeyId: this is why), {check}"),
        ),
        (
            "403 Forbidden",
            "SignatureDoesNotMatch",
            format!("the server refuses the key (403 SignatureDoesNotMatch: this is why), {check}"),
        ),
        (
            "400 Bad Request",
            "ExpiredToken",
            format!("the server refuses the key (400 ExpiredToken: this is why), {check}"),
        ),
        (
            "403 Forbidden",
            "AccessDenied",
            format!("the server denies access (403 AccessDenied: this is why), {check}"),
        ),
        (
            "404 Not Found",
            "NoSuchBucket",
            "there is no bucket bucket on the server (404 NoSuchBucket)".to_owned(),
        ),
        (
            "301 Moved Permanently",
            "PermanentRedirect",
            "another region".to_owned(),
        ),
        (
            "400 Bad Request",
            "AuthorizationHeaderMalformed",
            "the bucket bucket is in another region (400 AuthorizationHeaderMalformed: this is why), set AWS_REGION to it"
                .to_owned(),
        ),
    ] {
        let faults = Faults { refusal: Some(("", status, code)), ..Faults::default() };
        let server = Server::start(folder.path(), faults);
        let text = refusal(&server, &KEY);
        let start = "s3://bucket/cells.zarr: zarr.json cannot be read: ";
        let is_fine = text.starts_with(start) && text.contains(&expected) && !text.contains("http://");
        assert!(is_fine && text.len() < 250, "{text}");
        // Where access is denied, it is found out whether that is also the answer for what is not there.
        assert!(code == "AccessDenied" || server.n_requests() == 1, "{text}");
    }
}

#[test]
fn without_credentials_nobody_is_asked() {
    let folder = bucket();
    let server = Server::start(folder.path(), Faults::default());
    let variables =
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_SKIP_SIGNATURE=true for a public bucket";
    let start = "s3://bucket/cells.zarr: the server cannot be read: got no credentials";
    let text = refusal(&server, &[]);
    assert!(text.starts_with(start) && text.contains(variables), "{text}");
    let text = refusal(&server, &KEY[..1]);
    assert!(text.starts_with(&format!("{start} because AWS_SECRET_ACCESS_KEY is not set, set ")), "{text}");
    let text = refusal(&server, &[("AWS_ALLOW_HTTP", "false"), ("AWS_SKIP_SIGNATURE", "true")]);
    assert!(text.ends_with("expected https:// unless AWS_ALLOW_HTTP=true"), "{text}");
    assert_eq!(server.n_requests(), 0);
    // Who names a metadata service has it asked.
    let service = format!("http://{}", server.address);
    let text = refusal(&server, &[("AWS_METADATA_ENDPOINT", service.as_str())]);
    assert!(server.n_requests() > 0 && !text.contains("got no credentials"), "{text}");
}
