//! Why the bytes of a chunk are no chunk.

use zarrs::array::codec::api::CodecError;
use zarrs::plugin::PluginCreateError;

use crate::compressor::CompressorError;

/// Why the bytes of a chunk are no chunk; the caller names it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("got {got} bytes, expected {expected}")]
    Size { got: u64, expected: u64 },
    #[error("got at least {got} bytes, expected at most {limit}")]
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
