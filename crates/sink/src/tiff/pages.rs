//! How an array in its own axes is cut into pages and strips; sizes only.

use std::path::Path;

use patchweave_geometry::Axis;
use patchweave_pixel::PixelType;

use crate::{ImageSpec, SinkError};

/// Strips of about this many bytes let readers of regions skip what they do not need.
const STRIP_BYTES: u64 = 256 * 1024;

/// Bytes of a classic directory besides its strip table, generously.
const DIRECTORY_BYTES: u64 = 512;

/// Pages of one size that lie one after the other.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) n_pages: u64,
    pub(crate) n_rows: u32,
    pub(crate) n_columns: u32,
    /// Samples of a pixel, side by side.
    pub(crate) n_samples: u16,
    pub(crate) rows_per_strip: u32,
    pub(crate) pixel_type: PixelType,
    pub(crate) row_axis: Axis,
    pub(crate) column_axis: Axis,
    row_bytes: u64,
    n_bytes: u64,
}

impl Pages {
    pub(crate) fn new(path: &Path, spec: &ImageSpec) -> Result<Self, SinkError> {
        let axes = spec.layout.axes().as_slice();
        let shape = spec.layout.shape();
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

        let pixel_type = spec.pixel_type;
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
            rows_per_strip,
            pixel_type,
            row_axis: axes[last - 1],
            column_axis: axes[last],
            row_bytes,
            n_bytes,
        })
    }

    /// Bytes of all pixels.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Start and length in bytes of the strips of a page, counted from the first pixel of the first page.
    pub(crate) fn strips(&self, page_idx: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let page_start = page_idx * self.row_bytes * u64::from(self.n_rows);
        (0..self.n_rows).step_by(self.rows_per_strip as usize).map(move |row| {
            let n_rows = self.rows_per_strip.min(self.n_rows - row);
            (page_start + u64::from(row) * self.row_bytes, u64::from(n_rows) * self.row_bytes)
        })
    }

    /// Whether a file with 32-bit offsets could be too small.
    pub(crate) fn need_bigtiff(&self) -> bool {
        let n_strips = u64::from(self.n_rows.div_ceil(self.rows_per_strip));
        let sample_table = 6 * u64::from(self.n_samples);
        let directory = DIRECTORY_BYTES + 8 * n_strips + sample_table;
        let total = self.n_pages.checked_mul(directory).and_then(|tables| tables.checked_add(self.n_bytes));
        total.is_none_or(|total| total > u64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use patchweave_geometry::ArrayLayout;
    use patchweave_pixel::PixelType;

    use super::Pages;
    use crate::{ImageSpec, SinkError};

    fn pages(axes: &str, shape: &[usize], pixel_type: PixelType) -> Result<Pages, SinkError> {
        let layout = ArrayLayout::new(axes.parse().unwrap(), shape).unwrap();
        Pages::new(Path::new("a.tif"), &ImageSpec::new(layout, pixel_type))
    }

    #[test]
    fn bigtiff_from_four_gibibytes_on() {
        let need = |n| pages("ZYX", &[n, 1024, 1024], PixelType::F32).unwrap().need_bigtiff();
        assert!(!need(1));
        assert!(!need(1023));
        assert!(need(1024));
        assert!(need(5000));
        assert!(pages("ZYX", &[1 << 24, 1, 1], PixelType::U8).unwrap().need_bigtiff(), "directories count");
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
