//! The codecs between the bytes of a file and those of a chunk, none of which may give more bytes than it should.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, Read};
use std::sync::Arc;

use bzip2::read::MultiBzDecoder;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use zarrs::array::BytesRepresentation;
use zarrs::array::codec::api::{BytesToBytesCodecTraits, CodecError, CodecOptions};
use zarrs::array::codec::{BloscCodec, Bz2Codec, GzipCodec, ZlibCodec, ZstdCodec};

/// Why bytes cannot be decompressed; the caller names the chunk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompressorError {
    #[error("got {got} bytes, expected {expected}")]
    Size { got: u64, expected: u64 },
    #[error("got at least {got} bytes, expected at most {limit}")]
    TooLarge { got: u64, limit: u64 },
    #[error("it cannot be decompressed")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// A codec from bytes to bytes, and how many it may give.
#[derive(Debug)]
pub(crate) struct Compressor {
    codec: Arc<dyn BytesToBytesCodecTraits>,
    kind: Kind,
    decoded: BytesRepresentation,
    limit: usize,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Zstd,
    Blosc,
    Gzip,
    Zlib,
    Bz2,
    /// Checksums and shuffles, which give no more than they get.
    Other,
}

thread_local! {
    /// The tables of zstd, which are larger than many a chunk.
    static ZSTD: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

impl Compressor {
    /// Joins a codec and what it decodes to; `limit` holds where that is not known.
    pub fn new(codec: Arc<dyn BytesToBytesCodecTraits>, decoded: BytesRepresentation, limit: usize) -> Self {
        let any = codec.as_any();
        let kind = match () {
            () if any.is::<ZstdCodec>() => Kind::Zstd,
            () if any.is::<BloscCodec>() => Kind::Blosc,
            () if any.is::<GzipCodec>() => Kind::Gzip,
            () if any.is::<ZlibCodec>() => Kind::Zlib,
            () if any.is::<Bz2Codec>() => Kind::Bz2,
            () => Kind::Other,
        };
        let known = decoded.size().map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        Compressor { codec, kind, decoded, limit: known.unwrap_or(limit).min(limit) }
    }

    /// What the codec encodes to.
    pub fn encoded(&self) -> BytesRepresentation {
        self.codec.encoded_representation(&self.decoded)
    }

    pub fn decode(&self, bytes: Vec<u8>, options: &CodecOptions) -> Result<Vec<u8>, CompressorError> {
        let decoded = match self.kind {
            Kind::Zstd => self.zstd(&bytes)?,
            Kind::Gzip => self.stream(MultiGzDecoder::new(bytes.as_slice()))?,
            Kind::Zlib => self.stream(ZlibDecoder::new(bytes.as_slice()))?,
            Kind::Bz2 => self.stream(MultiBzDecoder::new(bytes.as_slice()))?,
            Kind::Blosc => {
                self.check_blosc(&bytes)?;
                self.by_codec(bytes, options)?
            }
            Kind::Other => self.by_codec(bytes, options)?,
        };
        self.check(decoded.len())?;
        Ok(decoded)
    }

    fn by_codec(&self, bytes: Vec<u8>, options: &CodecOptions) -> Result<Vec<u8>, CodecError> {
        Ok(self.codec.decode(Cow::Owned(bytes), &self.decoded, options)?.into_owned())
    }

    fn check(&self, len: usize) -> Result<(), CompressorError> {
        match self.decoded {
            BytesRepresentation::FixedSize(size) if size != len as u64 => {
                Err(CompressorError::Size { got: len as u64, expected: size })
            }
            _ if len > self.limit => {
                Err(CompressorError::TooLarge { got: len as u64, limit: self.limit as u64 })
            }
            _ => Ok(()),
        }
    }

    fn zstd(&self, bytes: &[u8]) -> Result<Vec<u8>, CompressorError> {
        let capacity = match (self.decoded, zstd::zstd_safe::get_frame_content_size(bytes)) {
            (BytesRepresentation::FixedSize(_), _) => self.limit,
            (_, Ok(Some(size))) => usize::try_from(size).unwrap_or(usize::MAX).min(self.limit),
            (_, _) => return self.stream(zstd::stream::read::Decoder::new(bytes)?),
        };
        ZSTD.with_borrow_mut(|tables| {
            if tables.is_none() {
                *tables = Some(zstd::bulk::Decompressor::new()?);
            }
            let tables = tables.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
            Ok(tables.decompress(bytes, capacity)?)
        })
    }

    fn stream(&self, decoder: impl Read) -> Result<Vec<u8>, CompressorError> {
        let mut decoded = Vec::new();
        // What is not known to be needed is taken as it comes.
        if let BytesRepresentation::FixedSize(_) = self.decoded {
            decoded.reserve_exact(self.limit);
        }
        decoder.take((self.limit as u64).saturating_add(1)).read_to_end(&mut decoded)?;
        Ok(decoded)
    }

    /// Compares the header of blosc with what is expected, before memory is taken for what it says.
    fn check_blosc(&self, bytes: &[u8]) -> Result<(), CompressorError> {
        let size = bytes.get(4..8).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
        let size = size.ok_or(CompressorError::Size { got: bytes.len() as u64, expected: 16 })?;
        self.check(usize::try_from(size).unwrap_or(usize::MAX))
    }
}
