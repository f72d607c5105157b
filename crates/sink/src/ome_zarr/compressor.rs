//! The codecs of chunks, from pixels to bytes as stored.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use flate2::write::GzEncoder;
use zarrs::array::codec::BloscCodec;
use zarrs::array::codec::api::{BytesToBytesCodecTraits, CodecOptions};
use zarrs::metadata_ext::codec::blosc::{BloscCompressor, BloscShuffleMode};

use crate::zstd_context::compress_onto;
use crate::{Codec, Compression, SinkError};

const ZSTD_LEVEL: u8 = 3;
const GZIP_LEVEL: u8 = 5;
const LZ4_IN_BLOSC_LEVEL: u8 = 5;
/// What blosc takes at once.
const MOST_IN_BLOSC: usize = (1 << 31) - 17;
/// Zstandard of level 3.
const ZSTD_IN_BLOSC_LEVEL: u8 = 2;

/// A codec of chunks with its level; `None` stores pixels as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compressor {
    None,
    Zstd(i32),
    Gzip(u32),
    /// Shuffled bytes, compressed by another codec.
    Blosc(BloscCompressor, u8),
}

impl Compressor {
    /// The codec of chunks of so many bytes.
    pub fn of(path: &Path, compression: Compression, chunk_bytes: usize) -> Result<Self, SinkError> {
        let fits_blosc = chunk_bytes <= MOST_IN_BLOSC;
        if !fits_blosc && matches!(compression.codec, Codec::Blosc | Codec::BloscZstd) {
            let what = "bytes in a chunk for blosc";
            let limit = MOST_IN_BLOSC as u64;
            return Err(SinkError::TooLarge { path: path.into(), what, got: chunk_bytes, limit });
        }
        let level = |default: u8, most: u8| {
            let level = compression.level.map_or(Some(default), |level| u8::try_from(level).ok());
            level.filter(|level| *level <= most).ok_or_else(|| {
                let got = format!(
                    "level {} of {}",
                    compression.level.unwrap_or_default(),
                    compression.codec.name()
                );
                SinkError::Unfit { path: path.into(), got, expected: format!("0 to {most}") }
            })
        };
        Ok(match compression.codec {
            Codec::None => Compressor::None,
            Codec::Auto if !fits_blosc => Compressor::Zstd(level(ZSTD_LEVEL, 22)?.into()),
            Codec::Zstd => Compressor::Zstd(level(ZSTD_LEVEL, 22)?.into()),
            Codec::Deflate => Compressor::Gzip(level(GZIP_LEVEL, 9)?.into()),
            Codec::Blosc => Compressor::Blosc(BloscCompressor::LZ4, level(LZ4_IN_BLOSC_LEVEL, 9)?),
            Codec::Auto | Codec::BloscZstd => {
                Compressor::Blosc(BloscCompressor::Zstd, level(ZSTD_IN_BLOSC_LEVEL, 9)?)
            }
            Codec::Lzw => {
                let got = "compression lzw".to_owned();
                let expected = "blosc_zstd, zstd, deflate, blosc or none for a Zarr".to_owned();
                return Err(SinkError::Unfit { path: path.into(), got, expected });
            }
        })
    }

    /// Puts the pixels of a chunk, of so many bytes each, behind what is in `to`.
    pub fn encode_onto(self, pixels: &[u8], n_pixel_bytes: usize, to: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Compressor::None => {
                to.try_reserve(pixels.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
                to.extend_from_slice(pixels);
            }
            Compressor::Zstd(level) => compress_onto(pixels, level, to)?,
            Compressor::Gzip(level) => {
                let mut encoder = GzEncoder::new(to, flate2::Compression::new(level));
                encoder.write_all(pixels)?;
                encoder.finish()?;
            }
            Compressor::Blosc(codec, level) => {
                let level = level
                    .try_into()
                    .map_err(|level| io::Error::other(format!("blosc has no level {level}")))?;
                let shuffle = BloscShuffleMode::Shuffle;
                let codec = BloscCodec::new(codec, level, None, shuffle, Some(n_pixel_bytes))
                    .map_err(io::Error::other)?;
                let encoded = codec
                    .encode(Cow::Borrowed(pixels), &CodecOptions::default())
                    .map_err(io::Error::other)?;
                to.extend_from_slice(&encoded);
            }
        }
        Ok(())
    }
}
