//! Images are written into a bucket of a server that speaks S3, which stops at any step: nothing is an image before it is
//! whole, what is written is not lost, and the error names the image.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use patchweave_formats::{FileFormat, OpenOptions, RemoteOptions, open};
use patchweave_geometry::{ArrayLayout, Region};
use patchweave_pixel::{PixelType, TypedArray};
use patchweave_sink::{
    Fingerprint, ImageSink, ImageSpec, Job, Journal, JournalOptions, LevelAxes, Location, SinkError,
    SinkFormats,
};
use patchweave_stack::{ImageStack, ImageStackExt, with_causes};
use patchweave_testkit::{Faults, Server};

const URL: &str = "s3://bucket/results/cells.ome.zarr";

fn remote(server: &Server) -> RemoteOptions {
    let mut remote = RemoteOptions::default();
    remote.back_off = Duration::from_millis(1);
    let endpoint = format!("http://{}", server.address);
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ] {
        remote.settings.push((name.into(), value.into()));
    }
    remote
}

fn formats(server: &Server) -> SinkFormats {
    SinkFormats::default().with_remote(remote(server))
}

fn spec() -> ImageSpec {
    let layout = ArrayLayout::new("ZYX".parse().unwrap(), &[3, 20, 24]).unwrap();
    let mut spec = ImageSpec::new(layout, PixelType::U16);
    spec.levels = 2;
    // So that what leaves its part of a level is one shard.
    spec.level_axes = LevelAxes::Yx;
    spec.chunks = Some(vec![1, 16, 16]);
    spec.shards = Some(vec![1, 16, 32]);
    spec
}

/// Every pixel another one.
fn image() -> TypedArray {
    TypedArray::U16(ndarray::ArrayD::from_shape_fn(vec![3, 20, 24], |at| {
        u16::try_from(1 + at[0] * 480 + at[1] * 24 + at[2]).unwrap()
    }))
}

/// Goes on with the image or starts it, and writes what is missing.
fn write(formats: &SinkFormats, target: &Path) -> Result<Location, SinkError> {
    let job = Job::resume(formats, target, None, spec())?;
    let written = write_missing(job.sink().as_ref()).and_then(|()| job.complete());
    match written {
        Ok(()) => job.commit(),
        Err(error) => {
            job.leave();
            Err(error)
        }
    }
}

fn write_missing(sink: &dyn ImageSink) -> Result<(), SinkError> {
    let image = image();
    for unit_idx in 0..sink.info().units.n_units() {
        if !sink.is_written(unit_idx)? {
            let unit = sink.info().unit(unit_idx)?;
            sink.write(unit_idx, image.view().slice_box(&unit.start, &unit.size))?;
        }
    }
    Ok(())
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    let named =
        |path: &PathBuf| (path.strip_prefix(folder).unwrap().to_owned(), std::fs::read(path).unwrap());
    found.iter().map(named).collect()
}

/// The image as it is on a disk.
fn expected() -> Vec<(PathBuf, Vec<u8>)> {
    let local = tempfile::tempdir().unwrap();
    let path = local.path().join("cells.ome.zarr");
    write(&SinkFormats::default(), &path).unwrap();
    files(&path)
}

#[test]
fn a_bucket_gets_what_a_folder_gets_and_is_read_again() {
    let bucket = tempfile::tempdir().unwrap();
    let server = Server::start(bucket.path(), Faults::default());
    let formats = formats(&server);
    assert!(!formats.stands(URL.as_ref()).unwrap());
    assert_eq!(write(&formats, URL.as_ref()).unwrap(), Location::Url(URL.into()));
    assert!(formats.stands(URL.as_ref()).unwrap());
    assert!(files(&bucket.path().join("bucket/results/cells.ome.zarr")) == expected());
    let mut options = OpenOptions::default();
    options.remote = remote(&server);
    let stack: Arc<dyn ImageStack> = open(URL.as_ref(), FileFormat::Zarr, None, &options).unwrap().remove(0);
    let whole = Region::whole(stack.info().shape().extent);
    let pixels = stack.read_patch(0, None, &whole).unwrap();
    assert!(pixels.iter().zip(1_u16..).all(|(got, expected)| *got == f32::from(expected)));
}

/// Hang-ups and errors of the server that pass are not noticed.
#[test]
fn passing_faults_of_the_server_are_not_noticed() {
    let bucket = tempfile::tempdir().unwrap();
    let faults = Faults { error_500: 7, ..Faults::default() };
    let server = Server::start(bucket.path(), faults);
    write(&formats(&server), URL.as_ref()).unwrap();
    assert!(server.n_faults() > 0);
    assert!(files(&bucket.path().join("bucket/results/cells.ome.zarr")) == expected());
}

/// The marks of units of level 0 that were written.
fn marks(root: &Path) -> Vec<String> {
    let own = files(&root.join(".patchweave"));
    let names =
        own.iter().filter_map(|(path, _)| path.to_str()?.split_once("/done/0/").map(|(_, mark)| mark));
    names.map(str::to_owned).collect()
}

/// Chunks of level 0 that were put.
fn n_chunks(server: &Server) -> usize {
    server.put().iter().filter(|(name, _)| name.contains("/0/c/")).map(|(_, n)| n).sum()
}

/// For good, or for some requests, which may be those that clean up.
#[test]
fn a_store_that_is_gone_at_any_step_loses_nothing() {
    let expected = expected();
    let (n_requests, n_all) = {
        let bucket = tempfile::tempdir().unwrap();
        let server = Server::start(bucket.path(), Faults::default());
        write(&formats(&server), URL.as_ref()).unwrap();
        (server.n_requests(), n_chunks(&server))
    };
    for (n, n_refused) in (0..n_requests).flat_map(|n| [(n, u64::MAX), (n, 1)]) {
        let bucket = tempfile::tempdir().unwrap();
        let root = bucket.path().join("bucket/results/cells.ome.zarr");
        let server =
            Server::start(bucket.path(), Faults { refuses: Some((n, n_refused)), ..Faults::default() });
        let error = write(&formats(&server), URL.as_ref()).unwrap_err();
        let told = with_causes(&error);
        assert!(told.contains(URL) && told.contains("the server denies access"), "{n}: {told}");
        // What is an image is whole; only what the work needed may still be there.
        if root.join("zarr.json").exists() {
            let own = files(&root).into_iter().filter(|(path, _)| !path.starts_with(".patchweave"));
            assert!(own.collect::<Vec<_>>() == expected, "{n}");
        }
        let n_marks = marks(&root).len();
        let has_begun = n_chunks(&server) > 1;
        let is_finished = root.join("zarr.json").exists() && !root.join(".patchweave/owner").exists();
        assert!(
            n_marks > 0 || !has_begun || root.join("zarr.json").exists(),
            "{n}: what was written is kept"
        );
        let server = Server::start(bucket.path(), Faults::default());
        write(&formats(&server), URL.as_ref()).unwrap();
        assert!(files(&root) == expected, "{n}");
        let n_put = n_chunks(&server);
        // What is finished is replaced.
        let is_gone_on_with = is_finished || n_put <= n_all - n_marks;
        assert!(is_gone_on_with, "{n}: {n_put} chunks were put, {n_marks} of {n_all} were there");
    }
}

/// The image that was there before is gone from the start, but never a mixture of both.
#[test]
fn an_image_that_is_replaced_is_the_new_one_or_none() {
    let expected = expected();
    let old = |formats: &SinkFormats| {
        let mut spec = spec();
        (spec.levels, spec.shards) = (1, None);
        let job = Job::start(formats, URL.as_ref(), None, spec).unwrap();
        write_missing(job.sink().as_ref()).unwrap();
        job.commit().unwrap();
    };
    for n in 0..40 {
        let bucket = tempfile::tempdir().unwrap();
        let root = bucket.path().join("bucket/results/cells.ome.zarr");
        old(&formats(&Server::start(bucket.path(), Faults::default())));
        let before = files(&root);
        let server =
            Server::start(bucket.path(), Faults { refuses: Some((n, u64::MAX)), ..Faults::default() });
        if write(&formats(&server), URL.as_ref()).is_ok() {
            assert!(n > 10, "there are more requests");
            break;
        }
        let now: Vec<_> =
            files(&root).into_iter().filter(|(path, _)| !path.starts_with(".patchweave")).collect();
        assert!(!root.join("zarr.json").exists() || now == before || now == expected, "{n}");
        write(&formats(&Server::start(bucket.path(), Faults::default())), URL.as_ref()).unwrap();
        assert!(files(&root) == expected, "{n}");
    }
}

/// What two processes and one that finishes do, one after the other.
fn in_parts(formats: &SinkFormats) -> Result<(), SinkError> {
    let folder = Path::new("s3://bucket/results");
    let about = Fingerprint::from([("sigma".into(), "2".into())]);
    let shared = JournalOptions { is_shared: true, ..JournalOptions::default() };
    for part in 0..2 {
        let journal = Journal::open(formats, folder, &about, shared)?;
        let Some(job) = journal.job(formats, URL.as_ref(), None, spec())? else { continue };
        let (sink, image) = (job.sink(), image());
        let written = sink.written()?;
        let missing =
            written.iter().enumerate().filter(|(_, is_written)| !**is_written).map(|(unit, _)| unit);
        for unit_idx in missing.filter(|unit_idx| unit_idx % 2 == part) {
            let unit = sink.info().unit(unit_idx)?;
            sink.write(unit_idx, image.view().slice_box(&unit.start, &unit.size))?;
        }
    }
    let journal = Journal::open(formats, folder, &about, JournalOptions::default())?;
    if let Some(job) = journal.job(formats, URL.as_ref(), None, spec())? {
        job.commit()?;
    }
    journal.close()
}

/// For good, or for one request: whoever comes next goes on, and nothing stays but the image.
#[test]
fn a_journal_whose_store_is_gone_at_any_step_loses_nothing() {
    let expected: Vec<_> =
        expected().into_iter().map(|(name, bytes)| (Path::new("cells.ome.zarr").join(name), bytes)).collect();
    let n_requests = {
        let bucket = tempfile::tempdir().unwrap();
        let server = Server::start(bucket.path(), Faults::default());
        in_parts(&formats(&server)).unwrap();
        assert!(files(&bucket.path().join("bucket/results")) == expected);
        server.n_requests()
    };
    for (n, n_refused) in (0..n_requests).flat_map(|n| [(n, u64::MAX), (n, 1)]) {
        let bucket = tempfile::tempdir().unwrap();
        let root = bucket.path().join("bucket/results");
        let server =
            Server::start(bucket.path(), Faults { refuses: Some((n, n_refused)), ..Faults::default() });
        let told = with_causes(&in_parts(&formats(&server)).unwrap_err());
        assert!(
            told.contains("s3://bucket/results") && told.contains("the server denies access"),
            "{n}: {told}"
        );
        let is_image = root.join("cells.ome.zarr/zarr.json").exists();
        let own = |path: &Path| path.iter().any(|part| part.to_string_lossy().starts_with(".patchweave"));
        if is_image {
            let image: Vec<_> = files(&root).into_iter().filter(|(path, _)| !own(path)).collect();
            assert!(image == expected, "{n}");
        }
        if is_image && !root.join(".patchweave-journal/journal.json").exists() {
            // Only what is of nobody was not removed.
            continue;
        }
        in_parts(&formats(&Server::start(bucket.path(), Faults::default()))).unwrap();
        assert!(files(&root) == expected, "{n}");
    }
}

/// Connections that break where nobody knows whether what was asked for was done.
#[test]
fn a_journal_does_not_notice_connections_that_break() {
    for every in 2..14 {
        let bucket = tempfile::tempdir().unwrap();
        let server = Server::start(bucket.path(), Faults { drop_connection: every, ..Faults::default() });
        let mut remote = remote(&server);
        remote.tries = 8;
        if every % 2 == 0 {
            // As for servers that refuse such requests.
            remote.settings.push(("AWS_CONDITIONAL_PUT".into(), "disabled".into()));
        }
        in_parts(&SinkFormats::default().with_remote(remote)).unwrap();
        let expected = expected();
        assert!(files(&bucket.path().join("bucket/results/cells.ome.zarr")) == expected, "{every}");
    }
}
