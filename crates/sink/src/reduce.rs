//! Smaller copies of a block: means of pixels, or the most frequent of labels.
//!
//! A pixel of level k is the mean of the pixels of level 0 under it, not of level k - 1: sums are carried from level to
//! level in `f64` and rounded once.

use ndarray::{ArrayD, ArrayViewD, Axis, Dimension, IxDyn, indices};
use patchweave_geometry::try_zeros;
use patchweave_pixel::{Pixel, TypedArray, TypedView, with_typed};

/// How a block gets smaller.
#[derive(Debug, Clone)]
pub(crate) struct Reduction {
    /// The dimensions that are halved.
    pub halved: Vec<bool>,
    /// How often.
    pub n_levels: usize,
    /// Whether pixels are labels.
    pub is_labels: bool,
}

impl Reduction {
    /// The shape after one step.
    pub fn halve(&self, shape: &[usize]) -> Vec<usize> {
        let sizes = shape.iter().zip(&self.halved);
        sizes.map(|(size, is_halved)| if *is_halved { size.div_ceil(2) } else { *size }).collect()
    }

    /// How many pixels along a dimension a pixel of a level has.
    fn factor(&self, level: usize, dimension: usize) -> usize {
        if self.halved.get(dimension).copied().unwrap_or(false) { 1 << level } else { 1 }
    }
}

/// The smaller copies of a block, the largest first; `None` if there is no memory for them.
pub(crate) fn reduce(pixels: &TypedView<'_>, how: &Reduction) -> Option<Vec<TypedArray>> {
    with_typed!(TypedView, pixels, view => if how.is_labels { modes(view, how) } else { means(view, how) })
}

/// Sums of pixels that are numbers, and how many these are.
struct Sums {
    shape: Vec<usize>,
    sums: Vec<f64>,
    /// `None` where every pixel is a number, whose count follows from its place.
    counts: Option<Vec<u32>>,
}

fn means<T: Pixel>(pixels: &ArrayViewD<'_, T>, how: &Reduction) -> Option<Vec<TypedArray>> {
    let mut levels = Vec::with_capacity(how.n_levels);
    let mut sums: Option<Sums> = None;
    for level in 1..=how.n_levels {
        let next = match &sums {
            None => Sums::of(pixels, how)?,
            Some(sums) => sums.halved(how)?,
        };
        levels.push(next.means::<T>(pixels.shape(), how, level)?);
        sums = Some(next);
    }
    Some(levels)
}

impl Sums {
    fn zeros(shape: Vec<usize>, with_counts: bool) -> Option<Self> {
        let sums = try_zeros(&shape)?;
        let counts = if with_counts { Some(try_zeros(&shape)?) } else { None };
        Some(Sums { shape, sums, counts })
    }

    /// Sums of the pixels of level 0, row by row.
    fn of<T: Pixel>(pixels: &ArrayViewD<'_, T>, how: &Reduction) -> Option<Self> {
        let has_nan = !T::TYPE.is_integer() && pixels.iter().any(|pixel| pixel.to_f64().is_nan());
        let mut sums = Sums::zeros(how.halve(pixels.shape()), has_nan)?;
        let by = how.factor(1, pixels.ndim().saturating_sub(1));
        for (at, row) in rows(pixels.shape()).zip(pixels.rows()) {
            let (to, counts) = sums.row(&at, how);
            match row.as_slice() {
                Some(row) => add_row(row, by, has_nan, to),
                None => row.iter().enumerate().for_each(|(x, pixel)| to[x / by] += number(pixel, has_nan)),
            }
            if let Some(counts) = counts {
                let numbers = row.iter().enumerate().filter(|(_, pixel)| !pixel.to_f64().is_nan());
                numbers.for_each(|(x, _)| counts[x / by] += 1);
            }
        }
        Some(sums)
    }

    /// The same sums of twice as many pixels along every dimension that is halved.
    fn halved(&self, how: &Reduction) -> Option<Self> {
        let mut sums = Sums::zeros(how.halve(&self.shape), self.counts.is_some())?;
        let n = self.shape.last().copied().unwrap_or(1);
        let by = how.factor(1, self.shape.len().saturating_sub(1));
        for (row_idx, at) in rows(&self.shape).enumerate() {
            let own = row_idx * n..(row_idx + 1) * n;
            let (to, counts) = sums.row(&at, how);
            add_row(&self.sums[own.clone()], by, false, to);
            if let (Some(counts), Some(own_counts)) = (counts, &self.counts) {
                own_counts[own].iter().enumerate().for_each(|(x, count)| counts[x / by] += count);
            }
        }
        Some(sums)
    }

    /// The row that a row of the level below belongs to.
    fn row(&mut self, at: &[usize], how: &Reduction) -> (&mut [f64], Option<&mut [u32]>) {
        let n = self.shape.last().copied().unwrap_or(1);
        let places = at.iter().enumerate().map(|(dimension, place)| place / how.factor(1, dimension));
        let row_idx = places.zip(&self.shape).fold(0, |row, (place, size)| row * size + place);
        let range = row_idx * n..(row_idx + 1) * n;
        (&mut self.sums[range.clone()], self.counts.as_mut().map(|counts| &mut counts[range]))
    }

    fn means<T: Pixel>(&self, whole: &[usize], how: &Reduction, level: usize) -> Option<TypedArray> {
        let mut pixels: Vec<T> = Vec::new();
        pixels.try_reserve_exact(self.sums.len()).ok()?;
        match &self.counts {
            Some(counts) => pixels.extend(self.sums.iter().zip(counts).map(|(sum, count)| match count {
                0 => T::from_f64(f64::NAN),
                count => T::from_f64(sum / f64::from(*count)),
            })),
            None => {
                let n = self.shape.last().copied().unwrap_or(1);
                let last = whole.len().saturating_sub(1);
                // How many pixels of level 0 lie under one along a dimension.
                let under = |dimension: usize, place: usize| {
                    let factor = how.factor(level, dimension);
                    (whole[dimension] - place * factor).min(factor)
                };
                for (at, sums) in rows(&self.shape).zip(self.sums.chunks_exact(n)) {
                    let n_rows: usize =
                        at.iter().enumerate().map(|(axis, place)| under(axis, *place)).product();
                    pixels.extend(sums.iter().enumerate().map(|(x, sum)| {
                        #[expect(clippy::cast_precision_loss, reason = "a pixel stands for fewer than 2^53")]
                        let count = (n_rows * under(last, x)) as f64;
                        T::from_f64(sum / count)
                    }));
                }
            }
        }
        Some(T::typed(ArrayD::from_shape_vec(self.shape.clone(), pixels).ok()?))
    }
}

/// The places of all rows along the dimensions but for the last one.
fn rows(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let outer = &shape[..shape.len().saturating_sub(1)];
    indices(IxDyn(outer)).into_iter().map(|at| at.slice().to_vec())
}

/// A pixel to add; what is not a number may count as nothing.
fn number<T: Pixel>(pixel: &T, skips_nan: bool) -> f64 {
    let value = pixel.to_f64();
    if skips_nan && value.is_nan() { 0.0 } else { value }
}

/// Adds a row to sums of `by` neighbours each, 1 or 2.
fn add_row<T: Pixel>(row: &[T], by: usize, skips_nan: bool, to: &mut [f64]) {
    if by == 1 {
        row.iter().zip(to).for_each(|(pixel, to)| *to += number(pixel, skips_nan));
        return;
    }
    let pairs = row.chunks_exact(2);
    let rest = pairs.remainder();
    if skips_nan {
        let sum = |pair: &[T]| number(&pair[0], true) + number(&pair[1], true);
        pairs.zip(to.iter_mut()).for_each(|(pair, to)| *to += sum(pair));
    } else {
        pairs.zip(to.iter_mut()).for_each(|(pair, to)| *to += pair[0].to_f64() + pair[1].to_f64());
    }
    if let ([pixel], Some(to)) = (rest, to.last_mut()) {
        *to += number(pixel, skips_nan);
    }
}

/// The most frequent label under every pixel of every level; of several the smallest.
fn modes<T: Pixel>(pixels: &ArrayViewD<'_, T>, how: &Reduction) -> Option<Vec<TypedArray>> {
    let mut levels = Vec::with_capacity(how.n_levels);
    let mut shape = pixels.shape().to_vec();
    for level in 1..=how.n_levels {
        shape = how.halve(&shape);
        let mut labels: Vec<T> = Vec::new();
        labels.try_reserve_exact(shape.iter().product()).ok()?;
        let mut under = Vec::new();
        for at in indices(IxDyn(&shape)) {
            let mut block = pixels.view();
            for dimension in 0..shape.len() {
                let factor = how.factor(level, dimension);
                let start = at[dimension] * factor;
                let end = (start + factor).min(pixels.shape()[dimension]);
                block.slice_axis_inplace(Axis(dimension), (start..end).into());
            }
            under.clear();
            under.extend(block.iter().copied());
            labels.push(mode(&mut under));
        }
        levels.push(T::typed(ArrayD::from_shape_vec(shape.clone(), labels).ok()?));
    }
    Some(levels)
}

/// The most frequent of values, of several the smallest.
fn mode<T: Pixel>(values: &mut [T]) -> T {
    values.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let runs = values.chunk_by(|a, b| a == b);
    // The first of the longest runs.
    let longest = runs.rev().max_by_key(|run| run.len());
    longest.and_then(|run| run.first()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use patchweave_pixel::{PixelType, TypedPixel, with_pixel};
    use proptest::prelude::*;

    use super::*;

    /// Every level by itself: the pixels of level 0 under each pixel, in C order.
    fn plain<T: Pixel>(
        pixels: &ArrayD<T>,
        how: &Reduction,
        level: usize,
        of: impl Fn(&[T]) -> T,
    ) -> TypedArray {
        let factors: Vec<usize> =
            how.halved.iter().map(|halved| if *halved { 1 << level } else { 1 }).collect();
        let shape: Vec<usize> = pixels.shape().iter().zip(&factors).map(|(n, by)| n.div_ceil(*by)).collect();
        T::typed(ArrayD::from_shape_fn(shape, |at| {
            let inside =
                |place: &IxDyn| (0..factors.len()).all(|axis| place[axis] / factors[axis] == at[axis]);
            let under = pixels.indexed_iter().filter(|(place, _)| inside(place)).map(|(_, pixel)| *pixel);
            of(&under.collect::<Vec<_>>())
        }))
    }

    fn plain_mean<T: Pixel>(under: &[T]) -> T {
        let numbers: Vec<f64> =
            under.iter().map(|pixel| pixel.to_f64()).filter(|value| !value.is_nan()).collect();
        if numbers.is_empty() {
            return T::from_f64(f64::NAN);
        }
        T::from_f64(numbers.iter().sum::<f64>() / numbers.len() as f64)
    }

    fn plain_mode<T: Pixel>(under: &[T]) -> T {
        let n = |label: &T| under.iter().filter(|other| *other == label).count();
        let most = under.iter().map(n).max().unwrap();
        let frequent = under.iter().filter(|label| n(label) == most);
        *frequent.min_by(|a, b| a.partial_cmp(b).unwrap()).unwrap()
    }

    fn blocks() -> impl Strategy<Value = (Vec<(usize, bool)>, usize, u64, PixelType)> {
        let axes = prop::collection::vec((1_usize..8, any::<bool>()), 1..5);
        (axes, 1_usize..4, any::<u64>(), prop::sample::select(PixelType::ALL.to_vec()))
    }

    proptest! {
        /// Small whole numbers have exact sums in any order.
        #[test]
        fn levels_are_what_plain_loops_give((axes, n_levels, seed, pixel_type) in blocks(), is_labels in any::<bool>()) {
            let (shape, halved): (Vec<usize>, Vec<bool>) = axes.into_iter().unzip();
            let how = Reduction { halved, n_levels, is_labels };
            let mut state = seed | 1;
            with_pixel!(pixel_type, T => {
                let pixels = ArrayD::from_shape_simple_fn(shape.clone(), || {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let value = (state >> 40) % if is_labels { 4 } else { 100 };
                    // Some pixels of floats are not numbers.
                    if value == 7 { T::from_f64(f64::NAN) } else { T::from_f64(value as f64) }
                });
                let order: Vec<usize> = (0..shape.len()).rev().collect();
                let turned = pixels.view().permuted_axes(order.clone());
                for view in [pixels.view(), turned] {
                    let is_turned = view.shape() != pixels.shape() || view.strides() != pixels.strides();
                    let how = Reduction {
                        halved: if is_turned { how.halved.iter().rev().copied().collect() } else { how.halved.clone() },
                        ..how.clone()
                    };
                    let own = view.as_standard_layout().into_owned();
                    let levels = reduce(&T::typed_view(view), &how).unwrap();
                    prop_assert_eq!(levels.len(), n_levels);
                    for (level, got) in levels.iter().enumerate() {
                        let expected = match is_labels {
                            true => plain(&own, &how, level + 1, plain_mode),
                            false => plain(&own, &how, level + 1, plain_mean),
                        };
                        prop_assert_eq!(got.view().to_le_bytes().into_owned(), expected.view().to_le_bytes().into_owned());
                    }
                }
            });
        }
    }

    #[test]
    fn only_what_is_no_number_at_all_stays_so() {
        let nan = f32::NAN;
        let pixels = ndarray::arr2(&[[1.0_f32, nan, nan, nan], [nan, 4.0, nan, nan]]).into_dyn();
        let how = Reduction { halved: vec![true, true], n_levels: 2, is_labels: false };
        let levels = reduce(&f32::typed_view(pixels.view()), &how).unwrap();
        let bits = |level: usize| levels[level].view().to_bytes().into_owned();
        assert_eq!(bits(0), bytemuck::cast_slice::<f32, u8>(&[2.5, nan]));
        assert_eq!(bits(1), bytemuck::cast_slice::<f32, u8>(&[2.5]));
    }

    #[test]
    fn labels_that_no_float_holds_stay_as_they_are() {
        let label = (1_u64 << 53) + 1;
        let pixels = ndarray::arr2(&[[label, label], [label, 3]]).into_dyn();
        let how = Reduction { halved: vec![true, true], n_levels: 1, is_labels: true };
        let levels = reduce(&u64::typed_view(pixels.view()), &how).unwrap();
        assert_eq!(levels, [u64::typed(ndarray::arr2(&[[label]]).into_dyn())]);
    }
}
