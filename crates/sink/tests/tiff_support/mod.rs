//! Images with seeded pixels, written unit by unit, and the pages of the files as the crate `tiff` decodes them.

use std::io::Cursor;
use std::path::Path;

use patchweave_geometry::ArrayLayout;
use patchweave_pixel::{ByteOrder, PixelType, TypedArray};
use patchweave_sink::{Durability, ImageSink, ImageSpec, Job, SinkFormats};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;

/// Settings of the format by their names.
pub type Options<'a> = &'a [(&'a str, &'a str)];

pub fn spec(axes: &str, shape: &[usize], pixel_type: PixelType, options: Options<'_>) -> ImageSpec {
    let mut spec = ImageSpec::new(ArrayLayout::new(axes.parse().unwrap(), shape).unwrap(), pixel_type);
    spec.options = options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    spec.durability = Durability::None;
    spec
}

/// Pixels of which neighbours are often alike; truth values are 0 and 1.
pub fn pixels(spec: &ImageSpec, seed: u64) -> TypedArray {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let n_bytes = spec.layout.shape().iter().product::<usize>() * spec.pixel_type.n_bytes();
    let most = if spec.pixel_type == PixelType::Bool { 1 } else { 255 };
    let mut byte = 0;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        if rng.random_range(0..3) == 0 {
            byte = rng.random_range(0..=most);
        }
        byte
    })
    .take(n_bytes)
    .collect();
    TypedArray::from_bytes(spec.pixel_type, spec.layout.shape(), &bytes, ByteOrder::NATIVE).unwrap()
}

/// The numbers of all units, in an order of their own.
pub fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}

pub fn write_unit(sink: &dyn ImageSink, pixels: &TypedArray, unit_idx: usize) {
    let unit = sink.info().unit(unit_idx).unwrap();
    sink.write(unit_idx, pixels.view().slice_box(&unit.start, &unit.size)).unwrap();
}

pub fn start(path: &Path, spec: &ImageSpec) -> Job {
    Job::start(&SinkFormats::default(), path, Some("tiff"), spec.clone()).unwrap()
}

/// Writes an image in the order of its units.
pub fn write_image(path: &Path, spec: &ImageSpec, pixels: &TypedArray) {
    let job = start(path, spec);
    let sink = job.sink();
    (0..sink.info().units.n_units()).for_each(|unit_idx| write_unit(&*sink, pixels, unit_idx));
    job.commit().unwrap();
}

/// The pixels of all pages in C order and the byte order of the machine.
pub fn decoded(file: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(Cursor::new(file)).unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut page: DecodingResult = decoder.read_image().unwrap();
        bytes.extend_from_slice(page.as_buffer(0).as_bytes());
        if !decoder.more_images() {
            return bytes;
        }
        decoder.next_image().unwrap();
    }
}

/// The places of the smaller levels of every page, page by page.
pub fn places_below(file: &[u8]) -> Vec<Vec<u64>> {
    let mut decoder = Decoder::new(Cursor::new(file)).unwrap();
    let mut places = Vec::new();
    loop {
        let below = decoder.find_tag_unsigned_vec(Tag::SubIfd).unwrap();
        places.push(below.unwrap_or_default());
        if !decoder.more_images() {
            return places;
        }
        decoder.next_image().unwrap();
    }
}

pub fn is_bigtiff(file: &[u8]) -> bool {
    u16::from_ne_bytes([file[2], file[3]]) == 43
}

/// The same file as if it began with another directory.
pub fn beginning_at(file: &[u8], directory: u64) -> Vec<u8> {
    let mut file = file.to_vec();
    if is_bigtiff(&file) {
        file[8..16].copy_from_slice(&directory.to_ne_bytes());
    } else {
        file[4..8].copy_from_slice(&u32::try_from(directory).unwrap().to_ne_bytes());
    }
    file
}
