//! How an array in its own axes is cut into pages, and pages into strips or tiles; sizes only.

use std::path::Path;

use patchweave_geometry::{ArrayLayout, Axis};
use patchweave_pixel::PixelType;

use crate::SinkError;

/// Strips of about this many bytes let readers of regions skip what they do not need.
const STRIP_BYTES: u64 = 256 * 1024;

/// Pages of one size that lie one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    pub(crate) n_pages: u64,
    pub(crate) n_rows: u32,
    pub(crate) n_columns: u32,
    /// Samples of a pixel, side by side.
    pub(crate) n_samples: u16,
    pub(crate) cut: Cut,
    pub(crate) pixel_type: PixelType,
    pub(crate) row_axis: Axis,
    pub(crate) column_axis: Axis,
    row_bytes: u64,
    n_bytes: u64,
}

/// Into what pages are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Strips of so many rows.
    Strips(u32),
    /// Tiles of so many rows and columns, those at the ends of a page too.
    Tiles(u32, u32),
}

impl Pages {
    /// Pages in strips.
    pub(crate) fn new(path: &Path, layout: &ArrayLayout, pixel_type: PixelType) -> Result<Self, SinkError> {
        let axes = layout.axes().as_slice();
        let shape = layout.shape();
        let has_samples = axes.last() == Some(&Axis::C);
        let last = axes.len() - 1 - usize::from(has_samples);
        let too_large = |what, got, limit| SinkError::TooLarge { path: path.into(), what, got, limit };

        let samples = if has_samples { shape[last + 1] } else { 1 };
        let n_samples = u16::try_from(samples)
            .map_err(|_| too_large("channels as samples of a pixel", samples, u16::MAX.into()))?;
        let side = |at: usize| {
            let what = "rows or columns of a page";
            u32::try_from(shape[at]).map_err(|_| too_large(what, shape[at], u32::MAX.into()))
        };
        let n_rows = side(last - 1)?;
        let n_columns = side(last)?;

        let n_pixels: usize = shape.iter().product();
        let n_bytes = n_pixels
            .checked_mul(pixel_type.n_bytes())
            .and_then(|n_bytes| i64::try_from(n_bytes).ok())
            .and_then(|n_bytes| u64::try_from(n_bytes).ok())
            .ok_or_else(|| too_large("pixels", n_pixels, i64::MAX.unsigned_abs()))?;
        let n_pages = shape[..last - 1].iter().product::<usize>() as u64;
        let row_bytes = u64::from(n_columns) * u64::from(n_samples) * pixel_type.n_bytes() as u64;
        let rows_per_strip = u32::try_from(STRIP_BYTES / row_bytes).unwrap_or(u32::MAX).clamp(1, n_rows);
        Ok(Pages {
            n_pages,
            n_rows,
            n_columns,
            n_samples,
            cut: Cut::Strips(rows_per_strip),
            pixel_type,
            row_axis: axes[last - 1],
            column_axis: axes[last],
            row_bytes,
            n_bytes,
        })
    }

    /// The same in strips of which a power of two fits into any larger one.
    pub(crate) fn in_even_strips(self) -> Self {
        let Cut::Strips(n_rows) = self.cut else { return self };
        let even = if n_rows == self.n_rows { n_rows } else { 1 << n_rows.ilog2() };
        Pages { cut: Cut::Strips(even), ..self }
    }

    /// The same in tiles of at most so many rows and columns, rounded up to multiples of 16.
    pub(crate) fn in_tiles(self, path: &Path, rows: usize, columns: usize) -> Result<Self, SinkError> {
        let side = |size: usize, page: u32| {
            let size = size.min(page as usize).next_multiple_of(16);
            let what = "rows or columns of a tile";
            let limit = u32::MAX.into();
            u32::try_from(size).map_err(|_| SinkError::TooLarge { path: path.into(), what, got: size, limit })
        };
        let pages =
            Pages { cut: Cut::Tiles(side(rows, self.n_rows)?, side(columns, self.n_columns)?), ..self };
        let n_bytes = u64::from(pages.piece_rows()).saturating_mul(pages.piece_row_bytes());
        if u32::try_from(n_bytes).is_ok() {
            return Ok(pages);
        }
        Err(SinkError::TooLarge {
            path: path.into(),
            what: "bytes of a tile",
            got: usize::try_from(n_bytes).unwrap_or(usize::MAX),
            limit: u32::MAX.into(),
        })
    }

    /// Bytes of all pixels.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Bytes of a row of a page.
    pub(crate) fn row_bytes(&self) -> u64 {
        self.row_bytes
    }

    /// Rows of a strip or tile.
    pub(crate) fn piece_rows(&self) -> u32 {
        match self.cut {
            Cut::Strips(n_rows) | Cut::Tiles(n_rows, _) => n_rows,
        }
    }

    /// Bytes of a row of a strip or tile.
    pub(crate) fn piece_row_bytes(&self) -> u64 {
        match self.cut {
            Cut::Strips(_) => self.row_bytes,
            Cut::Tiles(_, n_columns) => {
                u64::from(n_columns) * u64::from(self.n_samples) * self.pixel_type.n_bytes() as u64
            }
        }
    }

    /// Strips or tiles side by side.
    pub(crate) fn n_across(&self) -> u64 {
        self.row_bytes.div_ceil(self.piece_row_bytes())
    }

    /// Strips or tiles of a page.
    pub(crate) fn n_pieces(&self) -> u64 {
        u64::from(self.n_rows.div_ceil(self.piece_rows())) * self.n_across()
    }

    /// Start and length in bytes of the strips of a page, counted from the first pixel of the first page.
    pub(crate) fn strips(&self, page_idx: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let page_start = page_idx * self.row_bytes * u64::from(self.n_rows);
        let rows_per_strip = self.piece_rows();
        (0..self.n_rows).step_by(rows_per_strip as usize).map(move |row| {
            let n_rows = rows_per_strip.min(self.n_rows - row);
            (page_start + u64::from(row) * self.row_bytes, u64::from(n_rows) * self.row_bytes)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use patchweave_geometry::ArrayLayout;
    use patchweave_pixel::PixelType;

    use super::{Cut, Pages};
    use crate::SinkError;

    fn pages(axes: &str, shape: &[usize], pixel_type: PixelType) -> Result<Pages, SinkError> {
        let layout = ArrayLayout::new(axes.parse().unwrap(), shape).unwrap();
        Pages::new(Path::new("a.tif"), &layout, pixel_type)
    }

    #[test]
    fn strips_tile_every_page() {
        for (axes, shape) in [("CYX", vec![3, 1000, 700]), ("TYXC", vec![2, 300, 500, 4]), ("XY", vec![1, 1])]
        {
            let pages = pages(axes, &shape, PixelType::U16).unwrap();
            let mut end = 0;
            for (start, length) in (0..pages.n_pages).flat_map(|page| pages.strips(page)) {
                assert_eq!(start, end);
                assert!((1..=256 * 1024).contains(&length));
                end += length;
            }
            assert_eq!(end, pages.n_bytes());
        }
    }

    #[test]
    fn a_row_longer_than_a_strip_is_a_strip() {
        let pages = pages("YX", &[3, 1 << 20], PixelType::F64).unwrap();
        assert_eq!(pages.strips(0).map(|(_, length)| length).collect::<Vec<_>>(), [8 << 20; 3]);
    }

    #[test]
    fn tiles_cover_a_page_and_are_no_larger_than_it() {
        let tiled = |rows, columns| {
            let pages = pages("CYX", &[3, 100, 700], PixelType::U16).unwrap();
            pages.in_tiles(Path::new("a.tif"), rows, columns).unwrap()
        };
        let cut = |rows, columns| (tiled(rows, columns).cut, tiled(rows, columns).n_pieces());
        assert_eq!(cut(256, 256), (Cut::Tiles(112, 256), 3));
        assert_eq!(cut(1, 17), (Cut::Tiles(16, 32), 7 * 22));
        assert_eq!(cut(usize::MAX, usize::MAX), (Cut::Tiles(112, 704), 1));
        let error = pages("YXC", &[70_000, 70_000, 3], PixelType::U8).unwrap();
        let error = error.in_tiles(Path::new("a.tif"), 70_000, 70_000).unwrap_err().to_string();
        assert!(error.starts_with("a.tif: got 14"), "{error}");
    }

    #[test]
    fn even_strips_are_powers_of_two_or_the_page() {
        let even = |shape: &[usize]| pages("YX", shape, PixelType::U8).unwrap().in_even_strips().cut;
        assert_eq!(even(&[1000, 600]), Cut::Strips(256));
        assert_eq!(even(&[301, 600]), Cut::Strips(301));
        assert_eq!(even(&[3, 1 << 20]), Cut::Strips(1));
    }

    #[test]
    fn sizes_beyond_the_format_are_refused() {
        let error = pages("YXC", &[2, 2, 70_000], PixelType::U8).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.tif: got 70000 channels as samples of a pixel, expected at most 65535"
        );
        let error = pages("YX", &[1, 1 << 32], PixelType::U8).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.tif: got 4294967296 rows or columns of a page, expected at most 4294967295"
        );
    }
}
