//! TIFF files of any layout, for tests of reading; this project writes far fewer.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use ndarray::{ArrayView3, ArrayView4, Axis};
use patchweave_pixel::ByteOrder;

/// How the pages of a file are stored.
#[derive(Debug, Clone, Copy)]
pub struct TiffLayout {
    /// The order of bytes in the whole file.
    pub order: ByteOrder,
    /// BigTIFF, with offsets of 64 bits.
    pub is_big: bool,
    /// Bits of a sample, 1 to 16; rows are padded to bytes.
    pub bits: u16,
    /// Height and width of tiles, strips of 7 rows without.
    pub tile: Option<[usize; 2]>,
    /// Samples are stored plane by plane.
    pub is_planar: bool,
    /// Strips or tiles are compressed.
    pub is_deflated: bool,
}

impl Default for TiffLayout {
    /// Little-endian 16-bit samples, in strips, pixel by pixel, as they are.
    fn default() -> Self {
        TiffLayout {
            order: ByteOrder::Little,
            is_big: false,
            bits: 16,
            tile: None,
            is_planar: false,
            is_deflated: false,
        }
    }
}

/// The values of a tag.
#[derive(Debug, Clone)]
pub enum TagValues {
    /// Numbers of 16 bits.
    Short(Vec<u16>),
    /// Numbers of 32 bits.
    Long(Vec<u32>),
    /// Text, to which a zero is added.
    Text(String),
}

/// A directory and the pixels that it describes.
#[derive(Debug, Clone, Default)]
pub struct TiffPage {
    /// Tags in addition to those of places and sizes, in any order.
    pub tags: Vec<(u16, TagValues)>,
    /// Strips or tiles as they are stored; an empty one was never written, and its place is 0.
    pub chunks: Vec<Vec<u8>>,
    /// Bytes that follow the last of them.
    pub behind: Vec<u8>,
    /// Directories below this one.
    pub below: Vec<TiffPage>,
}

impl TiffLayout {
    /// The pages of an array `NYXC`.
    #[must_use]
    pub fn pages(&self, pages: ArrayView4<'_, u16>) -> Vec<TiffPage> {
        pages.axis_iter(Axis(0)).map(|page| self.page(page)).collect()
    }

    fn page(&self, page: ArrayView3<'_, u16>) -> TiffPage {
        let (height, width, n_samples) = page.dim();
        let small = |n: usize| TagValues::Short(vec![u16::try_from(n).unwrap_or(u16::MAX)]);
        let mut tags = vec![
            (256, small(width)),
            (257, small(height)),
            (258, TagValues::Short(vec![self.bits; n_samples])),
            (259, small(if self.is_deflated { 8 } else { 1 })),
            (262, small(if n_samples == 3 { 2 } else { 1 })),
            (277, small(n_samples)),
            (284, small(if self.is_planar { 2 } else { 1 })),
        ];
        match self.tile {
            Some([height, width]) => tags.extend([(322, small(width)), (323, small(height))]),
            None => tags.push((278, small(7))),
        }
        let planes: Vec<ArrayView3<'_, u16>> =
            if self.is_planar { page.axis_chunks_iter(Axis(2), 1).collect() } else { vec![page] };
        let chunks = planes.into_iter().flat_map(|plane| self.chunks(plane)).collect();
        TiffPage { tags, chunks, ..TiffPage::default() }
    }

    /// One plane cut into strips, or into tiles that stick out at the border.
    fn chunks(&self, plane: ArrayView3<'_, u16>) -> Vec<Vec<u8>> {
        let (height, width, n_samples) = plane.dim();
        let [rows, columns] = self.tile.unwrap_or([7, width]);
        let starts = (0..height).step_by(rows).flat_map(|y| (0..width).step_by(columns).map(move |x| (y, x)));
        let chunk = |(y0, x0): (usize, usize)| {
            let end = if self.tile.is_some() { y0 + rows } else { (y0 + rows).min(height) };
            let row = |y| {
                let samples = (x0..x0 + columns).flat_map(|x| (0..n_samples).map(move |s| (x, s)));
                self.row(samples.map(|(x, s)| *plane.get([y, x, s]).unwrap_or(&0xdead)))
            };
            let bytes: Vec<u8> = (y0..end).flat_map(row).collect();
            if self.is_deflated { deflate(&bytes) } else { bytes }
        };
        starts.map(chunk).collect()
    }

    fn row(&self, samples: impl Iterator<Item = u16>) -> Vec<u8> {
        if self.bits == 16 {
            return samples.flat_map(|sample| number(self.order, 2, sample.into())).collect();
        }
        let mut bytes = Vec::new();
        let mut held = 0_u32;
        let mut n_held = 0;
        for sample in samples {
            held = held << self.bits | u32::from(sample) & ((1 << self.bits) - 1);
            n_held += self.bits;
            while n_held >= 8 {
                n_held -= 8;
                bytes.push((held >> n_held).to_le_bytes()[0]);
                held &= (1 << n_held) - 1;
            }
        }
        if n_held > 0 {
            bytes.push((held << (8 - n_held)).to_le_bytes()[0]);
        }
        bytes
    }

    /// The bytes of a file with these pages; the pixels of a page stand before its directory.
    #[must_use]
    pub fn file(&self, pages: &[TiffPage]) -> Vec<u8> {
        let mut file = Writer { layout: *self, bytes: Vec::new() };
        file.bytes.extend(if self.order == ByteOrder::Little { b"II" } else { b"MM" });
        if self.is_big {
            file.number(2, 43);
            file.number(2, 8);
            file.number(2, 0);
        } else {
            file.number(2, 42);
        }
        let mut link = file.bytes.len();
        file.number(file.word(), 0);
        for page in pages {
            let (directory, next) = file.page(page);
            file.set(link, directory);
            link = next;
        }
        file.bytes
    }
}

struct Writer {
    layout: TiffLayout,
    bytes: Vec<u8>,
}

impl Writer {
    fn word(&self) -> usize {
        if self.layout.is_big { 8 } else { 4 }
    }

    fn number(&mut self, size: usize, value: u64) {
        self.bytes.extend(number(self.layout.order, size, value));
    }

    fn set(&mut self, at: usize, value: usize) {
        let bytes = number(self.layout.order, self.word(), value as u64);
        self.bytes[at..at + bytes.len()].copy_from_slice(&bytes);
    }

    /// Writes a page; where its directory starts, and where the place of the next one stands.
    fn page(&mut self, page: &TiffPage) -> (usize, usize) {
        let mut places = Vec::new();
        let mut sizes = Vec::new();
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        for chunk in &page.chunks {
            places.push(if chunk.is_empty() { 0 } else { small(self.bytes.len()) });
            sizes.push(small(chunk.len()));
            self.bytes.extend(chunk);
        }
        self.bytes.extend(&page.behind);
        let below: Vec<u32> = page.below.iter().map(|below| small(self.page(below).0)).collect();
        let is_tiled = page.tags.iter().any(|(tag, _)| *tag == 322);
        let mut tags = page.tags.clone();
        tags.push((if is_tiled { 324 } else { 273 }, TagValues::Long(places)));
        tags.push((if is_tiled { 325 } else { 279 }, TagValues::Long(sizes)));
        if !below.is_empty() {
            tags.push((330, TagValues::Long(below)));
        }
        tags.sort_by_key(|(tag, _)| *tag);
        let word = self.word();
        let mut entries = Vec::new();
        for (tag, values) in &tags {
            let (kind, count, mut bytes) = self.values(values);
            if bytes.len() > word {
                let at = self.bytes.len() as u64;
                self.bytes.extend(bytes);
                bytes = number(self.layout.order, word, at);
            }
            bytes.resize(word, 0);
            entries.extend(number(self.layout.order, 2, (*tag).into()));
            entries.extend(number(self.layout.order, 2, kind));
            entries.extend(number(self.layout.order, word, count as u64));
            entries.extend(bytes);
        }
        let directory = self.bytes.len();
        self.number(if word == 8 { 8 } else { 2 }, tags.len() as u64);
        self.bytes.extend(entries);
        let next = self.bytes.len();
        self.number(word, 0);
        (directory, next)
    }

    /// The kind, the number and the bytes of values.
    fn values(&self, values: &TagValues) -> (u64, usize, Vec<u8>) {
        let order = self.layout.order;
        match values {
            TagValues::Short(all) => {
                (3, all.len(), all.iter().flat_map(|&n| number(order, 2, n.into())).collect())
            }
            TagValues::Long(all) => {
                (4, all.len(), all.iter().flat_map(|&n| number(order, 4, n.into())).collect())
            }
            TagValues::Text(text) => {
                let bytes: Vec<u8> = text.bytes().chain([0]).collect();
                (2, bytes.len(), bytes)
            }
        }
    }
}

fn number(order: ByteOrder, size: usize, value: u64) -> Vec<u8> {
    match order {
        ByteOrder::Little => value.to_le_bytes()[..size].to_vec(),
        ByteOrder::Big => value.to_be_bytes()[8 - size..].to_vec(),
    }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    // A vector takes whatever is written.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}
