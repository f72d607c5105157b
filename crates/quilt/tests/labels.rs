//! Pairs of inputs and targets: labels under the border, patches without labels.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use ndarray::{Array, Array1, Array3, Array4, ArrayD, Axis, IxDyn};
use patchweave_geometry::{Extent, PerAxis};
use patchweave_quilt::{Quilt, QuiltError, holds_label, weed_sparse_classification_training_pairs};
use proptest::prelude::*;

fn quilt(image: &[usize], window: &[usize], step: &[usize], border: Vec<i64>) -> Quilt {
    let image = Extent::new(image).unwrap();
    let window = Extent::new(window).unwrap();
    Quilt::new(image, window, PerAxis::new(step).unwrap()).unwrap().with_border(border, 0.1).unwrap()
}

proptest! {
    /// Hiding, cleaning, weeding and judging one pair at a time agree.
    #[test]
    fn all_ways_to_clean_keep_the_same(
        axes in prop::collection::vec((1_usize..7, 0_usize..9, 1_usize..5, -1_i64..3), 2..=3),
        channels in prop::option::of(1_usize..3),
        labels in prop::collection::vec((0_usize..10_000, 0_u8..3), 0..6),
    ) {
        let image: Vec<usize> = axes.iter().map(|axis| axis.0 + axis.1).collect();
        let window: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
        let step: Vec<usize> = axes.iter().map(|axis| axis.2).collect();
        let border: Vec<i64> = axes.iter().map(|axis| axis.3).collect();
        let quilt = quilt(&image, &window, &step, border);
        let shape = |channels: Option<usize>| [vec![2], channels.into_iter().collect(), image.clone()].concat();
        let inputs = ArrayD::from_shape_fn(shape(Some(2)), |at| f32::from(u8::try_from(at[0] * 9 + at[1]).unwrap()));
        let mut targets = ArrayD::<u8>::zeros(shape(channels));
        let n = targets.len();
        for (at, label) in labels {
            targets.as_slice_mut().unwrap()[at % n] = label;
        }
        let missing = 0;

        let pairs = quilt.unstitch_and_clean_sparse_data_pair(inputs.view(), targets.view(), missing).unwrap();
        let (all_inputs, hidden) = quilt.unstitch_data_pair(inputs.view(), targets.view(), Some(missing)).unwrap();
        let holds = |target: ndarray::ArrayViewD<'_, u8>| target.iter().any(|label| *label != missing);
        let kept: Vec<usize> =
            hidden.outer_iter().enumerate().filter(|(_, target)| holds(target.view())).map(|(at, _)| at).collect();
        prop_assert_eq!(&pairs.kept, &kept);
        prop_assert_eq!(&pairs.inputs, &all_inputs.select(Axis(0), &kept));
        prop_assert_eq!(&pairs.targets, &hidden.select(Axis(0), &kept));
        for (pair, at) in quilt.clean_pairs(inputs.view(), targets.view(), missing).unwrap().zip(0..) {
            prop_assert_eq!(pair.index, kept[at]);
            prop_assert_eq!(pair.input, pairs.inputs.index_axis(Axis(0), at));
            prop_assert_eq!(pair.target, pairs.targets.index_axis(Axis(0), at).to_owned());
        }

        let (_, shown) = quilt.unstitch_data_pair(inputs.view(), targets.view(), None).unwrap();
        let mask = quilt.border_tensor();
        let weeded =
            weed_sparse_classification_training_pairs(all_inputs.view(), shown.view(), missing, mask.view()).unwrap();
        let removed: Vec<bool> = (0..shown.len_of(Axis(0))).map(|at| !kept.contains(&at)).collect();
        prop_assert_eq!(&weeded.removed, &removed);
        prop_assert_eq!(&weeded.targets, &shown.select(Axis(0), &kept), "labels under the border stay");
        for (target, removed) in shown.outer_iter().zip(removed) {
            prop_assert_eq!(holds_label(target, missing, mask.view()).unwrap(), !removed);
        }
    }
}

#[test]
fn masks_of_any_type_and_with_axes_in_front_do() {
    let inputs = Array4::<f32>::zeros((2, 1, 3, 3));
    let mut labels = Array4::<i32>::zeros((2, 1, 3, 3));
    labels[[1, 0, 1, 1]] = 4;
    labels[[0, 0, 0, 0]] = 4;
    let mask = Array::from_shape_fn((3, 3), |at| at == (1, 1));
    let removed = |mask: ArrayD<bool>| {
        weed_sparse_classification_training_pairs(inputs.view(), labels.view(), 0, mask.view())
            .map(|w| w.removed)
    };
    for shape in [&[3, 3][..], &[1, 3, 3], &[1, 1, 3, 3]] {
        assert_eq!(removed(mask.clone().into_shape_with_order(shape).unwrap()).unwrap(), [true, false]);
    }
    let one_each = ndarray::stack![Axis(0), mask, mask.mapv(|_| false)].insert_axis(Axis(1)).into_dyn();
    assert_eq!(removed(one_each).unwrap(), [true, true]);
    let error = removed(ArrayD::from_elem(IxDyn(&[3, 4]), true)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the mask has shape [3, 4], expected one that broadcasts against [2, 1, 3, 3]"
    );
}

#[test]
fn a_label_that_is_no_number_hides_nothing() {
    let inputs = Array3::<f32>::zeros((1, 4, 4));
    let targets = Array3::from_elem((1, 4, 4), f32::NAN);
    let quilt = quilt(&[4, 4], &[2, 2], &[2, 2], vec![0, 0]);
    let pairs = quilt.unstitch_and_clean_sparse_data_pair(inputs.view(), targets.view(), f32::NAN).unwrap();
    assert_eq!(pairs.kept, [0, 1, 2, 3]);
    let mask = quilt.border_tensor();
    let weeded = weed_sparse_classification_training_pairs(
        pairs.inputs.view(),
        pairs.targets.view(),
        f32::NAN,
        mask.view(),
    );
    assert_eq!(weeded.unwrap().removed, [false; 4]);
}

#[test]
fn pairs_have_as_many_targets_as_inputs() {
    let quilt = quilt(&[4, 4], &[2, 2], &[2, 2], vec![0, 0]);
    let inputs = Array3::<f32>::zeros((2, 4, 4));
    let targets = Array3::<u8>::zeros((3, 4, 4));
    let error = quilt.unstitch_data_pair(inputs.view(), targets.view(), None).unwrap_err();
    assert_eq!(error, QuiltError::PairCount { n_inputs: 2, n_targets: 3 });
    assert_eq!(error.to_string(), "got 2 inputs and 3 targets, expected as many of each");
    let one = Array1::<bool>::from_elem(1, true).into_dyn();
    let error = weed_sparse_classification_training_pairs(inputs.view(), targets.view(), 0, one.view());
    assert_eq!(error.unwrap_err(), QuiltError::PairCount { n_inputs: 2, n_targets: 3 });
}

#[test]
fn arrays_without_axes_are_refused() {
    let input = ndarray::arr0(1.0_f32).into_dyn();
    let target = ndarray::arr0(1_usize).into_dyn();
    let mask = ArrayD::<bool>::from_elem(IxDyn(&[]), true);
    let error =
        weed_sparse_classification_training_pairs(input.view(), target.view(), 0, mask.view()).unwrap_err();
    assert_eq!(error.to_string(), "the array of inputs has shape [], expected patches in front");
}
