//! The filters of HDF5 chunks: which are decoded, each with a limit of its own, and what the others are called.

mod bitshuffle;
mod lzf;
mod names;

use std::cell::Cell;
use std::sync::Arc;

use hdf5_reader::FilterRegistry;
use hdf5_reader::error::Error;
use hdf5_reader::filters::{deflate, lz4, nbit, scaleoffset, szip};
use hdf5_reader::messages::filter_pipeline::FilterDescription;
use zarrs::array::BytesRepresentation;
use zarrs::array::codec::api::{BytesToBytesCodecTraits, CodecOptions};
use zarrs::array::codec::{
    BloscCodec, BloscCompressionLevel, BloscCompressor, BloscShuffleMode, Bz2Codec, Bz2CompressionLevel,
    ZstdCodec,
};

pub(super) use self::names::all;
use crate::compressor::Compressor;

const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;
const SZIP: u16 = 4;
const NBIT: u16 = 5;
const SCALEOFFSET: u16 = 6;
const BZIP2: u16 = 307;
const LZF: u16 = 32000;
const BLOSC: u16 = 32001;
const LZ4: u16 = 32004;
const BITSHUFFLE: u16 = 32008;
const ZSTD: u16 = 32015;

/// As many as the format has bits to say that one was left out.
const MAX_FILTERS: usize = 32;

thread_local! {
    /// How many bytes the chunks have that this thread reads right now.
    static CHUNK_BYTES: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Reads from chunks of so many bytes: no filter gives many more while `read` is at work.
///
/// The reader does not tell filters of others how large a chunk is, but it calls them in the thread that reads.
pub(super) fn with_chunks_of<T>(n_bytes: usize, read: impl FnOnce() -> T) -> T {
    let before = CHUNK_BYTES.replace(Some(n_bytes));
    let result = read();
    CHUNK_BYTES.set(before);
    result
}

/// What one filter may give: what an earlier one made of the chunk is hardly larger than the chunk.
fn limit(budget: usize) -> usize {
    let chunk = CHUNK_BYTES.get().unwrap_or(budget).min(budget);
    chunk.saturating_mul(2).saturating_add(1 << 16)
}

/// The filters that are decoded; `budget` holds for what is no chunk of a dataset.
///
/// Those that the reader brings along are given a limit here too: it gives them none where others are in the chain.
pub(super) fn registry(budget: usize) -> Result<FilterRegistry, Error> {
    type Decode = fn(&FilterDescription, &[u8], usize) -> Result<Vec<u8>, Error>;
    let plain: [(u16, Decode); 7] = [
        (DEFLATE, |_, data, limit| deflate::decompress_with_limit(data, limit)),
        (SZIP, |filter, data, limit| szip::decompress_with_limit(data, &filter.client_data, limit)),
        (NBIT, |filter, data, limit| nbit::decompress_with_limit(data, &filter.client_data, limit)),
        (SCALEOFFSET, |filter, data, limit| {
            scaleoffset::decompress_with_limit(data, &filter.client_data, limit)
        }),
        (LZ4, |_, data, limit| lz4::decompress_with_limit(data, limit)),
        (LZF, |_, data, limit| lzf::decode(data, limit).map_err(failed)),
        (BITSHUFFLE, |filter, data, limit| {
            bitshuffle::decode(&filter.client_data, data, limit).map_err(failed)
        }),
    ];
    let mut registry = FilterRegistry::new();
    for (id, decode) in plain {
        registry.register(id, Box::new(move |filter, data, _| decode(filter, data, limit(budget))));
    }
    for (id, codec) in [(BZIP2, bzip2()?), (BLOSC, blosc()?), (ZSTD, Arc::new(ZstdCodec::new(0, false)))] {
        registry.register(
            id,
            Box::new(move |_, data, _| {
                let limit = limit(budget);
                let decoded = BytesRepresentation::BoundedSize(limit as u64);
                let options = CodecOptions::default().with_concurrent_target(1);
                Compressor::new(codec.clone(), decoded, limit).decode(data.to_vec(), &options).map_err(failed)
            }),
        );
    }
    Ok(registry)
}

// How something was compressed stands in its bytes; what codecs are made with is for writing.

fn bzip2() -> Result<Arc<dyn BytesToBytesCodecTraits>, Error> {
    let level = Bz2CompressionLevel::try_from(9_u8).map_err(|level| failed(format!("level {level:?}")))?;
    Ok(Arc::new(Bz2Codec::new(level)))
}

fn blosc() -> Result<Arc<dyn BytesToBytesCodecTraits>, Error> {
    let level = BloscCompressionLevel::try_from(5_u8).map_err(|level| failed(format!("level {level}")))?;
    let codec = BloscCodec::new(BloscCompressor::LZ4, level, None, BloscShuffleMode::NoShuffle, None);
    Ok(Arc::new(codec.map_err(failed)?))
}

fn failed(reason: impl ToString) -> Error {
    Error::DecompressionError(reason.to_string())
}

/// What of a chain of filters is not decoded, if anything is not.
pub(super) fn unknown(filters: &[FilterDescription]) -> Option<String> {
    const KNOWN: [u16; 12] =
        [DEFLATE, SHUFFLE, FLETCHER32, SZIP, NBIT, SCALEOFFSET, BZIP2, LZF, BLOSC, LZ4, BITSHUFFLE, ZSTD];
    if filters.len() > MAX_FILTERS {
        return Some(format!("a chain of {} filters, more than {MAX_FILTERS},", filters.len()));
    }
    filters.iter().find_map(|filter| match filter.id {
        BITSHUFFLE => bitshuffle::unknown(&filter.client_data),
        id if KNOWN.contains(&id) => None,
        id => {
            let name = names::registered(id).or(filter.name.as_deref().filter(|name| !name.is_empty()));
            let name = name.map_or_else(String::new, |name| format!(" ({name})"));
            Some(format!("filter {id}{name} of its chunks"))
        }
    })
}
