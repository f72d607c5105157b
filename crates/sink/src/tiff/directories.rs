//! The TIFF header and one directory per page, with those of its smaller levels; pixels are only pointed at.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Seek, Write};

use patchweave_pixel::PixelType;
use tiff::TiffResult;
use tiff::encoder::{DirectoryEncoder, TiffEncoder, TiffKind, TiffKindBig, TiffKindStandard};
use tiff::tags::{PhotometricInterpretation, PlanarConfiguration, SampleFormat, Tag};

use super::describe::Description;
use super::packing::Packing;
use super::pages::{Cut, Pages};
use super::plan::Plan;
use super::predictor::Predictor;

/// Pixels start at a multiple of this, so that a mapped file holds aligned values.
const ALIGNMENT: u64 = 16;

/// `NewSubfileType` of an image at reduced resolution.
const REDUCED: u32 = 1;

/// Start, counted from that of all pixels, and length in bytes of the strips or tiles of a page.
pub(crate) type Pieces = Vec<(u64, u64)>;

/// Writes everything that comes before the pixels and returns where these start.
///
/// `pieces` is asked once for every level and page, page by page and level by level within each, the smaller ones first.
pub(crate) fn write(
    file: &mut File,
    plan: &Plan,
    description: &Description,
    is_big: bool,
    pieces: impl FnMut(usize, u64) -> io::Result<Pieces>,
) -> TiffResult<u64> {
    if is_big {
        write_twice::<TiffKindBig>(file, plan, description, pieces)
    } else {
        write_twice::<TiffKindStandard>(file, plan, description, pieces)
    }
}

/// Once to learn how long it gets, once with the offsets that follow from it.
fn write_twice<K: TiffKind>(
    file: &mut File,
    plan: &Plan,
    description: &Description,
    pieces: impl FnMut(usize, u64) -> io::Result<Pieces>,
) -> TiffResult<u64> {
    let nowhere = |level: usize, _| {
        let n_pieces = usize::try_from(plan.levels[level].n_pieces());
        Ok(vec![(0, 0); n_pieces.map_err(|_| io::Error::from(ErrorKind::OutOfMemory))?])
    };
    let n_bytes = write_all::<K>(file, plan, description, 0, nowhere)?;
    let pixels_start = n_bytes.next_multiple_of(ALIGNMENT);
    write_all::<K>(file, plan, description, pixels_start, pieces)?;
    Ok(pixels_start)
}

/// Writes header and directories over the start of the file and returns their length in bytes.
fn write_all<K: TiffKind>(
    file: &mut File,
    plan: &Plan,
    description: &Description,
    pixels_start: u64,
    mut pieces: impl FnMut(usize, u64) -> io::Result<Pieces>,
) -> TiffResult<u64> {
    let Some((whole, smaller)) = plan.levels.split_first() else { return Ok(0) };
    file.rewind()?;
    let mut writer = BufWriter::new(file);
    let mut encoder = TiffEncoder::<_, K>::new_generic(&mut writer)?;
    for page_idx in 0..whole.n_pages {
        let mut below = Vec::with_capacity(smaller.len());
        for (pages, level) in smaller.iter().zip(1..) {
            let mut directory = encoder.extra_directory()?;
            directory.write_tag(Tag::NewSubfileType, REDUCED)?;
            if let Some(text) = description.below.get(level - 1).filter(|_| page_idx == 0) {
                write_description(&mut directory, text)?;
            }
            write_page(&mut directory, plan, pages, (description, level))?;
            write_pieces(&mut directory, pages, &pieces(level, page_idx)?, pixels_start)?;
            below.push(directory.finish_with_offsets()?.offset);
        }
        let mut directory = encoder.image_directory()?;
        if page_idx == 0 {
            write_description(&mut directory, &description.text)?;
        }
        write_page(&mut directory, plan, whole, (description, 0))?;
        write_pieces(&mut directory, whole, &pieces(0, page_idx)?, pixels_start)?;
        if !below.is_empty() {
            directory.write_tag(Tag::SubIfd, K::convert_slice(&below))?;
        }
        directory.finish()?;
    }
    writer.flush()?;
    Ok(writer.stream_position()?)
}

/// The text, with an end that lets what follows begin at an even place, as TIFF has it.
fn write_description<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    text: &str,
) -> TiffResult<()> {
    // One byte more ends the text.
    let end = if text.len().is_multiple_of(2) { "\n" } else { "" };
    directory.write_tag(Tag::ImageDescription, [text, end].concat().as_str())
}

/// Everything but the table of strips or tiles.
fn write_page<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    plan: &Plan,
    pages: &Pages,
    (description, level): (&Description, usize),
) -> TiffResult<()> {
    write_format(directory, pages)?;
    directory.write_tag(Tag::Compression, plan.packing.tag())?;
    if plan.packing != Packing::None && plan.predictor != Predictor::None {
        directory.write_tag(Tag::Predictor, plan.predictor.tag())?;
    }
    if let Some((unit, x, y)) = description.resolution(level, pages.column_axis, pages.row_axis) {
        directory.write_tag(Tag::ResolutionUnit, unit.to_u16())?;
        directory.write_tag(Tag::XResolution, x)?;
        directory.write_tag(Tag::YResolution, y)?;
    }
    Ok(())
}

fn write_format<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    pages: &Pages,
) -> TiffResult<()> {
    let n_samples = usize::from(pages.n_samples);
    let n_bits = match pages.pixel_type.n_bytes() {
        1 => 8_u16,
        2 => 16,
        4 => 32,
        _ => 64,
    };
    let is_rgb = n_samples == 3 && matches!(pages.pixel_type, PixelType::U8 | PixelType::U16);
    let (photometric, n_colours) = if is_rgb {
        (PhotometricInterpretation::RGB, 3)
    } else {
        (PhotometricInterpretation::BlackIsZero, 1)
    };
    directory.write_tag(Tag::ImageWidth, pages.n_columns)?;
    directory.write_tag(Tag::ImageLength, pages.n_rows)?;
    directory.write_tag(Tag::BitsPerSample, &vec![n_bits; n_samples][..])?;
    directory.write_tag(Tag::PhotometricInterpretation, photometric)?;
    directory.write_tag(Tag::SamplesPerPixel, pages.n_samples)?;
    directory.write_tag(Tag::PlanarConfiguration, PlanarConfiguration::Chunky)?;
    let format = sample_format(pages.pixel_type).to_u16();
    directory.write_tag(Tag::SampleFormat, &vec![format; n_samples][..])?;
    if n_samples > n_colours {
        let unspecified = vec![0_u16; n_samples - n_colours];
        directory.write_tag(Tag::ExtraSamples, &unspecified[..])?;
    }
    Ok(())
}

fn write_pieces<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    pages: &Pages,
    pieces: &[(u64, u64)],
    pixels_start: u64,
) -> TiffResult<()> {
    let mut offsets = Vec::with_capacity(pieces.len());
    let mut lengths = Vec::with_capacity(pieces.len());
    for (start, length) in pieces {
        offsets.push(K::convert_offset(pixels_start + start)?);
        lengths.push(K::convert_offset(*length)?);
    }
    let (offsets, lengths) = (K::convert_slice(&offsets), K::convert_slice(&lengths));
    match pages.cut {
        Cut::Strips(rows_per_strip) => {
            directory.write_tag(Tag::RowsPerStrip, rows_per_strip)?;
            directory.write_tag(Tag::StripOffsets, offsets)?;
            directory.write_tag(Tag::StripByteCounts, lengths)
        }
        Cut::Tiles(n_rows, n_columns) => {
            directory.write_tag(Tag::TileWidth, n_columns)?;
            directory.write_tag(Tag::TileLength, n_rows)?;
            directory.write_tag(Tag::TileOffsets, offsets)?;
            directory.write_tag(Tag::TileByteCounts, lengths)
        }
    }
}

fn sample_format(pixel_type: PixelType) -> SampleFormat {
    match pixel_type {
        PixelType::Bool | PixelType::U8 | PixelType::U16 | PixelType::U32 | PixelType::U64 => {
            SampleFormat::Uint
        }
        PixelType::I8 | PixelType::I16 | PixelType::I32 | PixelType::I64 => SampleFormat::Int,
        PixelType::F16 | PixelType::F32 | PixelType::F64 => SampleFormat::IEEEFP,
    }
}
