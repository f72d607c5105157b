//! One page of a TIFF file: what its tags say about its pixels and where they are stored.

use std::fmt;
use std::sync::Arc;

use patchweave_pixel::PixelType;

use super::compression::{Codec, JpegColour};
use super::directory::{Directory, Values, tag};
use super::file::TiffFile;
use crate::StackError;

/// Strips of a page whose places are looked at all at once.
const MOST_STRIPS: usize = 1 << 20;

/// What all pages of a series have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PageForm {
    pub height: usize,
    pub width: usize,
    pub n_samples: usize,
    /// Samples are stored plane by plane, not pixel by pixel; false where there is one sample.
    pub is_planar: bool,
    pub pixel_type: PixelType,
}

/// How pixels are stored, in which pages of a series may differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    pub codec: Codec,
    /// Bits of bytes are stored in the opposite order.
    pub is_bit_reversed: bool,
    pub predictor: Predictor,
    pub bits: u32,
    pub is_tiled: bool,
    /// Height and width of a strip or tile; a strip is no higher than the page.
    pub chunk: [usize; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    Horizontal,
    Float,
}

/// A page among its like: its number in the file, and the number of its reduced copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageName {
    pub page: usize,
    /// 1 for the first directory below that of the page.
    pub level: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Page {
    pub name: PageName,
    pub form: PageForm,
    pub storage: Arc<Storage>,
    /// Marked as a copy of another page at reduced resolution.
    pub is_reduced: bool,
    /// Places of the directories of its reduced copies.
    pub sub_directories: Option<Values>,
    offsets: Values,
    byte_counts: Option<Values>,
}

/// Where in the file one strip or tile is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub offset: u64,
    pub len: u64,
}

impl fmt::Display for PageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            0 => write!(f, "page {}", self.page),
            level => write!(f, "page {}, reduced copy {level}", self.page),
        }
    }
}

impl PageForm {
    pub fn describe(&self) -> String {
        let PageForm { height, width, n_samples, is_planar, pixel_type } = self;
        let planes = if *is_planar { " in planes" } else { "" };
        format!("{height} × {width} pixels with {n_samples} samples of {pixel_type}{planes}")
    }

    /// Samples that stand next to each other.
    pub fn samples_together(&self) -> usize {
        if self.is_planar { 1 } else { self.n_samples }
    }

    /// How many planes of samples a page has.
    pub fn n_planes(&self) -> usize {
        if self.is_planar { self.n_samples } else { 1 }
    }

    /// Decoded bytes of `height` × `width` pixels of one plane, if a number can tell.
    pub fn n_bytes(&self, [height, width]: [usize; 2]) -> Option<usize> {
        let n_pixels = height.checked_mul(width)?.checked_mul(self.samples_together())?;
        n_pixels.checked_mul(self.pixel_type.n_bytes())
    }

    /// Decoded bytes of the whole page.
    pub fn page_bytes(&self) -> Option<usize> {
        self.n_bytes([self.height, self.width])?.checked_mul(self.n_planes())
    }
}

/// Reads the tags of one page and says what is wrong with them.
struct Reader<'a> {
    file: &'a TiffFile,
    directory: &'a Directory,
    name: PageName,
}

impl Page {
    /// Reads the tags of a page; a page that is stored like `before` shares its storage.
    pub fn read(
        file: &TiffFile,
        directory: &Directory,
        name: PageName,
        before: Option<&Page>,
    ) -> Result<Self, StackError> {
        let reader = Reader { file, directory, name };
        let form = reader.form()?;
        let storage = reader.storage(&form)?;
        let storage = match before {
            Some(before) if *before.storage == storage => Arc::clone(&before.storage),
            _ => Arc::new(storage),
        };
        // Some writers list tiles as if they were strips.
        let is_tiled = storage.is_tiled;
        let either =
            |tile, strip| directory.values(tile).filter(|_| is_tiled).or_else(|| directory.values(strip));
        let offsets = either(tag::TILE_OFFSETS, tag::STRIP_OFFSETS);
        let page = Page {
            name,
            form,
            storage,
            is_reduced: reader.uint(tag::NEW_SUBFILE_TYPE)?.unwrap_or(0) & 1 == 1,
            sub_directories: directory.values(tag::SUB_IFDS),
            offsets: offsets.ok_or_else(|| reader.lacks("the places of its pixels"))?,
            byte_counts: either(tag::TILE_BYTE_COUNTS, tag::STRIP_BYTE_COUNTS),
        };
        page.check_chunks(file)?;
        Ok(page)
    }

    /// The lists of strips or tiles are as long as the sizes say.
    fn check_chunks(&self, file: &TiffFile) -> Result<(), StackError> {
        let expected = u64::try_from(self.n_chunks()).unwrap_or(u64::MAX);
        let what = self.storage.chunk_word();
        for (list, values) in [("places", Some(self.offsets)), ("sizes", self.byte_counts)] {
            if let Some(values) = values.filter(|values| values.count != expected) {
                let got = format!("the {list} of {} {what}s", values.count);
                return Err(file.damaged(self.name.to_string(), got, expected.to_string()));
            }
        }
        if self.byte_counts.is_none() && self.storage.codec != Codec::None {
            let got = format!("no sizes of its compressed {what}s");
            return Err(file.damaged(self.name.to_string(), got, expected.to_string()));
        }
        Ok(())
    }

    /// Strips or tiles per column and row of one plane.
    pub fn grid(&self) -> [usize; 2] {
        let [height, width] = self.storage.chunk;
        [self.form.height.div_ceil(height), self.form.width.div_ceil(width)]
    }

    /// Strips or tiles of all planes.
    pub fn n_chunks(&self) -> usize {
        let [down, across] = self.grid();
        down.saturating_mul(across).saturating_mul(self.form.n_planes())
    }

    /// Height and width that are stored for a strip or tile in this row of the grid.
    pub fn stored_size(&self, row: usize) -> [usize; 2] {
        let [height, width] = self.storage.chunk;
        let height = if self.storage.is_tiled { height } else { height.min(self.form.height - row * height) };
        [height, width]
    }

    /// Bytes that pixels of this size take before compression.
    pub fn stored_bytes(&self, [height, width]: [usize; 2]) -> Option<usize> {
        self.row_bytes(width)?.checked_mul(height)
    }

    /// Bytes of a stored row.
    pub fn row_bytes(&self, width: usize) -> Option<usize> {
        let bits = usize::try_from(self.storage.bits).ok()?;
        Some(width.checked_mul(self.form.samples_together())?.checked_mul(bits)?.div_ceil(8))
    }

    /// Whether pixels lie in the file as they are needed, but for the order of bytes.
    pub fn is_plain(&self) -> bool {
        let storage = &*self.storage;
        storage.codec == Codec::None
            && storage.predictor == Predictor::None
            && !storage.is_bit_reversed
            && usize::try_from(storage.bits).is_ok_and(|bits| bits == 8 * self.form.pixel_type.n_bytes())
    }

    /// Where strip or tile `idx` is; `read` gets bytes of the file.
    pub fn extent(&self, file: &TiffFile, idx: usize, row: usize) -> Result<Extent, StackError> {
        let place = || format!("{}, {} {idx}", self.name, self.storage.chunk_word());
        let lacks = |what: &str| file.damaged(place(), format!("no {what}"), "an unsigned number");
        let at = u64::try_from(idx).unwrap_or(u64::MAX);
        let number = |values: Values| match file.map().zip(values.place(at)) {
            // Reading the map costs no call of the system.
            Some((map, (at, size))) if values.only().is_none() && values.is_uint() => {
                Ok(map.get(at, size).map(|bytes| file.uint(bytes)))
            }
            _ => values.uint(file, at, place),
        };
        let offset = number(self.offsets)?.ok_or_else(|| lacks("place"))?;
        let len = match self.byte_counts {
            Some(counts) => number(counts)?.ok_or_else(|| lacks("size"))?,
            None => {
                let len = self.stored_bytes(self.stored_size(row));
                len.and_then(|len| u64::try_from(len).ok()).ok_or_else(|| lacks("size"))?
            }
        };
        Ok(Extent { offset, len })
    }

    /// Where the strips of one plane start if they are stored as they are and follow each other without a gap.
    pub fn contiguous(&self, file: &TiffFile, plane: usize) -> Result<Option<u64>, StackError> {
        let [down, _] = self.grid();
        if self.storage.is_tiled || !self.is_plain() || self.n_chunks() > MOST_STRIPS {
            return Ok(None);
        }
        let place = || format!("{}, the list of strips", self.name);
        let all = |values: Values| match values.only() {
            Some(only) => Ok(vec![only]),
            None => values.uints(file, MOST_STRIPS, place),
        };
        let offsets = all(self.offsets)?;
        let lens = self.byte_counts.map(all).transpose()?;
        let mut start_and_end = None;
        for row in 0..down {
            let idx = plane * down + row;
            let expected = self.stored_bytes(self.stored_size(row)).and_then(|len| u64::try_from(len).ok());
            let (Some(expected), Some(&offset)) = (expected, offsets.get(idx)) else { return Ok(None) };
            let is_short = lens.as_ref().is_some_and(|lens| lens.get(idx).is_none_or(|&len| len < expected));
            let (start, end) = start_and_end.unwrap_or((offset, offset));
            let Some(next) = end.checked_add(expected).filter(|_| offset == end && !is_short) else {
                return Ok(None);
            };
            start_and_end = Some((start, next));
        }
        Ok(start_and_end.filter(|(start, end)| file.has(*start, end - start)).map(|(start, _)| start))
    }
}

impl Storage {
    /// What a piece of the page is called.
    pub fn chunk_word(&self) -> &'static str {
        if self.is_tiled { "tile" } else { "strip" }
    }
}

impl Reader<'_> {
    fn place(&self) -> String {
        self.name.to_string()
    }

    fn lacks(&self, what: &str) -> StackError {
        self.file.damaged(self.place(), "nothing", what)
    }

    fn unsupported(&self, what: &str, hint: &'static str) -> StackError {
        self.file.unsupported(format!("{}: {what}", self.name), hint)
    }

    fn uint(&self, tag: u16) -> Result<Option<u64>, StackError> {
        let Some(values) = self.directory.values(tag) else { return Ok(None) };
        let place = || format!("{}, tag {tag}", self.name);
        let value = values.uint(self.file, 0, place)?;
        value
            .map(Some)
            .ok_or_else(|| self.file.damaged(place(), "another kind of value", "an unsigned number"))
    }

    /// A size that has to be there and is not 0.
    fn size(&self, tag: u16, what: &str) -> Result<usize, StackError> {
        let value = self.uint(tag)?.ok_or_else(|| self.lacks(what))?;
        let size = u32::try_from(value).ok().and_then(|value| usize::try_from(value).ok());
        size.filter(|&size| size > 0)
            .ok_or_else(|| self.file.damaged(self.place(), format!("{what} {value}"), "1 to 4294967295"))
    }

    /// The value that a tag has for every sample, which must be the same for all.
    fn same_of_all(&self, tag: u16, n_samples: usize, what: &str) -> Result<Option<u64>, StackError> {
        let Some(values) = self.directory.values(tag) else { return Ok(None) };
        let limit = n_samples.saturating_add(16);
        let all = values.uints(self.file, limit, || format!("{}, tag {tag}", self.name))?;
        if all.windows(2).any(|pair| pair[0] != pair[1]) {
            let what = format!("samples of different {what} {all:?}");
            return Err(self.unsupported(&what, "store all samples alike"));
        }
        Ok(all.first().copied())
    }

    fn form(&self) -> Result<PageForm, StackError> {
        let width = self.size(tag::WIDTH, "a width of")?;
        let height = self.size(tag::HEIGHT, "a height of")?;
        if self.uint(tag::IMAGE_DEPTH)?.is_some_and(|depth| depth > 1) {
            return Err(self.unsupported("a page of several slices", "store every slice as a page"));
        }
        let n_samples = match self.uint(tag::SAMPLES_PER_PIXEL)?.unwrap_or(1) {
            n @ 1..=0xffff => usize::try_from(n).unwrap_or(1),
            n => return Err(self.file.damaged(self.place(), format!("{n} samples per pixel"), "1 to 65535")),
        };
        let is_planar = match self.uint(tag::PLANAR)?.unwrap_or(1) {
            1 => false,
            2 => n_samples > 1,
            n => return Err(self.file.damaged(self.place(), format!("planar configuration {n}"), "1 or 2")),
        };
        let bits = self.bits(n_samples)?;
        let format = self.same_of_all(tag::SAMPLE_FORMAT, n_samples, "formats")?.unwrap_or(1);
        let pixel_type = match (format, bits) {
            (1 | 4, 1..=8) => PixelType::U8,
            (1 | 4, 9..=16) => PixelType::U16,
            (1 | 4, 17..=32) => PixelType::U32,
            (1 | 4, 33..=64) => PixelType::U64,
            (2, 8) => PixelType::I8,
            (2, 16) => PixelType::I16,
            (2, 32) => PixelType::I32,
            (2, 64) => PixelType::I64,
            (3, 16) => PixelType::F16,
            (3, 32) => PixelType::F32,
            (3, 64) => PixelType::F64,
            _ => {
                let what = format!("samples of {bits} bits in format {format}");
                return Err(self.unsupported(&what, "store integers or floats of 8, 16, 32 or 64 bits"));
            }
        };
        Ok(PageForm { height, width, n_samples, is_planar, pixel_type })
    }

    fn bits(&self, n_samples: usize) -> Result<u64, StackError> {
        let bits = self.same_of_all(tag::BITS_PER_SAMPLE, n_samples, "bits")?.unwrap_or(1);
        if bits == 0 {
            return Err(self.file.damaged(self.place(), "0 bits per sample", "at least 1"));
        }
        Ok(bits)
    }

    fn storage(&self, form: &PageForm) -> Result<Storage, StackError> {
        let bits = u32::try_from(self.bits(form.n_samples)?).unwrap_or(u32::MAX);
        let codec = self.codec(form, bits)?;
        let is_even = matches!(bits, 8 | 16 | 32 | 64);
        let is_float = matches!(form.pixel_type, PixelType::F16 | PixelType::F32 | PixelType::F64);
        let predictor = match self.uint(tag::PREDICTOR)?.unwrap_or(1) {
            _ if codec.is_whole_image() => Predictor::None,
            1 => Predictor::None,
            2 if is_even => Predictor::Horizontal,
            3 if is_float => Predictor::Float,
            n => {
                let what = format!("predictor {n} on {bits} bits of {}", form.pixel_type);
                return Err(self.unsupported(&what, "store it without a predictor"));
            }
        };
        let is_tiled = self.directory.values(tag::TILE_WIDTH).is_some();
        let chunk = if is_tiled {
            let tile = [
                self.size(tag::TILE_HEIGHT, "a tile height of")?,
                self.size(tag::TILE_WIDTH, "a tile width of")?,
            ];
            if tile.iter().any(|&size| size > 1 << 24) {
                let got = format!("tiles of {} × {} pixels", tile[0], tile[1]);
                return Err(self.file.damaged(self.place(), got, "at most 16777216 along a side"));
            }
            tile
        } else {
            let rows = match self.uint(tag::ROWS_PER_STRIP)? {
                Some(0) => return Err(self.file.damaged(self.place(), "0 rows per strip", "at least 1")),
                Some(rows) => usize::try_from(rows).unwrap_or(usize::MAX).min(form.height),
                None => form.height,
            };
            [rows, form.width]
        };
        let is_bit_reversed = self.uint(tag::FILL_ORDER)?.unwrap_or(1) == 2;
        Ok(Storage { codec, is_bit_reversed, predictor, bits, is_tiled, chunk })
    }

    fn codec(&self, form: &PageForm, bits: u32) -> Result<Codec, StackError> {
        let number = self.uint(tag::COMPRESSION)?.unwrap_or(1);
        let photometric = self.uint(tag::PHOTOMETRIC)?;
        let codec = match number {
            1 => Codec::None,
            3 if bits == 1 && form.samples_together() == 1 => {
                if self.uint(tag::T4_OPTIONS)?.unwrap_or(0) & 1 == 1 {
                    return Err(
                        self.unsupported("two-dimensional fax 3 compression", "store it with deflate")
                    );
                }
                Codec::Fax3
            }
            4 if bits == 1 && form.samples_together() == 1 => Codec::Fax4,
            5 => Codec::Lzw,
            8 | 32946 => Codec::Deflate,
            7 if bits == 8 && form.pixel_type == PixelType::U8 => self.jpeg(form, photometric)?,
            32773 => Codec::PackBits,
            50000 => Codec::Zstd,
            number => {
                let what = format!("{} of {bits} bits", compression_name(number));
                return Err(self.unsupported(&what, "store it uncompressed or with LZW, deflate or zstd"));
            }
        };
        if photometric == Some(6) && !matches!(codec, Codec::Jpeg { .. }) {
            let hint = "store RGB or plain channels";
            return Err(self.unsupported("the colour space YCbCr without JPEG compression", hint));
        }
        Ok(codec)
    }

    fn jpeg(&self, form: &PageForm, photometric: Option<u64>) -> Result<Codec, StackError> {
        let colour = match (form.samples_together(), photometric) {
            (1, _) => JpegColour::Plain,
            (3, Some(6)) => JpegColour::YCbCrToRgb,
            (3 | 4, _) => JpegColour::Plain,
            (n, _) => {
                let what = format!("JPEG compression of {n} samples per pixel");
                return Err(self.unsupported(&what, "store it with LZW, deflate or zstd"));
            }
        };
        let place = || format!("{}, the tables for JPEG", self.name);
        let tables = self.directory.values(tag::JPEG_TABLES);
        let tables = tables.map(|tables| tables.bytes(self.file, 1 << 20, place)).transpose()?;
        Ok(Codec::Jpeg { colour, tables: tables.unwrap_or_default() })
    }
}

/// How people call a compression that is not read.
fn compression_name(number: u64) -> String {
    let name = match number {
        2 => "CCITT RLE compression",
        3 => "fax 3 compression",
        4 => "fax 4 compression",
        6 => "old-style JPEG compression",
        7 => "JPEG compression",
        33003 | 33004 | 33005 | 34712 => "JPEG 2000 compression",
        34676 | 34677 => "LogLuv compression",
        34887 => "LERC compression",
        34925 => "LZMA compression",
        50001 => "WebP compression",
        50002 | 52546 => "JPEG XL compression",
        _ => return format!("compression {number}"),
    };
    name.to_owned()
}
