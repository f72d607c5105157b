//! The name of a chunk, or of a shard, in a cache.

/// An image of a cache and the number of one of its chunks, or shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChunkKey {
    pub image: u64,
    pub chunk: u64,
}
