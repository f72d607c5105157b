//! The tags of one page: its form and how it is stored, or what is wrong with them.

use patchweave_pixel::PixelType;
use patchweave_stack::StackError;

use super::compression::{Codec, JpegColour};
use super::directory::{Directory, tag};
use super::file::TiffFile;
use super::page_form::PageForm;
use super::page_name::PageName;
use super::storage::{Predictor, Storage};

/// Reads the tags of one page and says what is wrong with them.
pub(super) struct PageTags<'a> {
    pub file: &'a TiffFile,
    pub directory: &'a Directory,
    pub name: PageName,
}

impl PageTags<'_> {
    fn place(&self) -> String {
        self.name.to_string()
    }

    /// The page has nothing of this.
    pub fn lacks(&self, what: &str) -> StackError {
        self.file.damaged(self.place(), "nothing", what)
    }

    fn unsupported(&self, what: &str, hint: &'static str) -> StackError {
        self.file.unsupported(format!("{}: {what}", self.name), hint)
    }

    /// The number that a tag holds.
    pub fn uint(&self, tag: u16) -> Result<Option<u64>, StackError> {
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
        if let Some(pair) = all.windows(2).find(|pair| pair[0] != pair[1]) {
            let what = format!("samples of {} and {} {what}", pair[0], pair[1]);
            return Err(self.unsupported(&what, "store all samples alike"));
        }
        Ok(all.first().copied())
    }

    /// Size, samples and type.
    pub fn form(&self) -> Result<PageForm, StackError> {
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
        let format = self.same_of_all(tag::SAMPLE_FORMAT, n_samples, "as formats")?.unwrap_or(1);
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

    /// Compression, predictor and the sizes of strips or tiles.
    pub fn storage(&self, form: &PageForm) -> Result<Storage, StackError> {
        let bits = u32::try_from(self.bits(form.n_samples)?).unwrap_or(u32::MAX);
        let codec = self.codec(form, bits)?;
        let is_even = matches!(bits, 8 | 16 | 32 | 64);
        let is_float = matches!(form.pixel_type, PixelType::F16 | PixelType::F32 | PixelType::F64);
        let predictor = match self.uint(tag::PREDICTOR)?.unwrap_or(1) {
            // Some writers leave the tag behind when they store pixels as they are (LSM), where it means nothing.
            _ if codec.is_whole_image() || codec == Codec::None => Predictor::None,
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
