//! Zarr v2 and v3 arrays and OME-Zarr images on the file system.

mod ome;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{ArrayD, SliceInfo, SliceInfoElem};
use patchweave_geometry::{ArrayLayout, Axes, Axis, GeometryError, PerAxis};
use patchweave_pixel::{Pixel, PixelType, copy_as_f32, own_axes_view, with_pixel};
use zarrs::array::chunk_cache::{ChunkCache, ChunkCacheDecodedLruSizeLimit};
use zarrs::array::{
    Array, ArrayError, ArrayShardedExt, ArraySubset, CodecOptions, DataType, ElementOwned, data_type,
};
use zarrs::filesystem::FilesystemStore;
use zarrs::group::{Group, GroupCreateError};
use zarrs::storage::{ReadableListableStorage, ReadableStorageTraits};

use self::ome::Multiscale;
use crate::own_axes::{boxes, runs_of};
use crate::{ImageStack, InsideWindow, OpenOptions, PatchViewMut, PixelSize, StackError, StackInfo};

/// One array of a Zarr store, read chunk by chunk through a cache of decoded chunks.
///
/// Shards are decoded and kept as a whole, unless they are larger than the cache: then the chunks inside
/// are decoded one by one for every region. Missing chunks read as the fill value. Made by [`open_zarr`]; any number of threads may read at once.
///
/// ```no_run
/// use std::path::Path;
///
/// use patchweave_stack::{ImageStack, OpenOptions, open_zarr};
///
/// let stacks = open_zarr(Path::new("cells.ome.zarr"), &"CYX".parse()?, &OpenOptions::default())?;
/// println!("{:?}", stacks[0].info().chunks);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ZarrStack {
    cache: ChunkCacheDecodedLruSizeLimit,
    /// The chunks are shards that the cache cannot keep.
    is_uncached: bool,
    options: CodecOptions,
    info: StackInfo,
}

/// Opens what `path` names inside a Zarr store: an array, an OME-Zarr image at full resolution, a collection
/// of images, or every array of a group, names sorted as strings.
///
/// The store is the outermost folder of the path whose name ends in `.zarr`, or the path itself.
///
/// # Errors
/// [`StackError`] if nothing is there, a group holds no arrays, the pixel type is not numeric, `axes`
/// does not fit the shape and what the metadata says, or a chunk decodes to more than
/// [`OpenOptions::decoded_chunk_bytes`].
pub fn open_zarr(path: &Path, axes: &Axes, options: &OpenOptions) -> Result<Vec<ZarrStack>, StackError> {
    let levels = open_zarr_levels(path, axes, options, 1)?;
    Ok(levels.into_iter().flatten().collect())
}

/// Opens the first `n_levels` levels of every image that `path` names inside a Zarr store, full resolution first.
///
/// # Errors
/// As [`open_zarr`], and [`StackError::TooFewLevels`] for an image that has fewer; an array outside of an
/// OME-Zarr image has one.
pub fn open_zarr_levels(
    path: &Path,
    axes: &Axes,
    options: &OpenOptions,
    n_levels: usize,
) -> Result<Vec<Vec<ZarrStack>>, StackError> {
    let (root, node) = split_store(path);
    if !root.is_dir() {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(StackError::Io { stack: root.display().to_string(), action: "open the folder", source });
    }
    let stack = path.display().to_string();
    let store = FilesystemStore::new(&root).map_err(|source| zarr_error(&stack, "the store", source))?;
    let opener = Opener { store: Arc::new(store), root, axes };
    let images = opener.find(&node)?;
    let options = options.shared_by(images.len().saturating_mul(n_levels));
    let open_image = |FoundImage { levels, image }: &FoundImage| {
        let got = levels.len();
        let wanted = levels.get(..n_levels).ok_or_else(|| StackError::TooFewLevels {
            stack: opener.name(levels.first().map_or("/", String::as_str)),
            got,
            expected: n_levels,
        })?;
        let levels = wanted.iter().enumerate();
        // The metadata's pixel size is that of the full resolution.
        levels
            .map(|(level, path)| opener.array(path, image.as_ref(), &options, level == 0))
            .collect::<Result<Vec<_>, _>>()
    };
    images.iter().map(open_image).collect()
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
    axes: &'a Axes,
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
        options: &OpenOptions,
        is_full_resolution: bool,
    ) -> Result<ZarrStack, StackError> {
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
        if let Some(own) = image.and_then(|image| image.axes.as_ref())
            && *own != self.axes.to_string()
        {
            return Err(StackError::AxesDisagree { stack, given: self.axes.clone(), own: own.clone() });
        }
        if self.axes.len() != shape.len() {
            return Err(StackError::AxesLength { stack, axes: self.axes.clone(), shape });
        }
        let in_layout = |source| StackError::Window { stack: stack.clone(), source };
        let layout = ArrayLayout::new(self.axes.clone(), &shape).map_err(in_layout)?;
        let mut info = StackInfo::new(stack.clone(), pixel_type, layout);
        let chunk = largest_chunk(&array).map_err(|source| zarr_error(&stack, "the chunk grid", source))?;
        let inner = array.subchunk_shape().map(|shape| shape.iter().map(|n| n.get()).collect::<Vec<u64>>());
        let n_bytes = |shape: &[usize]| {
            shape.iter().try_fold(pixel_type.n_bytes(), |n_bytes, &size| n_bytes.checked_mul(size))
        };
        let fits = |shape: &[usize], limit: usize| n_bytes(shape).is_some_and(|n_bytes| n_bytes <= limit);
        let cache_bytes = usize::try_from(options.chunk_cache_bytes).unwrap_or(usize::MAX);
        // Codecs around the shard need all of its bytes for any part of it.
        let is_uncached = array.is_exclusively_sharded() && !fits(&chunk, cache_bytes);
        match inner.and_then(|inner| sizes(&inner).ok()) {
            Some(inner) => (info.chunks, info.shards) = (Some(inner), Some(chunk.clone())),
            None => info.chunks = Some(chunk.clone()),
        }
        let decoded = if is_uncached { info.chunks.clone().unwrap_or(chunk) } else { chunk };
        let limit = options.decoded_chunk_bytes;
        if !fits(&decoded, limit) {
            return Err(StackError::ChunkTooLarge { stack, chunk: decoded, pixel_type, limit });
        }
        info.pixel_size = image.filter(|_| is_full_resolution).and_then(|image| pixel_size(image, self.axes));
        let cache = ChunkCacheDecodedLruSizeLimit::new(Arc::new(array), options.chunk_cache_bytes);
        // Parallel reading is the caller's: one thread per patch, none per chunk.
        let options = CodecOptions::default().with_concurrent_target(1);
        Ok(ZarrStack { cache, is_uncached, options, info })
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

impl ZarrStack {
    fn read_as<T: Pixel + ElementOwned>(
        &self,
        window: &InsideWindow<'_>,
        out: PatchViewMut<'_>,
    ) -> Result<(), StackError> {
        let stack = &self.info.source;
        let other = |source: Box<dyn std::error::Error + Send + Sync>| StackError::Other {
            stack: stack.clone(),
            source,
        };
        let layout = &self.info.layout;
        let bad_window = |source: GeometryError| StackError::Window { stack: stack.clone(), source };
        let runs = runs_of(layout, window).map_err(bad_window)?;
        let mut own = own_axes_view(out, layout.axes()).map_err(|source| other(source.into()))?;
        for part in boxes(&runs) {
            let ranges: Vec<std::ops::Range<u64>> =
                part.file.iter().map(|range| range.start as u64..range.end as u64).collect();
            let subset = ArraySubset::new_with_ranges(&ranges);
            let read = if self.is_uncached {
                self.cache.array().retrieve_array_subset_opt(&subset, &self.options)
            } else {
                self.cache.retrieve_array_subset(&subset, &self.options)
            };
            let block: ArrayD<T> =
                read.map_err(|source| zarr_error(stack, format!("region {:?}", part.file), source))?;
            let place: Vec<SliceInfoElem> = part.out.into_iter().map(SliceInfoElem::from).collect();
            let place = SliceInfo::<_, ndarray::IxDyn, ndarray::IxDyn>::try_from(place)
                .map_err(|source| other(source.into()))?;
            copy_as_f32(block.view(), own.slice_mut(place)).map_err(|source| other(source.into()))?;
        }
        Ok(())
    }
}

impl ImageStack for ZarrStack {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        with_pixel!(self.info.pixel_type, T => self.read_as::<T>(window, out))
    }
}
