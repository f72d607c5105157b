//! The pages of a TIFF file: one directory each, decoded strip by strip or tile by tile.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ::tiff::ColorType;
use ::tiff::decoder::{Decoder, DecodingResult, DecodingSampleType, Limits};
use ::tiff::tags::Tag;
use ndarray::{ArrayView3, ArrayViewMut3, s};
use patchweave_pixel::{Pixel, PixelType, copy_as_f32};

use super::description::Description;
use crate::runs::Run;
use crate::{OpenOptions, StackError};

/// What all pages of a series have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageForm {
    pub height: usize,
    pub width: usize,
    pub n_samples: usize,
    /// Samples are stored plane by plane rather than pixel by pixel.
    pub is_planar: bool,
    pub chunk_height: usize,
    pub chunk_width: usize,
    pub pixel_type: PixelType,
}

/// An open file with its decoders; any number of threads may read.
pub(super) struct Pages {
    path: PathBuf,
    form: PageForm,
    /// Directory numbers of the pages that belong to the series.
    directories: Vec<usize>,
    limits: Limits,
    idle: Mutex<Vec<PageDecoder>>,
}

struct PageDecoder {
    decoder: Decoder<BufReader<File>>,
    directory: usize,
}

/// What the first directory tells beside the form of its page.
pub(super) struct Header {
    pub description: Description,
    /// Pixels per unit along `(Y, X)`.
    pub resolution: Option<(f64, f64)>,
}

impl Pages {
    /// Walks the directories of a file; no pixel is read.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<(Pages, Header), StackError> {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = options.decoded_strip_bytes;
        limits.intermediate_buffer_size = options.decoded_strip_bytes;
        limits.ifd_value_size = 64 << 20;
        let mut first = PageDecoder::open(path, &limits)?;
        let failed = |page: usize| {
            move |source| StackError::Tiff { stack: show(path), place: format!("page {page}"), source }
        };
        let form = read_form(&mut first.decoder, path, 0)?;
        let header = Header {
            description: first
                .decoder
                .find_tag(Tag::ImageDescription)
                .map_err(failed(0))?
                .and_then(|value| value.into_string().ok())
                .map_or_else(Description::default, |text| Description::parse(&text)),
            resolution: read_resolution(&mut first.decoder),
        };
        let mut directories = vec![0];
        while first.decoder.more_images() {
            let directory = first.directory + 1;
            first.decoder.next_image().map_err(failed(directory))?;
            first.directory = directory;
            let kind: Option<u32> =
                first.decoder.find_tag_unsigned(Tag::NewSubfileType).map_err(failed(directory))?;
            let is_reduced = kind.unwrap_or(0) & 1 == 1;
            if is_reduced {
                continue;
            }
            let found = read_form(&mut first.decoder, path, directory)?;
            if found != form {
                return Err(StackError::Damaged {
                    stack: show(path),
                    place: format!("page {directory}"),
                    got: found.describe(),
                    expected: format!("{} as on page 0", form.describe()),
                });
            }
            directories.push(directory);
        }
        let pages = Pages { path: path.to_owned(), form, directories, limits, idle: Mutex::new(vec![first]) };
        Ok((pages, header))
    }

    pub fn form(&self) -> &PageForm {
        &self.form
    }

    pub fn len(&self) -> usize {
        self.directories.len()
    }

    /// Reads a block `(row, column, sample)` of one page, given as runs of the file's positions.
    ///
    /// `plane` is the sample of planar pages; `out` then has a single sample.
    pub fn read(
        &self,
        page: usize,
        plane: Option<usize>,
        runs: [&[Run]; 3],
        mut out: ArrayViewMut3<'_, f32>,
    ) -> Result<(), StackError> {
        let mut page_decoder = self.take()?;
        let directory = *self.directories.get(page).ok_or_else(|| self.no_page(page))?;
        if page_decoder.directory != directory {
            let failed = |source| self.failed(directory, source);
            page_decoder.decoder.seek_to_image(directory).map_err(failed)?;
            page_decoder.directory = directory;
        }
        let [rows, columns, samples] = runs;
        for row_run in rows {
            for column_run in columns {
                for tile_row in row_run.chunks(self.form.chunk_height) {
                    for tile_column in column_run.chunks(self.form.chunk_width) {
                        let tile = [tile_row.chunk, tile_column.chunk];
                        let decoded = self.decode(&mut page_decoder.decoder, directory, plane, tile)?;
                        for sample_run in samples {
                            let target = out.slice_mut(s![
                                tile_row.part.out_range(),
                                tile_column.part.out_range(),
                                sample_run.out_range()
                            ]);
                            let from = [
                                tile_row.part.file_range(),
                                tile_column.part.file_range(),
                                sample_run.file_range(),
                            ];
                            decoded
                                .copy(from, target)
                                .map_err(|got| self.short_tile(directory, tile, &got))?;
                        }
                    }
                }
            }
        }
        self.give_back(page_decoder);
        Ok(())
    }

    fn decode(
        &self,
        decoder: &mut Decoder<BufReader<File>>,
        directory: usize,
        plane: Option<usize>,
        [tile_row, tile_column]: [usize; 2],
    ) -> Result<DecodedTile, StackError> {
        let across = self.form.width.div_ceil(self.form.chunk_width);
        let down = self.form.height.div_ceil(self.form.chunk_height);
        let tile_idx = plane.unwrap_or(0) * across * down + tile_row * across + tile_column;
        let index = u32::try_from(tile_idx).map_err(|_| self.no_page(directory))?;
        let pixels = decoder.read_chunk(index).map_err(|source| self.failed(directory, source))?;
        let n_samples = if plane.is_some() { 1 } else { self.form.n_samples };
        let rows = self.form.chunk_height.min(self.form.height - tile_row * self.form.chunk_height);
        let columns = self.form.chunk_width.min(self.form.width - tile_column * self.form.chunk_width);
        Ok(DecodedTile { pixels, shape: [rows, columns, n_samples] })
    }

    fn take(&self) -> Result<PageDecoder, StackError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| PageDecoder::open(&self.path, &self.limits), Ok)
    }

    /// Keeps a decoder for the next reader; one that failed is dropped instead.
    fn give_back(&self, decoder: PageDecoder) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(decoder);
    }

    fn failed(&self, directory: usize, source: ::tiff::TiffError) -> StackError {
        StackError::Tiff { stack: show(&self.path), place: format!("page {directory}"), source }
    }

    fn no_page(&self, page: usize) -> StackError {
        self.damaged("page list", format!("page {page}"), format!("a page below {}", self.len()))
    }

    fn short_tile(&self, directory: usize, [row, column]: [usize; 2], got: &str) -> StackError {
        let place = format!("page {directory}, chunk ({row}, {column})");
        self.damaged(&place, got.to_owned(), "as many pixels as its size says".to_owned())
    }

    fn damaged(&self, place: &str, got: String, expected: String) -> StackError {
        StackError::Damaged { stack: show(&self.path), place: place.to_owned(), got, expected }
    }
}

impl PageForm {
    fn describe(&self) -> String {
        let PageForm { height, width, n_samples, pixel_type, .. } = self;
        format!("{height} × {width} pixels with {n_samples} samples of {pixel_type}")
    }
}

impl PageDecoder {
    fn open(path: &Path, limits: &Limits) -> Result<Self, StackError> {
        let file = File::open(path).map_err(|source| StackError::Io {
            stack: show(path),
            action: "open the file",
            source,
        })?;
        let decoder = Decoder::new(BufReader::new(file)).map_err(|source| StackError::Tiff {
            stack: show(path),
            place: "the file header".to_owned(),
            source,
        })?;
        Ok(PageDecoder { decoder: decoder.with_limits(limits.clone()), directory: 0 })
    }
}

fn read_form(
    decoder: &mut Decoder<BufReader<File>>,
    path: &Path,
    directory: usize,
) -> Result<PageForm, StackError> {
    let failed = |source| StackError::Tiff { stack: show(path), place: format!("page {directory}"), source };
    let unsupported = |what: String, hint| StackError::Unsupported {
        stack: show(path),
        what: format!("page {directory}: {what}"),
        hint,
    };
    let (width, height) = decoder.dimensions().map_err(failed)?;
    if width == 0 || height == 0 {
        return Err(StackError::Damaged {
            stack: show(path),
            place: format!("page {directory}"),
            got: format!("{height} × {width} pixels"),
            expected: "at least one pixel".to_owned(),
        });
    }
    let color = decoder.colortype().map_err(failed)?;
    if let ColorType::YCbCr(_) | ColorType::Lab(_) = color {
        return Err(unsupported(format!("colour space {color:?}"), "store plain channels or RGB"));
    }
    if !matches!(color.bit_depth(), 8 | 16 | 32 | 64) {
        return Err(unsupported(
            format!("{} bits per sample", color.bit_depth()),
            "store 8, 16, 32 or 64 bits per sample",
        ));
    }
    let layout = decoder.image_chunk_buffer_layout(0).map_err(failed)?;
    let pixel_type = match layout.sample_type {
        Some(DecodingSampleType::U8) => PixelType::U8,
        Some(DecodingSampleType::U16) => PixelType::U16,
        Some(DecodingSampleType::U32) => PixelType::U32,
        Some(DecodingSampleType::U64) => PixelType::U64,
        Some(DecodingSampleType::I8) => PixelType::I8,
        Some(DecodingSampleType::I16) => PixelType::I16,
        Some(DecodingSampleType::I32) => PixelType::I32,
        Some(DecodingSampleType::I64) => PixelType::I64,
        Some(DecodingSampleType::F16) => PixelType::F16,
        Some(DecodingSampleType::F32) => PixelType::F32,
        Some(DecodingSampleType::F64) => PixelType::F64,
        None => {
            let what = format!("sample format {:?}", layout.sample_format);
            return Err(unsupported(what, "store integers or floats"));
        }
    };
    let n_samples: u32 = decoder.find_tag_unsigned(Tag::SamplesPerPixel).map_err(failed)?.unwrap_or(1);
    let planar: u32 = decoder.find_tag_unsigned(Tag::PlanarConfiguration).map_err(failed)?.unwrap_or(1);
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(PageForm {
        height: size(height),
        width: size(width),
        n_samples: size(n_samples).max(1),
        is_planar: planar == 2 && n_samples > 1,
        chunk_height: size(chunk_height).max(1),
        chunk_width: size(chunk_width).max(1),
        pixel_type,
    })
}

fn read_resolution(decoder: &mut Decoder<BufReader<File>>) -> Option<(f64, f64)> {
    let mut ratio = |tag| {
        let value = decoder.find_tag(tag).ok()??;
        let ::tiff::decoder::ifd::Value::Rational(over, under) = value else { return None };
        Some(f64::from(over) / f64::from(under))
    };
    Some((ratio(Tag::YResolution)?, ratio(Tag::XResolution)?))
}

/// The pixels of one strip or tile, padding already cut off.
struct DecodedTile {
    pixels: DecodingResult,
    shape: [usize; 3],
}

impl DecodedTile {
    fn copy(&self, from: [std::ops::Range<usize>; 3], to: ArrayViewMut3<'_, f32>) -> Result<(), String> {
        match &self.pixels {
            DecodingResult::U8(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::U16(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::U32(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::U64(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::I8(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::I16(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::I32(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::I64(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::F16(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::F32(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::F64(pixels) => self.copy_of(pixels, from, to),
        }
    }

    fn copy_of<T: Pixel>(
        &self,
        pixels: &[T],
        [rows, columns, samples]: [std::ops::Range<usize>; 3],
        to: ArrayViewMut3<'_, f32>,
    ) -> Result<(), String> {
        let tile =
            ArrayView3::from_shape(self.shape, pixels).map_err(|_| format!("{} pixels", pixels.len()))?;
        copy_as_f32(tile.slice(s![rows, columns, samples]), to).map_err(|error| error.to_string())
    }
}

pub(super) fn show(path: &Path) -> String {
    path.display().to_string()
}
