//! The chunks of a series: whole planes in place, or strips and tiles decoded one by one.

use std::sync::atomic::{AtomicU64, Ordering};

use patchweave_geometry::c_strides;
use patchweave_stack::StackError;

use super::compression::{Codec, Piece};
use super::file::TiffFile;
use super::page::{Extent, Page};
use super::samples::{Rows, reverse_bits};
use super::series::{Plane, Series};
use crate::chunk::{DecodedChunk, InPlace};
use crate::chunked::ChunkSource;
use crate::mapped::MappedFile;

/// A plane whose place was not looked up yet; no pixels stand at the start of a file.
const UNKNOWN: u64 = 0;

/// A plane whose strips do not follow each other.
const SCATTERED: u64 = u64::MAX;

/// Bytes of lists of strips that opening reads to find out whether planes follow each other.
const MOST_LIST_BYTES: u64 = 16 << 20;

/// What is read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grid {
    /// All planes, which follow each other in the file from `start`.
    Whole { start: u64 },
    /// One plane of one page, whatever its strips or tiles are.
    Planes,
    /// One strip or tile; all pages have the same.
    Pieces,
}

pub(super) struct TiffSource {
    series: Series,
    grid: Grid,
    /// The size of a chunk along every dimension.
    chunk: Vec<usize>,
    /// Pixels from one index to the next in a chunk in place.
    strides: Vec<usize>,
    /// Where every plane of every page starts, if planes are read in place; looked up when it is needed.
    starts: Vec<AtomicU64>,
    /// Bytes that may be decoded at once.
    limit: usize,
}

/// One plane of samples of one page, and one of its strips or tiles.
#[derive(Clone, Copy)]
struct Place {
    plane_idx: usize,
    sample: usize,
    row: usize,
    column: usize,
}

impl TiffSource {
    /// Decides how a series is read; `limit` holds for what has to be decoded.
    pub fn new(series: Series, limit: usize) -> Result<Self, StackError> {
        let grid = grid_of(&series)?;
        let form = series.form;
        let first = &series.planes[0];
        let page = [form.height, form.width];
        let ones = || series.dimensions.leading.iter().map(|_| 1);
        let one_plane = |size| series.dimensions.with_page_sizes(ones(), form.samples_together(), size);
        let (chunk, stored) = match grid {
            Grid::Whole { .. } => (series.dimensions.shape(&form), series.dimensions.shape(&form)),
            Grid::Planes => (one_plane(page), one_plane(page)),
            Grid::Pieces => {
                let [height, width] = first.page.storage.chunk;
                (one_plane([height.min(form.height), width.min(form.width)]), one_plane([height, width]))
            }
        };
        let n_starts = if grid == Grid::Planes { series.n_planes() * form.n_planes() } else { 0 };
        let source = TiffSource {
            grid,
            chunk,
            strides: c_strides(&stored),
            starts: std::iter::repeat_with(|| AtomicU64::new(UNKNOWN)).take(n_starts).collect(),
            limit,
            series,
        };
        let first = &source.series.planes[0];
        if !source.is_in_place() {
            match grid {
                Grid::Whole { .. } => {}
                Grid::Planes => drop(source.check_size(&first.file, page)?),
                Grid::Pieces => drop(source.check_size(&first.file, first.page.storage.chunk)?),
            }
        }
        Ok(source)
    }

    /// Whether pixels are copied from where they lie.
    pub fn is_in_place(&self) -> bool {
        self.series.planes.iter().all(|Plane { file, page }| file.may_map() && page.is_plain())
    }

    /// What has to be read for a pixel: a strip or tile, or a plane where pages are cut in different ways and have to
    /// be decoded.
    pub fn pieces(&self) -> Vec<usize> {
        if self.grid == Grid::Planes && !self.is_in_place() {
            return self.chunk.clone();
        }
        let form = self.series.form;
        let [height, width] = self.series.planes[0].page.storage.chunk;
        let piece = [height.min(form.height), width.min(form.width)];
        let ones = self.series.dimensions.leading.iter().map(|_| 1);
        self.series.dimensions.with_page_sizes(ones, form.samples_together(), piece)
    }

    pub fn series(&self) -> &Series {
        &self.series
    }

    /// The size of a chunk along every dimension.
    pub fn chunk(&self) -> &[usize] {
        &self.chunk
    }

    /// Pixels of this size of one plane may be decoded at once.
    fn check_size(&self, file: &TiffFile, size: [usize; 2]) -> Result<usize, StackError> {
        let n_bytes = self.series.form.n_bytes(size);
        n_bytes.filter(|&n_bytes| n_bytes <= self.limit).ok_or_else(|| StackError::ChunkTooLarge {
            stack: file.name(),
            chunk: size.to_vec(),
            pixel_type: self.series.form.pixel_type,
            limit: self.limit,
        })
    }

    fn plane(&self, idx: usize) -> Result<(&Plane, u64), StackError> {
        self.series.plane(idx).ok_or_else(|| {
            let got = format!("plane {idx}");
            let expected = format!("one below {}", self.series.n_planes());
            self.series.planes[0].file.damaged("the list of planes", got, expected)
        })
    }

    /// Which plane, strip or tile a chunk is.
    fn place(&self, chunk: &[usize]) -> Place {
        let dimensions = &self.series.dimensions;
        let (leading, rest) = chunk.split_at(dimensions.leading.len());
        let (sample, row, column) = match *rest {
            [sample, row, column] if dimensions.has_planes => (sample, row, column),
            [row, column, ..] => (0, row, column),
            _ => (0, 0, 0),
        };
        Place { plane_idx: dimensions.plane(leading), sample, row, column }
    }

    /// Where one plane lies in the file, start and length, if it is in one piece there.
    fn plane_in_place(&self, place: Place) -> Result<Option<[u64; 2]>, StackError> {
        let (Plane { file, page }, shift) = self.plane(place.plane_idx)?;
        let first = place.plane_idx * self.series.form.n_planes();
        let Some(start) = self.starts.get(first + place.sample) else { return Ok(None) };
        let mut at = start.load(Ordering::Relaxed);
        if at == UNKNOWN {
            // The lists are read once for all planes of the page.
            for (found, start) in page.plane_starts(file)?.into_iter().zip(&self.starts[first..]) {
                let found = found.and_then(|at| at.checked_add(shift)).unwrap_or(SCATTERED);
                start.store(found, Ordering::Relaxed);
            }
            at = start.load(Ordering::Relaxed);
        }
        if at == SCATTERED {
            return Ok(None);
        }
        let form = self.series.form;
        let len = form.n_bytes([form.height, form.width]).and_then(|len| u64::try_from(len).ok());
        len.filter(|&len| file.has(at, len))
            .map(|len| Some([at, len]))
            .ok_or_else(|| outside(file, page, Extent { offset: at, len: len.unwrap_or(u64::MAX) }, place))
    }

    /// Where one strip or tile lies in the file, start and length, if it is pixels already.
    fn piece_in_place(&self, place: Place, map: &MappedFile) -> Result<Option<[u64; 2]>, StackError> {
        let (Plane { file, page }, shift) = self.plane(place.plane_idx)?;
        let extent = self.extent(place, Some(map))?;
        if extent == Extent::ABSENT {
            return Ok(None);
        }
        let needed = page.stored_bytes(page.stored_size(place.row)).and_then(|len| u64::try_from(len).ok());
        let at = extent.offset.checked_add(shift);
        let found = at.zip(needed).filter(|&(at, len)| len <= extent.len && file.has(at, len));
        found.map(|(at, len)| Some([at, len])).ok_or_else(|| outside(file, page, extent, place))
    }

    fn extent(&self, place: Place, map: Option<&MappedFile>) -> Result<Extent, StackError> {
        let (Plane { file, page }, _) = self.plane(place.plane_idx)?;
        page.extent(file, map, piece_idx(page, place), place.row)
    }

    /// Decodes a plane from its strips or tiles.
    fn decode_plane(&self, place: Place) -> Result<Vec<u8>, StackError> {
        let form = self.series.form;
        let (Plane { file, page }, _) = self.plane(place.plane_idx)?;
        let mut plane = vec![0; self.check_size(file, [form.height, form.width])?];
        let [down, across] = page.grid();
        let pixel_bytes = form.samples_together() * form.pixel_type.n_bytes();
        let [height, width] = page.storage.chunk;
        for (row, column) in (0..down).flat_map(|row| (0..across).map(move |column| (row, column))) {
            let place = Place { row, column, ..place };
            let extent = self.extent(place, None)?;
            // The plane is zero where nothing was written.
            if extent == Extent::ABSENT {
                continue;
            }
            let piece = self.decode_piece(place, extent)?;
            let n_columns = width.min(form.width - column * width);
            let rows = piece.chunks_exact(width * pixel_bytes).take(form.height - row * height);
            for (y, pixels) in rows.enumerate() {
                let at = ((row * height + y) * form.width + column * width) * pixel_bytes;
                let len = n_columns * pixel_bytes;
                plane[at..at + len].copy_from_slice(&pixels[..len]);
            }
        }
        Ok(plane)
    }

    /// Decodes a strip or tile in its stored size.
    fn decode_piece(&self, place: Place, extent: Extent) -> Result<Vec<u8>, StackError> {
        let (Plane { file, page }, shift) = self.plane(place.plane_idx)?;
        let form = self.series.form;
        let size = page.stored_size(place.row);
        self.check_size(file, size)?;
        let too_wide = || outside(file, page, Extent { offset: 0, len: u64::MAX }, place);
        let n_stored = page.stored_bytes(size).ok_or_else(too_wide)?;
        let storage = &*page.storage;
        let start = extent.offset.checked_add(shift).ok_or_else(|| outside(file, page, extent, place))?;
        let name = || piece_name(page, place);
        let mut bytes = if storage.codec == Codec::None {
            let len = u64::try_from(n_stored).unwrap_or(u64::MAX);
            if extent.len < len {
                return Err(outside(file, page, extent, place));
            }
            file.read(start, len, self.limit, name)?
        } else {
            file.read(start, extent.len, self.limit, name)?
        };
        if storage.is_bit_reversed {
            reverse_bits(&mut bytes);
        }
        let [height, width] = size;
        let n_samples = form.samples_together();
        if storage.codec != Codec::None {
            let mut rows = vec![0; n_stored];
            storage
                .codec
                .decompress(
                    &bytes,
                    Piece { height, width, n_samples, most_rows: storage.chunk[0] },
                    &mut rows,
                )
                .map_err(|source| StackError::Undecodable { stack: file.name(), place: name(), source })?;
            bytes = rows;
        }
        let rows = Rows {
            order: file.order,
            predictor: storage.predictor,
            bits: storage.bits,
            pixel_type: form.pixel_type,
            width,
            n_samples,
            row_bytes: page.row_bytes(width).ok_or_else(too_wide)?,
        };
        Ok(rows.to_pixels(bytes))
    }
}

/// The error of a piece that is not where its page says.
fn outside(file: &TiffFile, page: &Page, extent: Extent, place: Place) -> StackError {
    let name = piece_name(page, place);
    let Extent { offset, len } = extent;
    let needed = page.stored_bytes(page.stored_size(place.row)).unwrap_or(usize::MAX);
    let got = format!("{len} bytes at {offset} in a file of {}", file.len());
    file.damaged(name, got, format!("{needed} bytes inside of it"))
}

fn piece_idx(page: &Page, place: Place) -> usize {
    let [down, across] = page.grid();
    (place.sample * down + place.row) * across + place.column
}

fn piece_name(page: &Page, place: Place) -> String {
    format!("{}, {} {}", page.name, page.storage.chunk_word(), piece_idx(page, place))
}

/// How a series is best read.
fn grid_of(series: &Series) -> Result<Grid, StackError> {
    let first = &series.planes[0];
    let is_in_place = series
        .planes
        .iter()
        .all(|Plane { file, page }| file.may_map() && page.is_plain() && !page.storage.is_tiled);
    if is_in_place {
        if let Some(start) = start_of_whole(series)? {
            return Ok(Grid::Whole { start });
        }
        if first.page.plane_starts(&first.file)?.first().is_some_and(Option::is_some) {
            return Ok(Grid::Planes);
        }
    }
    let is_same = |Plane { page, .. }: &Plane| page.storage.chunk == first.page.storage.chunk;
    Ok(if series.planes.iter().all(is_same) { Grid::Pieces } else { Grid::Planes })
}

/// Where a series starts whose planes follow each other in one file.
fn start_of_whole(series: &Series) -> Result<Option<u64>, StackError> {
    let first = &series.planes[0];
    let form = series.form;
    let plane_bytes = form.n_bytes([form.height, form.width]).and_then(|n| u64::try_from(n).ok());
    let Some(plane_bytes) = plane_bytes else { return Ok(None) };
    let mut start_and_end = None;
    let mut list_bytes = 0_u64;
    for Plane { file, page } in &series.planes {
        list_bytes = list_bytes.saturating_add(page.list_bytes());
        if file.path() != first.file.path() || list_bytes > MOST_LIST_BYTES {
            return Ok(None);
        }
        for at in page.plane_starts(file)? {
            let Some(at) = at else { return Ok(None) };
            let (start, end) = start_and_end.unwrap_or((at, at));
            let Some(next) = end.checked_add(plane_bytes).filter(|_| at == end) else { return Ok(None) };
            start_and_end = Some((start, next));
        }
    }
    Ok(start_and_end.map(|(start, _)| start))
}

impl ChunkSource for TiffSource {
    fn in_place(&self, chunk: &[usize]) -> Result<Option<InPlace<'_>>, StackError> {
        let place = self.place(chunk);
        let Plane { file, page } = self.plane(place.plane_idx)?.0;
        if !page.is_plain() {
            return Ok(None);
        }
        let Some(map) = file.map()? else { return Ok(None) };
        let found = match self.grid {
            Grid::Whole { start } => {
                let len =
                    self.series.form.page_bytes().and_then(|len| len.checked_mul(self.series.n_planes()));
                // What never was in the file is told where it is decoded.
                let len = len.and_then(|len| u64::try_from(len).ok()).filter(|&len| file.has(start, len));
                len.map(|len| [start, len])
            }
            Grid::Planes => self.plane_in_place(place)?,
            Grid::Pieces => self.piece_in_place(place, &map)?,
        };
        let Some(found) = found else { return Ok(None) };
        let in_place = InPlace::new(map, found, file.order, &self.strides);
        in_place.map(Some).map_err(|source| file.unread(source))
    }

    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let place = self.place(chunk);
        let form = self.series.form;
        let dimensions = &self.series.dimensions;
        let one_plane = |size| {
            let ones = dimensions.leading.iter().map(|_| 1);
            dimensions.with_page_sizes(ones, form.samples_together(), size)
        };
        let zero = || Ok(DecodedChunk::uniform(&vec![0; form.pixel_type.n_bytes()], self.chunk.len()));
        let Plane { file, page } = self.plane(place.plane_idx)?.0;
        let (bytes, shape) = match self.grid {
            Grid::Whole { .. } => (self.decode_whole()?, dimensions.shape(&form)),
            Grid::Planes if page.is_absent => return zero(),
            Grid::Planes => (self.decode_plane(place)?, one_plane([form.height, form.width])),
            Grid::Pieces => match self.extent(place, None)? {
                Extent::ABSENT => return zero(),
                extent => (self.decode_piece(place, extent)?, one_plane(page.stored_size(place.row))),
            },
        };
        let n_bytes = bytes.len();
        DecodedChunk::new(bytes, form.pixel_type, &shape).ok_or_else(|| {
            let got = format!("{n_bytes} bytes");
            let expected = format!("{shape:?} pixels of {}", form.pixel_type);
            file.damaged(format!("chunk {chunk:?}"), got, expected)
        })
    }
}

impl TiffSource {
    /// All planes one after the other, for a system that does not map the file.
    fn decode_whole(&self) -> Result<Vec<u8>, StackError> {
        let form = self.series.form;
        let n_planes = self.series.n_planes();
        let n_bytes = form.page_bytes().and_then(|page| page.checked_mul(n_planes));
        if n_bytes.is_none_or(|n_bytes| n_bytes > self.limit) {
            let hint = "switch off mapping (map_files), so that it is read plane by plane";
            return Err(self.series.planes[0].file.unsupported("mapping this file into memory", hint));
        }
        let mut all = Vec::new();
        for (plane_idx, sample) in (0..n_planes).flat_map(|at| (0..form.n_planes()).map(move |s| (at, s))) {
            all.extend(self.decode_plane(Place { plane_idx, sample, row: 0, column: 0 })?);
        }
        Ok(all)
    }
}
