//! Zarrs behind a server of our own: over HTTP and as a bucket, with everything going wrong that may.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use patchweave_formats::{FileFormat, Formats, OpenOptions, OpenRequest, open};
use patchweave_geometry::Region;
use patchweave_stack::{ImageStack, ImageStackExt, StackError, with_causes};
use patchweave_testkit::{Faults, Server, image_stack_suite};
use serde_json::json;

use support::{AXES, expected, image, write_array, write_group, write_image};

/// A bucket with an image of two levels, one of them sharded, and a plain group.
fn bucket() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("deep/cells.zarr");
    write_array(&root, "/image/0", |_| {});
    write_array(&root, "/image/1", |builder| {
        builder.chunk_grid_metadata(vec![1_u64, 24, 24]).subchunk_shape(Some(vec![1, 8, 12]));
    });
    write_image(&root.join("image"), &["0", "1"]);
    write_array(&root, "/group/b", |_| {});
    write_array(&root, "/group/a", |_| {});
    write_group(&root.join("group"), &json!({}));
    write_group(&root, &json!({}));
    folder
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::default();
    options.remote.back_off = Duration::from_millis(1);
    options
}

/// With requests side by side, the one that fails every so often may be the same one a few times in a row.
fn patient(mut options: OpenOptions) -> OpenOptions {
    options.remote.tries = 16;
    options
}

/// Options of a bucket on a server without TLS and signatures.
fn bucket_options(server: &Server) -> OpenOptions {
    let mut options = options();
    for (key, value) in [
        ("AWS_ENDPOINT_URL", format!("http://{}", server.address)),
        ("AWS_ALLOW_HTTP", "true".into()),
        ("AWS_SKIP_SIGNATURE", "true".into()),
        ("AWS_REGION", "nowhere".into()),
    ] {
        options.remote.settings.push((key.into(), value));
    }
    options
}

fn url(server: &Server, inside: &str) -> PathBuf {
    format!("http://{}/deep/cells.zarr/{inside}", server.address).into()
}

fn levels(path: &Path, options: &OpenOptions) -> Result<Vec<Arc<dyn ImageStack>>, StackError> {
    let mut request = OpenRequest::new(path, options);
    request.n_levels = None;
    Ok(Formats::default().of_path(path).unwrap().open(&request)?.remove(0))
}

fn whole(stack: &dyn ImageStack) -> Region {
    Region::whole(stack.info().shape().extent)
}

#[test]
fn images_over_http_conform_whatever_goes_wrong() {
    let folder = bucket();
    for faults in [
        Faults::default(),
        Faults { drop_connection: 5, ..Faults::default() },
        Faults { error_500: 4, ..Faults::default() },
        Faults { cut_body: 3, ..Faults::default() },
        Faults {
            drop_connection: 11,
            error_500: 7,
            cut_body: 5,
            delay: Duration::from_millis(2),
            ..Faults::default()
        },
    ] {
        let server = Server::start(folder.path(), faults);
        let path = url(&server, "image");
        let stacks = levels(&path, &patient(options())).unwrap();
        assert_eq!(stacks.len(), 2);
        for (level, stack) in stacks.iter().enumerate() {
            image_stack_suite(&**stack, expected().view());
            let info = stack.info();
            assert_eq!(info.source, format!("{}/{level}", path.display()));
            assert_eq!(info.format.as_deref(), Some("OME-Zarr 0.5"));
            let size = 0.5 * f64::from(1 << level);
            assert_eq!(info.pixel_size.unwrap().as_slice(), [size, size]);
        }
        let is_expected = faults.drop_connection + faults.error_500 + faults.cut_body > 0;
        assert_eq!(server.n_faults() > 0, is_expected, "{faults:?}");
    }
}

#[test]
fn every_chunk_and_index_is_asked_for_once() {
    let folder = bucket();
    let server =
        Server::start(folder.path(), Faults { delay: Duration::from_millis(1), ..Faults::default() });
    let stacks = levels(&url(&server, "image"), &options()).unwrap();
    std::thread::scope(|scope| {
        for stack in stacks.iter().cycle().take(8) {
            scope.spawn(move || {
                for _ in 0..3 {
                    let patch = stack.read_patch(0, None, &whole(&**stack)).unwrap();
                    assert!(patch.iter().zip(expected().iter()).all(|(got, expected)| got == expected));
                }
            });
        }
    });
    let served = server.served();
    // Opening looks for one chunk of each.
    let is_look = |name: &str| name.ends_with(" bytes=0-0");
    assert_eq!(served.keys().filter(|name| is_look(name)).count(), 2, "{served:?}");
    let is_chunk = |name: &str| name.contains("/c/") && !is_look(name);
    let chunks: Vec<_> = served.iter().filter(|(name, _)| is_chunk(name)).collect();
    let (shards, plain): (Vec<_>, Vec<_>) =
        chunks.into_iter().partition(|(name, _)| name.contains("/image/1/"));
    assert_eq!(plain.len(), 2 * 3 * 3, "{plain:?}");
    // 2 × 1 × 2 shards with an index each, and the chunks inside of the image, of which those that a thread takes together
    // share a request.
    assert!((2 * 4..=4 + 2 * 3 * 3).contains(&shards.len()), "{shards:?}");
    assert!(served.values().all(|n| *n == 1), "{served:?}");
}

#[test]
fn what_stays_broken_is_named() {
    let folder = bucket();
    let faults = Faults { broken: Some("image/0/c/1/2/1"), ..Faults::default() };
    let server = Server::start(folder.path(), faults);
    let path = url(&server, "image/0");
    let stack = open(&path, FileFormat::Zarr, None, &options()).unwrap().remove(0);
    let text = with_causes(&stack.read_patch(0, None, &whole(&*stack)).unwrap_err());
    let expected = format!(
        "{path}: chunk [1, 2, 1] ({path}/c/1/2/1) cannot be read: the server answers 500 Internal Server Error: out of \
         order (4 tries)",
        path = path.display()
    );
    assert_eq!(text, expected);
    assert_eq!(server.n_faults(), 4);
}

/// Opens and reads the sharded level on a server with such faults.
fn sharded_error(folder: &Path, faults: Faults) -> (String, u64) {
    let server = Server::start(folder, faults);
    let stack = open(&url(&server, "image/1"), FileFormat::Zarr, None, &options()).unwrap().remove(0);
    let error = stack.read_patch(0, None, &whole(&*stack)).unwrap_err();
    (with_causes(&error), server.served().keys().filter(|name| name.contains("/c/0/0/0")).count() as u64)
}

#[test]
fn refusals_are_not_asked_for_again() {
    let folder = bucket();
    let end = "image/0/c/0/1/0";
    for (status, n_tries) in [
        ("400 Bad Request", 1),
        ("405 Method Not Allowed", 1),
        ("410 Gone", 1),
        ("408 Request Timeout", 4),
        ("429 Too Many Requests", 4),
        ("503 Service Unavailable", 4),
    ] {
        let faults = Faults { status: Some((end, status)), ..Faults::default() };
        let server = Server::start(folder.path(), faults);
        let stack = open(&url(&server, "image/0"), FileFormat::Zarr, None, &options()).unwrap().remove(0);
        let text = with_causes(&stack.read_patch(0, None, &whole(&*stack)).unwrap_err());
        let tries = if n_tries == 1 { "(1 try)".to_owned() } else { format!("({n_tries} tries)") };
        let expected = format!(" cannot be read: the server answers {status}: as told {tries}");
        assert!(text.ends_with(&expected), "{text}");
        assert_eq!(server.n_faults(), n_tries, "{text}");
    }
}

#[test]
fn a_server_that_ignores_ranges_is_asked_once() {
    let folder = bucket();
    let faults = Faults { whole: Some("image/1/c/0/0/0"), ..Faults::default() };
    let (text, n_tries) = sharded_error(folder.path(), faults);
    assert!(text.contains("the shard's index cannot be read: "), "{text}");
    assert!(text.contains("Range request not supported"), "{text}");
    assert_eq!(n_tries, 1);

    let server = Server::start(folder.path(), faults);
    let path = Path::new("s3://deep/cells.zarr/image/1");
    let stack = open(path, FileFormat::Zarr, None, &bucket_options(&server)).unwrap().remove(0);
    let text = with_causes(&stack.read_patch(0, None, &whole(&*stack)).unwrap_err());
    assert!(text.contains("non-partial response"), "{text}");
}

#[test]
fn bodies_that_do_not_end_are_left() {
    let folder = bucket();
    let (text, _) =
        sharded_error(folder.path(), Faults { long: Some("image/1/c/0/0/0"), ..Faults::default() });
    let end = "the shard's index cannot be read: got more than 100 bytes, expected 100";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn shards_without_an_index_are_named() {
    let folder = bucket();
    std::fs::write(folder.path().join("deep/cells.zarr/image/1/c/0/0/0"), "").unwrap();
    let (text, _) = sharded_error(folder.path(), Faults::default());
    let end = "the shard's index cannot be read: got a shorter file, expected Suffix(100) in it";
    assert!(text.ends_with(end), "{text}");
}

/// The wells of a plate of 2 × 3 fields, and what its groups say, by their paths.
fn plate() -> Vec<(String, serde_json::Value)> {
    let members = |n: usize| (0..n).map(|at| json!({"path": at.to_string()})).collect::<Vec<_>>();
    let mut groups = vec![(String::new(), json!({"plate": {"wells": members(2)}}))];
    for well in 0..2 {
        groups.push((format!("{well}"), json!({"well": {"images": members(3)}})));
        for field in 0..3 {
            let axes = json!([{"name": "y"}, {"name": "x"}]);
            let image = json!({"multiscales": [{"axes": axes, "datasets": [{"path": "0"}]}]});
            groups.push((format!("{well}/{field}"), image));
        }
    }
    groups
}

#[test]
fn plates_open_with_few_requests() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.zarr");
    let new = folder.path().join("new.zarr");
    let array_2 = json!({"zarr_format": 2, "shape": [3, 4], "chunks": [3, 4], "dtype": "|u1", "order": "C",
        "fill_value": 9, "filters": null, "compressor": null});
    let grid = json!({"name": "regular", "configuration": {"chunk_shape": [3, 4]}});
    let array_3 = json!({"zarr_format": 3, "node_type": "array", "shape": [3, 4], "data_type": "uint8",
        "chunk_grid": grid, "chunk_key_encoding": {"name": "default"}, "fill_value": 9, "codecs": [{"name": "bytes"}]});
    let mut list_2 = serde_json::Map::new();
    let mut list_3 = serde_json::Map::new();
    let write = |file: PathBuf, json: &serde_json::Value| {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, json.to_string()).unwrap();
    };
    for (path, attributes) in plate() {
        let group_3 = json!({"zarr_format": 3, "node_type": "group", "attributes": {"ome": attributes}});
        let mut files = vec![(".zgroup", json!({"zarr_format": 2})), (".zattrs", attributes.clone())];
        write(new.join(&path).join("zarr.json"), &group_3);
        if attributes.get("multiscales").is_some() {
            files.push(("0/.zarray", array_2.clone()));
            write(new.join(&path).join("0/zarr.json"), &array_3);
            list_3.insert(format!("{path}/0"), array_3.clone());
        }
        for (name, json) in files {
            write(old.join(&path).join(name), &json);
            list_2.insert(format!("{path}/{name}").trim_start_matches('/').to_owned(), json);
        }
        if !path.is_empty() {
            list_3.insert(path, group_3);
        }
    }
    let n_requests = |name: &str| {
        let server = Server::start(folder.path(), Faults::default());
        let path = PathBuf::from(format!("http://{}/{name}", server.address));
        let stacks = open(&path, FileFormat::Zarr, None, &options()).unwrap();
        assert_eq!(stacks.len(), 6);
        assert_eq!(stacks[4].info().source, format!("{}/1/1/0", path.display()));
        server.n_requests()
    };
    // One per group and array, and one for a well that is not version 3; those of version 2 have attributes too. To see
    // whether there are chunks costs a few more, however many arrays there are.
    let looks = 8;
    assert_eq!(n_requests("new.zarr"), 1 + 2 + 6 + 6 + looks);
    let without = n_requests("old.zarr");
    assert!(without <= 5 + (2 + 6) * 3 + 6 * 2 + looks, "{without}");
    write(old.join(".zmetadata"), &json!({"zarr_consolidated_format": 1, "metadata": list_2}));
    let attributes = plate().remove(0).1;
    let consolidated = json!({"kind": "inline", "must_understand": false, "metadata": list_3});
    write(
        new.join("zarr.json"),
        &json!({"zarr_format": 3, "node_type": "group", "attributes": {"ome": attributes},
        "consolidated_metadata": consolidated}),
    );
    assert_eq!(n_requests("new.zarr"), 1 + looks);
    assert_eq!(n_requests("old.zarr"), 5 + looks);
}

#[test]
fn google_buckets_conform() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::rename(bucket().keep(), folder.path().join("bucket")).unwrap();
    let server = Server::start(folder.path(), Faults { cut_body: 6, error_500: 9, ..Faults::default() });
    let mut options = patient(options());
    for (key, value) in [
        ("GOOGLE_BASE_URL", format!("http://{}", server.address)),
        ("ALLOW_HTTP", "true".into()),
        ("GOOGLE_SKIP_SIGNATURE", "true".into()),
    ] {
        options.remote.settings.push((key.into(), value));
    }
    for stack in levels(Path::new("gs://bucket/deep/cells.zarr/image"), &options).unwrap() {
        image_stack_suite(&*stack, expected().view());
    }
    let axes = AXES.parse().unwrap();
    let stacks =
        open(Path::new("gs://bucket/deep/cells.zarr/group"), FileFormat::Zarr, Some(&axes), &options);
    assert_eq!(stacks.unwrap().len(), 2);
}

#[test]
fn what_is_forbidden_is_not_missing() {
    let folder = bucket();
    let faults = Faults { forbidden: Some("image/0/c/0/0/0"), ..Faults::default() };
    let server = Server::start(folder.path(), faults);
    std::fs::remove_file(folder.path().join("deep/cells.zarr/image/0/c/1/0/0")).unwrap();
    let stack = open(&url(&server, "image/0"), FileFormat::Zarr, None, &options()).unwrap().remove(0);
    let text = with_causes(&stack.read_patch(0, Some(&[0]), &whole(&*stack)).unwrap_err());
    assert!(
        text.ends_with(" cannot be read: the server denies access (403 Forbidden: not for you)"),
        "{text}"
    );
    let patch = stack.read_patch(0, Some(&[1]), &whole(&*stack)).unwrap();
    assert_eq!((patch[[0, 0, 0, 0]], patch[[0, 0, 8, 0]]), (0.0, f32::from(image()[[1, 8, 0]])));
}

#[test]
fn a_server_that_hangs_is_left() {
    let folder = bucket();
    let server = Server::start(folder.path(), Faults { delay: Duration::from_secs(5), ..Faults::default() });
    let mut options = options();
    (options.remote.idle, options.remote.tries) = (Duration::from_millis(30), 2);
    let error = open(&url(&server, "image/0"), FileFormat::Zarr, None, &options).err().unwrap();
    let expected = format!(
        " cannot be read: the server {} does not answer (2 tries): operation timed out",
        server.address
    );
    assert!(with_causes(&error).ends_with(&expected), "{error:?}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "https"] {
        let path = PathBuf::from(format!("{scheme}://{free}/x.zarr"));
        let text = with_causes(&open(&path, FileFormat::Zarr, None, &options()).err().unwrap());
        let expected = format!(
            "{p}: zarr.json cannot be read: the server {free} does not answer (4 tries): Connection refused (os error 111)",
            p = path.display()
        );
        assert_eq!(text, expected);
    }
}

#[test]
fn groups_over_http_need_a_list_of_their_members() {
    let folder = bucket();
    let server = Server::start(folder.path(), Faults::default());
    let axes = AXES.parse().unwrap();
    let open = |inside: &str| open(&url(&server, inside), FileFormat::Zarr, Some(&axes), &options());
    let error = open("group").err().unwrap().to_string();
    let expected = "listing a group without consolidated_metadata is not supported, \
                    name an array in it, because this server cannot list";
    assert!(error.ends_with(expected), "{error}");
    let nodes = json!({"kind": "inline", "must_understand": false, "metadata": {"b": {}, "a": {}}});
    let group = json!({"zarr_format": 3, "node_type": "group", "consolidated_metadata": nodes});
    std::fs::write(folder.path().join("deep/cells.zarr/group/zarr.json"), group.to_string()).unwrap();
    let names: Vec<String> = open("group").unwrap().iter().map(|stack| stack.info().source.clone()).collect();
    assert_eq!(names, ["group/a", "group/b"].map(|name| url(&server, name).display().to_string()));
    let error = open("group/c").err().unwrap().to_string();
    assert!(error.ends_with("group: \"c\" in it: got no such name, expected an array or a group"), "{error}");
}

#[test]
fn groups_of_version_2_have_a_list_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("old.zarr");
    let array = json!({"zarr_format": 2, "shape": [3, 4], "chunks": [3, 4], "dtype": "|u1", "order": "C",
        "fill_value": 9, "filters": null, "compressor": null});
    let group = json!({"zarr_format": 2});
    for name in ["10", "2"] {
        std::fs::create_dir_all(root.join(name)).unwrap();
        std::fs::write(root.join(name).join(".zarray"), array.to_string()).unwrap();
    }
    std::fs::write(root.join(".zgroup"), group.to_string()).unwrap();
    let nodes = json!({".zgroup": group, ".zattrs": {}, "2/.zarray": array, "10/.zarray": array});
    let list = json!({"zarr_consolidated_format": 1, "metadata": nodes});
    std::fs::write(root.join(".zmetadata"), list.to_string()).unwrap();
    let server = Server::start(folder.path(), Faults::default());
    let path = PathBuf::from(format!("http://{}/old.zarr", server.address));
    let stacks = open(&path, FileFormat::Zarr, Some(&"YX".parse().unwrap()), &options()).unwrap();
    let names: Vec<&str> = stacks.iter().filter_map(|stack| stack.info().source.rsplit('/').next()).collect();
    assert_eq!(names, ["10", "2"]);
    let patch = stacks[0].read_patch(0, None, &whole(&*stacks[0])).unwrap();
    assert!(patch.iter().all(|&pixel| pixel == 9.0));
}

#[test]
fn buckets_conform() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::rename(bucket().keep(), folder.path().join("bucket")).unwrap();
    let server = Server::start(folder.path(), Faults { cut_body: 6, error_500: 9, ..Faults::default() });
    let options = patient(bucket_options(&server));
    for stack in levels(Path::new("s3://bucket/deep/cells.zarr/image"), &options).unwrap() {
        image_stack_suite(&*stack, expected().view());
    }
    let axes = AXES.parse().unwrap();
    let path = Path::new("s3://bucket/deep/cells.zarr/group");
    let stacks = open(path, FileFormat::Zarr, Some(&axes), &options).unwrap();
    let names: Vec<&str> = stacks.iter().map(|stack| stack.info().source.as_str()).collect();
    assert_eq!(names, ["s3://bucket/deep/cells.zarr/group/a", "s3://bucket/deep/cells.zarr/group/b"]);
    let mut wrong = options.clone();
    wrong.remote.settings.push(("AWS_REGOIN".into(), "x".into()));
    let error = open(path, FileFormat::Zarr, Some(&axes), &wrong).err().unwrap();
    assert!(with_causes(&error).ends_with("unknown setting aws_regoin"), "{error:?}");
}

#[test]
fn callers_may_be_asynchronous() {
    let folder = bucket();
    let server = Server::start(folder.path(), Faults::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let path = url(&server, "image/0");
    let stack =
        runtime.block_on(async { open(&path, FileFormat::Zarr, None, &options()).unwrap().remove(0) });
    let patch = runtime.block_on(async { stack.read_patch(0, None, &whole(&*stack)) });
    assert_eq!(patch.unwrap()[[1, 0, 20, 25]], f32::from(image()[[1, 20, 25]]));
}

/// An array of version 2 of 2 × 2 chunks, the first of which is not there.
fn write_old(array: &Path) {
    std::fs::create_dir_all(array).unwrap();
    let metadata = json!({"zarr_format": 2, "shape": [6, 8], "chunks": [3, 4], "dtype": "|u1", "order": "C",
        "fill_value": 9, "filters": null, "compressor": null});
    std::fs::write(array.join(".zarray"), metadata.to_string()).unwrap();
    for (name, pixel) in [("0.1", 1), ("1.0", 2), ("1.1", 3)] {
        std::fs::write(array.join(name), [pixel; 12]).unwrap();
    }
}

/// Whoever may not list a bucket is told 403 for what is not there.
#[test]
fn stores_open_on_servers_that_refuse_what_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    write_old(&folder.path().join("bucket/old.zarr"));
    std::fs::rename(bucket().keep().join("deep"), folder.path().join("bucket/deep")).unwrap();
    let server = Server::start(folder.path(), Faults { hides_absence: true, ..Faults::default() });
    let axes = "YX".parse().unwrap();
    let http = PathBuf::from(format!("http://{}/bucket/old.zarr", server.address));
    for path in [http.as_path(), Path::new("s3://bucket/old.zarr")] {
        let stack = open(path, FileFormat::Zarr, Some(&axes), &bucket_options(&server)).unwrap().remove(0);
        assert_eq!(stack.info().notes, [""; 0]);
        let patch = stack.read_patch(0, None, &whole(&*stack)).unwrap();
        assert_eq!([patch[[0, 0, 0, 0]], patch[[0, 0, 0, 4]], patch[[0, 0, 3, 0]]], [9.0, 1.0, 2.0]);
    }
    let image = Path::new("s3://bucket/deep/cells.zarr/image");
    for stack in levels(image, &bucket_options(&server)).unwrap() {
        image_stack_suite(&*stack, expected().view());
    }
    // A group that cannot be listed is not one that cannot be read.
    let group = Path::new("s3://bucket/deep/cells.zarr/group");
    let axes = AXES.parse().unwrap();
    let error =
        open(group, FileFormat::Zarr, Some(&axes), &bucket_options(&server)).err().unwrap().to_string();
    assert!(error.contains("listing a group without consolidated_metadata"), "{error}");
}

#[test]
fn where_everything_is_refused_the_refusal_is_the_error() {
    let folder = bucket();
    write_old(&folder.path().join("deep/old.zarr"));
    let server = Server::start(folder.path(), Faults { forbidden: Some(""), ..Faults::default() });
    for name in ["old.zarr", "cells.zarr/image/0", "none.zarr"] {
        let path = PathBuf::from(format!("http://{}/deep/{name}", server.address));
        let text = with_causes(&open(&path, FileFormat::Zarr, None, &options()).err().unwrap());
        assert!(text.contains("zarr.json cannot be read") && text.contains("403"), "{text}");
    }
    // Nothing is there, on a server that hides that.
    let server = Server::start(folder.path(), Faults { hides_absence: true, ..Faults::default() });
    let path = PathBuf::from(format!("http://{}/deep/none.zarr", server.address));
    let text = with_causes(&open(&path, FileFormat::Zarr, None, &options()).err().unwrap());
    assert!(text.contains("zarr.json cannot be read") && text.contains("403"), "{text}");
}

/// A chunk is not missing if nobody may see that its array is there.
#[test]
fn chunks_of_stores_that_are_gone_are_no_zeros() {
    for hides_absence in [false, true] {
        let folder = bucket();
        write_old(&folder.path().join("deep/old.zarr"));
        let server = Server::start(folder.path(), Faults { hides_absence, ..Faults::default() });
        let axes = "YX".parse().unwrap();
        let path = PathBuf::from(format!("http://{}/deep/old.zarr", server.address));
        let old = open(&path, FileFormat::Zarr, Some(&axes), &options()).unwrap().remove(0);
        let image = levels(&url(&server, "image"), &options()).unwrap();
        let first = Region { size: patchweave_geometry::Extent::new(&[3, 4]).unwrap(), ..whole(&*old) };
        assert_eq!(old.read_patch(0, None, &first).unwrap()[[0, 0, 0, 0]], 9.0);
        std::fs::remove_dir_all(folder.path().join("deep")).unwrap();
        for stack in image.iter().chain([&old]) {
            let text = with_causes(&stack.read_patch(0, None, &whole(&**stack)).unwrap_err());
            let expected = if hides_absence { "cannot be told" } else { "got neither the chunk nor " };
            assert!(text.contains(expected), "{text}");
            assert!(text.contains(&stack.info().source) && text.contains("chunk ["), "{text}");
        }
    }
}

/// Chunks of several sizes are asked for together, and each of them once, wherever windows cut them.
#[test]
fn chunks_of_several_sizes_are_read_as_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("x.zarr");
    let rows = [3, 5, 2];
    let columns = [7, 5];
    let metadata = json!({"zarr_format": 3, "node_type": "array", "shape": [10, 12], "data_type": "uint8",
        "chunk_grid": {"name": "rectangular", "configuration": {"chunk_shape": [rows, columns]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0, "codecs": [{"name": "bytes"}], "attributes": {}});
    let mut start = [0, 0];
    for (row, height) in rows.into_iter().enumerate() {
        std::fs::create_dir_all(root.join(format!("c/{row}"))).unwrap();
        start[1] = 0;
        for (column, width) in columns.into_iter().enumerate() {
            let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
            let bytes: Vec<u8> = pixels.map(|(y, x)| (start[0] + y) * 12 + start[1] + x).collect();
            std::fs::write(root.join(format!("c/{row}/{column}")), bytes).unwrap();
            start[1] += width;
        }
        start[0] += height;
    }
    std::fs::write(root.join("zarr.json"), metadata.to_string()).unwrap();
    let gather = Some(("/c/", 6));
    let server = Server::start(folder.path(), Faults { gather, ..Faults::default() });
    let expected =
        ndarray::Array4::from_shape_fn((1, 1, 10, 12), |(_, _, y, x)| u8::try_from(y * 12 + x).unwrap());
    for path in [PathBuf::from(format!("http://{}/x.zarr", server.address)), root] {
        let options = options();
        let stack = open(&path, FileFormat::Zarr, Some(&"YX".parse().unwrap()), &options).unwrap().remove(0);
        assert_eq!(stack.info().chunks, Some(vec![5, 7]));
        image_stack_suite(&*stack, expected.mapv(f32::from).into_dyn().view());
        let stats = options.cache.stats();
        assert_eq!((stats.n_decodes, stats.decoded_bytes), (6, 120));
    }
    assert_eq!(server.most_at_once(), 6);
    assert!(server.served().values().all(|n| *n == 1), "{:?}", server.served());
}

/// Whether the store is still there is asked once for all chunks of a window that are not.
#[test]
fn missing_chunks_share_a_look_at_their_store() {
    let folder = bucket();
    let root = folder.path().join("deep/cells.zarr/image");
    std::fs::remove_dir_all(root.join("0/c/1")).unwrap();
    std::fs::remove_dir_all(root.join("1/c/1")).unwrap();
    let server = Server::start(folder.path(), Faults::default());
    for stack in levels(&url(&server, "image"), &options()).unwrap() {
        let before = server.served();
        let patch = stack.read_patch(0, None, &whole(&*stack)).unwrap();
        assert!(patch.index_axis(ndarray::Axis(0), 1).iter().all(|&pixel| pixel == 0.0));
        let looks = |served: &std::collections::BTreeMap<String, usize>| -> usize {
            served.iter().filter(|(name, _)| name.contains("zarr.json")).map(|(_, n)| n).sum()
        };
        assert_eq!(looks(&server.served()) - looks(&before), 1);
    }
    // None of them is filled where it is gone.
    let stacks = levels(&url(&server, "image"), &options()).unwrap();
    std::fs::remove_file(root.join("0/zarr.json")).unwrap();
    let missing = (0..3).flat_map(|y| (0..3).map(move |x| [y, x]));
    for [y, x] in missing {
        let mut chunk = whole(&*stacks[0]);
        chunk.start = patchweave_geometry::PerAxis::new(&[y * 8, x * 12]).unwrap();
        chunk.size = patchweave_geometry::Extent::new(&[1, 1]).unwrap();
        let text = with_causes(&stacks[0].read_patch(0, Some(&[1]), &chunk).unwrap_err());
        assert!(text.contains("got neither the chunk nor"), "{text}");
    }
}

/// However small the cache, what was read before is not filled when it is gone.
#[test]
fn far_files_that_are_gone_are_no_zeros() {
    let folder = bucket();
    let server = Server::start(folder.path(), Faults::default());
    let mut bare = OpenOptions::with_cache_bytes(0);
    bare.remote = options().remote;
    for (level, first) in [("0", "0/c/0/0/0"), ("1", "1/c/0/0/0")] {
        let stack =
            open(&url(&server, &format!("image/{level}")), FileFormat::Zarr, None, &bare).unwrap().remove(0);
        let mut corner = whole(&*stack);
        corner.size = patchweave_geometry::Extent::new(&[3, 4]).unwrap();
        let read =
            |channel| stack.read_patch(0, Some(&[channel]), &corner).map_err(|error| with_causes(&error));
        read(0).unwrap();
        // The index of another shard takes the place of the first one.
        read(1).unwrap();
        std::fs::remove_file(folder.path().join("deep/cells.zarr/image").join(first)).unwrap();
        let text = read(0).unwrap_err();
        assert!(text.ends_with("got no file, expected the one that was read before"), "{text}");
        assert!(read(1).unwrap().iter().any(|&pixel| pixel != 0.0));
    }
}

#[test]
fn far_stores_without_chunks_are_told() {
    let folder = bucket();
    let old = folder.path().join("deep/old.zarr");
    let image = folder.path().join("deep/cells.zarr/image");
    write_old(&old);
    for name in ["0.1", "1.0", "1.1"] {
        let nested = old.join(name.replace('.', "/"));
        std::fs::create_dir_all(nested.parent().unwrap()).unwrap();
        std::fs::rename(old.join(name), nested).unwrap();
    }
    std::fs::write(old.join("0/0"), [0; 12]).unwrap();
    std::fs::remove_dir_all(image.join("0/c")).unwrap();
    std::fs::remove_dir_all(image.join("1/c")).unwrap();
    let server = Server::start(folder.path(), Faults::default());
    let axes = "YX".parse().unwrap();
    let path = PathBuf::from(format!("http://{}/deep/old.zarr", server.address));
    let stack = open(&path, FileFormat::Zarr, Some(&axes), &options()).unwrap().remove(0);
    assert_eq!(
        stack.info().notes,
        ["0 of 4 chunks are there; chunks seem to be nested: dimension_separator?"]
    );
    let stacks = levels(&url(&server, "image"), &options()).unwrap();
    let expected = "none of the 8 of 18 chunks that were asked for is there: pixels are the fill value";
    assert_eq!(stacks[0].info().notes, [expected]);
    assert!(stacks[0].read_patch(0, None, &whole(&*stacks[0])).unwrap().iter().all(|&pixel| pixel == 0.0));
}
