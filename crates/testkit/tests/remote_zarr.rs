//! Zarrs behind a server of our own: over HTTP and as a bucket, with everything going wrong that may.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod support;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use patchweave_geometry::Region;
use patchweave_stack::{
    DataType, Formats, ImageStack, ImageStackExt, OpenOptions, OpenRequest, StackError, open,
};
use patchweave_testkit::image_stack_suite;
use serde_json::json;

use support::server::{Faults, Server};
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

fn with_causes(error: &StackError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
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
        let stacks = levels(&path, &options()).unwrap();
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
    let chunks: Vec<_> = served.iter().filter(|(name, _)| name.contains("/c/")).collect();
    let (shards, plain): (Vec<_>, Vec<_>) =
        chunks.into_iter().partition(|(name, _)| name.contains("/image/1/"));
    assert_eq!(plain.len(), 2 * 3 * 3, "{plain:?}");
    // 2 × 1 × 2 shards with an index each, and the chunks inside of the image.
    assert_eq!(shards.len(), 4 + 2 * 3 * 3, "{shards:?}");
    assert!(served.values().all(|n| *n == 1), "{served:?}");
}

#[test]
fn what_stays_broken_is_named() {
    let folder = bucket();
    let faults = Faults { broken: Some("image/0/c/1/2/1"), ..Faults::default() };
    let server = Server::start(folder.path(), faults);
    let path = url(&server, "image/0");
    let stack = open(&path, DataType::Zarr, None, &options()).unwrap().remove(0);
    let text = with_causes(&stack.read_patch(0, None, &whole(&*stack)).unwrap_err());
    let object = format!("{}/c/1/2/1", path.display());
    let start = format!(
        "{path}: chunk [1, 2, 1] ({object}) cannot be read: {object}: got no answer in 4 tries: ",
        path = path.display()
    );
    assert!(text.starts_with(&start), "{text}");
    assert!(text.contains("500"), "{text}");
    assert_eq!(server.n_faults(), 4);
}

#[test]
fn what_is_forbidden_is_not_missing() {
    let folder = bucket();
    let faults = Faults { forbidden: Some("image/0/c/0/0/0"), ..Faults::default() };
    let server = Server::start(folder.path(), faults);
    std::fs::remove_file(folder.path().join("deep/cells.zarr/image/0/c/1/0/0")).unwrap();
    let stack = open(&url(&server, "image/0"), DataType::Zarr, None, &options()).unwrap().remove(0);
    let text = with_causes(&stack.read_patch(0, Some(&[0]), &whole(&*stack)).unwrap_err());
    assert!(text.contains("in 1 tries") && text.contains("403"), "{text}");
    let patch = stack.read_patch(0, Some(&[1]), &whole(&*stack)).unwrap();
    assert_eq!((patch[[0, 0, 0, 0]], patch[[0, 0, 8, 0]]), (0.0, f32::from(image()[[1, 8, 0]])));
}

#[test]
fn a_server_that_hangs_is_left() {
    let folder = bucket();
    let server = Server::start(folder.path(), Faults { delay: Duration::from_secs(5), ..Faults::default() });
    let mut options = options();
    (options.remote.timeout, options.remote.tries) = (Duration::from_millis(30), 2);
    let error = open(&url(&server, "image/0"), DataType::Zarr, None, &options).err().unwrap();
    let text = with_causes(&error);
    assert!(text.contains("in 2 tries"), "{text}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "https"] {
        let path = PathBuf::from(format!("{scheme}://{free}/x.zarr"));
        let text = with_causes(&open(&path, DataType::Zarr, None, &options()).err().unwrap());
        let start = format!(
            "{p}: zarr.json cannot be read: {p}/zarr.json: got no answer in 4 tries: ",
            p = path.display()
        );
        assert!(text.starts_with(&start), "{text}");
    }
}

#[test]
fn groups_over_http_need_a_list_of_their_members() {
    let folder = bucket();
    let server = Server::start(folder.path(), Faults::default());
    let axes = AXES.parse().unwrap();
    let open = |inside: &str| open(&url(&server, inside), DataType::Zarr, Some(&axes), &options());
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
    let stacks = open(&path, DataType::Zarr, Some(&"YX".parse().unwrap()), &options()).unwrap();
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
    let options = bucket_options(&server);
    for stack in levels(Path::new("s3://bucket/deep/cells.zarr/image"), &options).unwrap() {
        image_stack_suite(&*stack, expected().view());
    }
    let axes = AXES.parse().unwrap();
    let path = Path::new("s3://bucket/deep/cells.zarr/group");
    let stacks = open(path, DataType::Zarr, Some(&axes), &options).unwrap();
    let names: Vec<&str> = stacks.iter().map(|stack| stack.info().source.as_str()).collect();
    assert_eq!(names, ["s3://bucket/deep/cells.zarr/group/a", "s3://bucket/deep/cells.zarr/group/b"]);
    let mut wrong = options.clone();
    wrong.remote.settings.push(("AWS_REGOIN".into(), "x".into()));
    let error = open(path, DataType::Zarr, Some(&axes), &wrong).err().unwrap();
    assert!(with_causes(&error).ends_with("the setting aws_regoin is not known"), "{error:?}");
}

#[test]
fn callers_may_be_asynchronous() {
    let folder = bucket();
    let server = Server::start(folder.path(), Faults::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let path = url(&server, "image/0");
    let stack = runtime.block_on(async { open(&path, DataType::Zarr, None, &options()).unwrap().remove(0) });
    let patch = runtime.block_on(async { stack.read_patch(0, None, &whole(&*stack)) });
    assert_eq!(patch.unwrap()[[1, 0, 20, 25]], f32::from(image()[[1, 20, 25]]));
}
