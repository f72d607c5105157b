//! A seeded image, cut into blocks that cover it, and what a file of it must hold.

use std::path::Path;

use ndarray::{Array5, ArrayD, s};
use patchweave_geometry::{ArrayLayout, Axes, Axis};
use patchweave_pixel::{Pixel, PixelType, restore, with_pixel};
use patchweave_sink::{BlockSink, ImageSpec, create};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One block of a shuffled list: sample, start `ZYX`, size `ZYX`.
type Place = (usize, [usize; 3], [usize; 3]);

/// A layout with small sizes that no block size divides.
pub fn layout(axes: &str) -> ArrayLayout {
    let axes: Axes = axes.parse().unwrap();
    let size = |axis: &Axis| match axis {
        Axis::S => 2,
        Axis::T | Axis::C => 3,
        Axis::Z => 4,
        Axis::Y => 13,
        Axis::X => 17,
    };
    let shape: Vec<usize> = axes.as_slice().iter().map(size).collect();
    ArrayLayout::new(axes, &shape).unwrap()
}

/// Values `SCZYX` of which some exceed every integer type that is not 64 bits wide.
pub fn image(layout: &ArrayLayout, seed: u64) -> Array5<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let shape = layout.image_shape();
    let [z, y, x] = shape.extent.to_zyx();
    Array5::from_shape_simple_fn((shape.n_samples, shape.n_channels, z, y, x), || {
        let magnitude = [1.0_f32, 300.0, 70_000.0, 5e9][rng.random_range(0..4)];
        magnitude * rng.random_range(-1.0_f32..1.0)
    })
}

/// Writes the image in blocks of random size that cover it and partly overlap, in random order.
pub fn write(sink: &mut dyn BlockSink, image: &Array5<f32>, seed: u64) {
    for (sample_idx, start, size) in places(image.dim(), seed) {
        let [z, y, x] = start;
        let [d, h, w] = size;
        let block = image.slice(s![sample_idx, .., z..z + d, y..y + h, x..x + w]);
        sink.write_block(sample_idx, start, block).unwrap();
    }
}

fn places((n_samples, _, z, y, x): (usize, usize, usize, usize, usize), seed: u64) -> Vec<Place> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut places = Vec::new();
    for sample_idx in 0..n_samples {
        let cuts = [z, y, x].map(|size| cut(size, &mut rng));
        for &(z, d) in &cuts[0] {
            for &(y, h) in &cuts[1] {
                places.extend(cuts[2].iter().map(|&(x, w)| (sample_idx, [z, y, x], [d, h, w])));
            }
        }
        for _ in 0..4 {
            let start = [z, y, x].map(|size| rng.random_range(0..size));
            let size = [0, 1, 2].map(|axis| rng.random_range(0..=[z, y, x][axis] - start[axis]));
            places.push((sample_idx, start, size));
        }
    }
    places.shuffle(&mut rng);
    places
}

/// Starts and lengths of pieces that tile an axis.
fn cut(size: usize, rng: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < size {
        let length = rng.random_range(1..=(size - start).min(9));
        pieces.push((start, length));
        start += length;
    }
    pieces
}

/// The bytes of the image in C order of `axes`, which hold the letters of the layout.
pub fn expected(image: &Array5<f32>, layout: &ArrayLayout, pixel_type: PixelType, axes: &Axes) -> Vec<u8> {
    let shape = layout.image_shape().to_vec();
    let canonical = image.clone().into_shape_with_order(shape).unwrap();
    with_pixel!(pixel_type, T => {
        let converted: ArrayD<T> = canonical.mapv(T::from_f32);
        let restored = restore(converted.view(), layout, Some(axes)).unwrap();
        bytemuck::cast_slice(restored.as_slice().unwrap()).to_vec()
    })
}

/// A folder for thousands of small files: in memory where the system has such a place.
pub fn quick_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Writes an image from start to finish.
pub fn write_image(path: &Path, format: &str, spec: ImageSpec, image_seed: u64, order_seed: u64) {
    let image = image(&spec.layout, image_seed);
    let mut sink = create(path, format, spec).unwrap();
    write(sink.as_mut(), &image, order_seed);
    assert_eq!(sink.finish().unwrap().path(), Some(path));
}

/// Every file below a folder with its bytes, sorted by name.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// The names directly in a folder, hidden ones too, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
