//! Images in object stores: the same objects as the files of a folder, no image before its end, and one owner at a time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use patchweave_pixel::{PixelType, TypedArray};
use patchweave_remote::{RemoteFolder, RemoteOptions, connect};
use patchweave_sink::{ImageSpec, Job, Location, SinkError, SinkFormats, labels_target, list_labels};
use proptest::prelude::*;

use crate::common::{files, layout};
use crate::table::{CASES, Case};
use crate::units::{at_once, in_order};
use crate::written::{noise, objects, part, write_units};

const MARKERS: [&str; 4] = ["zarr.json", ".zgroup", ".zarray", ".zattrs"];

fn stores() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| case.is_store())
}

/// A place in a store that no other test has, and what can be seen of it.
fn place() -> (PathBuf, RemoteFolder) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let url = format!("memory://bucket-{}/deep/image", NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = connect(&url, &RemoteOptions::default()).unwrap();
    (url.into(), folder)
}

fn is_image(folder: &RemoteFolder) -> bool {
    MARKERS.iter().any(|name| folder.has(name).unwrap())
}

fn start(case: &Case, url: &Path, spec: ImageSpec) -> Result<Job, SinkError> {
    Job::start(&SinkFormats::default(), url, Some(case.format), spec)
}

fn resume(case: &Case, url: &Path, spec: ImageSpec) -> Result<Job, SinkError> {
    Job::resume(&SinkFormats::default(), url, Some(case.format), spec)
}

#[test]
fn objects_are_the_files_of_a_folder() {
    for (seed, case) in (0..).zip(stores()) {
        let local = tempfile::tempdir().unwrap();
        in_order(case, &local.path().join("image"), seed);
        let expected = files(&local.path().join("image"));
        for write in [in_order, at_once] {
            let (url, folder) = place();
            assert_eq!(write(case, &url, seed), Location::Url(url.to_str().unwrap().into()));
            assert!(objects(&folder) == expected, "{} {:?}", case.label, folder.list("").unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// With levels, of labels or not: whatever the axes.
    #[test]
    fn levels_are_the_same_too(
        axes in prop::sample::select(vec!["YX", "ZYX", "TCYX", "SCZYX"]),
        levels in 1_usize..4,
        is_labels: bool,
        seed: u64,
    ) {
        let spec = |case: &Case| {
            let mut spec = case.spec(layout(axes), PixelType::U32);
            spec.chunks = Some(spec.layout.shape().iter().map(|size| size.div_ceil(2)).collect());
            (spec.levels, spec.is_labels) = (levels, is_labels);
            spec
        };
        for case in stores().filter(|case| case.format == "ome_zarr") {
            let local = tempfile::tempdir().unwrap();
            let path = local.path().join("image");
            let (url, folder) = place();
            for target in [&path, &url] {
                let job = start(case, target, spec(case)).unwrap();
                let sink = job.sink();
                write_units(&sink, &noise(sink.info(), seed), 0..sink.info().units.n_units());
                job.commit().unwrap();
            }
            prop_assert!(objects(&folder) == files(&path), "{}", case.label);
        }
    }
}

#[test]
fn there_is_no_image_before_its_end() {
    for case in stores() {
        let (url, folder) = place();
        let job = start(case, &url, case.several()).unwrap();
        let sink = job.sink();
        let n_units = sink.info().units.n_units();
        let image = noise(sink.info(), 1);
        for unit_idx in 0..n_units {
            write_units(&sink, &image, [unit_idx]);
            assert!(!is_image(&folder), "{}", case.label);
        }
        job.complete().unwrap();
        assert!(!is_image(&folder), "{}", case.label);
        drop(job);
        assert_eq!(folder.list("").unwrap(), Vec::<String>::new(), "{}", case.label);

        let job = start(case, &url, case.several()).unwrap();
        write_units(&job.sink(), &image, 1..n_units);
        let error = job.commit().unwrap_err();
        assert!(matches!(error, SinkError::Incomplete { unit_idx: 0, n_missing: 1, .. }), "{error}");
        assert!(folder.list("").unwrap().is_empty(), "{}", case.label);
    }
}

#[test]
fn what_was_left_is_gone_on_with_only_for_the_same_image() {
    for case in stores() {
        let local = tempfile::tempdir().unwrap();
        in_order(case, &local.path().join("image"), 5);
        let (url, folder) = place();
        let first = resume(case, &url, case.several()).unwrap();
        assert!(!first.is_resumed());
        let n_units = first.sink().info().units.n_units();
        let image = noise(first.sink().info(), 5);
        write_units(&first.sink(), &image, [0, 2]);
        first.leave();

        let second = resume(case, &url, case.several()).unwrap();
        assert!(second.is_resumed(), "{}", case.label);
        let sink = second.sink();
        let missing: Vec<usize> = (0..n_units).filter(|unit| !sink.is_written(*unit).unwrap()).collect();
        assert_eq!(missing, [vec![1], (3..n_units).collect()].concat());
        assert!(sink.read(2).unwrap().unwrap().view() == part(&image, sink.info(), 2));
        write_units(&sink, &image, missing);
        second.commit().unwrap();
        assert!(objects(&folder) == files(&local.path().join("image")), "{}", case.label);

        let third = resume(case, &url, case.several()).unwrap();
        write_units(&third.sink(), &image, [0]);
        third.leave();
        let mut other = case.several();
        other.origin = Some("another file".into());
        let fourth = resume(case, &url, other).unwrap();
        assert!(!fourth.is_resumed() && !fourth.sink().is_written(0).unwrap(), "{}", case.label);
    }
}

/// Whoever starts an image owns it; who had it before is told with the next unit and takes nothing away.
#[test]
fn an_image_has_one_owner() {
    for case in stores() {
        let (url, folder) = place();
        let first = start(case, &url, case.several()).unwrap();
        let old = first.sink();
        let image = noise(old.info(), 2);
        write_units(&old, &image, [0]);
        let second = start(case, &url, case.several()).unwrap();
        let sink = second.sink();
        assert!(!sink.is_written(0).unwrap(), "{}", case.label);
        let error = old.write(1, part(&image, old.info(), 1)).unwrap_err();
        assert!(matches!(error, SinkError::TakenOver { .. }), "{error}");
        let error = Job::join(&SinkFormats::default(), first.token()).err().unwrap();
        assert!(matches!(error, SinkError::TakenOver { .. }), "{error}");
        write_units(&sink, &image, 0..sink.info().units.n_units());
        drop((first, old));
        second.commit().unwrap();
        assert!(is_image(&folder), "{}", case.label);
    }
}

/// Chunks that are left out because they are empty must not be those of an earlier image.
#[test]
fn nothing_stays_of_an_earlier_image() {
    for case in stores() {
        let (url, folder) = place();
        in_order(case, &url, 3);
        let job = start(case, &url, case.several()).unwrap();
        assert!(!is_image(&folder), "{}", case.label);
        let sink = job.sink();
        let shape = sink.info().units.layout().shape().to_vec();
        let zeros = TypedArray::zeros(job.spec().pixel_type, &shape).unwrap();
        write_units(&sink, &zeros, 0..sink.info().units.n_units());
        job.commit().unwrap();
        let chunk = folder
            .list("")
            .unwrap()
            .into_iter()
            .find(|name| !MARKERS.iter().any(|marker| name.ends_with(marker)));
        let stores_empty = case.spec(layout("YX"), PixelType::U8).options.contains_key("store_empty");
        assert_eq!(chunk.is_some(), stores_empty, "{} {chunk:?}", case.label);
    }
}

#[test]
fn labels_are_listed_at_the_end() {
    let case = stores().next().unwrap();
    let (url, folder) = place();
    let job = start(case, &url, case.several()).unwrap();
    let sink = job.sink();
    write_units(&sink, &noise(sink.info(), 6), 0..sink.info().units.n_units());
    let target = labels_target(&job, "nuclei").unwrap();
    assert_eq!(target, url.join("labels/nuclei"));
    let mut spec = case.spec(layout("YX"), PixelType::U32);
    spec.is_labels = true;
    let labels = start(case, &target, spec).unwrap();
    let sink = labels.sink();
    write_units(&sink, &noise(sink.info(), 7), 0..sink.info().units.n_units());
    labels.commit().unwrap();
    list_labels(&job, &["nuclei".to_owned()]).unwrap();
    assert!(!folder.has("labels/zarr.json").unwrap() && !is_image(&folder));
    job.commit().unwrap();
    for name in ["zarr.json", "labels/zarr.json", "labels/nuclei/zarr.json", "labels/nuclei/0/zarr.json"] {
        assert!(folder.has(name).unwrap(), "{name}");
    }
    assert!(!folder.list("").unwrap().iter().any(|name| name.contains(".patchweave")));
}

#[test]
fn what_must_not_be_written_is_refused_and_stays() {
    let formats = SinkFormats::default();
    let spec = |case: &Case| case.spec(layout("YX"), PixelType::U8);
    for case in stores() {
        let (url, folder) = place();
        folder.put("notes/a.txt", b"precious".to_vec()).unwrap();
        for job in [start(case, &url, spec(case)), resume(case, &url, spec(case))] {
            let error = job.err().unwrap();
            assert!(matches!(error, SinkError::NotAStore { .. }), "{error}");
        }
        assert_eq!(folder.list("").unwrap(), ["notes/a.txt"]);
        for (url, expected) in [
            ("memory://bucket", "memory://bucket names no file"),
            ("memory://bucket/", "memory://bucket/ names no file"),
            ("http://localhost:1/image.zarr", "could not connect to http://localhost:1/image.zarr"),
            ("ftp://host/image.zarr", "could not connect to ftp://host/image.zarr"),
        ] {
            let error = start(case, url.as_ref(), spec(case)).err().unwrap();
            assert_eq!(error.to_string(), expected);
        }
    }
    for case in CASES.iter().filter(|case| case.has_files() && !case.is_store()) {
        let (url, folder) = place();
        let error = start(case, &url, spec(case)).err().unwrap();
        assert!(error.to_string().contains("got a URL, expected a path, or the format ome_zarr"), "{error}");
        assert!(!formats.stands(&url).unwrap() && folder.list("").unwrap().is_empty());
    }
}
