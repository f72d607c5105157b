//! How fast tiles are placed, and regions read from files.
#![allow(clippy::unwrap_used, reason = "a benchmark that fails panics")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array4, Axis};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{ArrayLayout, Extent, ImageShape, PerAxis, Region, TileSpec};
use patchweave::patching::{PatchRng, Patching, TiledPatching};
use patchweave::pixel::PixelType;
use patchweave::quilt::{Stitcher, place_tile};
use patchweave::simulate::{Simulation, simulate};
use patchweave::sink::{ImageSpec, create};
use patchweave::stack::{ImageStack, ImageStackExt};

const SIZE: usize = 1024;
const TILE: usize = 128;
const PATCH: usize = 64;
const N_REGIONS: usize = 64;

fn tiles(criterion: &mut Criterion) {
    let shape = ImageShape::from_slice(&[1, 1, SIZE, SIZE]).unwrap();
    let overlaps = PerAxis::new(&[32, 32]).unwrap();
    let patching = TiledPatching::new(&[shape], Extent::new(&[TILE, TILE]).unwrap(), Some(overlaps)).unwrap();
    let spec = |index| patching.spec(index, &mut PatchRng::for_patch(0, 0, index)).unwrap();
    let specs: Vec<TileSpec> = (0..patching.n_patches()).map(|index| *spec(index).tile().unwrap()).collect();
    let tile = Array4::<f32>::ones([1, 1, TILE, TILE]);

    let mut group = criterion.benchmark_group("128x128 tiles, overlap 32, into 1024x1024");
    let bytes = (SIZE * SIZE * size_of::<f32>()) as u64;
    group.throughput(Throughput::ElementsAndBytes { elements: specs.len() as u64, bytes });
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut image = Array4::<f32>::zeros([1, 1, SIZE, SIZE]);
    group.bench_function("place_tile", |bencher| {
        bencher.iter(|| {
            for spec in &specs {
                place_tile(tile.view(), spec, image.view_mut()).unwrap();
            }
            black_box(&image);
        });
    });
    group.bench_function("Stitcher", |bencher| {
        bencher.iter(|| {
            let mut stitcher = Stitcher::new(shape).unwrap();
            for spec in &specs {
                stitcher.place(tile.view(), spec).unwrap();
            }
            assert!(stitcher.is_complete());
            stitcher.into_image()
        });
    });
    group.finish();
}

/// A simulated plane, written in a format.
fn write(path: &Path, format: &str) {
    let extent = Extent::new(&[SIZE, SIZE]).unwrap();
    let image = simulate(&Simulation { extent, ..Simulation::default() }).unwrap().mixed;
    let layout = ArrayLayout::new("YX".parse().unwrap(), image.shape()).unwrap();
    let mut sink = create(path, format, ImageSpec::new(layout, PixelType::U16)).unwrap();
    let block = image.mapv(f32::from).insert_axis(Axis(0)).insert_axis(Axis(0));
    sink.write_block(0, [0; 3], block.into_dimensionality().unwrap().view()).unwrap();
    sink.finish().unwrap();
}

fn opened(path: &Path, data_type: FileFormat, options: &OpenOptions) -> Arc<dyn ImageStack> {
    open(path, data_type, Some(&"YX".parse().unwrap()), options).unwrap().remove(0)
}

fn regions(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let tiff = folder.path().join("image.tiff");
    let zarr = folder.path().join("image.ome.zarr");
    write(&tiff, "tiff");
    write(&zarr, "ome_zarr");
    let cached = OpenOptions::default();
    let uncached = OpenOptions::with_cache_bytes(0);
    let sources = [
        ("TIFF in strips", opened(&tiff, FileFormat::Tiff, &cached)),
        ("OME-Zarr, chunks cached", opened(&zarr, FileFormat::Zarr, &cached)),
        ("OME-Zarr, chunks decoded anew", opened(&zarr, FileFormat::Zarr, &uncached)),
    ];

    // Steps that share no divisor with the range spread the starts over the image.
    let start = |step: usize| i64::try_from(step % (SIZE - PATCH)).unwrap();
    let size = Extent::new(&[PATCH, PATCH]).unwrap();
    let regions: Vec<Region> = (0..N_REGIONS)
        .map(|i| Region::new(PerAxis::new(&[start(i * 617), start(i * 389)]).unwrap(), size).unwrap())
        .collect();

    let mut group = criterion.benchmark_group("64x64 regions of 1024x1024 uint16");
    let bytes = (N_REGIONS * PATCH * PATCH * size_of::<f32>()) as u64;
    group.throughput(Throughput::ElementsAndBytes { elements: N_REGIONS as u64, bytes });
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut patch = Array4::<f32>::zeros([1, 1, PATCH, PATCH]);
    for (name, stack) in &sources {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                for region in &regions {
                    stack.read_into(0, None, region, patch.view_mut()).unwrap();
                    black_box(&patch);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, tiles, regions);
criterion_main!(benches);
