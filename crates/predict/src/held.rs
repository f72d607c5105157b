//! The pixels of a predicted tile that are kept until everything they belong to is written.

use std::ops::Range;

use ndarray::{Array4, ArrayView4, ArrayViewMut4, s};

/// Pixels `CZYX` of a tile, or of the part of it that counts.
#[derive(Debug)]
pub(crate) struct HeldTile {
    /// The first pixel in the image, `ZYX`.
    start: [usize; 3],
    /// In C order.
    pixels: Array4<f32>,
}

/// The rows of a plane of a tile, as far as they lie in a range of columns.
pub(crate) struct Rows<'t> {
    /// The first pixel of the tile in the image, `ZY`.
    pub start: [usize; 2],
    /// The columns of the tile.
    pub own: Range<usize>,
    /// The same, counted from the start of the range.
    pub to: Range<usize>,
    /// All pixels of the tile from the plane on.
    pixels: &'t [f32],
    /// Pixels of a channel and of a row.
    strides: [usize; 2],
}

impl<'t> Rows<'t> {
    /// The values of a channel in row `y` of the tile.
    #[inline(always)]
    pub fn values(&self, channel: usize, y: usize) -> &'t [f32] {
        let [of_channel, of_row] = self.strides;
        let first = channel * of_channel + y * of_row + self.own.start;
        self.pixels.get(first..first + self.own.len()).unwrap_or(&[])
    }
}

impl HeldTile {
    pub fn new(start: [usize; 3], pixels: Array4<f32>) -> Self {
        let pixels = match pixels.is_standard_layout() {
            true => pixels,
            false => pixels.as_standard_layout().into_owned(),
        };
        HeldTile { start, pixels }
    }

    pub fn n_channels(&self) -> usize {
        self.pixels.dim().0
    }

    /// The part that lies in a block that starts at `start`, in the tile and in the block.
    pub fn shared<'a, 'b>(
        &'a self,
        channels: Range<usize>,
        start: [usize; 3],
        block: &'b mut ArrayViewMut4<'_, f32>,
    ) -> Option<(ArrayView4<'a, f32>, ArrayViewMut4<'b, f32>)> {
        let (_, own_z, own_y, own_x) = self.pixels.dim();
        let (_, n_z, n_y, n_x) = block.dim();
        let [z, y, x] = std::array::from_fn(|axis| {
            shared([own_z, own_y, own_x][axis], self.start[axis], [n_z, n_y, n_x][axis], start[axis])
        });
        let ((own_z, z), (own_y, y), (own_x, x)) = (z?, y?, x?);
        let from = self.pixels.slice(s![channels, own_z, own_y, own_x]);
        Some((from, block.slice_mut(s![.., z, y, x])))
    }

    /// The pixels of the image that it has along one of `ZYX`.
    pub fn along(&self, axis: usize) -> Range<usize> {
        self.start[axis]..self.start[axis] + self.pixels.shape()[axis + 1]
    }

    /// Its rows in plane `z` of the image, as far as they lie in a range of columns.
    pub fn rows(&self, z: usize, columns: &Range<usize>) -> Option<Rows<'_>> {
        let (_, n_z, n_y, n_x) = self.pixels.dim();
        let at_z = z.checked_sub(self.start[0]).filter(|at| *at < n_z)?;
        let (own, to) = shared(n_x, self.start[2], columns.len(), columns.start)?;
        let pixels = self.pixels.as_slice()?.get(at_z * n_y * n_x..)?;
        let start = [self.start[0], self.start[1]];
        Some(Rows { start, own, to, pixels, strides: [n_z * n_y * n_x, n_x] })
    }
}

/// What `n` pixels from `start` on share with `other_n` pixels from `other_start` on, counted in each of them.
fn shared(
    n: usize,
    start: usize,
    other_n: usize,
    other_start: usize,
) -> Option<(Range<usize>, Range<usize>)> {
    let first = start.max(other_start);
    let end = (start + n).min(other_start + other_n);
    (first < end).then(|| (first - start..end - start, first - other_start..end - other_start))
}
