//! The chunks of an array: found in the store, decoded, or filled where there are none.

use std::sync::Arc;

use patchweave_pixel::PixelType;
use zarrs::array::codec::api::{CodecError, CodecOptions};
use zarrs::array::{Array, ArrayBytes, ArrayError, ArraySubset};

use super::array::zarr_error;
use super::decoder::ChunkDecoder;
use super::shard::ShardIndices;
use super::store::{Part, Store, ZarrsStorage};
use crate::StackError;
use crate::chunk::DecodedChunk;
use crate::chunked::ChunkSource;

/// Where the chunks of an array come from.
pub(super) struct ZarrChunks {
    pub array: Array<ZarrsStorage>,
    pub store: Arc<dyn Store>,
    pub chunks: ArrayChunks,
    pub stack: String,
    pub pixel_type: PixelType,
    /// The size of what is decoded at once.
    pub chunk: Vec<usize>,
    /// The shape of the array.
    pub shape: Vec<usize>,
    pub fill_value: Vec<u8>,
}

/// How chunks stand in files.
pub(super) enum ArrayChunks {
    /// One file per chunk, all of one size.
    Plain(ChunkDecoder),
    /// Many chunks in a file.
    Shards(ChunkDecoder, ShardIndices),
    /// Chunks of several sizes, which are put together to chunks of the largest one.
    Irregular,
}

impl ArrayChunks {
    pub fn regular(decoder: ChunkDecoder) -> Self {
        match decoder.open_shard().map(ShardIndices::new) {
            Some(indices) => ArrayChunks::Shards(decoder, indices),
            None => ArrayChunks::Plain(decoder),
        }
    }
}

impl ZarrChunks {
    /// Names the chunk and its file in an error.
    fn failed(
        &self,
        chunk: &[usize],
        key: Option<&str>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StackError {
        let place = match key {
            Some(key) => format!("chunk {chunk:?} ({})", self.store.name(key)),
            None => format!("chunk {chunk:?}"),
        };
        zarr_error(&self.stack, place, source)
    }

    fn irregular(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let options = CodecOptions::default().with_concurrent_target(1);
        let start: Vec<usize> = chunk.iter().zip(&self.chunk).map(|(at, size)| at * size).collect();
        let sizes = start.iter().zip(&self.chunk).zip(&self.shape);
        let inside: Vec<usize> =
            sizes.map(|((start, size), n)| (*size).min(n.saturating_sub(*start))).collect();
        let wide = |sizes: &[usize]| sizes.iter().map(|&size| size as u64).collect::<Vec<_>>();
        let failed = |source: ArrayError| self.failed(chunk, None, source);
        let subset = ArraySubset::new_with_start_shape(wide(&start), wide(&inside))
            .map_err(|source| self.failed(chunk, None, source))?;
        let bytes: ArrayBytes<'static> =
            self.array.retrieve_array_subset_opt(&subset, &options).map_err(failed)?;
        let bytes = bytes.into_fixed().map_err(|source| failed(CodecError::from(source).into()))?;
        self.decoded(chunk, bytes.into_owned(), &inside)
    }

    fn decoded(&self, chunk: &[usize], bytes: Vec<u8>, shape: &[usize]) -> Result<DecodedChunk, StackError> {
        let n_bytes = bytes.len();
        DecodedChunk::new(bytes, self.pixel_type, shape).ok_or_else(|| StackError::Damaged {
            stack: self.stack.clone(),
            place: format!("chunk {chunk:?}"),
            got: format!("{n_bytes} bytes"),
            expected: format!("{shape:?} pixels of {}", self.pixel_type),
        })
    }
}

impl ChunkSource for ZarrChunks {
    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let (bytes, key) = match &self.chunks {
            ArrayChunks::Irregular => return self.irregular(chunk),
            ArrayChunks::Plain(decoder) => {
                let at: Vec<u64> = chunk.iter().map(|&at| at as u64).collect();
                let key = self.array.chunk_key(&at);
                let read = self.store.read(key.as_str(), Part::Whole, decoder.encoded_limit());
                let read = read.map_err(|source| self.failed(chunk, Some(key.as_str()), source))?;
                (read.map(|bytes| decoder.decode(bytes).map_err(Into::into)).transpose(), key)
            }
            ArrayChunks::Shards(decoder, indices) => {
                let Some(layout) = decoder.open_shard() else { return self.irregular(chunk) };
                let (shard, number) = layout.locate(chunk);
                let key = self.array.chunk_key(&shard);
                (indices.chunk(self.store.as_ref(), layout, key.as_str(), number), key)
            }
        };
        match bytes.map_err(|source| self.failed(chunk, Some(key.as_str()), source))? {
            Some(bytes) => self.decoded(chunk, bytes, &self.chunk),
            None => Ok(DecodedChunk::uniform(&self.fill_value, chunk.len())),
        }
    }
}
