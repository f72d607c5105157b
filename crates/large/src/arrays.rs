//! The arrays on disk as Zarr sees them: metadata, and chunks one by one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_pixel::PixelType;
use patchweave_sink::FolderStore;
use serde_json::{Map, Value};
use zarrs::array::codec::{BytesCodec, ZstdCodec};
use zarrs::array::{
    Array, ArrayBuilder, ArrayBytes, ArrayMetadataOptions, CodecOptions, Element, ElementOwned, FillValue,
};

use crate::LargeError;
use crate::error::zarr_error;

/// As the reference implementation stores its arrays.
const ZSTD_LEVEL: i32 = 0;

/// An array and the folder it stands in.
#[derive(Debug)]
pub(crate) struct DiskArray {
    folder: PathBuf,
    array: Array<FolderStore>,
    options: CodecOptions,
}

impl DiskArray {
    /// An array of zeros; nothing is written.
    pub(crate) fn new(
        folder: &Path,
        shape: &[usize],
        chunk: &[usize],
        pixel_type: PixelType,
        attributes: Map<String, Value>,
    ) -> Result<Self, LargeError> {
        let wide = |sizes: &[usize]| sizes.iter().map(|&size| size as u64).collect::<Vec<_>>();
        let fill = FillValue::new(vec![0; pixel_type.n_bytes()]);
        let array = ArrayBuilder::new(wide(shape), wide(chunk), pixel_type.name(), fill)
            .array_to_bytes_codec(Arc::new(BytesCodec::little()))
            .bytes_to_bytes_codecs(vec![Arc::new(ZstdCodec::new(ZSTD_LEVEL, false))])
            .attributes(attributes)
            .build(Arc::new(FolderStore::new(folder.into())), "/")
            .map_err(zarr_error("lay out", folder))?;
        Ok(Self::of(folder, array))
    }

    pub(crate) fn open(folder: &Path) -> Result<Self, LargeError> {
        let store = Arc::new(FolderStore::new(folder.into()));
        Ok(Self::of(folder, Array::open(store, "/").map_err(zarr_error("open", folder))?))
    }

    /// The same array in another folder.
    pub(crate) fn in_folder(&self, folder: &Path) -> Result<Self, LargeError> {
        let store = Arc::new(FolderStore::new(folder.into()));
        let array = Array::new_with_metadata(store, "/", self.array.metadata().clone());
        Ok(Self::of(folder, array.map_err(zarr_error("lay out", folder))?))
    }

    fn of(folder: &Path, array: Array<FolderStore>) -> Self {
        // The caller brings its own threads. A chunk that has become 0 must replace the one that was not.
        let options = CodecOptions::default().with_concurrent_target(1).with_store_empty_chunks(true);
        DiskArray { folder: folder.into(), array, options }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn attributes(&self) -> &Map<String, Value> {
        self.array.attributes()
    }

    /// Refuses an array that is not as `other` in shape, chunks and type.
    pub(crate) fn check_like(&self, other: &DiskArray) -> Result<(), LargeError> {
        let facts = |array: &Array<FolderStore>| {
            let first = vec![0; array.shape().len()];
            let chunk = array
                .chunk_shape(&first)
                .map(|sizes| sizes.iter().map(|size| size.get()).collect::<Vec<_>>());
            let fill = array.fill_value().as_ne_bytes().iter().all(|&byte| byte == 0);
            format!(
                "shape {:?}, chunks {:?}, type {}, fill value {}",
                array.shape(),
                chunk.unwrap_or_default(),
                array.data_type(),
                if fill { "0" } else { "not 0" },
            )
        };
        let got = facts(&self.array);
        let expected = facts(&other.array);
        if got == expected {
            return Ok(());
        }
        Err(LargeError::Foreign {
            path: self.folder.clone(),
            reason: format!("got {got}, expected {expected}"),
        })
    }

    pub(crate) fn write_metadata(&self) -> Result<(), LargeError> {
        let options = ArrayMetadataOptions::default().with_include_zarrs_metadata(false);
        self.array.store_metadata_opt(&options).map_err(zarr_error("write the metadata of", &self.folder))
    }

    /// The values of a chunk; `None` if it was never written.
    pub(crate) fn read<T: ElementOwned>(&self, chunk_idx: &[u64]) -> Result<Option<Vec<T>>, LargeError> {
        let values = self.array.retrieve_chunk_if_exists_opt::<Vec<T>>(chunk_idx, &self.options);
        values.map_err(zarr_error("read a chunk of", &self.folder))
    }

    pub(crate) fn write<T: Element + bytemuck::Pod>(
        &self,
        chunk_idx: &[u64],
        values: &[T],
    ) -> Result<(), LargeError> {
        let bytes = ArrayBytes::new_flen(bytemuck::cast_slice::<T, u8>(values));
        let written = self.array.store_chunk_opt(chunk_idx, bytes, &self.options);
        written.map_err(zarr_error("write a chunk of", &self.folder))
    }
}
