//! The compressions of TIFF: bytes of a strip or tile in, bytes of its rows out.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::fax;

/// Why bytes could not be decompressed.
pub(super) type CodecError = Box<dyn std::error::Error + Send + Sync>;

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
    /// [`CodecError`] if the bytes are no such stream or end before `out` is full.
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
            Codec::Deflate => fill(flate2::bufread::ZlibDecoder::new(bytes), out),
            Codec::PackBits => pack_bits(bytes, out),
            Codec::Zstd => fill(zstd::stream::read::Decoder::with_buffer(bytes)?, out),
            Codec::Jpeg { colour, tables } => jpeg(&join_tables(tables, bytes)?, *colour, piece, out),
        }
    }
}

pub(super) fn ends_early(got: usize, expected: usize) -> CodecError {
    format!("got {got} bytes, expected {expected}").into()
}

fn fill(mut reader: impl Read, out: &mut [u8]) -> Result<(), CodecError> {
    let mut n_filled = 0;
    while n_filled < out.len() {
        match reader.read(&mut out[n_filled..])? {
            0 => return Err(ends_early(n_filled, out.len())),
            n => n_filled += n,
        }
    }
    Ok(())
}

fn lzw(bytes: &[u8], out: &mut [u8]) -> Result<(), CodecError> {
    let configuration = weezl::decode::Configuration::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let mut decoder = configuration.with_yield_on_full_buffer(true).build();
    let (mut n_read, mut n_filled) = (0, 0);
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
    let (n_out, mut n_filled) = (out.len(), 0);
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
    let (got, expected) = (
        (usize::from(info.height), usize::from(info.width), usize::from(info.components)),
        (piece.height, piece.width, piece.n_samples),
    );
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
}
