//! Stacks indexed as NumPy indexes arrays.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod support;

use ndarray::{ArrayD, Axis};
use patchweave_slices::{Index, IndexedStack, MissingAxes, Span};
use patchweave_stack::ArrayStack;
use proptest::prelude::*;

use support::{Recorded, stack, volume};

const SHAPE: [usize; 5] = [2, 3, 5, 4, 6];

fn any_index(size: usize) -> impl Strategy<Value = Index> {
    let n = i64::try_from(size).unwrap();
    let end = move || prop::option::of(-n - 2..n + 2);
    let step = prop::option::of(prop_oneof![-3_i64..0, 1_i64..4]);
    prop_oneof![
        (-n..n).prop_map(Index::At),
        (end(), end(), step).prop_map(|(start, stop, step)| Index::Span(Span { start, stop, step })),
    ]
}

fn any_key() -> impl Strategy<Value = Vec<Index>> {
    let [n, c, z, y, x] = SHAPE.map(any_index);
    ((n, c, z, y, x), 0_usize..=5).prop_map(|((n, c, z, y, x), len)| [n, c, z, y, x][..len].to_vec())
}

/// Axis after axis, from the last on.
fn expected(array: &ArrayD<f32>, key: &[Index]) -> ArrayD<f32> {
    let mut array = array.clone();
    for (axis, index) in key.iter().enumerate().rev() {
        let size = array.len_of(Axis(axis));
        array = match *index {
            Index::At(at) => {
                let at = if at < 0 { at + i64::try_from(size).unwrap() } else { at };
                array.index_axis_move(Axis(axis), usize::try_from(at).unwrap())
            }
            Index::Span(span) => array.select(Axis(axis), &span.indices(size).unwrap()),
        };
    }
    array
}

proptest! {
    #[test]
    fn results_are_those_of_the_whole_array(key in any_key()) {
        let volume = volume(SHAPE);
        for missing in [MissingAxes::LeftOut, MissingAxes::Padded] {
            let indexed = IndexedStack::new(stack(&volume), missing);
            prop_assert_eq!(indexed.get(&key).unwrap(), expected(&volume.clone().into_dyn(), &key));
        }
    }

    /// Whatever is given for the axes that are missing, even nonsense, is ignored.
    #[test]
    fn axes_that_are_missing_are_ignored(key in any_key(), n in any::<i64>(), c in any::<i64>()) {
        let whole = volume([1, 1, SHAPE[2], SHAPE[3], SHAPE[4]]).index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0).into_dyn();
        let indexed = IndexedStack::new(ArrayStack::new(whole.clone(), &"ZYX".parse().unwrap()).unwrap(), MissingAxes::LeftOut);
        let mut full = vec![Index::At(n), Index::At(c)];
        full.extend(key.get(2..).unwrap_or_default());
        prop_assert_eq!(indexed.shape(), [1, 1, SHAPE[2], SHAPE[3], SHAPE[4]]);
        prop_assert_eq!(indexed.get(&full).unwrap(), expected(&whole, &full[2..]));
    }

    #[test]
    fn listed_slices_come_as_listed_and_are_read_once(
        n in 0..SHAPE[0], c in 0..SHAPE[1], list in prop::collection::vec(0..SHAPE[2], 0..9),
    ) {
        let volume = volume(SHAPE);
        let indexed = IndexedStack::new(Recorded::new(stack(&volume)), MissingAxes::LeftOut);
        let slices = indexed.z_slices(n, c, &list).unwrap();
        let channel = volume.index_axis(Axis(0), n).index_axis_move(Axis(0), c);
        prop_assert_eq!(slices, channel.select(Axis(0), &list));
        let read: Vec<usize> = indexed.source().take().into_iter().flat_map(|(_, _, [z, ..])| z).collect();
        let mut distinct = list.clone();
        distinct.sort_unstable();
        distinct.dedup();
        prop_assert_eq!(read, distinct);
    }
}

#[test]
fn planes_and_other_axes_are_indexed_as_well() {
    let array = ArrayD::from_shape_fn(vec![4, 5, 2], |at| (100 * at[2] + 10 * at[0] + at[1]) as f32);
    let stack = ArrayStack::new(array, &"YXC".parse().unwrap()).unwrap();
    let indexed = IndexedStack::new(stack, MissingAxes::Padded);
    assert_eq!(indexed.shape(), [1, 2, 1, 4, 5]);
    let row = indexed.get(&[Index::At(0), Index::At(1), Index::At(0), Index::At(-1)]).unwrap();
    assert_eq!(row.into_raw_vec_and_offset().0, [130.0, 131.0, 132.0, 133.0, 134.0]);
    assert_eq!(indexed.get(&[]).unwrap().shape(), [2, 4, 5]);
    assert_eq!(indexed.z_slices(0, 1, &[0, 0]).unwrap().shape(), [2, 4, 5]);
}

#[test]
fn what_is_out_of_range_is_named() {
    let indexed = IndexedStack::new(stack(&volume(SHAPE)), MissingAxes::LeftOut);
    let refused = |key: &[Index]| indexed.get(key).unwrap_err().to_string();
    assert_eq!(refused(&[Index::At(2)]), "index 2 is out of range for axis n of size 2");
    assert_eq!(refused(&[Index::ALL, Index::At(-4)]), "index -4 is out of range for axis c of size 3");
    assert_eq!(
        refused(&[Index::ALL, Index::ALL, Index::At(i64::MIN)]),
        format!("index {} is out of range for axis z of size 5", i64::MIN)
    );
    assert_eq!(refused(&[Index::ALL; 6]), "got 6 indices, expected at most 5 for n, c, z, y and x");
    let error = indexed.z_slices(0, 0, &[1, 5]).unwrap_err();
    assert_eq!(error.to_string(), "index 5 is out of range for axis z of size 5");
    assert!(indexed.z_slices(2, 0, &[1]).is_err() && indexed.z_slices(0, 3, &[1]).is_err());
}
