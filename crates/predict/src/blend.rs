//! What becomes of a pixel that several tiles have.

use ndarray::ArrayViewMut4;
use patchweave_geometry::{GeometryError, Region, TileGrid};
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
}
