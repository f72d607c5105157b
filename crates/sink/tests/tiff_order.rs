//! The bytes of a file do not depend on who wrote its units, when and how often.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]

mod tiff_support;

use patchweave_pixel::PixelType;
use patchweave_sink::{Codec, ImageSpec, Job, SinkFormats};

use tiff_support::{decoded, pixels, shuffled, spec, start, write_image, write_unit};

/// In place, in compressed strips, in tiles, and as a pyramid; every page has several units.
fn specs() -> Vec<ImageSpec> {
    let sized = |options| spec("CYX", &[2, 1200, 1100], PixelType::U32, options);
    let mut packed = sized(&[("predictor", "none")]);
    packed.compression.codec = Codec::Zstd;
    let mut pyramid = sized(&[]);
    pyramid.levels = 3;
    pyramid.channel_names = Some(vec!["a".into(), "b".into()]);
    vec![sized(&[]), packed, sized(&[("layout", "tiles")]), pyramid]
}

#[test]
fn order_threads_and_processes_leave_the_same_bytes() {
    for (spec, seed) in specs().into_iter().zip(7..) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tif");
        let pixels = pixels(&spec, seed);
        write_image(&path, &spec, &pixels);
        let expected = std::fs::read(&path).unwrap();
        assert!(decoded(&expected) == *pixels.view().to_bytes());

        let job = start(&path, &spec);
        let joined = [(); 2].map(|()| Job::join(&SinkFormats::default(), job.token()).unwrap());
        let n_units = job.sink().info().units.n_units();
        assert!(n_units > 2);
        std::thread::scope(|scope| {
            for thread_idx in 0..8 {
                let (sink, pixels) = (joined[thread_idx % 2].sink(), &pixels);
                // Every unit comes from four threads.
                let order = shuffled(n_units, thread_idx as u64);
                scope.spawn(move || {
                    order.into_iter().filter(|unit_idx| (unit_idx + thread_idx) % 2 == 0).for_each(
                        |unit_idx| {
                            write_unit(&*sink, pixels, unit_idx);
                        },
                    );
                });
            }
        });
        joined.into_iter().for_each(Job::leave);
        job.commit().unwrap();
        assert!(std::fs::read(&path).unwrap() == expected, "{:?} {:?}", spec.options, spec.compression);
    }
}

#[test]
fn what_was_left_is_gone_on_with() {
    for spec in specs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tif");
        let pixels = pixels(&spec, 5);
        write_image(&path, &spec, &pixels);
        let expected = std::fs::read(&path).unwrap();
        let begin = || Job::resume(&SinkFormats::default(), &path, Some("tiff"), spec.clone()).unwrap();
        let begun = begin();
        write_unit(&*begun.sink(), &pixels, 1);
        begun.leave();
        let job = begin();
        assert!(job.is_resumed());
        let sink = job.sink();
        for unit_idx in 0..sink.info().units.n_units() {
            assert_eq!(sink.is_written(unit_idx).unwrap(), unit_idx == 1);
            if unit_idx != 1 {
                write_unit(&*sink, &pixels, unit_idx);
            }
        }
        job.commit().unwrap();
        assert!(std::fs::read(&path).unwrap() == expected);
    }
}
