//! How fast images are written on the cores there are, beside the codec alone and a plain file.
//!
//! `zstd alone` compresses the chunks of the image one after the other on every core and keeps nothing; `a plain file` writes
//! the pixels as they are. Nothing is waited for to reach the disk. Bytes are those of the pixels.
#![allow(clippy::unwrap_used, reason = "a benchmark that fails panics")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use patchweave::geometry::ArrayLayout;
use patchweave::pixel::{TypedArray, TypedPixel};
use patchweave::sink::{Codec, Compression, Durability, ImageSpec, Job, LevelAxes, SinkFormats};
use rayon::prelude::*;

const SHAPE: [usize; 3] = [64, 512, 512];
const CHUNK: [usize; 3] = [32, 128, 128];
const SHARD: [usize; 3] = [64, 256, 256];
/// What `zstd` takes unless it is told.
const LEVEL: i32 = 3;

/// Noise of eight bits on a slope: compresses as micrographs do, to about two thirds.
fn image() -> TypedArray {
    let mut noise = 0_u32;
    let pixels = ndarray::Array3::from_shape_fn(SHAPE, |(z, y, x)| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u16::try_from(100 + z + (y + x) / 8).unwrap() + u16::from((noise >> 24) as u8)
    });
    u16::typed(pixels.into_dyn())
}

struct Case {
    name: &'static str,
    file: &'static str,
    codec: Codec,
    levels: usize,
}

const CASES: [Case; 5] = [
    Case { name: "OME-Zarr", file: "a.ome.zarr", codec: Codec::Auto, levels: 1 },
    Case { name: "OME-Zarr, zstd", file: "a.ome.zarr", codec: Codec::Zstd, levels: 1 },
    Case { name: "OME-Zarr, zstd, 4 levels", file: "a.ome.zarr", codec: Codec::Zstd, levels: 4 },
    Case { name: "OME-Zarr, uncompressed", file: "a.ome.zarr", codec: Codec::None, levels: 1 },
    Case { name: "TIFF, uncompressed", file: "a.tif", codec: Codec::None, levels: 1 },
];

fn write(case: &Case, folder: &Path, pixels: &TypedArray) {
    let layout = ArrayLayout::new("ZYX".parse().unwrap(), &SHAPE).unwrap();
    let mut spec = ImageSpec::new(layout, pixels.pixel_type());
    spec.compression = Compression { codec: case.codec, level: None };
    spec.levels = case.levels;
    spec.level_axes = LevelAxes::Zyx;
    spec.durability = Durability::None;
    if case.file.ends_with("zarr") {
        spec.chunks = Some(CHUNK.to_vec());
        spec.shards = Some(SHARD.to_vec());
    }
    let path = folder.join(case.file);
    let job = Job::start(&SinkFormats::default(), &path, None, spec).unwrap();
    let sink = job.sink();
    (0..sink.info().units.n_units()).into_par_iter().for_each(|unit_idx| {
        let unit = sink.info().unit(unit_idx).unwrap();
        sink.write(unit_idx, pixels.view().slice_box(&unit.start, &unit.size)).unwrap();
    });
    job.commit().unwrap();
}

/// The bytes of every chunk.
fn chunks(pixels: &TypedArray) -> Vec<Vec<u8>> {
    let places = SHAPE.iter().zip(CHUNK).map(|(size, chunk)| size / chunk).collect::<Vec<_>>();
    ndarray::indices(ndarray::IxDyn(&places))
        .into_iter()
        .map(|place| {
            let start: Vec<usize> = (0..3).map(|axis| place[axis] * CHUNK[axis]).collect();
            pixels.view().slice_box(&start, &CHUNK).to_bytes().into_owned()
        })
        .collect()
}

fn sinks(criterion: &mut Criterion) {
    let pixels = image();
    let bytes = pixels.view().to_bytes().into_owned();
    let chunks = chunks(&pixels);
    let folder = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("64x512x512 uint16");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(3));
    group.bench_function("zstd alone", |bencher| {
        bencher.iter(|| {
            let context = || zstd::bulk::Compressor::new(LEVEL).unwrap();
            chunks.par_iter().for_each_init(context, |context, chunk| {
                black_box(context.compress(chunk).unwrap());
            });
        });
    });
    group.bench_function("a plain file", |bencher| {
        bencher.iter(|| fs::write(folder.path().join("plain"), &bytes).unwrap());
    });
    for case in &CASES {
        group.bench_function(case.name, |bencher| bencher.iter(|| write(case, folder.path(), &pixels)));
    }
    group.finish();
}

criterion_group!(benches, sinks);
criterion_main!(benches);
