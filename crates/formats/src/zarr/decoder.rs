//! From the bytes of a chunk in a file to its pixels: the chain of codecs, taken apart so that no step gives more than
//! it should, and chunks in shards are found without decoding the shard.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::Arc;

use zarrs::array::codec::api::{ArrayToArrayCodecTraits, ArrayToBytesCodecTraits, CodecError, CodecOptions};
use zarrs::array::codec::{CodecChain, ShardingCodec};
use zarrs::array::{ArrayBytes, ChunkShape, DataType, FillValue};
use zarrs::plugin::PluginCreateError;

use super::shard::ShardLayout;
use crate::compressor::{Compressor, CompressorError};

/// Why the bytes of a chunk are no chunk; the caller names it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("got {got} bytes, expected {expected}")]
    Size { got: u64, expected: u64 },
    #[error("got {got} bytes or more, expected at most {limit}")]
    TooLarge { got: u64, limit: u64 },
    #[error("the shard's index has a chunk at {start} with {len} bytes, expected it in a file of {size}")]
    Index { start: u64, len: u64, size: u64 },
    #[error("the shard's index has a chunk at {start} with {len} bytes, expected it inside of the file")]
    Beyond { start: u64, len: u64 },
    #[error("got a shard index of {got} bytes, expected at most {limit}")]
    IndexTooLarge { got: u64, limit: u64 },
    #[error("got chunks of {inner:?} in shards of {shard:?}, expected a whole number of them")]
    Shard { inner: Vec<u64>, shard: Vec<u64> },
    #[error(
        "got a shard without one of its chunks, expected all of them, because fill_value is no value of the type"
    )]
    NoFill,
    #[error("the sizes of index and chunks of a shard cannot be told from its codecs")]
    Indeterminate,
    #[error(transparent)]
    Compressor(#[from] CompressorError),
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error(transparent)]
    Create(#[from] PluginCreateError),
    #[error("the codec's configuration cannot be read")]
    Configuration(#[from] serde_json::Error),
}

/// What an array is before or after a codec.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub shape: ChunkShape,
    pub data_type: DataType,
    pub fill_value: FillValue,
    /// Whether the fill value is that of the file, which has none that is usable otherwise.
    pub has_fill: bool,
}

impl Form {
    /// How many bytes the pixels have, if that is known and can be counted.
    pub fn n_bytes(&self) -> Option<usize> {
        let pixel = self.data_type.fixed_size()?;
        self.shape.iter().try_fold(pixel, |n, size| n.checked_mul(usize::try_from(size.get()).ok()?))
    }
}

/// What decoding may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes that a chunk may decode to.
    pub chunk: usize,
    /// Bytes that the decoded index of a shard may take.
    pub index: u64,
}

impl Limits {
    /// Limits for chunks of at most so many bytes. An index may be as large, but small chunks may have one all the same.
    pub fn of_chunks(n_bytes: usize) -> Self {
        Limits { chunk: n_bytes, index: (n_bytes as u64).max(64 << 10) }
    }
}

/// Decodes chunks of one form.
#[derive(Debug)]
pub(super) struct ChunkDecoder {
    /// Codecs from arrays to arrays with what each of them decodes to.
    stages: Vec<(Arc<dyn ArrayToArrayCodecTraits>, Form)>,
    /// What the bytes hold.
    stored: Form,
    body: Body,
    compressors: Vec<Compressor>,
    n_bytes: usize,
    options: CodecOptions,
}

#[derive(Debug)]
enum Body {
    Plain(Arc<dyn ArrayToBytesCodecTraits>),
    Shard(Box<ShardLayout>),
}

impl ChunkDecoder {
    /// Takes a chain apart; no step may give more than the limit.
    ///
    /// # Errors
    /// [`DecodeError`] if one would, or a codec cannot be set up.
    pub fn new(codecs: &CodecChain, form: Form, limits: Limits) -> Result<Self, DecodeError> {
        let limit = limits.chunk;
        let too_large = |got: usize| DecodeError::TooLarge { got: got as u64, limit: limit as u64 };
        let n_bytes = form.n_bytes().unwrap_or(usize::MAX);
        if n_bytes > limit {
            return Err(too_large(n_bytes));
        }
        let mut stages = Vec::new();
        let mut stored = form;
        for codec in codecs.array_to_array_codecs() {
            let (shape, data_type, fill_value) =
                codec.encoded_representation(&stored.shape, &stored.data_type, &stored.fill_value)?;
            let encoded = Form { shape, data_type, fill_value, ..stored };
            let decoded = std::mem::replace(&mut stored, encoded);
            stages.push((codec.clone(), decoded));
        }
        if stored.n_bytes().is_none_or(|n_bytes| n_bytes > limit.saturating_mul(8)) {
            return Err(too_large(stored.n_bytes().unwrap_or(usize::MAX)));
        }
        let to_bytes = codecs.array_to_bytes_codec();
        let mut encoded =
            to_bytes.encoded_representation(&stored.shape, &stored.data_type, &stored.fill_value)?;
        let body = if to_bytes.as_any().is::<ShardingCodec>() {
            Body::Shard(Box::new(ShardLayout::new(to_bytes.as_ref(), &stored, limits)?))
        } else {
            Body::Plain(to_bytes.clone())
        };
        let mut compressors = Vec::new();
        for codec in codecs.bytes_to_bytes_codecs() {
            let compressor =
                Compressor::new(codec.clone(), encoded, limit.saturating_mul(2).saturating_add(1 << 20));
            encoded = compressor.encoded();
            compressors.push(compressor);
        }
        // Parallel reading is the caller's: one thread per patch, none per chunk.
        let options = CodecOptions::default().with_concurrent_target(1);
        Ok(ChunkDecoder { stages, stored, body, compressors, n_bytes, options })
    }

    /// The layout of the shard, if its chunks stand in the file as they are.
    pub fn open_shard(&self) -> Option<&ShardLayout> {
        match &self.body {
            Body::Shard(layout) if self.stages.is_empty() && self.compressors.is_empty() => Some(layout),
            _ => None,
        }
    }

    /// The layout of the shard, if its chunks stand in the file as they are, or else the decoder as it was.
    pub fn into_open_shard(self) -> Result<Box<ShardLayout>, Box<Self>> {
        match self.body {
            Body::Shard(layout) if self.stages.is_empty() && self.compressors.is_empty() => Ok(layout),
            body => Err(Box::new(ChunkDecoder { body, ..self })),
        }
    }

    /// More bytes than a chunk takes in a file, however badly it was compressed.
    pub fn encoded_limit(&self) -> u64 {
        (self.n_bytes as u64).saturating_mul(2).saturating_add(1 << 20)
    }

    /// Decodes a chunk to pixels in C order and the byte order of this machine.
    pub fn decode(&self, mut bytes: Vec<u8>) -> Result<Vec<u8>, DecodeError> {
        for compressor in self.compressors.iter().rev() {
            bytes = compressor.decode(bytes, &self.options)?;
        }
        let Form { shape, data_type, fill_value, .. } = &self.stored;
        let mut array = match &self.body {
            Body::Plain(codec) => {
                codec.decode(Cow::Owned(bytes), shape, data_type, fill_value, &self.options)?
            }
            Body::Shard(layout) => ArrayBytes::from(layout.decode_all(&bytes)?),
        };
        for (codec, Form { shape, data_type, fill_value, .. }) in self.stages.iter().rev() {
            array = codec.decode(array, shape, data_type, fill_value, &self.options)?;
        }
        let pixels = array.into_fixed().map_err(CodecError::from)?.into_owned();
        if pixels.len() == self.n_bytes {
            Ok(pixels)
        } else {
            Err(DecodeError::Size { got: pixels.len() as u64, expected: self.n_bytes as u64 })
        }
    }
}

/// The product of sizes, if it can be counted.
pub(super) fn product(sizes: &[u64]) -> Option<u64> {
    sizes.iter().try_fold(1_u64, |n, &size| n.checked_mul(size))
}

/// Sizes of a chunk, none of which is 0.
pub(super) fn chunk_shape(sizes: &[u64]) -> Option<ChunkShape> {
    sizes.iter().map(|&size| NonZeroU64::new(size)).collect()
}
