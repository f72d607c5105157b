//! Strips and tiles cut out of rows of a page, and put back; bytes only.

use super::pages::{Cut, Pages};

/// Some rows of a page, from the first row of a strip or tile on, in full width.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PieceGrid {
    n_rows: usize,
    row_bytes: usize,
    piece_rows: usize,
    piece_row_bytes: usize,
    n_across: usize,
    is_tiled: bool,
}

/// Where a strip or tile lies among the rows, without what is beyond the page.
struct Place {
    first_row: usize,
    n_rows: usize,
    start: usize,
    n_bytes: usize,
}

impl PieceGrid {
    /// `None` for sizes that no memory holds.
    pub fn new(pages: &Pages, n_rows: usize) -> Option<Self> {
        let size = |n: u64| usize::try_from(n).ok();
        Some(PieceGrid {
            n_rows,
            row_bytes: size(pages.row_bytes())?,
            piece_rows: size(pages.piece_rows().into())?,
            piece_row_bytes: size(pages.piece_row_bytes())?,
            n_across: size(pages.n_across())?,
            is_tiled: matches!(pages.cut, Cut::Tiles(..)),
        })
    }

    /// How many there are.
    pub fn n_pieces(&self) -> usize {
        self.n_rows.div_ceil(self.piece_rows) * self.n_across
    }

    /// Bytes of a strip or tile before compression: tiles are whole at the ends of the page as well.
    pub fn n_bytes(&self, piece_idx: usize) -> usize {
        let n_rows = if self.is_tiled { self.piece_rows } else { self.place(piece_idx).n_rows };
        n_rows * self.piece_row_bytes
    }

    fn place(&self, piece_idx: usize) -> Place {
        let first_row = piece_idx / self.n_across * self.piece_rows;
        let start = piece_idx % self.n_across * self.piece_row_bytes;
        Place {
            first_row,
            n_rows: self.piece_rows.min(self.n_rows - first_row),
            start,
            n_bytes: self.piece_row_bytes.min(self.row_bytes - start),
        }
    }

    /// A strip or tile out of the bytes of all rows, 0 beyond them.
    pub fn cut(&self, rows: &[u8], piece_idx: usize) -> Vec<u8> {
        let place = self.place(piece_idx);
        let mut piece = vec![0; self.n_bytes(piece_idx)];
        let from = rows.chunks_exact(self.row_bytes).skip(place.first_row).take(place.n_rows);
        for (to, from) in piece.chunks_exact_mut(self.piece_row_bytes).zip(from) {
            to[..place.n_bytes].copy_from_slice(&from[place.start..place.start + place.n_bytes]);
        }
        piece
    }

    /// Puts a strip or tile where it was cut out.
    pub fn paste(&self, piece: &[u8], rows: &mut [u8], piece_idx: usize) {
        let place = self.place(piece_idx);
        let to = rows.chunks_exact_mut(self.row_bytes).skip(place.first_row).take(place.n_rows);
        for (to, from) in to.zip(piece.chunks_exact(self.piece_row_bytes)) {
            to[place.start..place.start + place.n_bytes].copy_from_slice(&from[..place.n_bytes]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use patchweave_geometry::ArrayLayout;
    use patchweave_pixel::PixelType;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_cut_out_goes_back(
            n_rows in 1_usize..70,
            n_columns in 1_usize..70,
            tile in (1_usize..40, 1_usize..40),
            is_tiled in any::<bool>(),
        ) {
            let layout = ArrayLayout::new("YX".parse().unwrap(), &[n_rows, n_columns]).unwrap();
            let path = Path::new("a.tif");
            let pages = Pages::new(path, &layout, PixelType::U16).unwrap();
            let tiled = PieceGrid::new(&pages.in_tiles(path, tile.0, tile.1).unwrap(), n_rows).unwrap();
            let row_bytes = tiled.row_bytes;
            let strips =
                PieceGrid { piece_rows: tile.0, piece_row_bytes: row_bytes, n_across: 1, is_tiled, ..tiled };
            let grid = if is_tiled { tiled } else { strips };
            let rows: Vec<u8> = (0..n_rows * n_columns * 2).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let mut back = vec![255; rows.len()];
            for piece_idx in 0..grid.n_pieces() {
                let piece = grid.cut(&rows, piece_idx);
                prop_assert_eq!(piece.len(), grid.n_bytes(piece_idx));
                grid.paste(&piece, &mut back, piece_idx);
            }
            prop_assert_eq!(back, rows);
        }
    }
}
