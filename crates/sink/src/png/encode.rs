//! From rows of pixels to a PNG file, a few rows at a time.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use png::{BitDepth, DeflateCompression, EncodingError};

use super::plane::Plane;
use crate::{Codec, ImageSpec, SinkError, Work};

/// As other programs have it.
const LEVEL: i32 = 6;

/// What is read or encoded at once.
const PIECE: usize = 256 << 10;

/// The compression that was asked for.
pub(super) fn deflate(path: &Path, spec: &ImageSpec) -> Result<DeflateCompression, SinkError> {
    let unfit =
        |got: String, expected: &str| SinkError::Unfit { path: path.into(), got, expected: expected.into() };
    let codec = spec.compression.codec;
    match codec {
        Codec::None => Ok(DeflateCompression::NoCompression),
        Codec::Auto | Codec::Deflate => {
            let level = spec.compression.level.unwrap_or(LEVEL);
            let got = format!("level {level} of {}", codec.name());
            let level = u8::try_from(level).ok().filter(|level| (1..=9).contains(level));
            level.map(DeflateCompression::Level).ok_or_else(|| unfit(got, "1 to 9"))
        }
        _ => Err(unfit(format!("compression {}", codec.name()), "deflate or none for a PNG")),
    }
}

/// Encodes rows of pixels that lie in a file, each with its least significant byte first.
pub(super) fn encode(
    work: &Work,
    pixels: &Path,
    plane: &Plane,
    deflate: DeflateCompression,
) -> Result<(), SinkError> {
    let pixels = File::open(pixels).map_err(|source| work.failed("read back", source))?;
    let file = File::create(work.output()).map_err(|source| work.failed("write", source))?;
    let written = write(BufReader::with_capacity(PIECE, pixels), BufWriter::new(file), plane, deflate);
    written.map_err(|error| match error {
        EncodingError::IoError(source) => work.failed("write", source),
        source => SinkError::Encoder { action: "encode", path: work.target().into(), source: source.into() },
    })
}

fn write(
    mut pixels: impl Read,
    file: impl Write,
    plane: &Plane,
    deflate: DeflateCompression,
) -> Result<(), EncodingError> {
    let mut encoder = png::Encoder::new(file, plane.n_columns, plane.n_rows);
    encoder.set_color(plane.color);
    encoder.set_depth(plane.depth);
    encoder.set_deflate_compression(deflate);
    let mut writer = encoder.write_header()?;
    let mut rows = writer.stream_writer_with_size(PIECE)?;
    let n_values = plane.n_columns as usize * plane.color.samples();
    let mut row = vec![0; if plane.depth == BitDepth::Sixteen { 2 * n_values } else { n_values }];
    for _ in 0..plane.n_rows {
        pixels.read_exact(&mut row)?;
        match plane.depth {
            BitDepth::Sixteen => {
                row.chunks_exact_mut(2).for_each(<[u8]>::reverse);
                rows.write_all(&row)?;
            }
            BitDepth::One => rows.write_all(&packed(&row))?,
            _ => rows.write_all(&row)?,
        }
    }
    rows.finish()?;
    writer.finish()
}

/// Eight truth values in a byte, the first in the highest bit.
fn packed(row: &[u8]) -> Vec<u8> {
    let byte = |values: &[u8]| {
        let bits = values.iter().enumerate().filter(|(_, value)| **value != 0);
        bits.fold(0_u8, |byte, (at, _)| byte | 0x80 >> at)
    };
    row.chunks(8).map(byte).collect()
}
