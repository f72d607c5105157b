//! Opening one array as a stack: its axes, chunks, sizes and limits.

use std::cell::Cell;
use std::sync::Arc;

use patchweave_geometry::{Axis, PerAxis};
use patchweave_pixel::PixelType;
use patchweave_stack::{ImageStack, StackError, StackInfo};
use serde_json::Value;
use zarrs::array::Array;

use super::array_keys::ArrayKeys;
use super::chunks::{ArrayChunks, Decoders, ZarrChunks};
use super::codec_names::compression;
use super::decode_error::DecodeError;
use super::decoder::ChunkDecoder;
use super::error::zarr_error;
use super::form::{Form, Limits, chunk_shape, product};
use super::grid::IrregularGrid;
use super::hierarchy::{FoundImage, FoundLevel};
use super::identity::identity;
use super::metadata::describe;
use super::node::{Node, NodeKind};
use super::ome::Multiscale;
use super::ome_axes::axis_named;
use super::seen::Seen;
use super::store::{Store, ZarrsStorage};
use super::version::ZarrVersion;
use super::witness::Witness;
use crate::chunked::{ChunkedStack, Edges};
use crate::file_axes::{FileAxes, StoredAxes, WantedAxes};
use crate::{ChunkCache, OpenOptions};

/// Opens arrays of one store in the same way.
pub(super) struct ArrayOpener<'a> {
    pub store: Arc<dyn Store>,
    pub axes: WantedAxes<'a>,
    pub options: &'a OpenOptions,
    /// Chunks that may still be asked for on another machine to see whether there are any.
    pub n_requests: Cell<u64>,
}

/// Requests that one call of opening spends on seeing whether there are chunks, all of its arrays together.
pub(super) const MAX_REQUESTS: u64 = 8;

impl ArrayOpener<'_> {
    /// The array of a level as a stack.
    ///
    /// # Errors
    /// [`StackError`] if it is a group, cannot be read, or its chunks are too large.
    pub fn open(
        &self,
        level: &FoundLevel,
        FoundImage { image, field, notes, .. }: &FoundImage,
        node: &Node,
    ) -> Result<Arc<dyn ImageStack>, StackError> {
        let key = level.path.trim_start_matches('/');
        let stack = self.store.name(key);
        if node.kind == NodeKind::Group {
            return Err(StackError::damaged(stack, "the node", "a group", "an array"));
        }
        let limit = self.options.decoded_chunk_bytes;
        let storage = ZarrsStorage {
            store: self.store.clone(),
            limit: (limit as u64).saturating_mul(2).saturating_add(1 << 20),
        };
        let image = image.as_ref();
        let described = describe(&stack, node)?;
        let pixel_type = described.pixel_type;
        let irregular = IrregularGrid::of(&stack, node.version, &described.json)?;
        let array = Array::new_with_metadata(Arc::new(storage), &level.path, described.array);
        let array = array.map_err(|source| zarr_error(&stack, "the array's metadata", source))?;
        let shape = sizes(array.shape()).ok_or_else(|| StackError::Unsupported {
            stack: stack.clone(),
            what: format!("shape {:?}", array.shape()),
            hint: "every size must be addressable on this machine",
        })?;
        let own = own_axes(&stack, &array, node, image)?;
        let axes = own.stored(&stack, self.axes, &shape)?;
        let has_fill = described.unusable_fill.is_none();
        let files = match &irregular {
            Some(grid) => grid.0.iter().zip(&shape).map(|(edges, n)| edges.n_chunks(*n) as u64).collect(),
            None => array.chunk_grid_shape().to_vec(),
        };
        let Chunking { chunks, chunk, shards } =
            chunking(&stack, &array, irregular, pixel_type, (limit, has_fill))?;
        let edges = match &chunks {
            ArrayChunks::Plain(decoders) => decoders.edges(),
            ArrayChunks::Shards(_) => None,
        };
        let edges = edges.unwrap_or_else(|| chunk.iter().copied().map(Edges::Fixed).collect());
        let n_chunks: Vec<u64> =
            shape.iter().zip(&edges).map(|(n, edges)| edges.n_chunks(*n) as u64).collect();
        if product(&n_chunks).is_none() {
            return Err(damaged_grid(&stack, &format!("{n_chunks:?} chunks")));
        }
        let mut n_requests = self.n_requests.get();
        let what = if shards.is_some() { "shards" } else { "chunks" };
        let absence = described.names.absence(self.store.as_ref(), key, &files, &mut n_requests, what);
        self.n_requests.set(n_requests);
        let mut info = StackInfo::new(stack.clone(), pixel_type, axes.layout.clone());
        info.chunks = Some(axes.by_axis(&chunk, &1));
        info.shards = shards.map(|shards| axes.by_axis(&shards, &1));
        info.pixel_size = level.scale.as_ref().and_then(|scale| along_space(scale, &axes));
        info.translation = level.translation.as_ref().and_then(|place| along_space(place, &axes));
        info.well_field.clone_from(field);
        if let Some(image) = image {
            image.channels.tell(&mut info);
            info.is_labels = image.is_labels;
            info.set_time_step(image.time_step);
        }
        info.format = Some(format_name(node.version, image));
        info.compression = compression(node.version, &node.metadata);
        info.identity = identity(&*self.store, &ArrayKeys::of(&array, key, node.version));
        let attributes = node.unreadable_note();
        info.notes = notes.iter().cloned().chain(attributes).chain(described.notes).chain(absence).collect();
        let fill_value = array.fill_value().as_ne_bytes().to_vec();
        let source = ZarrChunks {
            array,
            store: self.store.clone(),
            chunks,
            stack,
            pixel_type,
            chunk,
            fill_value,
            unusable_fill: described.unusable_fill,
            witness: Witness::new(node.file.clone()),
            files,
            seen: Seen::default(),
            cache: self.options.cache.clone(),
            image: ChunkCache::new_image(),
        };
        Ok(Arc::new(ChunkedStack::with_edges(source, info, axes, edges, self.options)))
    }
}

/// How an array is cut.
struct Chunking {
    chunks: ArrayChunks,
    /// The size of what is decoded at once.
    chunk: Vec<usize>,
    shards: Option<Vec<usize>>,
}

/// How an array is cut, if what is decoded at once has at most `limit` bytes.
fn chunking(
    stack: &str,
    array: &Array<ZarrsStorage>,
    irregular: Option<IrregularGrid>,
    pixel_type: PixelType,
    (limit, has_fill): (usize, bool),
) -> Result<Chunking, StackError> {
    let grid = largest_chunk(stack, array, irregular.as_ref())?;
    let too_large =
        |chunk: Vec<usize>| StackError::ChunkTooLarge { stack: stack.to_owned(), chunk, pixel_type, limit };
    if irregular.is_some() && is_sharded(array) {
        return Err(StackError::Unsupported {
            stack: stack.to_owned(),
            what: "an irregular grid of shards".to_owned(),
            hint: "rewrite the array with shards of one size",
        });
    }
    let shape = chunk_shape(&grid.iter().map(|&size| size as u64).collect::<Vec<_>>());
    let form = Form {
        shape: shape.ok_or_else(|| damaged_grid(stack, &format!("chunks of {grid:?}")))?,
        data_type: array.data_type().clone(),
        fill_value: array.fill_value().clone(),
        has_fill,
    };
    // A shard may be larger than what is decoded at once, a chunk in it may not.
    let mut limits = Limits::of_chunks(limit);
    if is_sharded(array) {
        limits.chunk = usize::MAX;
    }
    let decoder = match ChunkDecoder::new(&array.codecs(), form, limits) {
        Ok(decoder) => decoder,
        Err(DecodeError::TooLarge { .. }) => return Err(too_large(grid)),
        Err(source) => return Err(zarr_error(stack, "the array's codecs", source)),
    };
    let chunking = match (irregular, decoder.open_shard().map(|layout| layout.chunk.clone())) {
        (Some(irregular), _) => {
            let decoders = Decoders::OfShapes { grid: irregular, has_fill, limit };
            Chunking { chunks: ArrayChunks::Plain(decoders), chunk: grid, shards: None }
        }
        (None, Some(chunk)) => Chunking { chunks: ArrayChunks::regular(decoder), chunk, shards: Some(grid) },
        (None, None) => Chunking { chunks: ArrayChunks::regular(decoder), chunk: grid, shards: None },
    };
    let n_bytes = chunking.chunk.iter().try_fold(pixel_type.n_bytes(), |n, &size| n.checked_mul(size));
    if n_bytes.is_none_or(|n_bytes| n_bytes > limit) {
        return Err(too_large(chunking.chunk));
    }
    Ok(chunking)
}

/// What the file says about its axes: the image it belongs to, or else the names of the array's dimensions.
fn own_axes(
    stack: &str,
    array: &Array<ZarrsStorage>,
    node: &Node,
    image: Option<&Multiscale>,
) -> Result<FileAxes, StackError> {
    let n_dimensions = array.dimensionality();
    if let Some(axes) = image.and_then(|image| image.axes.as_ref()) {
        if axes.len() != n_dimensions {
            return Err(StackError::damaged(
                stack,
                "axes of its image",
                format!("{} axes", axes.len()),
                format!("as many as the array has dimensions, {n_dimensions}"),
            ));
        }
        return Ok(FileAxes::new(axes.clone()));
    }
    let names: Option<Vec<Option<&str>>> = match array.dimension_names() {
        Some(names) => Some(names.iter().map(Option::as_deref).collect()),
        None => {
            let names = node.attributes.get("_ARRAY_DIMENSIONS").and_then(Value::as_array);
            names.map(|names| names.iter().map(Value::as_str).collect())
        }
    };
    Ok(match names.filter(|names| names.len() == n_dimensions) {
        Some(names) => FileAxes::new(names.iter().map(|name| axis_named((*name)?)).collect()),
        None => FileAxes::unknown(n_dimensions),
    })
}

/// The size of a chunk; along a dimension whose chunks differ, that of the largest one.
fn largest_chunk(
    stack: &str,
    array: &Array<ZarrsStorage>,
    irregular: Option<&IrregularGrid>,
) -> Result<Vec<usize>, StackError> {
    if let Some(grid) = irregular {
        return Ok(grid.largest());
    }
    let first = array.chunk_shape(&vec![0; array.dimensionality()]);
    let first = first.map_err(|source| zarr_error(stack, "the chunk grid", source))?;
    let largest: Vec<u64> = first.iter().map(|size| size.get()).collect();
    sizes(&largest).ok_or_else(|| damaged_grid(stack, &format!("chunks of {largest:?}")))
}

fn damaged_grid(stack: &str, got: &str) -> StackError {
    StackError::damaged(stack, "the chunk grid", got, "chunks that can be counted")
}

fn is_sharded(array: &Array<ZarrsStorage>) -> bool {
    let codecs = array.codecs();
    let is_plain = codecs.array_to_array_codecs().is_empty() && codecs.bytes_to_bytes_codecs().is_empty();
    is_plain && codecs.array_to_bytes_codec().as_any().is::<zarrs::array::codec::ShardingCodec>()
}

fn sizes(sizes: &[u64]) -> Option<Vec<usize>> {
    sizes.iter().map(|&size| usize::try_from(size).ok()).collect()
}

fn format_name(version: ZarrVersion, image: Option<&Multiscale>) -> String {
    match (image, version) {
        (Some(Multiscale { version: Some(version), .. }), _) => format!("OME-Zarr {version}"),
        (Some(_), _) => "OME-Zarr".to_owned(),
        (None, ZarrVersion::V2) => "Zarr 2".to_owned(),
        (None, ZarrVersion::V3) => "Zarr 3".to_owned(),
    }
}

/// Values of the dimensions that are spatial, if all of them have one.
fn along_space(values: &[Option<f64>], axes: &StoredAxes) -> Option<PerAxis<f64>> {
    let values = axes.by_axis(values, &None);
    let axes = axes.layout.axes();
    let spatial = [Axis::Z, Axis::Y, Axis::X].into_iter().filter_map(|axis| axes.position(axis));
    let values: Option<Vec<f64>> = spatial.map(|position| *values.get(position)?).collect();
    PerAxis::new(&values?).ok()
}
