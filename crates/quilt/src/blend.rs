//! Blend windows: how much every pixel of a tile counts where tiles overlap.

use std::f64::consts::PI;

use ndarray::ArrayD;
use patchweave_geometry::{Extent, PerAxis, TileGrid};

use crate::border::{LEAST_WEIGHT, border_weight, inside_zyx};
use crate::rows::{Rows, Term};
use crate::{Border, QuiltError};

/// How much every pixel of a window counts.
///
/// Weights are a sum of few products of one factor per axis, so that what overlapping windows weigh together
/// is known from the sums along every axis, and nothing as large as a window has to be stored.
///
/// ```
/// use patchweave_geometry::Extent;
/// use patchweave_quilt::BlendWindow;
///
/// let window = Extent::new(&[3, 4])?;
/// let border = BlendWindow::border(window, &1.into(), 0.1)?;
/// assert_eq!(border.matrix().into_raw_vec_and_offset().0, [
///     0.1, 0.1, 0.1, 0.1,
///     0.1, 1.0, 1.0, 0.1,
///     0.1, 0.1, 0.1, 0.1,
/// ]);
/// let linear = BlendWindow::linear(window);
/// assert_eq!(linear.matrix()[[1, 0]], 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BlendWindow {
    window: Extent,
    terms: Vec<Term>,
}

/// The sum of the weights of all tiles of a grid at every pixel, kept as sums along axes; see
/// [`BlendWindow::weight_sums`].
#[derive(Debug, Clone)]
pub struct WeightSums(Rows);

impl WeightSums {
    /// The sums of a row of pixels: numbers along `X`, and a factor that all of them have in common.
    ///
    /// A row that the image does not have is empty.
    #[must_use]
    pub fn row(&self, z: usize, y: usize) -> (&[f64], f64) {
        self.0.get_row(z, y).unwrap_or((&[], 0.0))
    }
}

impl BlendWindow {
    /// Every pixel counts 1.
    #[must_use]
    pub fn constant(window: Extent) -> Self {
        Self::uniform(window, 1.0)
    }

    /// 1 inside, `weight` in the border; 1 everywhere if there is no border.
    ///
    /// A weight of 0 becomes 1e-8, so that pixels that only borders cover stay finite.
    ///
    /// # Errors
    /// [`QuiltError::BorderWeight`] for a weight that does not lie in 0 to 1, [`QuiltError::Axes`] for a border
    /// of the wrong number of axes.
    pub fn border(window: Extent, border: &Border, weight: f64) -> Result<Self, QuiltError> {
        let weight = border_weight(weight)?;
        match border.per_axis(window.n_axes())? {
            None => Ok(Self::constant(window)),
            Some(border) => Ok(Self::of_border(window, border, weight)),
        }
    }

    /// Rising linearly from both ends to 1 in the middle, along every axis; the product of these.
    #[must_use]
    pub fn linear(window: Extent) -> Self {
        Self::product(window, |k, size| {
            let half = size.div_ceil(2);
            (k + 1).min(size - k) as f64 / half as f64
        })
    }

    /// The window of von Hann, `sin²(π (k + ½) / size)` along every axis; the product of these.
    #[must_use]
    pub fn hann(window: Extent) -> Self {
        Self::product(window, |k, size| (PI * (k as f64 + 0.5) / size as f64).sin().powi(2))
    }

    /// A Gaussian around the middle whose standard deviation is `width` windows along every axis.
    ///
    /// The importance map that MONAI uses for sliding windows, where 1/8 is usual, but with another floor: factors
    /// below 1e-8 are raised to that.
    ///
    /// # Errors
    /// [`QuiltError::GaussianWidth`] unless `width` is positive and finite.
    pub fn gaussian(window: Extent, width: f64) -> Result<Self, QuiltError> {
        if !(width > 0.0 && width.is_finite()) {
            return Err(QuiltError::GaussianWidth { got: width });
        }
        Ok(Self::product(window, |k, size| {
            let distance = k as f64 - (size as f64 - 1.0) / 2.0;
            (-0.5 * (distance / (width * size as f64)).powi(2)).exp().max(LEAST_WEIGHT)
        }))
    }

    /// Size of the window, `(Z)YX`.
    #[must_use]
    pub fn window(&self) -> Extent {
        self.window
    }

    /// The weight of every pixel of the window, `(Z)YX`.
    #[must_use]
    pub fn matrix(&self) -> ArrayD<f64> {
        ArrayD::from_shape_fn(self.window.as_slice(), |at| {
            let first = 3 - self.window.n_axes();
            let place = |axis: usize| if axis < first { 0 } else { at[axis - first] };
            self.at([place(0), place(1), place(2)])
        })
    }

    pub(crate) fn uniform(window: Extent, weight: f64) -> Self {
        let [z, y, x] = window.to_zyx();
        BlendWindow { window, terms: vec![[vec![weight; z], vec![1.0; y], vec![1.0; x]]] }
    }

    pub(crate) fn of_border(window: Extent, border: PerAxis<i64>, weight: f64) -> Self {
        let [z, y, x] = inside_zyx(window, Some(border));
        let factors = |inside: Vec<bool>| inside.into_iter().map(|is| f64::from(u8::from(is))).collect();
        let mut inside: Term = [factors(z), factors(y), factors(x)];
        for factor in &mut inside[0] {
            *factor *= 1.0 - weight;
        }
        let mut everywhere = Self::uniform(window, weight);
        everywhere.terms.push(inside);
        everywhere
    }

    fn product(window: Extent, factor: impl Fn(usize, usize) -> f64) -> Self {
        let along = |size: usize| (0..size).map(|k| factor(k, size)).collect();
        let [z, y, x] = window.to_zyx();
        // The one plane of a window without depth counts in full.
        let z = if window.n_axes() == 3 { along(z) } else { vec![1.0] };
        BlendWindow { window, terms: vec![[z, along(y), along(x)]] }
    }

    /// The sum of the weights of all tiles of a grid that have a pixel, for every pixel.
    ///
    /// ```
    /// use patchweave_geometry::{Extent, ImageShape, PerAxis, TileGrid};
    /// use patchweave_quilt::BlendWindow;
    ///
    /// let shape = ImageShape::from_slice(&[1, 1, 4, 10])?;
    /// let grid = TileGrid::new(shape, Extent::new(&[4, 6])?, PerAxis::new(&[0, 2])?)?;
    /// let sums = BlendWindow::constant(grid.tile_size()).weight_sums(&grid);
    /// assert_eq!(sums.row(0, 3), (&[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0][..], 1.0));
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    #[must_use]
    pub fn weight_sums(&self, grid: &TileGrid) -> WeightSums {
        let axes = grid.axes().map(Some).to_zyx(None);
        let starts = axes.map(|axis| axis.map_or(vec![0], |axis| axis.grid().starts().collect()));
        WeightSums(self.sums(axes.map(|axis| axis.map_or(1, |axis| axis.grid().size())), &starts))
    }

    fn at(&self, [z, y, x]: [usize; 3]) -> f64 {
        self.terms.iter().map(|[along_z, along_y, along_x]| along_z[z] * along_y[y] * along_x[x]).sum()
    }

    /// Writes the weights of a part of a row of the window, which starts at `x`, and 0 behind its end.
    ///
    /// A row that the window does not have has weight 0.
    ///
    /// ```
    /// use patchweave_geometry::Extent;
    /// use patchweave_quilt::BlendWindow;
    ///
    /// let mut weights = [f64::NAN; 3];
    /// BlendWindow::linear(Extent::new(&[1, 4])?).write_row(0, 0, 2, &mut weights);
    /// assert_eq!(weights, [1.0, 0.5, 0.0]);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    pub fn write_row(&self, z: usize, y: usize, x: usize, out: &mut [f64]) {
        out.fill(0.0);
        for [along_z, along_y, along_x] in &self.terms {
            let (Some(of_z), Some(of_y)) = (along_z.get(z), along_y.get(y)) else { continue };
            let factor = of_z * of_y;
            for (out, weight) in out.iter_mut().zip(along_x.iter().skip(x)) {
                *out += factor * weight;
            }
        }
    }

    /// The weights of all rows of the window.
    pub(crate) fn rows(&self) -> Rows {
        Rows::new(&self.terms)
    }

    /// What windows at these starts weigh together, along `ZYX` of an image; sums along every axis are enough.
    pub(crate) fn sums(&self, image: [usize; 3], starts: &[Vec<usize>; 3]) -> Rows {
        let sum = |factors: &[f64], size: usize, starts: &[usize]| {
            let mut sums = vec![0.0; size];
            for &start in starts {
                for (sum, factor) in sums[start..].iter_mut().zip(factors) {
                    *sum += factor;
                }
            }
            sums
        };
        let of_term = |term: &Term| std::array::from_fn(|axis| sum(&term[axis], image[axis], &starts[axis]));
        Rows::new(&self.terms.iter().map(of_term).collect::<Vec<_>>())
    }
}
