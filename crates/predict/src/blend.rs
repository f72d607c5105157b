//! What becomes of a pixel that several tiles have.

use ndarray::{ArrayViewMut4, s};
use patchweave_geometry::{GeometryError, Region, TileGrid};
use patchweave_model::{OutputInfo, OutputType};
use patchweave_quilt::{BlendWindow, Border, QuiltError, WeightSums};

use crate::held::HeldTile;
use crate::weighted_mean::WeightedMean;

/// What becomes of a pixel that several tiles have.
///
/// All but [`Crop`](Blend::Crop) are means, weighted by where the pixel is in each tile; the weights are those of
/// [`BlendWindow`].
///
/// ```
/// use patchweave_predict::Blend;
///
/// assert_eq!(Blend::default(), Blend::Crop);
/// assert!(Blend::Hann.needs_all_pixels());
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Blend {
    /// One tile keeps it, the one in whose middle it lies; what the reference does.
    #[default]
    Crop,
    /// All count the same.
    Constant,
    /// As `Constant`, but pixels within `width` of the border of a tile have this weight.
    Border {
        /// Pixels of the output at each end of a tile. Where that is all of the tile, everything counts the same.
        width: Border,
        /// From 0 to 1; 0 counts as very little.
        weight: f64,
    },
    /// Weights fall linearly towards the border of a tile.
    Linear,
    /// Weights fall as a Hann window.
    Hann,
    /// Weights fall as a Gaussian.
    Gaussian {
        /// The standard deviation, as a part of the size of a tile.
        width: f64,
    },
}

impl Blend {
    /// Whether all pixels of a tile count, not only those that it keeps.
    #[must_use]
    pub fn needs_all_pixels(&self) -> bool {
        *self != Blend::Crop
    }

    /// How the tiles of an output are blended: there is nothing between two labels.
    pub(crate) fn of_output(&self, info: &OutputInfo) -> &Blend {
        if info.pixel_type == OutputType::Label { &Blend::Crop } else { self }
    }

    /// How the tiles of a grid are joined.
    pub(crate) fn of_grid(&self, grid: &TileGrid) -> Result<Joining, QuiltError> {
        let size = grid.tile_size();
        let window = match self {
            Blend::Crop => return Ok(Joining::Crop),
            Blend::Constant => BlendWindow::constant(size),
            Blend::Border { width, weight } => BlendWindow::border(size, width, *weight)?,
            Blend::Linear => BlendWindow::linear(size),
            Blend::Hann => BlendWindow::hann(size),
            Blend::Gaussian { width } => BlendWindow::gaussian(size, *width)?,
        };
        let sums = window.weight_sums(grid);
        Ok(Joining::Mean { window, sums })
    }
}

/// How the tiles of one grid are joined.
#[derive(Debug)]
pub(crate) enum Joining {
    Crop,
    Mean { window: BlendWindow, sums: WeightSums },
}

impl Joining {
    /// The tiles that have a say in a block of a sample, ascending.
    pub fn tiles_of(
        &self,
        grid: &TileGrid,
        sample_idx: usize,
        block: &Region,
    ) -> Result<Vec<usize>, GeometryError> {
        Ok(match self {
            Joining::Crop => grid.keeping(sample_idx, block)?.collect(),
            Joining::Mean { .. } => grid.touching(sample_idx, block)?.collect(),
        })
    }

    /// Joins tiles, all that have a say and in the order of their numbers, to the block of pixels that starts at `start`.
    pub fn join(
        &self,
        tiles: &[&HeldTile],
        channels: std::ops::Range<usize>,
        start: [usize; 3],
        mut block: ArrayViewMut4<'_, f32>,
    ) {
        match self {
            Joining::Crop => {
                for tile in tiles {
                    let Some((from, mut to)) = tile.shared(channels.clone(), start, &mut block) else {
                        continue;
                    };
                    to.assign(&from);
                }
            }
            Joining::Mean { window, sums: weight_sums } => {
                WeightedMean { window, weight_sums, tiles, channels, start }.write(block);
            }
        }
    }

    /// Writes what the tiles of every pixel weigh together; 1 where they are cropped.
    pub fn weights(&self, [z0, y0, x0]: [usize; 3], mut block: ArrayViewMut4<'_, f32>) {
        let Joining::Mean { sums, .. } = self else { return block.fill(1.0) };
        let (_, n_z, n_y, n_x) = block.dim();
        for (z, y) in (0..n_z).flat_map(|z| (0..n_y).map(move |y| (z, y))) {
            let (totals, factor) = sums.row(z0 + z, y0 + y);
            for (pixel, total) in block.slice_mut(s![0, z, y, ..]).iter_mut().zip(&totals[x0..x0 + n_x]) {
                #[expect(clippy::cast_possible_truncation, reason = "written as f32")]
                let weight = (total * factor) as f32;
                *pixel = weight;
            }
        }
    }

    /// Writes how much tiles differ in a channel, the weighted standard deviation of every pixel; 0 where they are cropped.
    ///
    /// Sums are kept relative to the mean so far, so that equal values deviate by exactly 0.
    pub fn deviations(
        &self,
        tiles: &[&HeldTile],
        channel: usize,
        [z0, y0, x0]: [usize; 3],
        mut block: ArrayViewMut4<'_, f32>,
    ) {
        let Joining::Mean { window, .. } = self else { return block.fill(0.0) };
        let (_, n_z, n_y, n_x) = block.dim();
        let mut moments = vec![Moments::default(); n_x];
        let mut weights = vec![0.0_f64; n_x];
        for (z, y) in (0..n_z).flat_map(|z| (0..n_y).map(move |y| (z, y))) {
            moments.fill(Moments::default());
            for tile in tiles.iter().filter(|tile| tile.along(1).contains(&(y0 + y))) {
                let Some(rows) = tile.rows(z0 + z, &(x0..x0 + n_x)) else { continue };
                let at = [z0 + z - rows.start[0], y0 + y - rows.start[1]];
                let weights = &mut weights[..rows.own.len()];
                window.write_row(at[0], at[1], rows.own.start, weights);
                let values = rows.values(channel, at[1]);
                for ((moments, value), weight) in moments[rows.to.clone()].iter_mut().zip(values).zip(weights)
                {
                    moments.add(f64::from(*value), *weight);
                }
            }
            for (pixel, moments) in block.slice_mut(s![0, z, y, ..]).iter_mut().zip(&moments) {
                *pixel = moments.deviation();
            }
        }
    }
}

/// Weighted mean and deviation of a pixel.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    weight: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64, weight: f64) {
        self.weight += weight;
        if self.weight > 0.0 {
            let distance = value - self.mean;
            // The first value is the mean to the bit.
            self.mean += distance * (weight / self.weight);
            self.squares += weight * distance * (value - self.mean);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "written as f32")]
    fn deviation(self) -> f32 {
        // Rounding can leave less than nothing; what is not a number stays so.
        let is_none = self.weight == 0.0 || self.squares < 0.0;
        if is_none { 0.0 } else { (self.squares / self.weight).sqrt() as f32 }
    }
}
