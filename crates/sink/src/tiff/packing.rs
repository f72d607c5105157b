//! The compressions of TIFF: bytes of a strip or tile in, bytes as stored out, and back.

use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use tiff::tags::CompressionMethod;
use weezl::BitOrder;

use crate::zstd_context::compress_onto;
use crate::{Codec, Compression, SinkError};

/// What `zstd` does by default.
const ZSTD_LEVEL: i32 = 3;
/// What zlib does by default.
const DEFLATE_LEVEL: u32 = 6;

/// How strips or tiles are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Zstd(i32),
    Deflate(u32),
    Lzw,
}

impl Packing {
    /// What a specification asks for; by default pyramids are deflated, which every reader of them has.
    pub fn of(path: &Path, compression: Compression, n_levels: usize) -> Result<Self, SinkError> {
        let unfit = |got: String, expected: String| SinkError::Unfit { path: path.into(), got, expected };
        let name = compression.codec.name();
        let level = |default: i32, most: i32| {
            let level = compression.level.unwrap_or(default);
            let expected = || unfit(format!("level {level} of {name}"), format!("0 to {most}"));
            if (0..=most).contains(&level) { Ok(level) } else { Err(expected()) }
        };
        let plain = |packing| match compression.level {
            None => Ok(packing),
            Some(level) => Err(unfit(format!("level {level} of {name}"), "none, it has no levels".into())),
        };
        let deflate = || {
            let level = compression
                .level
                .map_or(Ok(DEFLATE_LEVEL), |given| level(given, 9).map(|level| level.unsigned_abs()));
            level.map(Packing::Deflate)
        };
        match compression.codec {
            Codec::Auto if n_levels > 1 => deflate(),
            Codec::Auto | Codec::None => plain(Packing::None),
            Codec::Zstd => level(ZSTD_LEVEL, 22).map(Packing::Zstd),
            Codec::Deflate => deflate(),
            Codec::Lzw => plain(Packing::Lzw),
            Codec::Blosc | Codec::BloscZstd => {
                Err(unfit(format!("compression {name}"), "zstd, deflate, lzw or none for a TIFF".into()))
            }
        }
    }

    pub fn tag(self) -> CompressionMethod {
        match self {
            Packing::None => CompressionMethod::None,
            Packing::Zstd(_) => CompressionMethod::ZSTD,
            Packing::Deflate(_) => CompressionMethod::Deflate,
            Packing::Lzw => CompressionMethod::LZW,
        }
    }

    /// The bytes of a strip or tile as stored.
    pub fn pack(self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Packing::None => Ok(bytes),
            Packing::Zstd(level) => {
                let mut packed = Vec::new();
                compress_onto(&bytes, level, &mut packed)?;
                Ok(packed)
            }
            Packing::Deflate(level) => {
                let mut encoder =
                    ZlibEncoder::new(Vec::with_capacity(bytes.len() / 2), flate2::Compression::new(level));
                encoder.write_all(&bytes)?;
                encoder.finish()
            }
            Packing::Lzw => {
                let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8);
                encoder.encode(&bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
            }
        }
    }

    /// The `n_bytes` that were packed.
    pub fn unpack(self, bytes: Vec<u8>, n_bytes: usize) -> io::Result<Vec<u8>> {
        let unpacked = match self {
            Packing::None => bytes,
            Packing::Zstd(_) => zstd::bulk::decompress(&bytes, n_bytes)?,
            Packing::Deflate(_) => {
                let mut unpacked = Vec::with_capacity(n_bytes);
                ZlibDecoder::new(&bytes[..]).read_to_end(&mut unpacked)?;
                unpacked
            }
            Packing::Lzw => {
                let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
                decoder.decode(&bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?
            }
        };
        if unpacked.len() == n_bytes { Ok(unpacked) } else { Err(ErrorKind::InvalidData.into()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_packed_comes_back(
            bytes in prop::collection::vec(0_u8..4, 0..5000),
            packing in prop::sample::select(vec![
                Packing::None, Packing::Zstd(0), Packing::Zstd(3), Packing::Deflate(0), Packing::Deflate(6), Packing::Lzw,
            ]),
        ) {
            let packed = packing.pack(bytes.clone()).unwrap();
            prop_assert!(packing.unpack(packed.clone(), bytes.len() + 1).is_err());
            prop_assert_eq!(packing.unpack(packed, bytes.len()).unwrap(), bytes);
        }
    }
}
