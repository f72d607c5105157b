//! The pixels of a predicted tile that are kept until everything they belong to is written.

use std::ops::Range;

use ndarray::{Array4, ArrayView1, ArrayView4, ArrayViewMut4, s};

/// Pixels `CZYX` of a tile, or of the part of it that counts.
#[derive(Debug)]
pub(crate) struct HeldTile {
    /// The first pixel in the image, `ZYX`.
    start: [usize; 3],
    pixels: Array4<f32>,
}

/// A row of a tile that lies in a row of a block.
pub(crate) struct HeldRow {
    /// The first pixel in the tile, `ZYX`.
    pub at: [usize; 3],
    /// The first pixel in the row of the block.
    pub to: usize,
    /// How many pixels.
    pub n: usize,
}

impl HeldTile {
    pub fn new(start: [usize; 3], pixels: Array4<f32>) -> Self {
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

    /// The part of the row at `z` and `y` that lies in a range of `X`.
    pub fn row(&self, z: usize, y: usize, x: Range<usize>) -> Option<HeldRow> {
        let (_, n_z, n_y, n_x) = self.pixels.dim();
        let [z0, y0, x0] = self.start;
        let at_z = z.checked_sub(z0).filter(|at| *at < n_z)?;
        let at_y = y.checked_sub(y0).filter(|at| *at < n_y)?;
        let (own, to) = shared(n_x, x0, x.len(), x.start)?;
        Some(HeldRow { at: [at_z, at_y, own.start], to: to.start, n: to.len() })
    }

    /// The values of a channel in a row of this tile.
    pub fn values(&self, channel: usize, row: &HeldRow) -> ArrayView1<'_, f32> {
        let [z, y, x] = row.at;
        self.pixels.slice(s![channel, z, y, x..x + row.n])
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
