//! What an array or chunk is before and after a codec, and how large it may be.

use std::num::NonZeroU64;

use zarrs::array::{ChunkShape, DataType, FillValue};

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

/// The product of sizes, if it can be counted.
pub(super) fn product(sizes: &[u64]) -> Option<u64> {
    sizes.iter().try_fold(1_u64, |n, &size| n.checked_mul(size))
}

/// Sizes of a chunk, none of which is 0.
pub(super) fn chunk_shape(sizes: &[u64]) -> Option<ChunkShape> {
    sizes.iter().map(|&size| NonZeroU64::new(size)).collect()
}
