//! The OME-Zarr sink: one array per position along `S`, and the chunks that blocks touch.

mod chunks;
mod metadata;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_geometry::{ArrayLayout, Axis};
use patchweave_pixel::PixelType;
use serde_json::{Map, Value};
use zarrs::array::codec::{BytesCodec, ZstdCodec};
use zarrs::array::{Array, ArrayBuilder, ArrayError, ArrayMetadataOptions, FillValue};
use zarrs::group::GroupBuilder;

use crate::block::Block;
use crate::checked::BlockWriter;
use crate::staging::StagedFolder;
use crate::{Durability, FolderStore, ImageSpec, SinkError};
use chunks::OpenChunks;

const ZSTD_LEVEL: i32 = 3;
const DEFAULT_CHUNK: usize = 128;

/// What readers commonly allow.
const CHUNK_BYTES_LIMIT: u64 = u32::MAX as u64;

/// Enough for the chunks along one row of tiles of an ordinary image.
const OPEN_CHUNK_BYTES: usize = 64 * 1024 * 1024;

/// Writes blocks into the chunks that they touch.
pub(crate) struct OmeZarrWriter {
    path: PathBuf,
    axes: Vec<Axis>,
    pixel_type: PixelType,
    chunks: OpenChunks,
    staged: StagedFolder,
    durability: Durability,
}

impl OmeZarrWriter {
    pub(crate) fn create(path: &Path, spec: &ImageSpec) -> Result<Self, SinkError> {
        check_chunk(path, spec)?;
        let staged = StagedFolder::create(path)?;
        let store = Arc::new(FolderStore::new(staged.folder()));
        let axes = written_axes(&spec.layout);
        let attributes = metadata::image(spec, &axes);
        let images = match spec.layout.size_of(Axis::S) {
            None => vec![create_image(path, spec, &store, "", attributes)?],
            Some(n_images) => {
                create_group(path, &store, "/", metadata::collection())?;
                let create = |s| create_image(path, spec, &store, &format!("/{s}"), attributes.clone());
                (0..n_images).map(create).collect::<Result<_, _>>()?
            }
        };
        let shape = sizes(&axes, |axis| spec.layout.size_of(axis).unwrap_or(1));
        let chunk_shape = sizes(&axes, |axis| chunk_along(spec, axis));
        let n_pixel_bytes = spec.pixel_type.n_bytes();
        let chunks = OpenChunks::new(images, shape, chunk_shape, n_pixel_bytes, OPEN_CHUNK_BYTES);
        let pixel_type = spec.pixel_type;
        let durability = spec.durability;
        Ok(OmeZarrWriter { path: path.into(), axes, pixel_type, chunks, staged, durability })
    }
}

impl BlockWriter for OmeZarrWriter {
    fn write(&mut self, block: &Block<'_>) -> Result<(), SinkError> {
        let start = block.start(&self.axes);
        let size = block.size(&self.axes);
        let bytes = block.bytes(&self.axes, self.pixel_type);
        self.chunks.write(block.s(), &start, &size, &bytes).map_err(chunk_error(&self.path))
    }

    fn publish(mut self) -> Result<(), SinkError> {
        self.chunks.flush().map_err(chunk_error(&self.path))?;
        self.staged.publish(self.durability)
    }
}

fn chunk_error(path: &Path) -> impl FnOnce(ArrayError) -> SinkError {
    move |source| SinkError::Encoder {
        action: "write a chunk of the Zarr store",
        path: path.into(),
        source: source.into(),
    }
}

/// The axes of one image in the order that OME-Zarr requires.
fn written_axes(layout: &ArrayLayout) -> Vec<Axis> {
    Axis::ALL.into_iter().filter(|&axis| axis != Axis::S && layout.axes().contains(axis)).collect()
}

/// Refuses chunks that no reader could be expected to decode.
fn check_chunk(path: &Path, spec: &ImageSpec) -> Result<(), SinkError> {
    let sizes = sizes(&written_axes(&spec.layout), |axis| chunk_along(spec, axis));
    let n_bytes = sizes.into_iter().fold(spec.pixel_type.n_bytes(), usize::saturating_mul);
    if n_bytes as u64 <= CHUNK_BYTES_LIMIT {
        return Ok(());
    }
    let what = "bytes in a chunk";
    Err(SinkError::TooLarge { path: path.into(), what, got: n_bytes, limit: CHUNK_BYTES_LIMIT })
}

/// Writes the metadata of one image; its only resolution level is the array `0` of the group.
fn create_image(
    path: &Path,
    spec: &ImageSpec,
    store: &Arc<FolderStore>,
    group: &str,
    attributes: Map<String, Value>,
) -> Result<Array<FolderStore>, SinkError> {
    create_group(path, store, if group.is_empty() { "/" } else { group }, attributes)?;
    let fail = |source| SinkError::Encoder {
        action: "create an array of the Zarr store",
        path: path.into(),
        source,
    };
    let axes = written_axes(&spec.layout);
    let shape = wide_sizes(&axes, |axis| spec.layout.size_of(axis).unwrap_or(1));
    let chunks = wide_sizes(&axes, |axis| chunk_along(spec, axis));
    let fill = FillValue::new(vec![0; spec.pixel_type.n_bytes()]);
    let array = ArrayBuilder::new(shape, chunks, spec.pixel_type.name(), fill)
        .array_to_bytes_codec(Arc::new(BytesCodec::little()))
        .bytes_to_bytes_codecs(vec![Arc::new(ZstdCodec::new(ZSTD_LEVEL, false))])
        .dimension_names(Some(axes.iter().map(|&axis| metadata::axis_name(axis))))
        .build(store.clone(), &format!("{group}/0"))
        .map_err(|error| fail(error.into()))?;
    let options = ArrayMetadataOptions::default().with_include_zarrs_metadata(false);
    array.store_metadata_opt(&options).map_err(|error| fail(error.into()))?;
    Ok(array)
}

fn create_group(
    path: &Path,
    store: &Arc<FolderStore>,
    group: &str,
    attributes: Map<String, Value>,
) -> Result<(), SinkError> {
    let fail =
        |source| SinkError::Encoder { action: "create a group of the Zarr store", path: path.into(), source };
    GroupBuilder::new()
        .attributes(attributes)
        .build(store.clone(), group)
        .map_err(|error| fail(error.into()))?
        .store_metadata()
        .map_err(|error| fail(error.into()))
}

fn sizes(axes: &[Axis], size_of: impl Fn(Axis) -> usize) -> Vec<usize> {
    axes.iter().map(|&axis| size_of(axis)).collect()
}

fn wide_sizes(axes: &[Axis], size_of: impl Fn(Axis) -> usize) -> Vec<u64> {
    axes.iter().map(|&axis| size_of(axis) as u64).collect()
}

fn chunk_along(spec: &ImageSpec, axis: Axis) -> usize {
    let given = spec.chunks.as_ref().zip(spec.layout.axes().position(axis));
    let wanted = match (given, axis) {
        (Some((chunks, at)), _) => chunks[at],
        (None, Axis::Y | Axis::X) => DEFAULT_CHUNK,
        (None, _) => 1,
    };
    wanted.min(spec.layout.size_of(axis).unwrap_or(1))
}
