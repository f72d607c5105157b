//! Sinks around sinks leave the bytes that the sinks alone would.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]

mod common;

use std::path::Path;
use std::sync::Arc;

use patchweave_geometry::ArrayLayout;
use patchweave_pixel::{PixelType, TypedArray, TypedPixel};
use patchweave_sink::{Background, ImageSink, ImageSpec, Job, SinkError, SinkFormats, Tee};

use common::{files, layout};

fn pixels(layout: &ArrayLayout) -> TypedArray {
    let mut next = 0_u32;
    u32::typed(ndarray::ArrayD::from_shape_simple_fn(layout.shape(), || {
        next = next.wrapping_add(16_777_217);
        next
    }))
}

fn spec(axes: &str) -> ImageSpec {
    let mut spec = ImageSpec::new(layout(axes), PixelType::U32);
    spec.chunks = Some(vec![5; axes.len()]);
    spec
}

fn start(path: &Path, spec: ImageSpec) -> Job {
    Job::start(&SinkFormats::default(), path, None, spec).unwrap()
}

/// Writes all units of a sink out of an image in the axes of `layout`.
fn write(sink: &dyn ImageSink, layout: &ArrayLayout, image: &TypedArray) -> Result<(), SinkError> {
    let units = &sink.info().units;
    let place = |axis| layout.axes().position(axis);
    let order: Vec<usize> = units.layout().axes().as_slice().iter().copied().filter_map(place).collect();
    let image = image.view().permuted_axes(&order);
    (0..units.n_units()).try_for_each(|unit_idx| {
        let unit = units.unit(unit_idx).unwrap();
        sink.write(unit_idx, image.view().slice_box(&unit.start, &unit.size))
    })
}

fn alone(name: &str, spec: &ImageSpec, image: &TypedArray) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let job = start(&folder.path().join(name), spec.clone());
    write(&job.sink(), &spec.layout, image).unwrap();
    job.commit().unwrap();
    files(folder.path())
}

#[test]
fn a_tee_writes_what_each_sink_alone_would() {
    for axes in ["YX", "YXC", "CXYS", "ZCYXT"] {
        let spec = spec(axes);
        let image = pixels(&spec.layout);
        let folder = tempfile::tempdir().unwrap();
        let mut with_levels = spec.clone();
        with_levels.levels = 3;
        let formats = [("a.tif", &spec), ("b.ome.zarr", &spec), ("c.ome.zarr", &with_levels)];
        let jobs = formats.map(|(name, spec)| start(&folder.path().join(name), spec.clone()));
        let tee = Tee::new(jobs.iter().map(Job::sink).collect()).unwrap();
        assert!(!tee.is_written(0).unwrap() && tee.read(0).unwrap().is_none());
        write(&tee, &spec.layout, &image).unwrap();
        let unit = tee.info().unit(0).unwrap();
        let first = image.view().slice_box(&unit.start, &unit.size).to_array();
        assert!(tee.is_written(0).unwrap());
        assert_eq!(tee.read(0).unwrap(), first);
        drop(tee);
        for job in jobs {
            job.commit().unwrap();
        }
        let expected = formats.iter().flat_map(|(name, spec)| alone(name, spec, &image));
        assert!(files(folder.path()) == expected.collect::<Vec<_>>(), "{axes}");
    }
}

#[test]
fn a_tee_of_different_images_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = [("a.tif", spec("YX")), ("b.tif", spec("CYX"))]
        .map(|(name, spec)| start(&folder.path().join(name), spec));
    let error = Tee::new(jobs.iter().map(Job::sink).collect()).err().unwrap();
    assert!(matches!(error, SinkError::Unfit { .. }), "{error}");
    assert!(Tee::new(Vec::new()).is_err());
}

#[test]
fn units_in_the_background_are_those_in_front() {
    let spec = spec("TZCYX");
    let image = pixels(&spec.layout);
    let expected = alone("a.ome.zarr", &spec, &image);
    let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap());
    for budget in [0, 1000, usize::MAX] {
        let folder = tempfile::tempdir().unwrap();
        let job = start(&folder.path().join("a.ome.zarr"), spec.clone());
        let sink = Background::new(job.sink(), Arc::clone(&pool), budget);
        write(&sink, &spec.layout, &image).unwrap();
        assert!(sink.read(0).unwrap().is_some(), "who reads waits for what is on the way");
        sink.wait().unwrap();
        drop(sink);
        job.commit().unwrap();
        assert!(files(folder.path()) == expected);
    }
}

#[test]
fn a_failure_in_the_background_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let job = start(&folder.path().join("a.ome.zarr"), spec("YX"));
    let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
    let sink = Background::new(job.sink(), pool, usize::MAX);
    let work = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_dir_all(&work).unwrap();
    std::fs::write(&work, "in the way").unwrap();
    let unit = sink.info().unit(0).unwrap();
    let zeros = TypedArray::zeros(PixelType::U32, &unit.size).unwrap();
    let ones = u32::typed(ndarray::ArrayD::from_elem(unit.size.clone(), 1));
    let told =
        sink.write(0, zeros.view()).and_then(|()| sink.write(0, ones.view())).and_then(|()| sink.wait());
    assert!(matches!(told, Err(SinkError::Io { .. } | SinkError::Encoder { .. })), "{told:?}");
    sink.wait().unwrap();
}
