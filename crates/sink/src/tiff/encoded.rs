//! Rows of strips or tiles whose place in the file is only known when all are there: compressed, tiled, or of a pyramid.

use std::io;
use std::ops::Range;

use patchweave_geometry::Axis;
use patchweave_pixel::{ByteOrder, TypedArray, TypedView};

use super::directories::Pieces;
use super::packing::Packing;
use super::pages::Pages;
use super::pieces::PieceGrid;
use super::plan::Plan;
use super::predictor::{PredictedRows, Predictor};
use super::unit_files::UnitFiles;
use crate::{ImageSpec, SinkError, Unit, UnitGrid, UnitStore, Work};

/// Units have at most so many bytes before compression, or one row of strips or tiles.
const UNIT_BYTES: u64 = 4 << 20;

/// The units of a level: rows of a page in full width.
pub(crate) struct EncodedRows {
    work: Work,
    files: UnitFiles,
    units: UnitGrid,
    pages: Pages,
    packing: Packing,
    predictor: Predictor,
    /// The dimension of the rows.
    row_dimension: usize,
}

impl EncodedRows {
    pub fn open(work: &Work, spec: &ImageSpec, plan: &Plan, level: usize) -> Result<Self, SinkError> {
        let failed = |source| SinkError::Layout { path: work.target().into(), source };
        let layout = spec.level_layout(level).map_err(failed)?;
        let none = || SinkError::Unfit {
            path: work.target().into(),
            got: format!("level {level}"),
            expected: format!("one of {}", plan.levels.len()),
        };
        let pages = plan.levels.get(level).ok_or_else(none)?.clone();
        let mut unit = layout.shape().to_vec();
        let n_in_row = 1 + usize::from(layout.axes().as_slice().last() == Some(&Axis::C));
        let row_dimension = unit.len().saturating_sub(n_in_row + 1);
        unit[..row_dimension].fill(1);
        unit[row_dimension] = unit_rows(&pages);
        let units = UnitGrid::new(layout, &unit).map_err(failed)?;
        Ok(EncodedRows {
            work: work.clone(),
            files: UnitFiles::new(work, level),
            units,
            pages,
            packing: plan.packing,
            predictor: plan.predictor,
            row_dimension,
        })
    }

    /// The strips or tiles of a unit, and how their rows are stored.
    fn pieces(&self, unit: &Unit) -> Result<(PieceGrid, PredictedRows), SinkError> {
        let none = || SinkError::OutOfMemory { path: self.work.target().into(), shape: unit.size.clone() };
        let grid = PieceGrid::new(&self.pages, unit.size[self.row_dimension]).ok_or_else(none)?;
        let rows = PredictedRows {
            predictor: self.predictor,
            n_sample_bytes: self.pages.pixel_type.n_bytes(),
            n_samples: self.pages.n_samples.into(),
            row_bytes: usize::try_from(self.pages.piece_row_bytes()).map_err(|_| none())?,
        };
        Ok((grid, rows))
    }

    /// The units of a page and the strips or tiles of each.
    fn units_of(&self, page_idx: u64) -> io::Result<impl Iterator<Item = (usize, usize)> + use<>> {
        let too_large = |_| io::Error::from(io::ErrorKind::OutOfMemory);
        let page_rows = usize::try_from(self.pages.n_rows).map_err(too_large)?;
        let unit_rows = self.units.unit_size()[self.row_dimension];
        let n_units = page_rows.div_ceil(unit_rows);
        let first = usize::try_from(page_idx).map_err(too_large)?.saturating_mul(n_units);
        let sizes: Range<usize> = 0..n_units;
        let grids: Option<Vec<PieceGrid>> =
            sizes.map(|at| PieceGrid::new(&self.pages, unit_rows.min(page_rows - at * unit_rows))).collect();
        let grids = grids.ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok((first..).zip(grids.into_iter().map(|grid| grid.n_pieces())))
    }

    /// Bytes of all pixels as stored.
    pub fn n_bytes(&self) -> io::Result<u64> {
        let mut n_bytes = 0;
        for page_idx in 0..self.pages.n_pages {
            for (unit_idx, n_pieces) in self.units_of(page_idx)? {
                n_bytes += self.files.n_bytes(unit_idx, n_pieces)?;
            }
        }
        Ok(n_bytes)
    }

    /// Start and length of the strips or tiles of a page, of which the first starts at `start`; moves it to their end.
    pub fn places(&self, page_idx: u64, start: &mut u64) -> io::Result<Pieces> {
        let mut pieces = Vec::new();
        for (unit_idx, n_pieces) in self.units_of(page_idx)? {
            for length in self.files.lengths(unit_idx, n_pieces)? {
                pieces.push((*start, length));
                *start += length;
            }
        }
        Ok(pieces)
    }

    /// Copies all strips or tiles to a file, page by page.
    pub fn copy(&self, to: &mut std::fs::File) -> io::Result<()> {
        for page_idx in 0..self.pages.n_pages {
            for (unit_idx, n_pieces) in self.units_of(page_idx)? {
                self.files.copy(unit_idx, n_pieces, to)?;
            }
        }
        Ok(())
    }
}

/// Rows of a unit: those of a row of strips or tiles times a power of two, so that units of other formats, and of
/// pyramids, have a small common multiple with it.
fn unit_rows(pages: &Pages) -> usize {
    let piece_rows = u64::from(pages.piece_rows());
    let most = UNIT_BYTES / (piece_rows.saturating_mul(pages.row_bytes())).max(1);
    let rows = piece_rows.saturating_mul(1 << most.max(1).ilog2());
    usize::try_from(rows).unwrap_or(usize::MAX)
}

impl UnitStore for EncodedRows {
    fn units(&self) -> &UnitGrid {
        &self.units
    }

    fn write(&self, unit_idx: usize, unit: &Unit, pixels: &TypedView<'_>) -> Result<(), SinkError> {
        let bytes = pixels.to_bytes();
        let (grid, rows) = self.pieces(unit)?;
        let pack = |piece_idx| {
            let mut piece = grid.cut(&bytes, piece_idx);
            rows.predict(&mut piece);
            self.packing.pack(piece)
        };
        let pieces: io::Result<Vec<Vec<u8>>> = (0..grid.n_pieces()).map(pack).collect();
        self.files.put(unit_idx, &pieces.map_err(|source| self.work.failed("compress", source))?)
    }

    fn read(&self, unit_idx: usize, unit: &Unit) -> Result<Option<TypedArray>, SinkError> {
        let (grid, rows) = self.pieces(unit)?;
        let Some(pieces) = self.files.get(unit_idx, grid.n_pieces())? else { return Ok(None) };
        let mut bytes = vec![0; unit.n_pixels() * self.pages.pixel_type.n_bytes()];
        for (piece_idx, piece) in pieces.into_iter().enumerate() {
            let piece = self.packing.unpack(piece, grid.n_bytes(piece_idx));
            let mut piece = piece.map_err(|source| self.work.failed("read back", source))?;
            rows.restore(&mut piece);
            grid.paste(&piece, &mut bytes, piece_idx);
        }
        let none = || SinkError::OutOfMemory { path: self.work.target().into(), shape: unit.size.clone() };
        TypedArray::from_bytes(self.pages.pixel_type, &unit.size, &bytes, ByteOrder::NATIVE)
            .map(Some)
            .ok_or_else(none)
    }
}
