//! The compressions of TIFF: bytes of a strip or tile in, bytes of its rows out.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::codec_error::{CodecError, ends_early};
use super::fax;

/// How strips or tiles are compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Fax3,
    Fax4,
    Lzw,
    Deflate,
    PackBits,
    Zstd,
    Jpeg {
        colour: JpegColour,
        /// What all pieces of a page have in common, a JPEG stream of its own; may be empty.
        tables: Vec<u8>,
    },
}

/// What becomes of the samples of a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JpegColour {
    /// They stay what they are.
    Plain,
    /// Brightness and two differences of colour, which become red, green and blue.
    YCbCrToRgb,
}

/// What a strip or tile decompresses to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub height: usize,
    pub width: usize,
    pub n_samples: usize,
    /// The height of a piece that is not cut off by the border of the image.
    pub most_rows: usize,
}

/// Bytes by which a strip or tile may decode to more than its rows.
const MOST_PADDING: usize = 64 << 10;

impl Piece {
    /// Bytes by which it may decode to more than the `n_needed` of its rows: the last strip may be as high as the
    /// others.
    fn most_surplus(self, n_needed: usize) -> usize {
        let row = n_needed / self.height.max(1);
        row.saturating_mul(self.most_rows.saturating_sub(self.height)).saturating_add(MOST_PADDING)
    }
}

impl Codec {
    /// The name for people; `None` for pixels that are stored as they are.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Codec::None => None,
            Codec::Fax3 => Some("fax3"),
            Codec::Fax4 => Some("fax4"),
            Codec::Lzw => Some("lzw"),
            Codec::Deflate => Some("deflate"),
            Codec::PackBits => Some("packbits"),
            Codec::Zstd => Some("zstd"),
            Codec::Jpeg { .. } => Some("jpeg"),
        }
    }

    /// Whether the compression knows rows and pixels, so that no predictor comes before it.
    pub fn is_whole_image(&self) -> bool {
        matches!(self, Codec::Fax3 | Codec::Fax4 | Codec::Jpeg { .. })
    }

    /// Fills `out` from compressed bytes.
    ///
    /// # Errors
    /// [`CodecError`] if the bytes are no such stream, end before `out` is full, go on much longer, or do not have the
    /// checksum that they should.
    pub fn decompress(&self, bytes: &[u8], piece: Piece, out: &mut [u8]) -> Result<(), CodecError> {
        match self {
            Codec::None => {
                let stored = bytes.get(..out.len());
                out.copy_from_slice(stored.ok_or_else(|| ends_early(bytes.len(), out.len()))?);
                Ok(())
            }
            Codec::Fax3 => fax::decode_fax3(bytes, piece.width, out),
            Codec::Fax4 => fax::decode_fax4(bytes, piece.width, out),
            Codec::Lzw => lzw(bytes, out),
            Codec::Deflate => inflate(bytes, out, piece.most_surplus(out.len())),
            Codec::PackBits => pack_bits(bytes, out),
            Codec::Zstd => unpack_zstd(bytes, out, piece.most_surplus(out.len())),
            Codec::Jpeg { colour, tables } => jpeg(&join_tables(tables, bytes)?, *colour, piece, out),
        }
    }
}

/// Fills `out` and reads on to the end of the stream, because only that proves its checksum.
fn inflate(bytes: &[u8], out: &mut [u8], most_surplus: usize) -> Result<(), CodecError> {
    let mut stream = flate2::Decompress::new(true);
    let mut surplus = [0; 4096];
    let mut n_read = 0;
    let mut n_decoded = 0;
    loop {
        let room = if n_decoded < out.len() { &mut out[n_decoded..] } else { &mut surplus[..] };
        let status = stream.decompress(&bytes[n_read..], room, flate2::FlushDecompress::None)?;
        let before = (n_read, n_decoded);
        (n_read, n_decoded) = (usize::try_from(stream.total_in())?, usize::try_from(stream.total_out())?);
        check_surplus(n_decoded, out.len(), most_surplus)?;
        match status {
            flate2::Status::StreamEnd if n_decoded < out.len() => {
                return Err(ends_early(n_decoded, out.len()));
            }
            flate2::Status::StreamEnd => return Ok(()),
            _ if before == (n_read, n_decoded) && n_decoded < out.len() => {
                return Err(ends_early(n_decoded, out.len()));
            }
            _ if before == (n_read, n_decoded) => return Err("the stream has no end".into()),
            _ => {}
        }
    }
}

/// Likewise; what stands behind the first frame is no part of the pixels.
fn unpack_zstd(bytes: &[u8], out: &mut [u8], most_surplus: usize) -> Result<(), CodecError> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(bytes)?.single_frame();
    let mut surplus = [0; 4096];
    let mut n_decoded = 0;
    loop {
        let room = if n_decoded < out.len() { &mut out[n_decoded..] } else { &mut surplus[..] };
        match reader.read(room)? {
            0 if n_decoded < out.len() => return Err(ends_early(n_decoded, out.len())),
            0 => return Ok(()),
            n => n_decoded += n,
        }
        check_surplus(n_decoded, out.len(), most_surplus)?;
    }
}

fn check_surplus(n_decoded: usize, expected: usize, most: usize) -> Result<(), CodecError> {
    if n_decoded.saturating_sub(expected) <= most {
        return Ok(());
    }
    Err(format!("got {n_decoded} bytes or more, expected {expected} and at most {most} that are not needed")
        .into())
}

fn lzw(bytes: &[u8], out: &mut [u8]) -> Result<(), CodecError> {
    let configuration = weezl::decode::Configuration::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let mut decoder = configuration.with_yield_on_full_buffer(true).build();
    let mut n_read = 0;
    let mut n_filled = 0;
    while n_filled < out.len() {
        let step = decoder.decode_bytes(&bytes[n_read..], &mut out[n_filled..]);
        n_read += step.consumed_in;
        n_filled += step.consumed_out;
        let is_over =
            !matches!(step.status?, weezl::LzwStatus::Ok) || step.consumed_in + step.consumed_out == 0;
        if is_over && n_filled < out.len() {
            return Err(ends_early(n_filled, out.len()));
        }
    }
    Ok(())
}

fn pack_bits(mut bytes: &[u8], out: &mut [u8]) -> Result<(), CodecError> {
    let n_out = out.len();
    let mut n_filled = 0;
    while n_filled < n_out {
        let early = || ends_early(n_filled, n_out);
        let (&count, rest) = bytes.split_first().ok_or_else(early)?;
        bytes = rest;
        let room = &mut out[n_filled..];
        if count < 128 {
            let n = usize::from(count) + 1;
            let (literal, rest) = bytes.split_at_checked(n).ok_or_else(early)?;
            bytes = rest;
            let n = n.min(room.len());
            room[..n].copy_from_slice(&literal[..n]);
            n_filled += n;
        } else if count > 128 {
            let (&value, rest) = bytes.split_first().ok_or_else(early)?;
            bytes = rest;
            let n = (257 - usize::from(count)).min(room.len());
            room[..n].fill(value);
            n_filled += n;
        }
    }
    Ok(())
}

/// A stream that starts with the common tables: without their end mark and the start mark that follows.
fn join_tables<'a>(tables: &[u8], bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, CodecError> {
    let Some(tables) = tables.strip_suffix(&[0xff, 0xd9]) else { return Ok(Cow::Borrowed(bytes)) };
    let bytes = bytes.strip_prefix(&[0xff, 0xd8]).ok_or("the stream does not start like a JPEG")?;
    Ok(Cow::Owned([tables, bytes].concat()))
}

fn jpeg(bytes: &[u8], colour: JpegColour, piece: Piece, out: &mut [u8]) -> Result<(), CodecError> {
    // The last strip may be stored as high as the others, and blocks of pixels may stick out.
    let most_rows = piece.most_rows.saturating_add(16);
    let limits = DecoderOptions::default().set_max_width(piece.width).set_max_height(most_rows);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), limits);
    decoder.decode_headers()?;
    let info = decoder.info().ok_or("the stream has no header")?;
    let stored = decoder.input_colorspace().ok_or("the stream has no colour space")?;
    let wanted = match (colour, stored) {
        (JpegColour::YCbCrToRgb, ColorSpace::YCbCr) => ColorSpace::RGB,
        (_, stored) => stored,
    };
    let got = (usize::from(info.height), usize::from(info.width), usize::from(info.components));
    let expected = (piece.height, piece.width, piece.n_samples);
    if got.1 != expected.1 || got.2 != expected.2 || got.0 < expected.0 {
        return Err(format!("got a JPEG of height, width and samples {got:?}, expected {expected:?}").into());
    }
    decoder.set_options(limits.jpeg_set_out_colorspace(wanted));
    let pixels = decoder.decode()?;
    let pixels = pixels.get(..out.len()).ok_or_else(|| ends_early(pixels.len(), out.len()))?;
    out.copy_from_slice(pixels);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pack_bits_repeats_and_copies() {
        let bytes = [0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0x80, 0xff, 7];
        let mut out = [0; 8];
        pack_bits(&bytes, &mut out).unwrap();
        assert_eq!(out, [0xaa, 0xaa, 0xaa, 0x80, 0, 0x2a, 7, 7]);
        assert_eq!(pack_bits(&bytes, &mut [0; 9]).unwrap_err().to_string(), "got 8 bytes, expected 9");
    }

    /// A strip of 100 bytes in a page whose strips are 10 rows high.
    fn decode(codec: &Codec, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = vec![0; 100];
        let piece = Piece { height: 5, width: 20, n_samples: 1, most_rows: 10 };
        codec.decompress(bytes, piece, &mut out).map(|()| out).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_end_of_a_stream_proves_it() {
        let pixels: Vec<u8> = (0..=255).cycle().take(200).collect();
        let deflated = |n: usize| {
            let mut reader = flate2::read::ZlibEncoder::new(&pixels[..n], flate2::Compression::fast());
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            bytes
        };
        let packed = |n: usize| {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            std::io::Write::write_all(&mut encoder, &pixels[..n]).unwrap();
            encoder.finish().unwrap()
        };
        for codec in [Codec::Deflate, Codec::Zstd] {
            let stream = |n| if codec == Codec::Zstd { packed(n) } else { deflated(n) };
            // 200 bytes are those of a strip that is as high as the others.
            for n in [100, 101, 200] {
                let mut bytes = stream(n);
                assert_eq!(decode(&codec, &bytes).unwrap(), pixels[..100], "{codec:?} of {n} bytes");
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                assert!(decode(&codec, &bytes).is_err(), "{codec:?} of {n} bytes with a wrong checksum");
                assert!(decode(&codec, &bytes[..last]).is_err(), "{codec:?} of {n} bytes without its end");
                bytes[last] ^= 1;
                bytes.extend([0; 7]);
                assert_eq!(decode(&codec, &bytes).unwrap(), pixels[..100], "padding behind {n} bytes");
            }
            assert_eq!(decode(&codec, &stream(99)).unwrap_err(), "got 99 bytes, expected 100");
        }
    }

    #[test]
    fn streams_that_go_on_are_refused() {
        let pixels = vec![0; 1 << 24];
        let packed = zstd::encode_all(&pixels[..], 1).unwrap();
        let mut deflated = Vec::new();
        let mut reader = flate2::read::ZlibEncoder::new(&pixels[..], flate2::Compression::fast());
        reader.read_to_end(&mut deflated).unwrap();
        for (codec, bytes) in [(Codec::Deflate, deflated), (Codec::Zstd, packed)] {
            let error = decode(&codec, &bytes).unwrap_err();
            assert!(error.ends_with("expected 100 and at most 65636 that are not needed"), "{error}");
        }
    }
}
