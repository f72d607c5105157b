//! A law over all formats: axes of size 1 may be named or not, in the file and by who opens it, as long as there is one
//! reading.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use hdf5_writer::{AttributeBuilder, ByteOrder as H5Order, DatasetBuilder, Hdf5Builder, WriteOptions};
use ndarray::{ArrayD, Axis as Dim, Dimension};
use patchweave_formats::{AxesSource, Formats, OpenOptions, OpenRequest, RawArray, open_raw};
use patchweave_geometry::{Axes, Axis, Region};
use patchweave_pixel::PixelType;
use patchweave_stack::{ImageStack, ImageStackExt, StackError};
use patchweave_testkit::{TagValues, TiffLayout, TiffPage, canonical_f32, ramp};
use proptest::prelude::*;

/// A format, and whether its files name their axes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stored {
    Tiff { is_named: bool, is_deflated: bool },
    OmeTiff,
    ImageJ,
    Zarr { version: u8, is_named: bool },
    OmeZarr,
    Hdf5 { is_named: bool, is_chunked: bool },
    Imaris,
    BigDataViewer,
    Npy,
    Npz,
    Raw,
}

const STORED: [Stored; 18] = [
    Stored::Tiff { is_named: true, is_deflated: false },
    Stored::Tiff { is_named: true, is_deflated: true },
    Stored::Tiff { is_named: false, is_deflated: true },
    Stored::OmeTiff,
    Stored::ImageJ,
    Stored::Zarr { version: 2, is_named: true },
    Stored::Zarr { version: 2, is_named: false },
    Stored::Zarr { version: 3, is_named: true },
    Stored::Zarr { version: 3, is_named: false },
    Stored::OmeZarr,
    Stored::Hdf5 { is_named: true, is_chunked: false },
    Stored::Hdf5 { is_named: true, is_chunked: true },
    Stored::Hdf5 { is_named: false, is_chunked: true },
    Stored::Imaris,
    Stored::BigDataViewer,
    Stored::Npy,
    Stored::Npz,
    Stored::Raw,
];

/// Dimensions as a file has them: what it says of each, and its size.
type Told = Vec<(Option<Axis>, usize)>;

impl Stored {
    /// The dimensions of an image that the format can have, in its order.
    fn dimensions(self, wanted: &[(Axis, usize)]) -> Vec<(Axis, usize)> {
        let order = match self {
            Stored::OmeTiff | Stored::ImageJ => &[Axis::T, Axis::Z, Axis::C, Axis::Y, Axis::X][..],
            Stored::Imaris => &[Axis::T, Axis::C, Axis::Z, Axis::Y, Axis::X],
            Stored::BigDataViewer => &[Axis::T, Axis::Z, Axis::Y, Axis::X],
            _ => return wanted.to_vec(),
        };
        let size = |axis: &Axis| wanted.iter().find(|(own, _)| own == axis).map_or(1, |(_, size)| *size);
        order.iter().map(|axis| (*axis, size(axis))).collect()
    }

    /// What is left of them in a file.
    fn told(self, dimensions: &[(Axis, usize)]) -> Told {
        let is_plane = |axis: Axis| matches!(axis, Axis::Y | Axis::X);
        let named = dimensions.iter().map(|&(axis, size)| (Some(axis), size));
        match self {
            Stored::OmeTiff | Stored::ImageJ => {
                named.filter(|(axis, size)| *size > 1 || axis.is_some_and(is_plane)).collect()
            }
            Stored::Tiff { is_named: false, .. } => {
                let leading = dimensions.iter().filter(|(axis, _)| !is_plane(*axis));
                let n_pages: usize = leading.map(|(_, size)| *size).product();
                let pages = (n_pages > 1).then_some((None, n_pages));
                pages.into_iter().chain(named.filter(|(axis, _)| axis.is_some_and(is_plane))).collect()
            }
            Stored::Zarr { is_named: false, .. }
            | Stored::Hdf5 { is_named: false, .. }
            | Stored::Npy
            | Stored::Npz
            | Stored::Raw => named.map(|(_, size)| (None, size)).collect(),
            _ => named.collect(),
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
            Stored::OmeTiff | Stored::ImageJ => {
                let text = if self == Stored::ImageJ { imagej(array) } else { ome(array) };
                fs::write(folder.join("a.ome.tif"), described(array, text, false)).unwrap();
                ("a.ome.tif", "tiff")
            }
            Stored::Zarr { version, is_named } => {
                zarr(&folder.join("a.zarr"), array, version, is_named.then_some(letters));
                ("a.zarr", "zarr")
            }
            Stored::OmeZarr => {
                zarr(&folder.join("a.zarr/0"), array, 2, None);
                let axis = |letter: char| format!("{{\"name\": \"{}\"}}", letter.to_ascii_lowercase());
                let axes: Vec<String> = letters.chars().map(axis).collect();
                let attributes = format!(
                    "{{\"multiscales\": [{{\"version\": \"0.4\", \"axes\": [{}], \"datasets\": [{{\"path\": \"0\"}}]}}]}}",
                    axes.join(", ")
                );
                fs::write(folder.join("a.zarr/.zgroup"), "{\"zarr_format\": 2}").unwrap();
                fs::write(folder.join("a.zarr/.zattrs"), attributes).unwrap();
                ("a.zarr", "zarr")
            }
            Stored::Imaris => {
                hdf5_parts(&folder.join("a.ims"), array, 2, |at| {
                    format!("DataSet/ResolutionLevel 0/TimePoint {}/Channel {}/Data", at[0], at[1])
                });
                ("a.ims", "hdf5")
            }
            Stored::BigDataViewer => {
                hdf5_parts(&folder.join("a.h5"), array, 1, |at| format!("t{:05}/s00/0/cells", at[0]));
                ("a.h5", "hdf5")
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
    let text = letters.map(|letters| format!("{{\"shape\": {:?}, \"axes\": \"{letters}\"}}", array.shape()));
    described(array, text.unwrap_or_default(), is_deflated)
}

fn described(array: &ArrayD<u16>, text: String, is_deflated: bool) -> Vec<u8> {
    let (leading, page) = array.shape().split_at(array.ndim() - 2);
    let n_pages: usize = leading.iter().product();
    let pages = array.to_shape((n_pages, page[0], page[1], 1)).unwrap();
    let layout = TiffLayout { is_deflated, ..TiffLayout::default() };
    let mut pages: Vec<TiffPage> = layout.pages(pages.view());
    if !text.is_empty() {
        pages[0].tags.push((270, TagValues::Text(text)));
    }
    layout.file(&pages)
}

/// What ImageJ says of an array `TZCYX`.
fn imagej(array: &ArrayD<u16>) -> String {
    let [t, z, c, ..] = *array.shape() else { unreachable!("five dimensions") };
    format!("ImageJ=1.54f\nimages={}\nframes={t}\nslices={z}\nchannels={c}\nhyperstack=true\n", t * z * c)
}

/// What OME-XML says of an array `TZCYX`.
fn ome(array: &ArrayD<u16>) -> String {
    let [t, z, c, y, x] = *array.shape() else { unreachable!("five dimensions") };
    format!(
        "<OME><Image><Pixels DimensionOrder=\"XYCZT\" SizeX=\"{x}\" SizeY=\"{y}\" SizeZ=\"{z}\" SizeC=\"{c}\" \
         SizeT=\"{t}\" Type=\"uint16\"><TiffData/></Pixels></Image></OME>"
    )
}

/// Zarr in chunks of one position along all dimensions but the last two, which are cut in two.
fn zarr(path: &Path, array: &ArrayD<u16>, version: u8, letters: Option<&str>) {
    let root = path.ancestors().find(|path| path.extension().is_some()).unwrap();
    if root.exists() {
        fs::remove_dir_all(root).unwrap();
    }
    fs::create_dir_all(path).unwrap();
    let shape = array.shape();
    let n = shape.len();
    let chunk: Vec<usize> =
        shape.iter().enumerate().map(|(at, size)| if at + 2 < n { 1 } else { size.div_ceil(2) }).collect();
    let names = letters.map(|letters| {
        let names: Vec<String> = letters.chars().map(|letter| format!("\"{letter}\"")).collect();
        names.join(", ")
    });
    if version == 2 {
        let metadata = format!(
            r#"{{"zarr_format": 2, "shape": {shape:?}, "chunks": {chunk:?}, "dtype": "<u2", "compressor": null,
                "fill_value": 0, "order": "C", "filters": null}}"#
        );
        fs::write(path.join(".zarray"), metadata).unwrap();
        if let Some(names) = names {
            fs::write(path.join(".zattrs"), format!("{{\"_ARRAY_DIMENSIONS\": [{names}]}}")).unwrap();
        }
    } else {
        let names = names.map_or(String::new(), |names| format!(", \"dimension_names\": [{names}]"));
        let metadata = format!(
            r#"{{"zarr_format": 3, "node_type": "array", "shape": {shape:?}, "data_type": "uint16", "fill_value": 0,
                "chunk_grid": {{"name": "regular", "configuration": {{"chunk_shape": {chunk:?}}}}},
                "chunk_key_encoding": {{"name": "default", "configuration": {{"separator": "."}}}},
                "codecs": [{{"name": "bytes", "configuration": {{"endian": "little"}}}}]{names}}}"#
        );
        fs::write(path.join("zarr.json"), metadata).unwrap();
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
        let prefix = if version == 2 { "" } else { "c." };
        fs::write(path.join(format!("{prefix}{}", name.join("."))), values).unwrap();
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
    hdf5_file(path, Hdf5Builder::new().dataset(dataset));
}

fn hdf5_file(path: &Path, builder: Hdf5Builder) {
    fs::write(path, builder.into_plan().unwrap().encode(WriteOptions::default()).unwrap()).unwrap();
}

/// One dataset for every place along the first dimensions.
fn hdf5_parts(path: &Path, array: &ArrayD<u16>, n_leading: usize, name: impl Fn(&[usize]) -> String) {
    let (leading, rest) = array.shape().split_at(n_leading);
    let sizes: Vec<u64> = rest.iter().map(|&size| size as u64).collect();
    let datasets = ndarray::indices(leading.to_vec()).into_iter().map(|place| {
        let part = place.slice().iter().fold(array.view(), |array, at| array.index_axis_move(Dim(0), *at));
        let values: Vec<u16> = part.iter().copied().collect();
        let dataset = DatasetBuilder::typed_with_order::<u16>(
            name(place.slice()),
            sizes.clone(),
            H5Order::LittleEndian,
        );
        dataset.data(&values).unwrap()
    });
    hdf5_file(path, datasets.fold(Hdf5Builder::new(), Hdf5Builder::dataset));
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

/// The sizes along the axes in every way to read a file: order is kept, and only what has size 1 is left out or missing.
fn readings(told: &[(Option<Axis>, usize)], axes: &[Axis]) -> BTreeSet<Vec<usize>> {
    let mut all = BTreeSet::new();
    if let ([(own, size), told @ ..], [axis, axes @ ..]) = (told, axes)
        && own.is_none_or(|own| own == *axis)
    {
        all.extend(readings(told, axes).into_iter().map(|rest| [vec![*size], rest].concat()));
    }
    if let [(own, 1), told @ ..] = told
        && !matches!(own, Some(Axis::Y | Axis::X))
    {
        all.extend(readings(told, axes));
    }
    if let [Axis::S | Axis::T | Axis::C | Axis::Z, axes @ ..] = axes {
        all.extend(readings(told, axes).into_iter().map(|rest| [vec![1], rest].concat()));
    }
    if told.is_empty() && axes.is_empty() {
        all.insert(Vec::new());
    }
    all
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
        let folder = tempfile::tempdir().unwrap();
        for stored in STORED {
            let dimensions = stored.dimensions(&dimensions);
            let shape: Vec<usize> = dimensions.iter().map(|(_, size)| *size).collect();
            let letters = text(&dimensions.iter().map(|(axis, _)| *axis).collect::<Vec<_>>());
            let axes: Axes = text(&named(&dimensions, leaves, &adds)).parse().unwrap();
            let array = ramp::<u16>(&shape);
            for source in [AxesSource::Checked, AxesSource::Given] {
                let told = stored.told(&dimensions).into_iter();
                // What the file says does not count where it is overruled.
                let told: Told = told.map(|(own, size)| (own.filter(|_| source == AxesSource::Checked), size)).collect();
                let is_in_order = told.len() == axes.len()
                    && told.iter().zip(axes.as_slice()).all(|((own, _), axis)| own.is_none_or(|own| own == *axis));
                let readings = match is_in_order {
                    true => BTreeSet::from([told.iter().map(|(_, size)| *size).collect()]),
                    false => readings(&told, axes.as_slice()),
                };
                let case = format!("{letters} {shape:?} as {axes} in {stored:?}, {source:?}");
                let opened = stored.open(folder.path(), &array, &letters, &axes, source);
                let [expected] = &Vec::from_iter(readings)[..] else {
                    let error = opened.err();
                    let is_unclear = matches!(error, Some(StackError::UnclearAxes { .. }));
                    // Only the pages of a TIFF may be of more axes than they can tell.
                    let is_merged = matches!(error, Some(StackError::AxesLength { .. } | StackError::AxesDisagree { .. }));
                    prop_assert!(is_unclear || is_merged, "{case}: {error:?}");
                    continue;
                };
                let stack = opened.map_err(|error| TestCaseError::fail(format!("{case}: {error}")))?;
                let info = stack.info();
                prop_assert_eq!(info.layout.axes(), &axes, "{}", case);
                prop_assert_eq!(info.layout.shape(), &expected[..], "{}", case);
                prop_assert!(info.notes.is_empty(), "{}: {:?}", case, info.notes);
                for sizes in [&info.chunks, &info.shards].into_iter().flatten() {
                    prop_assert_eq!(sizes.len(), axes.len(), "{}", case);
                }
                // Order is kept, so that the values are the same ones after the other.
                let expected = array.to_shape(&expected[..]).unwrap();
                let expected: Vec<f32> = canonical_f32(&expected.to_owned(), &axes).unwrap().iter().copied().collect();
                prop_assert_eq!(pixels(&*stack), expected, "{}", case);
            }
        }
    }
}
