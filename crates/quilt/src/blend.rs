//! Blend windows: how much every pixel of a tile counts where tiles overlap.

use std::collections::HashMap;
use std::f64::consts::PI;

use ndarray::ArrayD;
use patchweave_geometry::{Extent, PerAxis};

use crate::border::{LEAST_WEIGHT, border_weight, inside_zyx};
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
/// assert_eq!(border.weights().into_raw_vec_and_offset().0, [
///     0.1, 0.1, 0.1, 0.1,
///     0.1, 1.0, 1.0, 0.1,
///     0.1, 0.1, 0.1, 0.1,
/// ]);
/// let linear = BlendWindow::linear(window);
/// assert_eq!(linear.weights()[[1, 0]], 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BlendWindow {
    window: Extent,
    terms: Vec<Term>,
}

/// One factor for every place along `ZYX`.
type Term = [Vec<f64>; 3];

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

    /// As [`border`](Self::border), but `weight` everywhere if there is no border.
    ///
    /// What sums that are kept on disk use; in a weighted mean the factor cancels.
    ///
    /// # Errors
    /// As [`border`](Self::border).
    pub fn border_or_all(window: Extent, border: &Border, weight: f64) -> Result<Self, QuiltError> {
        match border.per_axis(window.n_axes())? {
            None => Ok(Self::uniform(window, border_weight(weight)?)),
            Some(_) => Self::border(window, border, weight),
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
    /// The importance map that nnU-Net and MONAI use for sliding windows, with 1/8 as their width. Factors
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
    pub fn weights(&self) -> ArrayD<f64> {
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

    fn at(&self, [z, y, x]: [usize; 3]) -> f64 {
        self.terms.iter().map(|[along_z, along_y, along_x]| along_z[z] * along_y[y] * along_x[x]).sum()
    }

    /// The factors of every term that belong to one row.
    pub(crate) fn row(&self, z: usize, y: usize) -> impl Iterator<Item = f64> + '_ {
        self.terms.iter().map(move |[along_z, along_y, _]| along_z[z] * along_y[y])
    }

    /// The weights of a part of a row, from pixel `x` on.
    pub(crate) fn write_row(&self, z: usize, y: usize, x: usize, out: &mut [f64]) {
        out.fill(0.0);
        for (factor, [_, _, along_x]) in self.row(z, y).zip(&self.terms) {
            for (out, weight) in out.iter_mut().zip(&along_x[x..]) {
                *out += factor * weight;
            }
        }
    }

    /// What windows at these starts weigh together, along `ZYX` of an image; again one factor per axis.
    pub(crate) fn sums(&self, image: [usize; 3], starts: &[Vec<usize>; 3]) -> Sums {
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
        Sums { terms: self.terms.iter().map(of_term).collect() }
    }
}

/// Sums of weights over an image, as few products of one factor per axis.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    terms: Vec<Term>,
}

impl Sums {
    /// The sums of one row.
    pub fn row(&self, z: usize, y: usize, out: &mut Vec<f64>) {
        out.clear();
        for (at, [along_z, along_y, along_x]) in self.terms.iter().enumerate() {
            let factor = along_z[z] * along_y[y];
            if at == 0 {
                out.extend(along_x.iter().map(|x| factor * x));
            } else {
                for (out, x) in out.iter_mut().zip(along_x) {
                    *out += factor * x;
                }
            }
        }
    }
}

/// The weights of every row of a window; rows that are alike are kept once.
#[derive(Debug)]
pub(crate) struct RowTable {
    weights: Vec<f64>,
    /// For every row along `Z` and `Y`, where its weights begin.
    starts: Vec<usize>,
    /// Whether every weight is 1.
    pub is_one: bool,
}

impl RowTable {
    /// First weight of a row.
    pub fn start(&self, row: usize) -> usize {
        self.starts[row]
    }

    /// The weights of all rows.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }
}

/// What a row of sums is divided by: `1 / (inverse · factor)`… kept as its inverse.
#[derive(Debug)]
pub(crate) struct InverseSums {
    inverses: Vec<f64>,
    /// For every row along `Z` and `Y`, where its inverses begin, and a factor for all of them.
    rows: Vec<(usize, f64)>,
}

impl InverseSums {
    /// The inverses of a row and a factor for all of them.
    pub fn row(&self, row: usize, n_x: usize) -> (&[f64], f64) {
        let (start, factor) = self.rows[row];
        (&self.inverses[start..start + n_x], factor)
    }
}

impl BlendWindow {
    pub(crate) fn row_table(&self) -> RowTable {
        let [w_z, w_y, w_x] = self.window.to_zyx();
        let rows = (0..w_z).flat_map(|z| (0..w_y).map(move |y| (z, y)));
        let mut weights = Vec::new();
        let mut known = HashMap::new();
        let starts = rows.map(|(z, y)| {
            let factors: Vec<f64> = self.row(z, y).collect();
            *known.entry(bits(&factors)).or_insert_with(|| {
                weights.extend(combined(&factors, &self.terms, w_x));
                weights.len() - w_x
            })
        });
        let starts = starts.collect();
        let is_one = weights.iter().all(|&weight| weight == 1.0);
        RowTable { weights, starts, is_one }
    }
}

impl Sums {
    /// The inverses of all sums; infinite where there is nothing.
    ///
    /// A single product needs one row for all, with a factor for each; of several products there are as many
    /// rows as ways to overlap.
    pub fn inverse(&self, [n_z, n_y, n_x]: [usize; 3]) -> InverseSums {
        let rows = (0..n_z).flat_map(|z| (0..n_y).map(move |y| (z, y)));
        let mut inverses = Vec::new();
        let mut known = HashMap::new();
        let rows = rows.map(|(z, y)| {
            let mut factors: Vec<f64> = self.terms.iter().map(|[of_z, of_y, _]| of_z[z] * of_y[y]).collect();
            let mut factor = 1.0;
            if let [only] = factors.as_mut_slice() {
                factor = 1.0 / *only;
                *only = 1.0;
            }
            let start = *known.entry(bits(&factors)).or_insert_with(|| {
                inverses.extend(combined(&factors, &self.terms, n_x).map(|sum| 1.0 / sum));
                inverses.len() - n_x
            });
            (start, factor)
        });
        let rows = rows.collect();
        InverseSums { inverses, rows }
    }
}

/// One row of a sum of products.
fn combined<'a>(factors: &'a [f64], terms: &'a [Term], n_x: usize) -> impl Iterator<Item = f64> + 'a {
    (0..n_x)
        .map(move |x| factors.iter().zip(terms).map(|(factor, [_, _, along_x])| factor * along_x[x]).sum())
}

fn bits(factors: &[f64]) -> Vec<u64> {
    factors.iter().map(|factor| factor.to_bits()).collect()
}
