//! From the bytes of a chunk in a file to its pixels: the chain of codecs, taken apart so that no step gives more than
//! it should, and chunks in shards are found without decoding the shard.

use std::borrow::Cow;
use std::sync::Arc;

use zarrs::array::ArrayBytes;
use zarrs::array::codec::api::{ArrayToArrayCodecTraits, ArrayToBytesCodecTraits, CodecError, CodecOptions};
use zarrs::array::codec::{CodecChain, ShardingCodec};

use super::decode_error::DecodeError;
use super::form::{Form, Limits};
use super::shard::ShardLayout;
use crate::compressor::Compressor;

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
