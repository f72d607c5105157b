//! Zarr v2 and v3 arrays and OME-Zarr images on the file system.

mod ome;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_geometry::{Axes, Axis, PerAxis};
use patchweave_pixel::PixelType;
use zarrs::array::{
    Array, ArrayBytes, ArrayError, ArrayShardedExt, ArrayShardedReadableExt, ArrayShardedReadableExtCache,
    CodecOptions, DataType, data_type,
};
use zarrs::filesystem::FilesystemStore;
use zarrs::group::{Group, GroupCreateError};
use zarrs::storage::{ReadableListableStorage, ReadableStorageTraits};

use self::ome::Multiscale;
use crate::chunk::DecodedChunk;
use crate::chunked::{ChunkSource, ChunkedStack};
use crate::file_axes::FileAxes;
use crate::open::Pyramid;
use crate::{Format, ImageStack, OpenOptions, OpenRequest, PixelSize, StackError, StackInfo};

/// Zarr v2 and v3 arrays and OME-Zarr images.
///
/// A path names an array, an OME-Zarr image, a collection of images, or every array of a group, names sorted as
/// strings. The store is the outermost folder of the path whose name ends in `.zarr`, or the path itself. Missing
/// chunks read as the fill value. The chunks inside of a shard are read one by one.
pub(crate) struct ZarrFormat;

impl Format for ZarrFormat {
    fn name(&self) -> &str {
        "zarr"
    }

    fn extensions(&self) -> &[&str] {
        &["zarr"]
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        let path = request.path;
        let stack = path.display().to_string();
        if path.is_file() {
            return Err(StackError::Unsupported {
                stack,
                what: "a file read as Zarr".to_owned(),
                hint: "name a Zarr store, which is a folder, or use data_type tiff for a TIFF",
            });
        }
        let (root, node) = split_store(path);
        if !root.is_dir() {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(StackError::Io {
                stack: root.display().to_string(),
                action: "open the folder",
                source,
            });
        }
        let store = FilesystemStore::new(&root).map_err(|source| zarr_error(&stack, "the store", source))?;
        let opener = Opener { store: Arc::new(store), root, axes: request.axes, options: request.options };
        let open_image = |FoundImage { levels, image }: &FoundImage| {
            let got = levels.len();
            let n_levels = request.n_levels.unwrap_or(got);
            let wanted = levels.get(..n_levels).ok_or_else(|| StackError::TooFewLevels {
                stack: opener.name(levels.first().map_or("/", String::as_str)),
                got,
                expected: n_levels,
            })?;
            let levels = wanted.iter().enumerate();
            // The metadata's pixel size is that of the full resolution.
            levels.map(|(level, path)| opener.array(path, image.as_ref(), level == 0)).collect()
        };
        opener.find(&node)?.iter().map(open_image).collect()
    }
}

/// The store's folder and the path of the node in it, which starts with `/`.
fn split_store(path: &Path) -> (PathBuf, String) {
    let is_store = |folder: &&Path| folder.extension().is_some_and(|extension| extension == "zarr");
    let root = path.ancestors().filter(is_store).last().unwrap_or(path);
    let inside = path.strip_prefix(root).unwrap_or(Path::new(""));
    let names: Vec<String> =
        inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    (root.to_owned(), format!("/{}", names.join("/")))
}

struct Opener<'a> {
    store: ReadableListableStorage,
    root: PathBuf,
    axes: Option<&'a Axes>,
    options: &'a OpenOptions,
}

/// The paths of an image's arrays, full resolution first, and what OME-Zarr metadata says about it.
struct FoundImage {
    levels: Vec<String>,
    image: Option<Multiscale>,
}

impl FoundImage {
    fn array(path: String) -> Self {
        FoundImage { levels: vec![path], image: None }
    }
}

impl Opener<'_> {
    fn name(&self, node: &str) -> String {
        match node.trim_start_matches('/') {
            "" => self.root.display().to_string(),
            inside => self.root.join(inside).display().to_string(),
        }
    }

    /// The arrays that a node stands for.
    fn find(&self, node: &str) -> Result<Vec<FoundImage>, StackError> {
        let group = match Group::open(self.store.clone(), node) {
            Ok(group) => group,
            Err(source) => return self.only_array(node, source),
        };
        if let Some(image) = ome::multiscale(group.attributes()) {
            let paths = image.levels.iter().map(|level| join(node, level)).collect();
            return Ok(vec![FoundImage { levels: paths, image: Some(image) }]);
        }
        let failed = |source| zarr_error(&self.name(node), "the list of arrays", source);
        if ome::is_collection(group.attributes()) {
            let mut images: Vec<(usize, String)> = group
                .child_group_paths()
                .map_err(failed)?
                .into_iter()
                .filter_map(|path| Some((last_name(path.as_str()).parse().ok()?, path.to_string())))
                .collect();
            images.sort_unstable();
            let found: Result<Vec<_>, _> = images.iter().map(|(_, path)| self.find(path)).collect();
            return Ok(found?.into_iter().flatten().collect());
        }
        let mut arrays: Vec<String> =
            group.child_array_paths().map_err(failed)?.iter().map(ToString::to_string).collect();
        arrays.sort_unstable();
        if arrays.is_empty() {
            return Err(StackError::Damaged {
                stack: self.name(node),
                place: "the group".to_owned(),
                got: "no arrays and no OME-Zarr image".to_owned(),
                expected: "at least one array; name one inside the store if they are deeper".to_owned(),
            });
        }
        Ok(arrays.into_iter().map(FoundImage::array).collect())
    }

    /// A node that is no group: an array, or metadata that cannot be read as either.
    fn only_array(&self, node: &str, no_group: GroupCreateError) -> Result<Vec<FoundImage>, StackError> {
        let storage: Arc<dyn ReadableStorageTraits> = self.store.clone().readable();
        match (Array::open(storage, node), no_group) {
            (Ok(_), _) => Ok(vec![FoundImage::array(node.to_owned())]),
            (Err(source), GroupCreateError::MissingMetadata) => {
                Err(zarr_error(&self.name(node), "the metadata of an array or group", source))
            }
            (Err(_), source) => {
                Err(zarr_error(&self.name(node), "the metadata of an array or group", source))
            }
        }
    }

    fn array(
        &self,
        node: &str,
        image: Option<&Multiscale>,
        is_full_resolution: bool,
    ) -> Result<Arc<dyn ImageStack>, StackError> {
        let stack = self.name(node);
        let storage: Arc<dyn ReadableStorageTraits> = self.store.clone().readable();
        let array = Array::open(storage, node)
            .map_err(|source| zarr_error(&stack, "the array's metadata", source))?;
        let pixel_type = pixel_type_of(array.data_type()).ok_or_else(|| StackError::Unsupported {
            stack: stack.clone(),
            what: format!("data type {:?}", array.data_type()),
            hint: "arrays of booleans, integers and floats are read",
        })?;
        let sizes = |sizes: &[u64]| sizes.iter().map(|&n| usize::try_from(n)).collect::<Result<Vec<_>, _>>();
        let shape = sizes(array.shape()).map_err(|_| StackError::Unsupported {
            stack: stack.clone(),
            what: format!("shape {:?}", array.shape()),
            hint: "every size must be addressable on this machine",
        })?;
        let own = match image.and_then(|image| image.axes.as_ref()) {
            Some(axes) => FileAxes::new(axes.chars().map(Axis::from_letter).collect()),
            None => FileAxes::unknown(shape.len()),
        };
        let layout = own.layout(&stack, self.axes, &shape)?;
        let mut info = StackInfo::new(stack.clone(), pixel_type, layout);
        let chunk = largest_chunk(&array).map_err(|source| zarr_error(&stack, "the chunk grid", source))?;
        let inner = array.subchunk_shape().map(|shape| shape.iter().map(|n| n.get()).collect::<Vec<u64>>());
        let decoded = match inner.and_then(|inner| sizes(&inner).ok()) {
            Some(inner) => {
                info.shards = Some(chunk);
                inner
            }
            None => chunk,
        };
        info.chunks = Some(decoded.clone());
        let n_bytes = decoded.iter().try_fold(pixel_type.n_bytes(), |n, &size| n.checked_mul(size));
        let limit = self.options.decoded_chunk_bytes;
        if n_bytes.is_none_or(|n_bytes| n_bytes > limit) {
            return Err(StackError::ChunkTooLarge { stack, chunk: decoded, pixel_type, limit });
        }
        info.pixel_size =
            image.filter(|_| is_full_resolution).and_then(|image| pixel_size(image, info.layout.axes()));
        // Parallel reading is the caller's: one thread per patch, none per chunk.
        let options = CodecOptions::default().with_concurrent_target(1);
        let shards = ArrayShardedReadableExtCache::new(&array);
        let source = ZarrSource { array, shards, options, stack, pixel_type, chunk: decoded.clone() };
        Ok(Arc::new(ChunkedStack::new(source, info, decoded, self.options.cache.clone())))
    }
}

/// The size of a chunk; along a dimension whose chunks differ, that of the largest one.
fn largest_chunk(array: &Array<dyn ReadableStorageTraits>) -> Result<Vec<usize>, ArrayError> {
    let mut largest = array.chunk_shape_usize(&vec![0; array.dimensionality()])?;
    if array.chunk_grid().name_v3().is_some_and(|name| name == "regular") {
        return Ok(largest);
    }
    for (dimension, &n_chunks) in array.chunk_grid_shape().iter().enumerate() {
        let mut chunk = vec![0; array.dimensionality()];
        for idx in 1..n_chunks {
            chunk[dimension] = idx;
            largest[dimension] = largest[dimension].max(array.chunk_shape_usize(&chunk)?[dimension]);
        }
    }
    Ok(largest)
}

fn join(node: &str, name: &str) -> String {
    format!("{}/{}", node.trim_end_matches('/'), name.trim_matches('/'))
}

fn last_name(node: &str) -> &str {
    node.rsplit('/').next().unwrap_or(node)
}

fn pixel_size(image: &Multiscale, axes: &Axes) -> Option<PixelSize> {
    let scale = image.scale.as_ref()?;
    let spatial = [Axis::Z, Axis::Y, Axis::X].into_iter().filter_map(|axis| axes.position(axis));
    let sizes: Option<Vec<f64>> = spatial.map(|position| *scale.get(position)?).collect();
    PerAxis::new(&sizes?).ok()
}

fn pixel_type_of(found: &DataType) -> Option<PixelType> {
    let zarr_type = |pixel_type: &PixelType| match pixel_type {
        PixelType::Bool => data_type::bool(),
        PixelType::U8 => data_type::uint8(),
        PixelType::U16 => data_type::uint16(),
        PixelType::U32 => data_type::uint32(),
        PixelType::U64 => data_type::uint64(),
        PixelType::I8 => data_type::int8(),
        PixelType::I16 => data_type::int16(),
        PixelType::I32 => data_type::int32(),
        PixelType::I64 => data_type::int64(),
        PixelType::F16 => data_type::float16(),
        PixelType::F32 => data_type::float32(),
        PixelType::F64 => data_type::float64(),
    };
    PixelType::ALL.into_iter().find(|pixel_type| zarr_type(pixel_type) == *found)
}

fn zarr_error(
    stack: &str,
    place: impl Into<String>,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StackError {
    StackError::Zarr { stack: stack.to_owned(), place: place.into(), source: source.into() }
}

struct ZarrSource {
    array: Array<dyn ReadableStorageTraits>,
    /// The indices of the shards that were read.
    shards: ArrayShardedReadableExtCache,
    options: CodecOptions,
    stack: String,
    pixel_type: PixelType,
    /// The size of a chunk, or of a chunk inside of a shard.
    chunk: Vec<usize>,
}

impl ChunkSource for ZarrSource {
    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let indices: Vec<u64> = chunk.iter().map(|&at| at as u64).collect();
        let failed = |source: ArrayError| zarr_error(&self.stack, format!("chunk {chunk:?}"), source);
        let bytes: ArrayBytes<'static> = if self.array.is_sharded() {
            self.array.retrieve_subchunk_opt(&self.shards, &indices, &self.options).map_err(failed)?
        } else {
            let found =
                self.array.retrieve_chunk_if_exists_opt::<ArrayBytes<'static>>(&indices, &self.options);
            match found.map_err(failed)? {
                Some(bytes) => bytes,
                None => {
                    let pixel = self.array.fill_value().as_ne_bytes();
                    return Ok(DecodedChunk::uniform(pixel, chunk.len()));
                }
            }
        };
        let bytes =
            bytes.into_fixed().map_err(|source| failed(ArrayError::CodecError(source.into())))?.into_owned();
        let n_bytes = bytes.len();
        DecodedChunk::new(bytes, self.pixel_type, &self.chunk).ok_or_else(|| StackError::Damaged {
            stack: self.stack.clone(),
            place: format!("chunk {chunk:?}"),
            got: format!("{n_bytes} bytes"),
            expected: format!("{:?} pixels of {}", self.chunk, self.pixel_type),
        })
    }
}
