//! Finished images as bytes in C order, read by libraries that have no part in writing them where there are any.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use patchweave_geometry::{ArrayLayout, Axis};
use patchweave_sink::Location;
use tiff::decoder::{Decoder, DecodingResult};
use zarrs::array::{Array, ArrayBytes};
use zarrs::filesystem::FilesystemStore;

/// Reads an image as bytes in C order.
pub type ReadBack = fn(&Location, &ArrayLayout) -> Vec<u8>;

pub fn tiff(location: &Location, _: &ArrayLayout) -> Vec<u8> {
    let mut decoder = Decoder::new(File::open(location.path().unwrap()).unwrap()).unwrap();
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

pub fn ome_zarr(location: &Location, layout: &ArrayLayout) -> Vec<u8> {
    ome_zarr_in(location.path().unwrap(), layout)
}

fn ome_zarr_in(folder: &Path, layout: &ArrayLayout) -> Vec<u8> {
    let groups = match layout.size_of(Axis::S) {
        None => vec![String::new()],
        Some(n_images) => (0..n_images).map(|s| format!("/{s}")).collect(),
    };
    groups.iter().flat_map(|group| zarr_node(folder, &format!("{group}/0"))).collect()
}

/// The array at a path in a store.
pub fn zarr_node(folder: &Path, node: &str) -> Vec<u8> {
    let store = Arc::new(FilesystemStore::new(folder).unwrap());
    let array = Array::open(store, node).unwrap();
    let bytes: ArrayBytes<'static> = array.retrieve_array_subset(&array.subset_all()).unwrap();
    bytes.into_fixed().unwrap().into_owned()
}

pub fn zarr_array(location: &Location, _: &ArrayLayout) -> Vec<u8> {
    zarr_node(location.path().unwrap(), "/grp/img")
}

pub fn ome_zarr_zip(location: &Location, layout: &ArrayLayout) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    unzip(location.path().unwrap(), folder.path());
    ome_zarr_in(folder.path(), layout)
}

/// Unpacks a zip; returns the names of its entries in their order.
pub fn unzip(zip: &Path, folder: &Path) -> Vec<String> {
    let mut zip = zip::ZipArchive::new(BufReader::new(File::open(zip).unwrap())).unwrap();
    let mut names = Vec::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).unwrap();
        assert_eq!(entry.compression(), zip::CompressionMethod::Stored);
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.name().unwrap().into_owned();
        let path = folder.join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        names.push(name);
    }
    names
}

pub fn npy(location: &Location, layout: &ArrayLayout) -> Vec<u8> {
    let bytes = std::fs::read(location.path().unwrap()).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((start % 64, bytes[start - 1]), (0, b'\n'));
    let header = String::from_utf8_lossy(&bytes[10..start]).into_owned();
    let shape = format!("{:?}", layout.shape()).replace('[', "(").replace(']', ")");
    assert!(header.contains(&format!("'shape': {shape}")), "{header}");
    assert!(header.contains("'fortran_order': False"), "{header}");
    bytes[start..].to_vec()
}

pub fn png(location: &Location, layout: &ArrayLayout) -> Vec<u8> {
    let file = BufReader::new(File::open(location.path().unwrap()).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let size = |axis| layout.size_of(axis).unwrap_or(1);
    assert_eq!((info.height as usize, info.width as usize), (size(Axis::Y), size(Axis::X)));
    assert_eq!(info.color_type.samples(), size(Axis::C));
    match info.bit_depth {
        png::BitDepth::One => {
            let row =
                |row: &[u8]| (0..size(Axis::X)).map(|x| row[x / 8] >> (7 - x % 8) & 1).collect::<Vec<_>>();
            bytes.chunks(info.line_size).flat_map(row).collect()
        }
        png::BitDepth::Sixteen => {
            bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
            bytes
        }
        _ => bytes,
    }
}

pub fn memory(location: &Location, _: &ArrayLayout) -> Vec<u8> {
    let Location::Memory(levels) = location else { panic!("{location}") };
    assert_eq!(levels.len(), 1);
    levels[0].view().to_bytes().into_owned()
}
