//! A law over all formats: axes of size 1 may be named or not, in the file and by who opens it.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use hdf5_writer::{AttributeBuilder, ByteOrder as H5Order, DatasetBuilder, Hdf5Builder, WriteOptions};
use ndarray::{ArrayD, Axis as Dim, Dimension};
use patchweave_geometry::{Axes, Axis, Region};
use patchweave_pixel::PixelType;
use patchweave_stack::{
    AxesSource, Formats, ImageStack, ImageStackExt, OpenOptions, OpenRequest, RawArray, StackError, open_raw,
};
use patchweave_testkit::{TagValues, TiffLayout, TiffPage, canonical_f32, ramp};
use proptest::prelude::*;

/// A format, and whether its files name their axes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stored {
    Tiff { is_named: bool, is_deflated: bool },
    Zarr { is_named: bool },
    Hdf5 { is_named: bool, is_chunked: bool },
    Npy,
    Npz,
    Raw,
}

const STORED: [Stored; 11] = [
    Stored::Tiff { is_named: true, is_deflated: false },
    Stored::Tiff { is_named: true, is_deflated: true },
    Stored::Tiff { is_named: false, is_deflated: true },
    Stored::Zarr { is_named: true },
    Stored::Zarr { is_named: false },
    Stored::Hdf5 { is_named: true, is_chunked: false },
    Stored::Hdf5 { is_named: true, is_chunked: true },
    Stored::Hdf5 { is_named: false, is_chunked: true },
    Stored::Npy,
    Stored::Npz,
    Stored::Raw,
];

impl Stored {
    fn is_named(self) -> bool {
        match self {
            Stored::Tiff { is_named, .. } | Stored::Zarr { is_named } | Stored::Hdf5 { is_named, .. } => {
                is_named
            }
            Stored::Npy | Stored::Npz | Stored::Raw => false,
        }
    }

    /// Writes an array and opens it in axes.
    fn open(
        self,
        folder: &Path,
        array: &ArrayD<u16>,
        letters: &str,
        axes: &Axes,
        source: AxesSource,
    ) -> Result<Arc<dyn ImageStack>, StackError> {
        let (name, format) = match self {
            Stored::Tiff { is_named, is_deflated } => {
                fs::write(folder.join("a.tif"), tiff(array, is_named.then_some(letters), is_deflated))
                    .unwrap();
                ("a.tif", "tiff")
            }
            Stored::Zarr { is_named } => {
                zarr(&folder.join("a.zarr"), array, is_named.then_some(letters));
                ("a.zarr", "zarr")
            }
            Stored::Hdf5 { is_named, is_chunked } => {
                hdf5(&folder.join("a.h5"), array, is_named.then_some(letters), is_chunked);
                ("a.h5", "hdf5")
            }
            Stored::Npy => {
                fs::write(folder.join("a.npy"), npy(array)).unwrap();
                ("a.npy", "npy")
            }
            Stored::Npz => {
                let mut zip = zip::ZipWriter::new(fs::File::create(folder.join("a.npz")).unwrap());
                zip.start_file("raw.npy", zip::write::SimpleFileOptions::default()).unwrap();
                std::io::Write::write_all(&mut zip, &npy(array)).unwrap();
                zip.finish().unwrap();
                ("a.npz", "npy")
            }
            Stored::Raw => {
                let path = folder.join("a.dat");
                fs::write(&path, bytes(array)).unwrap();
                let raw =
                    RawArray::new(PixelType::U16, axes.clone(), array.shape()).with_dtype("<u2").unwrap();
                return open_raw(&path, &raw, &OpenOptions::default());
            }
        };
        let path = folder.join(name);
        let options = OpenOptions::default();
        let mut request = OpenRequest::new(&path, &options);
        (request.axes, request.axes_source) = (Some(axes), source);
        Ok(Formats::default().open(format, &request)?.remove(0).remove(0))
    }
}

fn bytes(array: &ArrayD<u16>) -> Vec<u8> {
    array.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Pages of all dimensions but the last two, named as tifffile names them.
fn tiff(array: &ArrayD<u16>, letters: Option<&str>, is_deflated: bool) -> Vec<u8> {
    let shape = array.shape();
    let (leading, page) = shape.split_at(shape.len() - 2);
    let n_pages: usize = leading.iter().product();
    let pages = array.to_shape((n_pages, page[0], page[1], 1)).unwrap();
    let layout = TiffLayout { is_deflated, ..TiffLayout::default() };
    let mut pages: Vec<TiffPage> = layout.pages(pages.view());
    if let Some(letters) = letters {
        let text = format!("{{\"shape\": {shape:?}, \"axes\": \"{letters}\"}}");
        pages[0].tags.push((270, TagValues::Text(text)));
    }
    layout.file(&pages)
}

/// Zarr version 2 in chunks of one position along all dimensions but the last two, which are cut in two.
fn zarr(path: &Path, array: &ArrayD<u16>, letters: Option<&str>) {
    if path.exists() {
        fs::remove_dir_all(path).unwrap();
    }
    fs::create_dir(path).unwrap();
    let shape = array.shape();
    let n = shape.len();
    let chunk: Vec<usize> =
        shape.iter().enumerate().map(|(at, size)| if at + 2 < n { 1 } else { size.div_ceil(2) }).collect();
    let metadata = format!(
        r#"{{"zarr_format": 2, "shape": {shape:?}, "chunks": {chunk:?}, "dtype": "<u2", "compressor": null,
            "fill_value": 0, "order": "C", "filters": null}}"#
    );
    fs::write(path.join(".zarray"), metadata).unwrap();
    if let Some(letters) = letters {
        let names: Vec<String> = letters.chars().map(|letter| format!("\"{letter}\"")).collect();
        let attributes = format!("{{\"_ARRAY_DIMENSIONS\": [{}]}}", names.join(", "));
        fs::write(path.join(".zattrs"), attributes).unwrap();
    }
    let grid: Vec<usize> = shape.iter().zip(&chunk).map(|(size, chunk)| size.div_ceil(*chunk)).collect();
    for place in ndarray::indices(grid) {
        let place = place.slice().to_vec();
        let pixel = |inside: ndarray::IxDyn| {
            let at: Vec<usize> = place
                .iter()
                .zip(&chunk)
                .zip(inside.slice())
                .map(|((place, chunk), at)| place * chunk + at)
                .collect();
            array.get(&at[..]).copied().unwrap_or(0)
        };
        let values: Vec<u8> = ndarray::indices(chunk.clone())
            .into_iter()
            .flat_map(|inside| pixel(inside).to_le_bytes())
            .collect();
        let name: Vec<String> = place.iter().map(ToString::to_string).collect();
        fs::write(path.join(name.join(".")), values).unwrap();
    }
}

fn hdf5(path: &Path, array: &ArrayD<u16>, letters: Option<&str>, is_chunked: bool) {
    let sizes: Vec<u64> = array.shape().iter().map(|&size| size as u64).collect();
    let chunk: Vec<u64> = sizes.iter().map(|size| size.div_ceil(2)).collect();
    let values: Vec<u16> = array.iter().copied().collect();
    let dataset = DatasetBuilder::typed_with_order::<u16>("raw", sizes, H5Order::LittleEndian);
    let mut dataset = dataset.data(&values).unwrap();
    if is_chunked {
        dataset = dataset.chunked(chunk);
    }
    if let Some(letters) = letters {
        let keys: Vec<String> = letters
            .chars()
            .map(|letter| format!("{{\"key\": \"{}\"}}", letter.to_ascii_lowercase()))
            .collect();
        let tags = format!("{{\"axes\": [{}]}}", keys.join(", "));
        dataset = dataset.attribute(AttributeBuilder::fixed_string("axistags", &tags));
    }
    let plan = Hdf5Builder::new().dataset(dataset).into_plan().unwrap();
    fs::write(path, plan.encode(WriteOptions::default()).unwrap()).unwrap();
}

fn npy(array: &ArrayD<u16>) -> Vec<u8> {
    let shape: String = array.shape().iter().map(|n| format!("{n}, ")).collect();
    let header = format!("{{'descr': '<u2', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let len = u16::try_from(header.len()).unwrap().to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &len, header.as_bytes(), &bytes(array)].concat()
}

/// Letters of a file in the order of its array, and the size along each.
fn dimensions() -> impl Strategy<Value = Vec<(Axis, usize)>> {
    let leading = [Axis::S, Axis::T, Axis::C, Axis::Z];
    let sizes = prop::array::uniform4(prop::sample::select(vec![0_usize, 1, 1, 2, 3]));
    (sizes, Just(leading.to_vec()).prop_shuffle(), 1_usize..5, 1_usize..5).prop_map(
        move |(sizes, order, y, x)| {
            let sized = order.iter().zip(sizes).filter(|(_, size)| *size > 0);
            sized.map(|(&axis, size)| (axis, size)).chain([(Axis::Y, y), (Axis::X, x)]).collect()
        },
    )
}

/// The same axes without some of size 1, and with letters that the file lacks at any place.
fn named(dimensions: &[(Axis, usize)], leaves: u8, adds: &[(usize, usize)]) -> Vec<Axis> {
    let is_left = |at: usize, size: usize, axis: Axis| {
        size == 1 && leaves >> at & 1 == 1 && !matches!(axis, Axis::Y | Axis::X)
    };
    let kept = dimensions.iter().enumerate().filter(|(at, (axis, size))| !is_left(*at, *size, *axis));
    let mut named: Vec<Axis> = kept.map(|(_, (axis, _))| *axis).collect();
    let missing = Axis::ALL.into_iter().filter(|axis| dimensions.iter().all(|(own, _)| own != axis));
    for ((_, place), axis) in adds.iter().zip(missing).filter(|((adds, _), _)| *adds == 1) {
        named.insert(place % (named.len() + 1), axis);
    }
    named
}

/// The array with exactly these axes, by a plain computation.
fn in_axes(array: &ArrayD<u16>, dimensions: &[(Axis, usize)], axes: &[Axis]) -> ArrayD<u16> {
    let mut array = array.clone();
    let mut letters: Vec<Axis> = dimensions.iter().map(|(axis, _)| *axis).collect();
    while let Some(at) = letters.iter().position(|letter| !axes.contains(letter)) {
        letters.remove(at);
        array = array.index_axis_move(Dim(at), 0);
    }
    for (at, axis) in axes.iter().enumerate() {
        if letters.get(at) != Some(axis) {
            letters.insert(at, *axis);
            array = array.insert_axis(Dim(at));
        }
    }
    assert_eq!(letters, axes);
    array
}

fn pixels(stack: &dyn ImageStack) -> Vec<f32> {
    let shape = stack.info().shape();
    let whole = Region::whole(shape.extent);
    (0..shape.n_samples).flat_map(|sample| stack.read_patch(sample, None, &whole).unwrap()).collect()
}

fn text(axes: &[Axis]) -> String {
    axes.iter().map(|axis| axis.letter()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn axes_of_size_1_count_on_neither_side(
        dimensions in dimensions(),
        leaves in any::<u8>(),
        adds in prop::collection::vec((0_usize..2, 0_usize..6), 4),
    ) {
        let shape: Vec<usize> = dimensions.iter().map(|(_, size)| *size).collect();
        let letters = text(&dimensions.iter().map(|(axis, _)| *axis).collect::<Vec<_>>());
        let axes = named(&dimensions, leaves, &adds);
        let array = ramp::<u16>(&shape);
        let expected = in_axes(&array, &dimensions, &axes);
        let axes: Axes = text(&axes).parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        for stored in STORED {
            for source in [AxesSource::Checked, AxesSource::Given] {
                let stack = stored.open(folder.path(), &array, &letters, &axes, source).unwrap();
                let info = stack.info();
                let told = format!("{letters} {shape:?} as {axes} in {stored:?}, {source:?}: {:?}", info.notes);
                prop_assert_eq!(info.layout.axes(), &axes, "{}", told);
                prop_assert_eq!(info.layout.shape().iter().product::<usize>(), array.len(), "{}", told);
                for sizes in [&info.chunks, &info.shards].into_iter().flatten() {
                    prop_assert_eq!(sizes.len(), axes.len(), "{}", told);
                }
                // Without names, only what is told may be taken otherwise.
                let is_named = stored.is_named() && source == AxesSource::Checked;
                prop_assert!(!is_named || info.notes.is_empty(), "{}", told);
                if info.notes.is_empty() && (is_named || is_clear(stored, &dimensions, &axes)) {
                    prop_assert_eq!(info.layout.shape(), expected.shape(), "{}", told);
                    let expected: Vec<f32> = canonical_f32(&expected, &axes).unwrap().iter().copied().collect();
                    prop_assert_eq!(pixels(&*stack), expected, "{}", told);
                }
            }
        }
    }
}

/// Whether positions alone tell which axis a dimension is, unless a note says that they do not: no axis is meant that the
/// file lacks, and it does not count planes of several axes together, as pages without metadata do.
fn is_clear(stored: Stored, dimensions: &[(Axis, usize)], axes: &Axes) -> bool {
    let is_stored = |axis: &Axis| dimensions.iter().any(|(own, _)| own == axis);
    let are_pages = matches!(stored, Stored::Tiff { is_named: false, .. });
    let n_long =
        dimensions.iter().filter(|(axis, size)| *size > 1 && !matches!(axis, Axis::Y | Axis::X)).count();
    axes.as_slice().iter().all(is_stored) && (!are_pages || n_long < 2)
}
