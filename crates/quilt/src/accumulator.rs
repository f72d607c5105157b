//! Sums of tiles that arrive in any order, and the weighted mean that comes of them.

use ndarray::{Array4, ArrayD, ArrayView, ArrayViewD, Axis, Dimension, s};
use patchweave_geometry::{Coords, Region};
use patchweave_pixel::Pixel;

use crate::tensor::{Leading, zeros};
use crate::{BlendWindow, QuiltError};

/// Sums of weighted tiles over a part of an image, in `f64`.
///
/// Tiles may come from any grid, in any order, and each may blend in its own way; what lies outside of the
/// part is left out, so that an image may be put together band by band and tiles may stick out of it. The
/// order matters only for the rounding of sums, by less than 1e-12 of the largest value; in the same order the
/// result is the same bit for bit, and in that of a quilt within as much of what the quilt gives. Two
/// accumulators of the same part add up ([`merge`](Self::merge)).
///
/// ```
/// use ndarray::Array3;
/// use patchweave_geometry::{Extent, PerAxis, Region};
/// use patchweave_quilt::{Accumulator, BlendWindow};
///
/// let window = Extent::new(&[4, 4])?;
/// let blend = BlendWindow::hann(window);
/// let mut sums = Accumulator::new(1, Region::whole(Extent::new(&[4, 6])?))?;
/// sums.add(Array3::from_elem((1, 4, 4), 5.0_f32).view(), PerAxis::new(&[0, 2])?, &blend)?;
/// assert_eq!(sums.n_uncovered(), 8);
/// sums.add(Array3::from_elem((1, 4, 4), 5.0_f32).view(), PerAxis::new(&[0, -1])?, &blend)?;
/// assert_eq!(sums.n_uncovered(), 0);
/// assert!(sums.mean::<f32>()?.iter().all(|mean| *mean == 5.0));
///
/// let error = sums.add(Array3::<f32>::zeros((2, 4, 4)).view(), PerAxis::new(&[0, 0])?, &blend).unwrap_err();
/// assert_eq!(error.to_string(), "the tile has shape [2, 4, 4], expected [1, 4, 4]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Accumulator {
    region: Region,
    /// `CZYX`; the last channel holds the weights.
    sums: Array4<f64>,
}

impl Accumulator {
    /// Sums of `n_channels` over a part of an image.
    ///
    /// # Errors
    /// [`QuiltError::OutOfMemory`]: 8 bytes are needed for every pixel of every channel, and of the weights.
    /// [`QuiltError::Geometry`] if start and size of the part have different numbers of axes.
    pub fn new(n_channels: usize, region: Region) -> Result<Self, QuiltError> {
        let region = Region::new(region.start, region.size)?;
        let [z, y, x] = region.size.to_zyx();
        Ok(Accumulator { region, sums: zeros(&[n_channels.saturating_add(1), z, y, x])? })
    }

    /// The part of the image, `(Z)YX`.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Adds a tile `C(Z)YX` whose first pixel lies at `start` of the image, `(Z)YX`.
    ///
    /// # Errors
    /// [`QuiltError::Shape`] if the tile is not as large as its blend window or has other channels,
    /// [`QuiltError::Geometry`] if `start` has another number of axes.
    pub fn add<T: Pixel, D: Dimension>(
        &mut self,
        tile: ArrayView<'_, T, D>,
        start: Coords,
        blend: &BlendWindow,
    ) -> Result<(), QuiltError> {
        let size = blend.window();
        let n_channels = self.n_channels();
        if Leading::of("the tile", tile.shape(), size) != Ok(Leading { n: n_channels, channels: None }) {
            let expected = format!("{:?}", [&[n_channels], size.as_slice()].concat());
            return Err(QuiltError::Shape { what: "the tile", got: tile.shape().to_vec(), expected });
        }
        let first = self.region.start;
        let tile_region = Region::new(start, size)?;
        let start = start.map_indexed(|axis, at| at.saturating_sub(first.iter().nth(axis).unwrap_or(0)));
        let Some(inside) = Region { start, ..tile_region }.clip(&self.region.size)? else { return Ok(()) };
        let [z, y, x] = size.to_zyx();
        let tile = tile
            .to_shape((n_channels, z, y, x))
            .map_err(|_| QuiltError::OutOfMemory { shape: vec![n_channels, z, y, x] })?;
        let from = inside.offset;
        let n = inside.size;
        let mut weights = vec![0.0; n[2]];
        for (z, y) in (0..n[0]).flat_map(|z| (0..n[1]).map(move |y| (z, y))) {
            blend.write_row(from[0] + z, from[1] + y, from[2], &mut weights);
            let columns = inside.start[2]..inside.start[2] + n[2];
            let mut sums = self.sums.slice_mut(s![.., inside.start[0] + z, inside.start[1] + y, columns]);
            let rows = tile.slice(s![.., from[0] + z, from[1] + y, from[2]..from[2] + n[2]]);
            for (mut sums, row) in sums.outer_iter_mut().zip(rows.outer_iter()) {
                for ((sum, value), weight) in sums.iter_mut().zip(row).zip(&weights) {
                    *sum += weight * value.to_f64();
                }
            }
            for (sum, weight) in sums.index_axis_mut(Axis(0), n_channels).iter_mut().zip(&weights) {
                *sum += weight;
            }
        }
        Ok(())
    }

    /// Adds the sums of another accumulator of the same part.
    ///
    /// # Errors
    /// [`QuiltError::Parts`] if part or channels differ.
    pub fn merge(&mut self, other: &Accumulator) -> Result<(), QuiltError> {
        if self.region != other.region || self.sums.shape() != other.sums.shape() {
            let of = |one: &Accumulator| format!("{} channels of {:?}", one.n_channels(), one.region);
            return Err(QuiltError::Parts { got: of(other), expected: of(self) });
        }
        self.sums += &other.sums;
        Ok(())
    }

    /// What the tiles so far weigh together at every pixel, `(Z)YX`.
    #[must_use]
    pub fn weights(&self) -> ArrayViewD<'_, f64> {
        let mut weights = self.sums.index_axis(Axis(0), self.n_channels()).into_dyn();
        if self.region.size.n_axes() == 2 {
            weights.index_axis_inplace(Axis(0), 0);
        }
        weights
    }

    /// Pixels that no tile has covered.
    #[must_use]
    pub fn n_uncovered(&self) -> usize {
        self.weights().iter().filter(|&&weight| weight == 0.0).count()
    }

    /// The weighted mean of the tiles, `C(Z)YX`; `NaN` where there are none, which integers turn into 0.
    ///
    /// # Errors
    /// [`QuiltError::OutOfMemory`].
    pub fn mean<T: Pixel>(&self) -> Result<ArrayD<T>, QuiltError> {
        let shape: Vec<usize> = [self.n_channels()].into_iter().chain(self.region.size.iter()).collect();
        let mut means: ArrayD<T> = zeros(&shape)?;
        let weights = self.sums.index_axis(Axis(0), self.n_channels());
        let sums = self.sums.outer_iter().take(self.n_channels());
        let places = means.outer_iter_mut();
        for (sums, mut means) in sums.zip(places) {
            for ((mean, sum), weight) in means.iter_mut().zip(sums).zip(weights) {
                *mean = T::from_f64(sum / weight);
            }
        }
        Ok(means)
    }

    fn n_channels(&self) -> usize {
        self.sums.len_of(Axis(0)) - 1
    }
}
