//! Maps of weights over an image: where the centres of patches should be.

use patchweave_geometry::{Extent, PerAxis, grid_places};
use rand::RngExt;

use crate::start_box::StartBox;
use crate::{PatchRng, PatchingError};

/// How likely the centre of a patch is in each block of a sample.
///
/// A block has its weight as a whole, however many of its pixels lie inside the image.
///
/// ```
/// use patchweave_geometry::Extent;
/// use patchweave_patching::SampleWeights;
///
/// let (image, block) = (Extent::new(&[64, 100])?, Extent::new(&[32, 50])?);
/// assert!(SampleWeights::new(image, block, vec![0.0, 0.0, 1.0, 0.5]).is_ok());
/// let error = SampleWeights::new(image, block, vec![0.0, 0.0, -1.0, 0.5]).unwrap_err();
/// assert_eq!(error.to_string(), "block [1, 0]: got weight -1, expected at least 0 and a finite sum of all weights");
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SampleWeights {
    image: Extent,
    block: Extent,
    /// Sums of the weights up to and with each block.
    ends: Vec<f64>,
}

impl SampleWeights {
    /// One weight per block of `block` pixels, row-major over the `ceil(N / block)` blocks that cover `image`.
    ///
    /// Blocks of one pixel make an exact map; weights of 1 and 0 choose foreground. A sample whose weights are
    /// all 0 has no preference.
    ///
    /// # Errors
    /// [`PatchingError::WeightCount`] for another number of weights, [`PatchingError::Weight`] for one that is
    /// negative or not finite, or that lets the sum overflow, [`PatchingError::WeightRank`] if image and block
    /// have different ranks.
    pub fn new(image: Extent, block: Extent, weights: Vec<f64>) -> Result<Self, PatchingError> {
        if image.n_axes() != block.n_axes() {
            return Err(PatchingError::WeightRank { image, block });
        }
        let grid = blocks(&image, &block);
        let expected: usize = grid.iter().product();
        if weights.len() != expected {
            return Err(PatchingError::WeightCount { got: weights.len(), expected });
        }
        let mut ends = weights;
        let mut sum = 0.0;
        for (place, end) in ends.iter_mut().enumerate() {
            let weight = *end;
            sum += weight;
            if !(weight >= 0.0 && sum < f64::INFINITY) {
                return Err(PatchingError::Weight { block: position(&grid, place), weight });
            }
            *end = sum;
        }
        Ok(SampleWeights { image, block, ends })
    }

    pub(crate) fn image(&self) -> Extent {
        self.image
    }

    /// The sum of all weights; 0 for a sample without preference.
    pub fn total(&self) -> f64 {
        self.ends.last().copied().unwrap_or(0.0)
    }

    fn weight(&self, place: usize) -> f64 {
        self.ends[place] - place.checked_sub(1).map_or(0.0, |before| self.ends[before])
    }

    /// A pixel by weight; the total is not 0.
    pub(crate) fn draw(&self, rng: &mut PatchRng) -> [usize; 3] {
        let at = rng.random::<f64>() * self.total();
        // Rounding may lead to the very end; blocks without weight are never drawn.
        let last = self.ends.partition_point(|&end| end < self.total());
        let place = self.ends.partition_point(|&end| end <= at).min(last);
        let position = position(&blocks(&self.image, &self.block), place);
        self.pixels(position.to_zyx(0)).draw(self.image.n_axes(), rng)
    }

    /// The pixels of a block.
    fn pixels(&self, position: [usize; 3]) -> StartBox {
        let image = self.image.to_zyx();
        let block = self.block.to_zyx();
        let low = [0, 1, 2].map(|axis| position[axis] * block[axis]);
        StartBox { low, high: [0, 1, 2].map(|axis| low[axis].saturating_add(block[axis]).min(image[axis])) }
    }

    /// A pixel of a box that can be drawn.
    pub(crate) fn pixel_within(&self, within: &StartBox) -> Option<[usize; 3]> {
        let grid = blocks(&self.image, &self.block).to_zyx(1);
        let block = self.block.to_zyx();
        let along = [0, 1, 2].map(|axis| {
            within.low[axis] / block[axis]..within.high[axis].div_ceil(block[axis]).min(grid[axis])
        });
        let mut weighty =
            grid_places(along).filter(|[z, y, x]| self.weight((z * grid[1] + y) * grid[2] + x) > 0.0);
        weighty.find_map(|position| self.pixels(position).intersection(within)).map(|shared| shared.low)
    }
}

/// The position along each axis of a block of the grid; the first one for a number beyond it.
fn position(grid: &PerAxis<usize>, place: usize) -> PerAxis<usize> {
    grid.unravel(place).unwrap_or(grid.map(|_| 0))
}

/// Blocks along each axis.
fn blocks(image: &Extent, block: &Extent) -> PerAxis<usize> {
    image.per_axis().map_indexed(|axis, n| n.div_ceil(block.as_slice()[axis]))
}
