//! Units come in any order, from any thread, more than once.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use patchweave_pixel::{PixelType, TypedArray};
use patchweave_sink::{Job, JobToken, Location, SinkError, SinkFormats};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::common::names;
use crate::table::{CASES, Case};
use crate::written::{bytes_in, noise, part, snapshot, write_units};

const N_THREADS: usize = 8;

fn start(case: &Case, path: &Path) -> Job {
    Job::start(&SinkFormats::default(), path, Some(case.format), case.several()).unwrap()
}

/// Every unit once, one after the other.
pub fn in_order(case: &Case, path: &Path, seed: u64) -> Location {
    let job = start(case, path);
    let sink = job.sink();
    let n_units = sink.info().units.n_units();
    assert!(n_units >= 3, "{n_units} units of {}", case.label);
    write_units(&sink, &noise(sink.info(), seed), 0..n_units);
    job.commit().unwrap()
}

/// Every unit twice, by threads of which some have joined.
pub fn at_once(case: &Case, path: &Path, seed: u64) -> Location {
    let job = start(case, path);
    let token = serde_json::to_string(job.token()).unwrap();
    let image = noise(job.sink().info(), seed);
    let n_units = job.sink().info().units.n_units();
    let mut order: Vec<usize> = (0..n_units).chain(0..n_units).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..N_THREADS {
            let (token, image, order, next, job) = (&token, &image, &order, &next, &job);
            scope.spawn(move || {
                let token: JobToken = serde_json::from_str(token).unwrap();
                let joined = (thread % 2 == 1).then(|| Job::join(&SinkFormats::default(), &token).unwrap());
                let sink = joined.as_ref().unwrap_or(job).sink();
                while let Some(unit_idx) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    write_units(&sink, image, [*unit_idx]);
                }
            });
        }
    });
    job.commit().unwrap()
}

#[test]
fn the_order_of_units_does_not_change_a_byte() {
    for (seed, case) in (0..).zip(&CASES) {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        let ordered = in_order(case, &one, seed);
        assert!(snapshot(&at_once(case, &other, seed)) == snapshot(&ordered), "{}", case.label);

        let spec = case.several();
        let job = start(case, &other);
        let info = job.sink().info().clone();
        let axes = (case.axes)(spec.layout.axes());
        let expected = bytes_in(&noise(&info, seed), info.units.layout().axes(), &axes);
        assert!((case.read)(&ordered, &spec.layout) == expected, "{}", case.label);
    }
}

#[test]
fn what_is_written_is_known_and_read_at_once() {
    for case in &CASES {
        let folder = tempfile::tempdir().unwrap();
        let job = start(case, &folder.path().join("image"));
        let joined = Job::join(&SinkFormats::default(), job.token()).unwrap();
        let (sink, other) = (job.sink(), joined.sink());
        let image = noise(sink.info(), 7);
        for unit_idx in (0..sink.info().units.n_units()).rev() {
            assert!(!sink.is_written(unit_idx).unwrap(), "{}", case.label);
            assert_eq!(other.read(unit_idx).unwrap(), None);
            write_units(&sink, &image, [unit_idx]);
            assert!(other.is_written(unit_idx).unwrap(), "{}", case.label);
            let read = other.read(unit_idx).unwrap().unwrap();
            assert!(read.view() == part(&image, sink.info(), unit_idx), "{}", case.label);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    for case in &CASES {
        let folder = tempfile::tempdir().unwrap();
        let job = start(case, &folder.path().join("image"));
        let sink = job.sink();
        let unit = sink.info().unit(0).unwrap();
        let other_type = PixelType::ALL.into_iter().find(|other| *other != job.spec().pixel_type).unwrap();
        let mut other_shape = unit.size.clone();
        other_shape[0] += 1;
        let wrong = [(other_type, &unit.size), (job.spec().pixel_type, &other_shape)];
        for (pixel_type, shape) in wrong {
            let pixels = TypedArray::zeros(pixel_type, shape).unwrap();
            let error = sink.write(0, pixels.view()).unwrap_err();
            assert!(matches!(error, SinkError::UnitPixels { unit_idx: 0, .. }), "{error}");
        }
        let n_units = sink.info().units.n_units();
        let pixels = TypedArray::zeros(job.spec().pixel_type, &unit.size).unwrap();
        let errors = [
            sink.write(n_units, pixels.view()).unwrap_err(),
            sink.is_written(n_units).unwrap_err(),
            sink.read(n_units).unwrap_err(),
        ];
        for error in errors {
            let expected = format!("got unit {n_units}, expected one of {n_units}");
            assert!(error.to_string().ends_with(&expected), "{error}");
        }
        assert!(!sink.is_written(0).unwrap());
    }
}

#[test]
fn what_misses_units_gets_no_name() {
    for case in &CASES {
        let folder = tempfile::tempdir().unwrap();
        let job = start(case, &folder.path().join("image"));
        let sink = job.sink();
        let n_units = sink.info().units.n_units();
        let image = noise(sink.info(), 3);
        write_units(&sink, &image, (0..n_units).filter(|unit_idx| *unit_idx != 1));
        let error = job.commit().unwrap_err();
        let expected =
            format!("is not finished: 1 of {n_units} units were not written, the first of them is 1");
        assert!(error.to_string().ends_with(&expected), "{error}");
        assert!(names(folder.path()).is_empty(), "{}", case.label);
    }
}

#[test]
fn what_was_handed_over_is_gone() {
    let case = CASES.iter().find(|case| case.format == "memory").unwrap();
    let job = start(case, "image".as_ref());
    let token = job.token().clone();
    let joined = Job::join(&SinkFormats::default(), &token).unwrap();
    let sink = joined.sink();
    let image = noise(sink.info(), 1);
    write_units(&sink, &image, 0..sink.info().units.n_units());
    assert_eq!(job.commit().unwrap(), Location::Memory(vec![image.clone()]));
    let error = sink.write(0, part(&image, sink.info(), 0)).unwrap_err();
    assert!(matches!(error, SinkError::Gone { .. }), "{error}");
    let error = joined.commit().unwrap_err();
    assert!(matches!(error, SinkError::Gone { .. }), "{error}");
    drop(sink);
    let error = Job::join(&SinkFormats::default(), &token).err().unwrap();
    assert!(error.to_string().starts_with("image is not in memory any more"), "{error}");
}
