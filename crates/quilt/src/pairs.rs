//! Inputs and targets cut alike, labels under the border hidden, patches without labels left out.

use ndarray::{Array, ArrayView, ArrayViewMut, Axis, Dimension, RemoveAxis, Slice};
use patchweave_geometry::PerAxis;
use rayon::prelude::*;

use crate::tensor::{Element, Leading, zeros};
use crate::{Quilt, QuiltError};

/// A patch of an input with that of its target.
///
/// The input is a view, the target a copy whose labels under the border are hidden.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchPair<'a, A, B, DA: Dimension, DB: Dimension> {
    /// Number of the patch among all patches.
    pub index: usize,
    /// `(C)(Z)YX`.
    pub input: ArrayView<'a, A, DA>,
    /// `(C)(Z)YX`.
    pub target: Array<B, DB>,
}

/// Pairs of patches that hold labels.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledPairs<A, B, DA: Dimension, DB: Dimension> {
    /// Number of every kept patch among all patches, ascending.
    pub kept: Vec<usize>,
    /// `M(C)(Z)YX`.
    pub inputs: Array<A, DA>,
    /// `M(C)(Z)YX`.
    pub targets: Array<B, DB>,
}

/// Patches of inputs and of targets.
pub type ArrayPair<A, B, DA, DB> = (Array<A, DA>, Array<B, DB>);

impl Quilt {
    /// Patches of inputs and of their targets: `NC(Z)YX` and `N(C)(Z)YX` → `MC(Z)YX` and `M(C)(Z)YX`.
    ///
    /// Targets keep their channel axis, or the lack of it. With a `missing` label, every target pixel of the
    /// border becomes that label; without a border none does.
    ///
    /// ```
    /// use ndarray::{Array3, Array4, array, s};
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_quilt::Quilt;
    ///
    /// let (images, labels) = (Array4::<f32>::zeros((1, 3, 4, 8)), Array3::<i64>::ones((1, 4, 8)));
    /// let quilt = Quilt::new(Extent::new(&[4, 8])?, Extent::new(&[4, 4])?, PerAxis::new(&[4, 4])?)?;
    /// let quilt = quilt.with_border(1, 0.1)?;
    /// let (inputs, targets) = quilt.unstitch_data_pair(images.view(), labels.view(), Some(-1))?;
    /// assert_eq!((inputs.shape(), targets.shape()), (&[2, 3, 4, 4][..], &[2, 4, 4][..]));
    /// assert_eq!(targets.slice(s![0, 1, ..]), array![-1, 1, 1, -1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`QuiltError::PairCount`] if there are not as many targets as inputs, [`QuiltError::Shape`] if images are
    /// of another size, [`QuiltError::OutOfMemory`].
    pub fn unstitch_data_pair<A, B, DA, DB>(
        &self,
        inputs: ArrayView<'_, A, DA>,
        targets: ArrayView<'_, B, DB>,
        missing: Option<B>,
    ) -> Result<ArrayPair<A, B, DA, DB>, QuiltError>
    where
        A: Element,
        B: Element,
        DA: RemoveAxis,
        DB: RemoveAxis,
    {
        self.check_pair(inputs.shape(), targets.shape())?;
        let inputs = self.unstitch(inputs)?;
        let mut targets = self.unstitch(targets)?;
        if let Some(missing) = missing {
            self.hide_border(targets.view_mut(), missing);
        }
        Ok((inputs, targets))
    }

    /// Pairs of patches whose target holds a label inside of the border, one at a time and in order.
    ///
    /// Target pixels of the border become `missing`; a pair is left out if all of its target is `missing` then,
    /// in all channels. `NaN` is like no value, so that nothing is left out. Only one patch is held.
    ///
    /// ```
    /// use ndarray::Array3;
    /// use patchweave_geometry::{Extent, PerAxis};
    /// use patchweave_quilt::Quilt;
    ///
    /// let (images, mut labels) = (Array3::<f32>::zeros((1, 8, 8)), Array3::<u8>::zeros((1, 8, 8)));
    /// labels[[0, 6, 1]] = 7;
    /// let quilt = Quilt::new(Extent::new(&[8, 8])?, Extent::new(&[4, 4])?, PerAxis::new(&[4, 4])?)?;
    /// let pairs = quilt.clean_pairs(images.view(), labels.view(), 0)?;
    /// assert_eq!(pairs.map(|pair| pair.index).collect::<Vec<_>>(), [2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`QuiltError::PairCount`], [`QuiltError::Shape`].
    pub fn clean_pairs<'a, A, B, DA, DB>(
        &'a self,
        inputs: ArrayView<'a, A, DA>,
        targets: ArrayView<'a, B, DB>,
        missing: B,
    ) -> Result<impl Iterator<Item = PatchPair<'a, A, B, DA::Smaller, DB::Smaller>> + 'a, QuiltError>
    where
        A: Element,
        B: Element,
        DA: RemoveAxis + 'a,
        DB: RemoveAxis + 'a,
    {
        self.check_pair(inputs.shape(), targets.shape())?;
        let pairs = self.patches(inputs)?.zip(self.patches(targets)?);
        Ok(pairs.filter(move |(_, (_, target))| self.holds_label(target, missing)).map(
            move |((index, input), (_, target))| {
                let mut target = target.to_owned();
                self.hide_border(target.view_mut(), missing);
                PatchPair { index, input, target }
            },
        ))
    }

    /// All pairs of [`clean_pairs`](Self::clean_pairs) in two arrays, empty ones if none is kept.
    ///
    /// # Errors
    /// As [`clean_pairs`](Self::clean_pairs), and [`QuiltError::OutOfMemory`].
    pub fn unstitch_and_clean_sparse_data_pair<A, B, DA, DB>(
        &self,
        inputs: ArrayView<'_, A, DA>,
        targets: ArrayView<'_, B, DB>,
        missing: B,
    ) -> Result<LabelledPairs<A, B, DA, DB>, QuiltError>
    where
        A: Element,
        B: Element,
        DA: RemoveAxis,
        DB: RemoveAxis,
    {
        let window = self.grid().window();
        let shape = |what, shape: &[usize], n: usize| {
            Ok::<_, QuiltError>(Leading::of(what, shape, self.grid().image())?.shape(n, window))
        };
        self.check_pair(inputs.shape(), targets.shape())?;
        let n_patches = self.n_patches(inputs.len_of(Axis(0)));
        let is_kept = |index: &usize| {
            self.unstitch_one(targets.view(), *index).is_ok_and(|target| self.holds_label(&target, missing))
        };
        let kept: Vec<usize> = (0..n_patches).into_par_iter().filter(is_kept).collect();
        let mut cut_inputs: Array<A, DA> = zeros(&shape("the inputs", inputs.shape(), kept.len())?)?;
        let mut cut_targets: Array<B, DB> = zeros(&shape("the targets", targets.shape(), kept.len())?)?;
        let places = cut_inputs.axis_iter_mut(Axis(0)).zip(cut_targets.axis_iter_mut(Axis(0)));
        let places: Vec<_> = kept.iter().zip(places).collect();
        places.into_par_iter().try_for_each(|(&index, (mut input, mut target))| {
            input.assign(&self.unstitch_one(inputs.view(), index)?);
            target.assign(&self.unstitch_one(targets.view(), index)?);
            Ok::<_, QuiltError>(())
        })?;
        self.hide_border(cut_targets.view_mut(), missing);
        Ok(LabelledPairs { kept, inputs: cut_inputs, targets: cut_targets })
    }

    fn check_pair(&self, inputs: &[usize], targets: &[usize]) -> Result<(), QuiltError> {
        let n_inputs = Leading::of("the inputs", inputs, self.grid().image())?.n;
        let n_targets = Leading::of("the targets", targets, self.grid().image())?.n;
        if n_inputs == n_targets { Ok(()) } else { Err(QuiltError::PairCount { n_inputs, n_targets }) }
    }

    /// Whether a target holds a label that its border does not hide; the last axes are those of a window.
    fn holds_label<T: Element, D: Dimension>(&self, target: &ArrayView<'_, T, D>, missing: T) -> bool {
        // A label that is not even like itself is never missing.
        if missing.ne(&missing) {
            return !target.is_empty();
        }
        let mut inside = target.view();
        let window = self.grid().window();
        let borders = self.border();
        let first = target.ndim() - window.n_axes();
        for (axis, border) in borders.iter().flat_map(PerAxis::iter).enumerate() {
            let size = window.per_axis()[axis];
            let border = usize::try_from(border).unwrap_or(0);
            let end = size.saturating_sub(border);
            inside.slice_axis_inplace(Axis(first + axis), Slice::from(border.min(end)..end));
        }
        inside.iter().any(|label| *label != missing)
    }

    /// Overwrites what is not inside: the last axes of `labels` are those of a window.
    fn hide_border<T: Element, D: Dimension>(&self, mut labels: ArrayViewMut<'_, T, D>, missing: T) {
        let Some(borders) = self.border() else { return };
        let window = self.grid().window();
        let first = labels.ndim() - window.n_axes();
        for (axis, border) in borders.iter().enumerate() {
            let Ok(border @ 1..) = usize::try_from(border) else { continue };
            let size = window.per_axis()[axis];
            let border = border.min(window.per_axis()[axis]);
            for edge in [0..border, size - border..size] {
                labels.slice_axis_mut(Axis(first + axis), Slice::from(edge)).fill(missing);
            }
        }
    }
}
