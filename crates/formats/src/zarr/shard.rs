//! How chunks stand in shards: many in one file, with an index that says where each of them lies.

use std::borrow::Cow;

use patchweave_geometry::c_strides;
use zarrs::array::codec::api::{ArrayToBytesCodecTraits, CodecError, CodecOptions};
use zarrs::array::codec::{CodecChain, ShardingCodecConfiguration, ShardingIndexLocation};
use zarrs::array::{BytesRepresentation, ChunkShape, FillValue, data_type};
use zarrs::metadata::ConfigurationSerialize;

use super::decode_error::DecodeError;
use super::decoder::ChunkDecoder;
use super::form::{Form, Limits, chunk_shape, product};
use super::store::{Part, within};
use crate::cache::Index;

/// How chunks stand in shards of one form.
#[derive(Debug)]
pub(super) struct ShardLayout {
    /// The size of a chunk.
    pub chunk: Vec<usize>,
    /// How many chunks there are in a shard along every dimension.
    per_shard: Vec<usize>,
    pub decoder: ChunkDecoder,
    index_codecs: CodecChain,
    index_shape: ChunkShape,
    /// Bytes of the index in the file.
    pub index_len: u64,
    index_location: ShardingIndexLocation,
    fill_value: Vec<u8>,
    /// Whether chunks that are not there can be filled.
    has_fill: bool,
    shard: Vec<usize>,
}

impl ShardLayout {
    /// Takes the configuration of the codec apart.
    ///
    /// # Errors
    /// [`DecodeError`] if chunks or the index would be too large, or their sizes cannot be told.
    pub fn new(
        codec: &dyn ArrayToBytesCodecTraits,
        form: &Form,
        limits: Limits,
    ) -> Result<Self, DecodeError> {
        let configuration = codec.configuration_v3(&Default::default()).ok_or(DecodeError::Indeterminate)?;
        let ShardingCodecConfiguration::V1(configuration) =
            ShardingCodecConfiguration::try_from_configuration(configuration)?
        else {
            return Err(DecodeError::Indeterminate);
        };
        let shard: Vec<u64> = form.shape.iter().map(|size| size.get()).collect();
        let inner: Vec<u64> = configuration.chunk_shape.iter().map(|size| size.get()).collect();
        let is_whole = shard.len() == inner.len() && shard.iter().zip(&inner).all(|(n, size)| n % size == 0);
        if !is_whole {
            return Err(DecodeError::Shard { inner, shard });
        }
        let per_shard: Vec<u64> = shard.iter().zip(&inner).map(|(n, size)| n / size).collect();
        let n_bytes = product(&per_shard).and_then(|n| n.checked_mul(16)).unwrap_or(u64::MAX);
        if n_bytes > limits.index {
            return Err(DecodeError::IndexTooLarge { got: n_bytes, limit: limits.index });
        }
        let index_codecs = CodecChain::from_metadata(&configuration.index_codecs)?;
        let index_sizes: Vec<u64> = per_shard.iter().copied().chain([2]).collect();
        let index_shape = chunk_shape(&index_sizes).ok_or(DecodeError::Indeterminate)?;
        let empty = FillValue::from(u64::MAX);
        let encoded = index_codecs.encoded_representation(&index_shape, &data_type::uint64(), &empty)?;
        let BytesRepresentation::FixedSize(index_len) = encoded else {
            return Err(DecodeError::Indeterminate);
        };
        // Codecs of an index may add checksums and little else.
        if index_len > limits.index.saturating_mul(2).saturating_add(1 << 10) {
            return Err(DecodeError::IndexTooLarge { got: index_len, limit: limits.index });
        }
        let inner_codecs = CodecChain::from_metadata(&configuration.codecs)?;
        let inner_form = Form { shape: configuration.chunk_shape, ..form.clone() };
        let sizes = |sizes: &[u64]| {
            let sizes = sizes.iter().map(|&size| usize::try_from(size).ok());
            sizes.collect::<Option<Vec<_>>>().ok_or(DecodeError::Indeterminate)
        };
        Ok(ShardLayout {
            chunk: sizes(&inner)?,
            per_shard: sizes(&per_shard)?,
            decoder: ChunkDecoder::new(&inner_codecs, inner_form, limits)?,
            index_codecs,
            index_shape,
            index_len,
            index_location: configuration.index_location,
            fill_value: form.fill_value.as_ne_bytes().to_vec(),
            has_fill: form.has_fill,
            shard: sizes(&shard)?,
        })
    }

    /// Splits the place of a chunk in the array into that of its shard and its number in it.
    pub fn locate(&self, chunk: &[usize]) -> (Vec<u64>, usize) {
        let shard = chunk.iter().zip(&self.per_shard).map(|(at, n)| (at / n) as u64).collect();
        let number = chunk.iter().zip(&self.per_shard).fold(0, |number, (at, n)| number * n + at % n);
        (shard, number)
    }

    /// Bytes that the decoded index takes.
    pub fn decoded_index_len(&self) -> u64 {
        self.per_shard.iter().fold(16, |n, &size| n.saturating_mul(size as u64))
    }

    /// Where the index is in the file of a shard.
    pub fn index_part(&self) -> Part {
        match self.index_location {
            ShardingIndexLocation::Start => Part::Range { start: 0, len: self.index_len },
            ShardingIndexLocation::End => Part::Suffix(self.index_len),
        }
    }

    /// Decodes the index of a shard.
    ///
    /// # Errors
    /// [`DecodeError`] if it is damaged or of another shard.
    pub fn decode_index(&self, bytes: &[u8]) -> Result<Index, DecodeError> {
        let empty = FillValue::from(u64::MAX);
        let options = CodecOptions::default().with_concurrent_target(1);
        let decoded = self.index_codecs.decode(
            Cow::Borrowed(bytes),
            &self.index_shape,
            &data_type::uint64(),
            &empty,
            &options,
        )?;
        let decoded = decoded.into_fixed().map_err(CodecError::from)?;
        let numbers = decoded.as_chunks::<8>().0.iter().map(|bytes| u64::from_ne_bytes(*bytes));
        let numbers: Vec<u64> = numbers.collect();
        let index: Index = numbers.as_chunks::<2>().0.to_vec();
        let n_chunks = self.per_shard.iter().product::<usize>();
        if index.len() == n_chunks {
            Ok(index)
        } else {
            Err(DecodeError::Size { got: index.len() as u64 * 16, expected: n_chunks as u64 * 16 })
        }
    }

    /// Decodes all chunks of a shard that is in memory.
    pub fn decode_all(&self, bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let size = bytes.len() as u64;
        let part = |part: Part| match within(part, size, size) {
            Ok((start, len)) => usize::try_from(start).ok().and_then(|start| bytes.get(start..start + len)),
            Err(_) => None,
        };
        let index =
            part(self.index_part()).ok_or(DecodeError::Size { got: size, expected: self.index_len })?;
        let index = self.decode_index(index)?;
        let pixel = self.fill_value.len();
        let n_pixels = self.shard.iter().product::<usize>();
        let mut shard = self.fill_value.repeat(n_pixels);
        let strides = c_strides(&self.shard);
        for (number, &[start, len]) in index.iter().enumerate() {
            if is_empty([start, len]) {
                if self.has_fill {
                    continue;
                }
                return Err(DecodeError::NoFill);
            }
            let encoded = part(Part::Range { start, len });
            let encoded = encoded.ok_or(DecodeError::Index { start, len, size })?.to_vec();
            let chunk = self.decoder.decode(encoded)?;
            let mut rest = number;
            let mut origin = 0;
            for dimension in (0..self.shard.len()).rev() {
                let at = rest % self.per_shard[dimension];
                rest /= self.per_shard[dimension];
                origin += at * self.chunk[dimension] * strides[dimension];
            }
            copy_rows(&chunk, &self.chunk, &mut shard, &strides, origin, pixel);
        }
        Ok(shard)
    }
}

/// Whether the index says that a chunk has only fill values.
pub(super) fn is_empty(place: [u64; 2]) -> bool {
    place == [u64::MAX; 2]
}

/// Copies a chunk in C order to its place in a larger array, row by row.
fn copy_rows(
    chunk: &[u8],
    shape: &[usize],
    target: &mut [u8],
    strides: &[usize],
    origin: usize,
    pixel: usize,
) {
    let (row, outer) = shape.split_last().map_or((1, shape), |(row, outer)| (*row, outer));
    for (number, source) in chunk.chunks_exact(row * pixel).enumerate() {
        let mut rest = number;
        let mut start = origin;
        for (size, stride) in outer.iter().zip(strides).rev() {
            start += rest % size * stride;
            rest /= size;
        }
        target[start * pixel..(start + row) * pixel].copy_from_slice(source);
    }
}
