//! Good inputs of every target; nothing is read here.
#![expect(clippy::expect_used, reason = "a seed that cannot be made is a failed test")]

use std::error::Error;
use std::sync::Arc;

use hdf5_writer::{ByteOrder, DatasetBuilder, Hdf5Builder, WriteOptions};
use ndarray::Ix4;
use zarrs::array::{Array, ArrayMetadata};
use zarrs::storage::ReadableStorageTraits;
use zarrs::storage::store::MemoryStore;

use super::target::FuzzTarget;
use crate::{TagValues, TiffLayout, ramp};

/// A good input, before it is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FuzzSeed {
    /// What it is, for messages.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

const OME_XML: &str = r#"<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">
<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="17" SizeY="23" SizeZ="3" SizeC="2" SizeT="1"
PhysicalSizeX="0.1" PhysicalSizeXUnit="µm"><Channel ID="Channel:0:0" SamplesPerPixel="1"/><Channel ID="Channel:0:1"/>
<TiffData IFD="0" PlaneCount="6"/></Pixels></Image></OME>"#;

/// The same of a recording that was broken off: of the second time point nothing is there, nor of the second image.
const BROKEN_OFF: &str = r#"<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">
<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="17" SizeY="23" SizeZ="3" SizeC="2" SizeT="2">
<TiffData IFD="0" PlaneCount="6"/><TiffData FirstT="1" IFD="0" PlaneCount="6"><UUID FileName="gone.ome.tif">urn:uuid:1</UUID>
</TiffData></Pixels></Image><Image ID="Image:1"><Pixels ID="Pixels:1" DimensionOrder="XYZCT" Type="uint16" SizeX="17" SizeY="23"
SizeZ="3" SizeC="2" SizeT="1"><TiffData IFD="0" PlaneCount="6"><UUID FileName="gone.ome.tif">urn:uuid:1</UUID></TiffData>
</Pixels></Image></OME>"#;

/// A file that others made for the tests of HDF5.
macro_rules! made {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../../formats/tests/hdf5/", $name)))
    };
}

/// Files of filters, types and virtual datasets.
const HDF5: [(&str, &[u8]); 7] = [
    made!("filters.h5"),
    made!("types.h5"),
    made!("bare_edges.h5"),
    made!("virtual_earliest.h5"),
    made!("virtual_latest.h5"),
    made!("virtual_axes_earliest.h5"),
    made!("virtual_axes_latest.h5"),
];

/// The files that virtual datasets take their pixels from, which stand beside a damaged file.
pub(super) const SOURCES: [(&str, &[u8]); 2] = [made!("part.h5"), made!("mixed_part.h5")];

const IMAGEJ: &str =
    "ImageJ=1.54f\nimages=6\nchannels=2\nslices=3\nhyperstack=true\nunit=micron\nspacing=0.5\n";

const ZARRAY: &str = r#"{"zarr_format": 2, "shape": [3, 20, 24], "chunks": [1, 8, 8], "dtype": "<u2", "fill_value": 7,
"order": "C", "filters": null, "compressor": {"id": "zlib", "level": 1}, "dimension_separator": "/"}"#;

const ZARR_JSON: &str = r#"{"zarr_format": 3, "node_type": "array", "shape": [20, 24], "data_type": "uint16", "fill_value": 0,
"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10, 15]}}, "chunk_key_encoding": {"name": "default"},
"codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
"attributes": {"ome": {"version": "0.5", "multiscales": []}}, "dimension_names": ["y", "x"]}"#;

/// One shard of four chunks of 16 pixels, each of one byte.
pub(super) const SHARDED: &str = r#"{"zarr_format": 3, "node_type": "array", "shape": [8, 8], "data_type": "uint8", "fill_value": 0,
"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [8, 8]}}, "chunk_key_encoding": {"name": "default"},
"codecs": [{"name": "sharding_indexed", "configuration": {"chunk_shape": [4, 4], "codecs": [{"name": "bytes"}],
"index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}]}}]}"#;

/// Lists of codecs whose chunks are damaged together with them.
const CODECS: &[&str] = &[
    r#"[{"name": "bytes", "configuration": {"endian": "little"}}]"#,
    r#"[{"name": "transpose", "configuration": {"order": [1, 0]}}, {"name": "bytes", "configuration": {"endian": "big"}}]"#,
    r#"[{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "gzip", "configuration": {"level": 1}}]"#,
    r#"[{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd", "configuration": {"level": 1, "checksum": false}}]"#,
    r#"[{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "blosc", "configuration": {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 2, "blocksize": 0}}]"#,
];

const YAML: &str = "output: out\nreading: {cache_mib: 1}\ndata_config:\n  mode: training\n  data_type: tiff\n  axes: YX\n  \
patching: {name: random, patch_size: [16, 16]}\n  normalization: {name: mean_std}\ntrain: {input: a.tif, target: b.tif}\n";

/// Metadata of an array of 8 × 8 pixels of two bytes in one chunk, with this list of codecs.
pub(super) fn with_codecs(codecs: &str) -> String {
    format!(
        r#"{{"zarr_format": 3, "node_type": "array", "shape": [8, 8], "data_type": "uint16", "fill_value": 0,
"chunk_grid": {{"name": "regular", "configuration": {{"chunk_shape": [8, 8]}}}},
"chunk_key_encoding": {{"name": "default"}}, "codecs": {codecs}}}"#
    )
}

/// A TIFF of six pages with this description.
pub(super) fn described_tiff(text: String) -> Vec<u8> {
    tiff(Some(text), TiffLayout::default())
}

fn tiff(description: Option<String>, layout: TiffLayout) -> Vec<u8> {
    let image = ramp::<u16>(&[6, 23, 17, 1]);
    let Ok(image) = image.view().into_dimensionality::<Ix4>() else { return Vec::new() };
    let mut pages = layout.pages(image);
    if let (Some(page), Some(text)) = (pages.first_mut(), description) {
        page.tags.push((270, TagValues::Text(text)));
    }
    layout.file(&pages)
}

fn npy() -> Vec<u8> {
    let header = "{'descr': '<u2', 'fortran_order': False, 'shape': (5, 7), }";
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap_or(0).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + 70, 3);
    bytes
}

/// The file of a shard of four chunks, each stored as it is; the last one is missing.
fn shard() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..48).collect();
    for start in [0_u64, 16, 32] {
        bytes.extend(start.to_le_bytes());
        bytes.extend(16_u64.to_le_bytes());
    }
    bytes.extend([0xff; 16]);
    bytes
}

fn hdf5() -> Result<Vec<u8>, hdf5_writer::Error> {
    let values: Vec<u16> = (0..108).collect();
    let order = ByteOrder::LittleEndian;
    let dataset = DatasetBuilder::typed_with_order::<u16>("a/raw", [9, 12], order).data(&values)?;
    let plan = Hdf5Builder::new().dataset(dataset.chunked([4_u64, 4])).into_plan()?;
    plan.encode(WriteOptions { byte_order: order, ..WriteOptions::default() })
}

/// The only chunk of [`with_codecs`], encoded by the crate `zarrs`.
fn chunk(codecs: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let store = Arc::new(MemoryStore::new());
    let metadata: ArrayMetadata = serde_json::from_str(&with_codecs(codecs))?;
    let array = Array::new_with_metadata(Arc::clone(&store), "/", metadata)?;
    array.store_chunk(&[0, 0], (0..64_u16).collect::<Vec<_>>())?;
    let bytes = store.get(&array.chunk_key(&[0, 0]))?.ok_or("the chunk was not stored")?;
    Ok(bytes.to_vec())
}

pub(super) fn of(target: FuzzTarget) -> Vec<FuzzSeed> {
    let plain = TiffLayout::default();
    let seed = |name: &str, bytes: Vec<u8>| FuzzSeed { name: name.to_owned(), bytes };
    match target {
        FuzzTarget::TiffDirectories => vec![
            seed("strips", tiff(None, plain)),
            seed("tiles", tiff(None, TiffLayout { tile: Some([16, 16]), is_deflated: true, ..plain })),
            seed("BigTIFF", tiff(None, TiffLayout { is_big: true, ..plain })),
            seed("packed", tiff(None, TiffLayout { bits: 12, ..plain })),
        ],
        FuzzTarget::OmeXml => {
            vec![seed("OME-XML", OME_XML.into()), seed("OME-XML, broken off", BROKEN_OFF.into())]
        }
        FuzzTarget::ImagejText => vec![seed("ImageJ", IMAGEJ.into())],
        FuzzTarget::Npy => vec![seed("array", npy())],
        FuzzTarget::ZarrMetadata => vec![seed(".zarray", ZARRAY.into()), seed("zarr.json", ZARR_JSON.into())],
        FuzzTarget::ShardIndex => vec![seed("shard", shard())],
        FuzzTarget::CodecChain => {
            let of_codecs = |codecs: &&str| {
                let chunk = chunk(codecs).expect("codecs that encode a small chunk");
                seed(codecs, [codecs.as_bytes(), b"\n", &chunk].concat())
            };
            CODECS.iter().map(of_codecs).collect()
        }
        FuzzTarget::Hdf5 => {
            let own = seed("chunks", hdf5().expect("a small HDF5 file can be encoded"));
            let made = HDF5.iter().chain(&SOURCES).map(|(name, bytes)| seed(name, bytes.to_vec()));
            std::iter::once(own).chain(made).collect()
        }
        FuzzTarget::Yaml => vec![seed("run", YAML.into())],
    }
}
