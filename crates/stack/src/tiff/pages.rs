//! The pages of a TIFF file: one directory each, decoded strip by strip or tile by tile.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ::tiff::ColorType;
use ::tiff::decoder::{Decoder, DecodingSampleType, Limits};
use ::tiff::tags::{CompressionMethod, Tag};
use patchweave_pixel::PixelType;

use super::decoders::{Decoders, PageDecoder};
use super::description::Description;
use crate::chunk::DecodedChunk;
use crate::{OpenOptions, StackError};

/// What all pages of a series have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageForm {
    pub height: usize,
    pub width: usize,
    pub n_samples: usize,
    /// Samples are stored plane by plane rather than pixel by pixel.
    pub is_planar: bool,
    pub pixel_type: PixelType,
}

/// One page of a series.
#[derive(Debug, Clone, Copy)]
struct Page {
    /// Counted with the directories that are passed over.
    directory: usize,
    /// Height and width of its strips or tiles, which no two pages need to share.
    chunk: [usize; 2],
}

/// The pages of a file; any number of threads may read.
pub(super) struct Pages {
    form: PageForm,
    pages: Vec<Page>,
    decoders: Decoders,
}

/// What the first directory tells beside the form of its page.
pub(super) struct Header {
    pub description: Description,
    /// Pixels per unit along `(Y, X)`.
    pub resolution: Option<(f64, f64)>,
    /// Height and width of the strips or tiles of the first page.
    pub chunk: [usize; 2],
    pub is_compressed: bool,
}

impl Pages {
    /// Walks the directories of a file; no pixel is read.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<(Pages, Header), StackError> {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = options.decoded_chunk_bytes;
        limits.intermediate_buffer_size = options.decoded_chunk_bytes;
        limits.ifd_value_size = 64 << 20;
        let decoders = Decoders::new(path, limits);
        let mut first = decoders.take()?;
        let failed = |page: usize| {
            move |source| StackError::Tiff { stack: show(path), place: format!("page {page}"), source }
        };
        let form = read_form(&mut first.decoder, path, 0)?;
        let chunk = read_chunk_size(&first.decoder);
        let compression: Option<u16> =
            first.decoder.find_tag_unsigned(Tag::Compression).map_err(failed(0))?;
        let header = Header {
            description: first
                .decoder
                .find_tag(Tag::ImageDescription)
                .map_err(failed(0))?
                .and_then(|value| value.into_string().ok())
                .map_or_else(Description::default, |text| Description::parse(&text)),
            resolution: read_resolution(&mut first.decoder),
            chunk,
            is_compressed: compression.is_some_and(|method| method != CompressionMethod::None.to_u16()),
        };
        let mut pages = vec![Page { directory: 0, chunk }];
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
            pages.push(Page { directory, chunk: read_chunk_size(&first.decoder) });
        }
        decoders.give_back(first);
        Ok((Pages { form, pages, decoders }, header))
    }

    pub fn form(&self) -> &PageForm {
        &self.form
    }

    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Decodes one strip or tile; `shape` joins its rows, columns and samples to a shape.
    pub fn decode(
        &self,
        page_idx: usize,
        plane: usize,
        [tile_row, tile_column]: [usize; 2],
        shape: impl Fn(usize, usize, usize) -> Vec<usize>,
    ) -> Result<DecodedChunk, StackError> {
        let page = *self.pages.get(page_idx).ok_or_else(|| self.no_page(page_idx))?;
        let PageForm { height, width, pixel_type, .. } = self.form;
        let [chunk_height, chunk_width] = page.chunk;
        let across = width.div_ceil(chunk_width);
        let down = height.div_ceil(chunk_height);
        let tile_idx = plane * across * down + tile_row * across + tile_column;
        let index = u32::try_from(tile_idx).map_err(|_| self.no_page(page_idx))?;
        let mut opened = self.decoder_at(page.directory)?;
        let failed = |source| self.failed(page.directory, source);
        let mut pixels = opened.decoder.read_chunk(index).map_err(failed)?;
        let bytes = pixels.as_buffer(0).as_bytes().to_vec();
        self.decoders.give_back(opened);
        let n_samples = if self.form.is_planar { 1 } else { self.form.n_samples };
        let rows = chunk_height.min(height - tile_row * chunk_height);
        let columns = chunk_width.min(width - tile_column * chunk_width);
        let n_bytes = bytes.len();
        DecodedChunk::new(bytes, pixel_type, &shape(rows, columns, n_samples)).ok_or_else(|| {
            self.short_tile(page.directory, [tile_row, tile_column], &format!("{n_bytes} bytes"))
        })
    }

    fn decoder_at(&self, directory: usize) -> Result<PageDecoder, StackError> {
        let mut opened = self.decoders.take()?;
        if opened.directory != directory {
            opened.decoder.seek_to_image(directory).map_err(|source| self.failed(directory, source))?;
            opened.directory = directory;
        }
        Ok(opened)
    }

    fn failed(&self, directory: usize, source: ::tiff::TiffError) -> StackError {
        StackError::Tiff { stack: show(self.decoders.path()), place: format!("page {directory}"), source }
    }

    fn no_page(&self, page: usize) -> StackError {
        self.damaged("page list", format!("page {page}"), format!("a page below {}", self.len()))
    }

    fn short_tile(&self, directory: usize, [row, column]: [usize; 2], got: &str) -> StackError {
        let place = format!("page {directory}, chunk ({row}, {column})");
        self.damaged(&place, got.to_owned(), "as many pixels as its size says".to_owned())
    }

    fn damaged(&self, place: &str, got: String, expected: String) -> StackError {
        StackError::Damaged { stack: show(self.decoders.path()), place: place.to_owned(), got, expected }
    }
}

impl PageForm {
    fn describe(&self) -> String {
        let PageForm { height, width, n_samples, is_planar, pixel_type } = self;
        let planes = if *is_planar { " in planes" } else { "" };
        format!("{height} × {width} pixels with {n_samples} samples of {pixel_type}{planes}")
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
    Ok(PageForm {
        height: size(height),
        width: size(width),
        n_samples: size(n_samples).max(1),
        is_planar: planar == 2 && n_samples > 1,
        pixel_type,
    })
}

/// Height and width of the strips or tiles of the page a decoder stands at.
fn read_chunk_size(decoder: &Decoder<BufReader<File>>) -> [usize; 2] {
    let (width, height) = decoder.chunk_dimensions();
    [size(height).max(1), size(width).max(1)]
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn read_resolution(decoder: &mut Decoder<BufReader<File>>) -> Option<(f64, f64)> {
    let mut ratio = |tag| {
        let value = decoder.find_tag(tag).ok()??;
        let ::tiff::decoder::ifd::Value::Rational(over, under) = value else { return None };
        Some(f64::from(over) / f64::from(under))
    };
    Some((ratio(Tag::YResolution)?, ratio(Tag::XResolution)?))
}

pub(super) fn show(path: &Path) -> String {
    path.display().to_string()
}
