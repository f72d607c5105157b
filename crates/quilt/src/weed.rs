//! Pairs of patches without labels are weeded out of arrays of patches.

use ndarray::{Array, ArrayView, ArrayViewD, Axis, Dimension, RemoveAxis};
use patchweave_pixel::Pixel;
use rayon::prelude::*;

use crate::{Element, QuiltError};

/// What is left of pairs of patches, and which were removed.
#[derive(Debug, Clone, PartialEq)]
pub struct Weeded<A, B, DA: Dimension, DB: Dimension> {
    /// The inputs that are kept.
    pub inputs: Array<A, DA>,
    /// Their targets, as they were.
    pub targets: Array<B, DB>,
    /// For every pair whether it was removed.
    pub removed: Vec<bool>,
}

/// Removes pairs of patches whose target holds no label where the mask is not 0.
///
/// Inputs are `MC(Z)YX`, targets `M(C)(Z)YX`. The mask is that of a window
/// ([`Quilt::border_tensor`](crate::Quilt::border_tensor)) or has leading axes that broadcast against the
/// targets; a pair stays if `Σ [target ≠ missing] · mask` is not 0. Labels under the border stay as they are.
/// `NaN` is like no value, so that nothing is removed.
///
/// ```
/// use ndarray::{Array, Array3, Array4};
/// use patchweave_quilt::weed_sparse_classification_training_pairs;
///
/// let inputs = Array4::from_shape_fn((3, 2, 4, 4), |(m, ..)| m as f32);
/// let mut labels = Array3::from_elem((3, 4, 4), -1_i64);
/// labels[[0, 2, 2]] = 5;
/// labels[[1, 0, 0]] = 5; // under the border
/// let mask = Array::from_shape_fn((4, 4), |(y, x)| f32::from((1..3).contains(&y) && (1..3).contains(&x)));
///
/// let weeded = weed_sparse_classification_training_pairs(inputs.view(), labels.view(), -1, mask.view().into_dyn())?;
/// assert_eq!(weeded.removed, [false, true, true]);
/// assert_eq!(weeded.inputs.shape(), [1, 2, 4, 4]);
/// # Ok::<(), patchweave_quilt::QuiltError>(())
/// ```
///
/// # Errors
/// [`QuiltError::PairCount`] if there are not as many targets as inputs, [`QuiltError::Shape`] for arrays without
/// axes or if the mask does not broadcast against the targets.
pub fn weed_sparse_classification_training_pairs<A, B, M, DA, DB>(
    inputs: ArrayView<'_, A, DA>,
    targets: ArrayView<'_, B, DB>,
    missing: B,
    mask: ArrayViewD<'_, M>,
) -> Result<Weeded<A, B, DA, DB>, QuiltError>
where
    A: Element,
    B: Element,
    M: Pixel,
    DA: RemoveAxis,
    DB: RemoveAxis,
{
    let n = |what, shape: &[usize]| {
        let bad = || QuiltError::Shape { what, got: shape.to_vec(), expected: "patches in front".to_owned() };
        shape.first().copied().ok_or_else(bad)
    };
    let n_inputs = n("the array of inputs", inputs.shape())?;
    let n_targets = n("the array of targets", targets.shape())?;
    if n_inputs != n_targets {
        return Err(QuiltError::PairCount { n_inputs, n_targets });
    }
    let mask = without_ones_in_front(mask);
    let mask = broadcast(&mask, targets.shape())?;
    let removed = (0..n_targets)
        .into_par_iter()
        .map(|at| !counts(targets.index_axis(Axis(0), at), missing, mask.index_axis(Axis(0), at)));
    let removed: Vec<bool> = removed.collect();
    let kept: Vec<usize> = (0..n_inputs).filter(|&at| !removed[at]).collect();
    Ok(Weeded { inputs: inputs.select(Axis(0), &kept), targets: targets.select(Axis(0), &kept), removed })
}

/// The same decision for one pair at a time, so that no array of patches has to be held.
///
/// `target` is one patch `(C)(Z)YX`, `mask` broadcasts against it.
///
/// ```
/// use ndarray::{arr2, array};
/// use patchweave_quilt::holds_label;
///
/// let mask = arr2(&[[0, 1], [0, 1]]).into_dyn();
/// assert!(holds_label(array![[-1, 3], [-1, -1]].view(), -1, mask.view())?);
/// assert!(!holds_label(array![[3, -1], [-1, -1]].view(), -1, mask.view())?);
/// # Ok::<(), patchweave_quilt::QuiltError>(())
/// ```
///
/// # Errors
/// [`QuiltError::Shape`] if the mask does not broadcast against the target.
pub fn holds_label<B: Element, M: Pixel, D: Dimension>(
    target: ArrayView<'_, B, D>,
    missing: B,
    mask: ArrayViewD<'_, M>,
) -> Result<bool, QuiltError> {
    let mask = without_ones_in_front(mask);
    Ok(counts(target.view(), missing, broadcast(&mask, target.shape())?))
}

/// A mask may have more axes than the targets, as long as they hold nothing.
fn without_ones_in_front<M>(mut mask: ArrayViewD<'_, M>) -> ArrayViewD<'_, M> {
    while mask.ndim() > 2 && mask.len_of(Axis(0)) == 1 {
        mask = mask.index_axis_move(Axis(0), 0);
    }
    mask
}

fn broadcast<'a, M>(mask: &'a ArrayViewD<'_, M>, shape: &[usize]) -> Result<ArrayViewD<'a, M>, QuiltError> {
    mask.broadcast(shape).ok_or_else(|| QuiltError::Shape {
        what: "the mask",
        got: mask.shape().to_vec(),
        expected: format!("one that broadcasts against {shape:?}"),
    })
}

/// Whether the mask where there are labels, added up, is not 0; both have one shape.
fn counts<B: Element, M: Pixel, D: Dimension>(
    target: ArrayView<'_, B, D>,
    missing: B,
    mask: ArrayViewD<'_, M>,
) -> bool {
    let labels = target.iter().zip(&mask).filter(|(label, _)| **label != missing);
    let mut weights = labels.map(|(_, weight)| weight.to_f64());
    // As long as no weight is negative, the first that is not 0 decides.
    let mut sum = 0.0;
    let has_negative = weights.any(|weight| {
        sum += weight;
        weight != 0.0
    }) && mask.iter().any(|weight| weight.to_f64() < 0.0);
    if has_negative {
        sum += weights.sum::<f64>();
    }
    sum != 0.0
}
