//! How fast random patches are read from files: OME-Zarr and TIFF in the layouts that people have, beside a copy of the
//! same regions from memory.
//!
//! `decoded anew` has no cache, `cached` has all chunks in the cache after the first pass; what a run sees lies between
//! the two. `first patch` opens the image, reads one patch and closes it. Bytes are those of the patches, `f32`, on one
//! thread.
#![allow(clippy::unwrap_used, reason = "a benchmark that fails panics")]

use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{Array4, ArrayD, Axis, Ix4, IxDyn};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{Extent, PerAxis, Region};
use patchweave::patching::PatchRng;
use patchweave::stack::{ArrayStack, ImageStack, ImageStackExt};
use patchweave_testkit::TiffLayout;
use rand::RngExt;
use tempfile::TempDir;
use tiff::encoder::colortype::Gray16;
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder};
use zarrs::array::codec::{BloscCodec, ZstdCodec};
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

const VOLUME: [usize; 3] = [256, 256, 256];
const PLANE: [usize; 2] = [4096, 4096];
const N_REGIONS: usize = 16;

/// Noise on a ramp, which compresses about as well as micrographs do.
fn image(shape: &[usize]) -> ArrayD<u16> {
    let mut rng = PatchRng::for_patch(42, 0, 0);
    let mut next = 0_u16;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        next = next.wrapping_add(1);
        1000 + next / 64 + rng.random_range(0..64_u16)
    })
}

fn regions(shape: &[usize], side: usize) -> Vec<Region> {
    let mut rng = PatchRng::for_patch(7, 0, 0);
    let size = Extent::new(&vec![side; shape.len()]).unwrap();
    let mut region = || {
        let start: Vec<i64> =
            shape.iter().map(|&n| i64::try_from(rng.random_range(0..=n - side)).unwrap()).collect();
        Region::new(PerAxis::new(&start).unwrap(), size).unwrap()
    };
    (0..N_REGIONS).map(|_| region()).collect()
}

/// Writes a Zarr array with a codec of the given name; chunks inside of shards if `inner` says so.
fn write_zarr(path: &Path, volume: &ArrayD<u16>, codec: &str, chunk: [u64; 3], inner: Option<[u64; 3]>) {
    let store = Arc::new(FilesystemStore::new(path).unwrap());
    let mut builder =
        ArrayBuilder::new(VOLUME.map(|n| n as u64).to_vec(), chunk.to_vec(), data_type::uint16(), 0_u16);
    match codec {
        "zstd" => builder.bytes_to_bytes_codecs(vec![Arc::new(ZstdCodec::new(3, false))]),
        _ => {
            let blosc = serde_json::from_str(
                r#"{"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 2, "blocksize": 0}"#,
            );
            let blosc = BloscCodec::new_with_configuration(&blosc.unwrap()).unwrap();
            builder.bytes_to_bytes_codecs(vec![Arc::new(blosc)])
        }
    };
    builder.subchunk_shape(inner.map(|inner| inner.to_vec()));
    let array = builder.build(store, "/").unwrap();
    array.store_metadata().unwrap();
    array.store_array_subset(&array.subset_all(), volume.iter().copied().collect::<Vec<u16>>()).unwrap();
}

fn write_tiff(path: &Path, plane: &ArrayD<u16>, rows_per_strip: u32, compression: Compression) {
    let [height, width] = PLANE.map(|n| u32::try_from(n).unwrap());
    let mut encoder = TiffEncoder::new(File::create(path).unwrap()).unwrap().with_compression(compression);
    let mut image = encoder.new_image::<Gray16>(width, height).unwrap();
    image.rows_per_strip(rows_per_strip).unwrap();
    image.write_data(plane.as_slice().unwrap()).unwrap();
}

fn read_all(stack: &dyn ImageStack, regions: &[Region], patch: &mut Array4<f32>) {
    for region in regions {
        stack.read_into(0, None, region, patch.view_mut()).unwrap();
        black_box(&patch);
    }
}

/// A file and what it is called.
struct Stored {
    name: String,
    path: PathBuf,
    data_type: FileFormat,
    axes: &'static str,
}

impl Stored {
    fn open(&self, cache_bytes: u64) -> Arc<dyn ImageStack> {
        let options = OpenOptions::with_cache_bytes(cache_bytes);
        open(&self.path, self.data_type, Some(&self.axes.parse().unwrap()), &options).unwrap().remove(0)
    }
}

fn bench_all(group: &mut BenchmarkGroup<'_, WallTime>, image: &ArrayD<u16>, side: usize, stored: &[Stored]) {
    let regions = regions(image.shape(), side);
    let [z, y, x] = regions[0].size.to_zyx();
    let mut patch = Array4::<f32>::zeros([1, z, y, x]);
    let bytes = (N_REGIONS * patch.len() * size_of::<f32>()) as u64;
    group.throughput(Throughput::ElementsAndBytes { elements: N_REGIONS as u64, bytes });
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let memory = ArrayStack::new(image.clone(), &stored[0].axes.parse().unwrap()).unwrap();
    group.bench_function("memory", |bencher| bencher.iter(|| read_all(&memory, &regions, &mut patch)));
    for one in stored {
        for (how, cache_bytes) in [("cached", 1 << 30), ("decoded anew", 0)] {
            let stack = one.open(cache_bytes);
            group.bench_function(format!("{}, {how}", one.name), |bencher| {
                bencher.iter(|| read_all(&*stack, &regions, &mut patch));
            });
        }
    }
    group.throughput(Throughput::Elements(1));
    for one in stored {
        group.bench_function(format!("{}, first patch", one.name), |bencher| {
            bencher.iter(|| read_all(&*one.open(1 << 30), &regions[..1], &mut patch));
        });
    }
}

fn zarrs(criterion: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    let volume = image(&VOLUME);
    let layouts = [
        ("chunks 64x64x64", [64; 3], None),
        ("chunks 128x128x128", [128; 3], None),
        ("chunks 32x32x32 in shards 128x128x128", [128; 3], Some([32; 3])),
        ("chunks 1x256x256", [1, 256, 256], None),
    ];
    let mut stored = Vec::new();
    for codec in ["zstd", "blosc"] {
        for (layout, chunk, inner) in layouts {
            let path = folder.path().join(format!("{codec} {layout}.zarr"));
            write_zarr(&path, &volume, codec, chunk, inner);
            let name = format!("{layout}, {codec}");
            stored.push(Stored { name, path, data_type: FileFormat::Zarr, axes: "ZYX" });
        }
    }
    let mut group = criterion.benchmark_group("64x64x64 of Zarr uint16");
    bench_all(&mut group, &volume, 64, &stored);
    group.finish();
}

fn tiffs(criterion: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    let plane = image(&PLANE);
    let whole = u32::try_from(PLANE[0]).unwrap();
    let deflate = Compression::Deflate(DeflateLevel::Balanced);
    let layouts = [
        ("uncompressed", whole, Compression::Uncompressed),
        ("uncompressed in strips of 16", 16, Compression::Uncompressed),
        ("deflate in strips of 64", 64, deflate),
        ("LZW in strips of 64", 64, Compression::Lzw),
    ];
    let mut stored = Vec::new();
    for (name, rows, compression) in layouts {
        let path = folder.path().join(format!("{name}.tiff"));
        write_tiff(&path, &plane, rows, compression);
        stored.push(Stored { name: name.to_owned(), path, data_type: FileFormat::Tiff, axes: "YX" });
    }
    for is_deflated in [false, true] {
        let name =
            if is_deflated { "deflate in tiles of 256x256" } else { "uncompressed in tiles of 256x256" };
        let path = folder.path().join(format!("{name}.tiff"));
        let layout = TiffLayout { tile: Some([256, 256]), is_deflated, ..TiffLayout::default() };
        let page = plane.view().insert_axis(Axis(0)).insert_axis(Axis(3));
        std::fs::write(&path, layout.file(&layout.pages(page.into_dimensionality::<Ix4>().unwrap())))
            .unwrap();
        stored.push(Stored { name: name.to_owned(), path, data_type: FileFormat::Tiff, axes: "YX" });
    }
    let mut group = criterion.benchmark_group("256x256 of TIFF uint16");
    bench_all(&mut group, &plane, 256, &stored);
    group.finish();
}

criterion_group!(benches, zarrs, tiffs);
criterion_main!(benches);
