//! Smaller levels are what plain loops over the pixels of level 0 give.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayD, IxDyn};
use patchweave_geometry::ArrayLayout;
use patchweave_pixel::{Pixel, PixelType, TypedArray, TypedPixel};
use patchweave_sink::{Job, Location, SinkFormats};

use crate::readers::{unzip, zarr_node};
use crate::table::CASES;
use crate::written::{noise, snapshot, write_units};

const N_LEVELS: usize = 4;

/// The pixels of a level: what `of` gives for the pixels of level 0 under each, in C order.
fn plain<T: Pixel>(whole: &ArrayD<T>, halved: &[bool], level: usize, of: fn(&[T]) -> T) -> ArrayD<T> {
    let factors: Vec<usize> = halved.iter().map(|halved| if *halved { 1 << level } else { 1 }).collect();
    let shape: Vec<usize> = whole.shape().iter().zip(&factors).map(|(n, by)| n.div_ceil(*by)).collect();
    let mut under: ArrayD<Vec<T>> = ArrayD::from_elem(shape, Vec::new());
    for (at, pixel) in whole.indexed_iter() {
        let place: Vec<usize> = (0..factors.len()).map(|axis| at[axis] / factors[axis]).collect();
        under[IxDyn(&place)].push(*pixel);
    }
    under.mapv(|pixels| of(&pixels))
}

fn mean(under: &[u16]) -> u16 {
    let sum: f64 = under.iter().map(|pixel| f64::from(*pixel)).sum();
    let mean = (sum / under.len() as f64).round_ties_even();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between the pixels")]
    let mean = mean as u16;
    mean
}

fn mode(under: &[u64]) -> u64 {
    let n = |label: &u64| under.iter().filter(|other| *other == label).count();
    *under.iter().max_by(|a, b| n(a).cmp(&n(b)).then(b.cmp(a))).unwrap()
}

/// Writes an image with levels in a format and reads level 1 and those above.
fn levels(format: &str, image: &TypedArray, is_labels: bool) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let layout = ArrayLayout::new("CZYX".parse().unwrap(), image.shape()).unwrap();
    let case = CASES.iter().find(|case| case.format == format).unwrap();
    let mut spec = case.spec(layout, image.pixel_type());
    spec.chunks = Some(vec![1, 3, 6, 5]);
    spec.levels = N_LEVELS;
    spec.is_labels = is_labels;
    let job = Job::start(&SinkFormats::default(), &folder.path().join("image"), Some(format), spec).unwrap();
    let sink = job.sink();
    write_units(&sink, image, (0..sink.info().units.n_units()).rev());
    match job.commit().unwrap() {
        Location::Memory(levels) => {
            levels[1..].iter().map(|level| level.view().to_bytes().to_vec()).collect()
        }
        location => {
            let path = location.path().unwrap();
            let unzipped = folder.path().join("unzipped");
            let store = if path.is_file() {
                unzip(path, &unzipped);
                unzipped.as_path()
            } else {
                path
            };
            (1..N_LEVELS).map(|level| zarr_node(store, &format!("/{level}"))).collect()
        }
    }
}

const SHAPE: [usize; 4] = [2, 5, 27, 41];
const HALVED: [bool; 4] = [false, true, true, true];

#[test]
fn levels_are_means_over_odd_sizes() {
    // Small values, so that many means lie in the middle between two numbers.
    let small = |at: IxDyn| u16::try_from((at[3] * 7 + at[2] * 5 + at[1] * 3 + at[0]) % 11).unwrap();
    let image = ArrayD::from_shape_fn(SHAPE.to_vec(), small);
    let expected: Vec<Vec<u8>> = (1..N_LEVELS)
        .map(|level| u16::typed(plain(&image, &HALVED, level, mean)).view().to_bytes().to_vec())
        .collect();
    let image = u16::typed(image);
    for format in ["ome_zarr", "ome_zarr_zip", "memory"] {
        assert!(levels(format, &image, false) == expected, "{format}");
    }
}

#[test]
fn levels_of_labels_have_only_labels_that_exist() {
    // Labels that no float tells apart.
    let label = |number: usize| (1_u64 << 60) + number as u64;
    let image =
        ArrayD::from_shape_fn(SHAPE.to_vec(), |at| label((at[3] / 3 + at[2] / 2 + at[1] * at[0]) % 5));
    let expected: Vec<Vec<u8>> = (1..N_LEVELS)
        .map(|level| u64::typed(plain(&image, &HALVED, level, mode)).view().to_bytes().to_vec())
        .collect();
    let image = u64::typed(image);
    for format in ["ome_zarr", "ome_zarr_zip", "memory"] {
        assert!(levels(format, &image, true) == expected, "{format}");
    }
}

/// Units that are written anew after some of the smaller levels were made are in all levels.
#[test]
fn levels_are_made_anew_of_units_that_are_written_anew() {
    for format in ["tiff", "ome_zarr", "ome_zarr_zip", "memory"] {
        let folder = tempfile::tempdir().unwrap();
        let case = CASES.iter().find(|case| case.format == format).unwrap();
        let layout = ArrayLayout::new("YX".parse().unwrap(), &[200, 170]).unwrap();
        let start = |name: &str| {
            let mut spec = case.spec(layout.clone(), PixelType::U16);
            spec.chunks = Some(vec![16, 16]);
            spec.levels = 3;
            spec.name = "image".to_owned();
            Job::start(&SinkFormats::default(), &folder.path().join(name).join("image"), Some(format), spec)
                .unwrap()
        };
        let (job, other) = (start("a"), start("b"));
        let (before, pixels) = (noise(job.sink().info(), 1), noise(job.sink().info(), 2));
        write_units(&job.sink(), &before, 0..job.sink().info().units.n_units());
        let n_asked = AtomicUsize::new(0);
        assert!(!job.complete_while(&|| n_asked.fetch_add(1, Ordering::Relaxed) < 1).unwrap());
        assert!(!job.is_complete().unwrap());
        job.forget_levels().unwrap();
        for job in [&job, &other] {
            write_units(&job.sink(), &pixels, 0..job.sink().info().units.n_units());
        }
        let (got, expected) = (job.commit().unwrap(), other.commit().unwrap());
        assert!(snapshot(&got) == snapshot(&expected), "{format}");
    }
}

#[test]
fn formats_without_levels_refuse_them() {
    for case in
        CASES.iter().filter(|case| !matches!(case.format, "tiff" | "ome_zarr" | "ome_zarr_zip" | "memory"))
    {
        let mut spec = case.several();
        spec.levels = 2;
        let error =
            Job::start(&SinkFormats::default(), "image".as_ref(), Some(case.format), spec).err().unwrap();
        assert_eq!(error.to_string(), "image: got 2 levels, expected 1");
    }
}

#[test]
fn metadata_comes_first_in_a_zip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.ozx");
    let case = CASES.iter().find(|case| case.format == "ome_zarr_zip").unwrap();
    let job = Job::start(&SinkFormats::default(), &path, None, case.several()).unwrap();
    let sink = job.sink();
    assert_eq!(sink.info().pixel_type, PixelType::U64);
    write_units(&sink, &noise(sink.info(), 5), 0..sink.info().units.n_units());
    job.commit().unwrap();
    let names = unzip(&path, &folder.path().join("unzipped"));
    let first = ["zarr.json", "0/zarr.json", "1/zarr.json", "0/0/zarr.json", "1/0/zarr.json", "0/0/c/0/0/0"];
    assert_eq!(names[..first.len()], first);
    let zip = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
    let comment: serde_json::Value = serde_json::from_slice(zip.comment()).unwrap();
    assert_eq!(comment["ome"]["zipFile"]["centralDirectory"]["jsonFirst"], true);
    assert_eq!(comment["ome"]["version"], "0.5");
}
