//! Patches of a batch in a grid, each input beside its target.

use ndarray::ArrayView5;

use crate::{Colour, Contrast, DisplayRange, Picture, ViewError, display_ranges, render_with};

/// How a montage is laid out; sizes are pixels of the picture.
///
/// ```
/// use patchweave_view::MontageOptions;
///
/// let options = MontageOptions { n_columns: 6, ..MontageOptions::default() };
/// assert!(options.inner_gap < options.outer_gap);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MontageOptions {
    /// The most pairs in one row, at least 1.
    pub n_columns: usize,
    /// The most pairs shown, from the start of the batch, at least 1.
    pub max_pairs: usize,
    /// Patches narrower than this are enlarged by the smallest whole factor that reaches it.
    pub min_tile_width: usize,
    /// Between an input and its target.
    pub inner_gap: usize,
    /// Between pairs and around the montage.
    pub outer_gap: usize,
    /// What is seen in the gaps.
    pub background: Colour,
    /// How display ranges are chosen.
    pub contrast: Contrast,
}

/// Up to 16 pairs in rows of 4 on dark grey, tiles at least 128 pixels wide.
impl Default for MontageOptions {
    fn default() -> Self {
        MontageOptions {
            n_columns: 4,
            max_pairs: 16,
            min_tile_width: 128,
            inner_gap: 2,
            outer_gap: 12,
            background: [24, 24, 28],
            contrast: Contrast::default(),
        }
    }
}

/// The patches of a batch `BCZYX` in a grid, row by row; with `targets`, each input has its target at its right.
///
/// A display range belongs to one channel of all inputs or of all targets, so brightness can be compared across
/// the montage. Targets may have other channels and sizes than inputs; smaller ones are centred vertically.
///
/// ```
/// use ndarray::Array5;
/// use patchweave_view::{MontageOptions, montage};
///
/// let inputs = Array5::zeros((5, 1, 1, 64, 64));
/// let targets = Array5::zeros((5, 3, 1, 64, 64));
/// let picture = montage(inputs.view(), Some(targets.view()), &MontageOptions::default())?;
/// assert_eq!((picture.width(), picture.height()), (4 * (2 * 128 + 2) + 5 * 12, 2 * 128 + 3 * 12));
/// let error = montage(inputs.view(), Some(Array5::zeros((4, 1, 1, 64, 64)).view()), &MontageOptions::default());
/// assert_eq!(error.unwrap_err().to_string(), "got 4 targets, expected one for each of 5 inputs");
/// # Ok::<(), patchweave_view::ViewError>(())
/// ```
///
/// # Errors
/// [`ViewError::NotPairs`] for another number of targets than inputs, [`ViewError::Empty`] for a batch without
/// pixels, [`ViewError::ZeroOption`], [`ViewError::Percentiles`], [`ViewError::PictureSize`].
pub fn montage(
    inputs: ArrayView5<'_, f32>,
    targets: Option<ArrayView5<'_, f32>>,
    options: &MontageOptions,
) -> Result<Picture, ViewError> {
    for (name, value) in [("n_columns", options.n_columns), ("max_pairs", options.max_pairs)] {
        if value == 0 {
            return Err(ViewError::ZeroOption { name });
        }
    }
    let n_inputs = inputs.dim().0;
    if let Some(n_targets) = targets.map(|targets| targets.dim().0)
        && n_targets != n_inputs
    {
        return Err(ViewError::NotPairs { n_inputs, n_targets });
    }
    let inputs = Tiles::new(inputs, options)?;
    let targets = targets.map(|targets| Tiles::new(targets, options)).transpose()?;
    let grid = Grid::new(n_inputs.min(options.max_pairs), &inputs, targets.as_ref(), options);
    let mut picture = grid.background()?;
    for pair_idx in 0..grid.n_pairs {
        let (left, top) = grid.corner(pair_idx);
        inputs.paste(pair_idx, &mut picture, left, top + (grid.pair_height - inputs.height) / 2)?;
        if let Some(targets) = &targets {
            let left = left + inputs.width + options.inner_gap;
            targets.paste(pair_idx, &mut picture, left, top + (grid.pair_height - targets.height) / 2)?;
        }
    }
    Ok(picture)
}

/// A batch and how its patches are shown.
struct Tiles<'a> {
    batch: ArrayView5<'a, f32>,
    ranges: Vec<DisplayRange>,
    factor: usize,
    width: usize,
    height: usize,
}

impl<'a> Tiles<'a> {
    fn new(batch: ArrayView5<'a, f32>, options: &MontageOptions) -> Result<Self, ViewError> {
        let ranges = display_ranges(batch, options.contrast)?;
        let (_, _, _, height, width) = batch.dim();
        let factor = options.min_tile_width.div_ceil(width).max(1);
        let width = width.saturating_mul(factor);
        let height = height.saturating_mul(factor);
        Ok(Tiles { batch, ranges, factor, width, height })
    }

    fn paste(
        &self,
        patch_idx: usize,
        picture: &mut Picture,
        left: usize,
        top: usize,
    ) -> Result<(), ViewError> {
        let patch = self.batch.index_axis_move(ndarray::Axis(0), patch_idx);
        let tile = render_with(patch, &self.ranges)?.enlarged(self.factor)?;
        picture.paste(&tile, left, top);
        Ok(())
    }
}

/// Where pairs stand.
struct Grid<'a> {
    n_pairs: usize,
    n_columns: usize,
    pair_width: usize,
    pair_height: usize,
    options: &'a MontageOptions,
}

impl<'a> Grid<'a> {
    fn new(
        n_pairs: usize,
        inputs: &Tiles<'_>,
        targets: Option<&Tiles<'_>>,
        options: &'a MontageOptions,
    ) -> Self {
        let beside = targets.map_or(0, |targets| targets.width.saturating_add(options.inner_gap));
        Grid {
            n_pairs,
            n_columns: n_pairs.min(options.n_columns),
            pair_width: inputs.width.saturating_add(beside),
            pair_height: targets.map_or(0, |targets| targets.height).max(inputs.height),
            options,
        }
    }

    fn background(&self) -> Result<Picture, ViewError> {
        let side = |n_pairs: usize, size: usize| {
            let with_gap = size.saturating_add(self.options.outer_gap);
            n_pairs.saturating_mul(with_gap).saturating_add(self.options.outer_gap)
        };
        let n_rows = self.n_pairs.div_ceil(self.n_columns);
        Picture::filled(
            side(self.n_columns, self.pair_width),
            side(n_rows, self.pair_height),
            self.options.background,
        )
    }

    /// Left and top of a pair.
    fn corner(&self, pair_idx: usize) -> (usize, usize) {
        let gap = self.options.outer_gap;
        let row_idx = pair_idx / self.n_columns;
        let column_idx = pair_idx % self.n_columns;
        (gap + column_idx * (self.pair_width + gap), gap + row_idx * (self.pair_height + gap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array5;
    use proptest::prelude::*;

    const PLAIN: MontageOptions = MontageOptions {
        n_columns: 2,
        max_pairs: 16,
        min_tile_width: 1,
        inner_gap: 1,
        outer_gap: 2,
        background: [9, 9, 9],
        contrast: Contrast { low_percent: 0.0, high_percent: 100.0 },
    };

    proptest! {
        #[test]
        fn size_follows_from_the_options(
            n_patches in 1_usize..9, sizes in prop::array::uniform4(1_usize..9), n_columns in 1_usize..5,
            max_pairs in 1_usize..9, min_tile_width in 0_usize..20, gaps in prop::array::uniform2(0_usize..5),
            with_target: bool,
        ) {
            let [n_channels, n_z, height, width] = sizes;
            let inputs = Array5::zeros((n_patches, n_channels, n_z, height, width));
            let [inner_gap, outer_gap] = gaps;
            let options =
                MontageOptions { n_columns, max_pairs, min_tile_width, inner_gap, outer_gap, ..PLAIN };
            let targets = with_target.then(|| inputs.view());
            let picture = montage(inputs.view(), targets, &options).unwrap();

            let n_pairs = n_patches.min(max_pairs);
            let n_columns = n_columns.min(n_pairs);
            let factor = (1..).find(|factor| factor * width >= min_tile_width).unwrap();
            let pair_width = if with_target { 2 * factor * width + inner_gap } else { factor * width };
            prop_assert_eq!(picture.width(), n_columns * (pair_width + outer_gap) + outer_gap);
            let n_rows = n_pairs.div_ceil(n_columns);
            prop_assert_eq!(picture.height(), n_rows * (factor * height + outer_gap) + outer_gap);
        }
    }

    #[test]
    fn pixels_stand_where_they_belong() {
        let inputs = Array5::from_shape_fn((3, 1, 1, 1, 1), |(b, ..)| b as f32 * 5.0);
        let targets = inputs.mapv(|value| 10.0 - value);
        let picture = montage(inputs.view(), Some(targets.view()), &PLAIN).unwrap();
        assert_eq!((picture.width(), picture.height()), (2 * (3 + 2) + 2, 2 * (1 + 2) + 2));
        let grey = |x: usize, y: usize| picture.pixel(x, y).unwrap()[0];
        assert_eq!([grey(2, 2), grey(3, 2), grey(4, 2)], [0, 9, 255]);
        assert_eq!([grey(7, 2), grey(8, 2), grey(9, 2)], [128, 9, 128]);
        assert_eq!([grey(2, 5), grey(3, 5), grey(4, 5)], [255, 9, 0]);
        assert_eq!([grey(7, 5), grey(0, 0)], [9, 9]);
    }

    #[test]
    fn smaller_targets_are_centred() {
        let inputs = Array5::ones((1, 1, 1, 5, 5));
        let mut targets = Array5::zeros((1, 1, 1, 1, 2));
        targets[[0, 0, 0, 0, 0]] = 1.0;
        let picture = montage(inputs.view(), Some(targets.view()), &PLAIN).unwrap();
        assert_eq!((picture.width(), picture.height()), (5 + 1 + 2 + 4, 5 + 4));
        assert_eq!(picture.pixel(2 + 5 + 1, 4), Some([255; 3]));
        assert_eq!(picture.pixel(2 + 5 + 1, 3), Some([9; 3]));
    }

    #[test]
    fn options_and_sizes_are_checked() {
        let inputs = Array5::zeros((1, 1, 1, 2, 2));
        let error = montage(inputs.view(), None, &MontageOptions { n_columns: 0, ..PLAIN }).unwrap_err();
        assert_eq!(error.to_string(), "got n_columns = 0, expected at least 1");
        let error = montage(Array5::zeros((0, 1, 1, 2, 2)).view(), None, &PLAIN).unwrap_err();
        assert_eq!(error.to_string(), "a batch of shape [0, 1, 1, 2, 2] has nothing to show");
        let huge = MontageOptions { min_tile_width: usize::MAX, ..PLAIN };
        assert!(matches!(montage(inputs.view(), None, &huge), Err(ViewError::PictureSize { .. })));
    }
}
