//! A seeded image in the units of a job, and what is on the disk once it is finished.

use std::path::Path;

use patchweave_geometry::Axes;
use patchweave_pixel::{ByteOrder, PixelType, TypedArray, TypedView};
use patchweave_sink::{ImageSink, Location, SinkInfo};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::files;

/// Noise in the axes of the units, with integers that no float holds.
pub fn noise(info: &SinkInfo, seed: u64) -> TypedArray {
    let shape = info.units.layout().shape();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut bytes = vec![0; shape.iter().product::<usize>() * info.pixel_type.n_bytes()];
    rng.fill(&mut bytes[..]);
    match info.pixel_type {
        PixelType::Bool => bytes.iter_mut().for_each(|byte| *byte &= 1),
        // Numbers, as others equal nothing.
        PixelType::F16 | PixelType::F32 | PixelType::F64 => bytes.iter_mut().for_each(|byte| *byte &= 0x3f),
        _ => {}
    }
    TypedArray::from_bytes(info.pixel_type, shape, &bytes, ByteOrder::Little).unwrap()
}

/// The pixels of a unit.
pub fn part<'a>(image: &'a TypedArray, info: &SinkInfo, unit_idx: usize) -> TypedView<'a> {
    let unit = info.unit(unit_idx).unwrap();
    image.view().slice_box(&unit.start, &unit.size)
}

pub fn write_units(sink: &dyn ImageSink, image: &TypedArray, units: impl IntoIterator<Item = usize>) {
    for unit_idx in units {
        sink.write(unit_idx, part(image, sink.info(), unit_idx)).unwrap();
    }
}

/// The image as bytes in C order of other axes of the same letters.
pub fn bytes_in(image: &TypedArray, own: &Axes, axes: &Axes) -> Vec<u8> {
    let order: Vec<usize> = axes.as_slice().iter().map(|axis| own.position(*axis).unwrap()).collect();
    image.view().permuted_axes(&order).to_bytes().into_owned()
}

/// Everything that was written: files with their names, or arrays.
#[derive(Debug, PartialEq)]
pub enum Snapshot {
    Files(Vec<(String, Vec<u8>)>),
    Arrays(Vec<TypedArray>),
}

pub fn snapshot(location: &Location) -> Snapshot {
    match location {
        Location::Memory(levels) => Snapshot::Arrays(levels.clone()),
        #[cfg(feature = "remote")]
        Location::Url(url) => {
            Snapshot::Files(objects(&patchweave_remote::connect(url, &Default::default()).unwrap()))
        }
        location => {
            let path: &Path = location.path().unwrap();
            let is_file = path.is_file();
            let file = || vec![(String::new(), std::fs::read(path).unwrap())];
            Snapshot::Files(if is_file { file() } else { files(path) })
        }
    }
}

/// All objects below a folder of a store.
#[cfg(feature = "remote")]
pub fn objects(folder: &patchweave_remote::RemoteFolder) -> Vec<(String, Vec<u8>)> {
    use patchweave_remote::{Part, Wanted};
    let bytes = |name: &String| folder.get(Wanted::new(name, Part::Whole, u64::MAX)).unwrap().unwrap();
    let names = folder.list("").unwrap();
    names.iter().map(|name| (name.clone(), bytes(name).pieces.remove(0))).collect()
}
