//! The TIFF header and one directory per page; pixels are only pointed at.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};

use patchweave_pixel::PixelType;
use tiff::TiffResult;
use tiff::encoder::{DirectoryEncoder, TiffEncoder, TiffKind, TiffKindBig, TiffKindStandard};
use tiff::tags::{CompressionMethod, PhotometricInterpretation, PlanarConfiguration, SampleFormat, Tag};

use super::describe::Description;
use super::pages::Pages;

/// Pixels start at a multiple of this, so that a mapped file holds aligned values.
const ALIGNMENT: u64 = 16;

/// Writes everything that comes before the pixels and returns where these start.
pub(crate) fn write(file: &mut File, pages: &Pages, description: &Description) -> TiffResult<u64> {
    if pages.need_bigtiff() {
        write_twice::<TiffKindBig>(file, pages, description)
    } else {
        write_twice::<TiffKindStandard>(file, pages, description)
    }
}

/// Once to learn how long it gets, once with the offsets that follow from it.
fn write_twice<K: TiffKind>(file: &mut File, pages: &Pages, description: &Description) -> TiffResult<u64> {
    let n_bytes = write_all::<K>(file, pages, description, 0)?;
    let pixels_start = n_bytes.next_multiple_of(ALIGNMENT);
    write_all::<K>(file, pages, description, pixels_start)?;
    Ok(pixels_start)
}

/// Writes header and directories over the start of the file and returns their length in bytes.
fn write_all<K: TiffKind>(
    file: &mut File,
    pages: &Pages,
    description: &Description,
    pixels_start: u64,
) -> TiffResult<u64> {
    file.rewind()?;
    let mut writer = BufWriter::new(file);
    let mut encoder = TiffEncoder::<_, K>::new_generic(&mut writer)?;
    for page_idx in 0..pages.n_pages {
        let mut directory = encoder.image_directory()?;
        if page_idx == 0 {
            directory.write_tag(Tag::ImageDescription, description.text.as_str())?;
        }
        write_format(&mut directory, pages)?;
        write_resolution(&mut directory, pages, description)?;
        write_strips(&mut directory, pages, page_idx, pixels_start)?;
        directory.finish()?;
    }
    writer.flush()?;
    Ok(writer.stream_position()?)
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
    directory.write_tag(Tag::Compression, CompressionMethod::None)?;
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

fn write_resolution<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    pages: &Pages,
    description: &Description,
) -> TiffResult<()> {
    if let Some((unit, x, y)) = description.resolution(pages.column_axis, pages.row_axis) {
        directory.write_tag(Tag::ResolutionUnit, unit.to_u16())?;
        directory.write_tag(Tag::XResolution, x)?;
        directory.write_tag(Tag::YResolution, y)?;
    }
    Ok(())
}

fn write_strips<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    pages: &Pages,
    page_idx: u64,
    pixels_start: u64,
) -> TiffResult<()> {
    let mut offsets = Vec::new();
    let mut lengths = Vec::new();
    for (start, length) in pages.strips(page_idx) {
        offsets.push(K::convert_offset(pixels_start + start)?);
        lengths.push(K::convert_offset(length)?);
    }
    directory.write_tag(Tag::RowsPerStrip, pages.rows_per_strip)?;
    directory.write_tag(Tag::StripOffsets, K::convert_slice(&offsets))?;
    directory.write_tag(Tag::StripByteCounts, K::convert_slice(&lengths))
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
