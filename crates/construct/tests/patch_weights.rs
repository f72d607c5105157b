//! Weights of patches, against sums over their pixels.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use ndarray::Array2;
use patchweave_construct::{BasicPatchConstr, ConstructError, Dataset, PatchExtractor, patch_weights};
use patchweave_geometry::Extent;
use patchweave_patching::{RandomPatching, SequentialPatching};
use patchweave_stack::ArrayStack;
use proptest::prelude::*;

fn image(shape: [usize; 2], pixel: impl Fn([usize; 2]) -> f32) -> PatchExtractor {
    let pixels = Array2::from_shape_fn(shape, |(y, x)| pixel([y, x])).into_dyn();
    let stack = ArrayStack::new(pixels, &"YX".parse().unwrap()).unwrap();
    PatchExtractor::new(vec![Arc::new(stack)]).unwrap()
}

proptest! {
    #[test]
    fn patches_weigh_what_their_pixels_weigh(
        size in 1_usize..5, n_y in 1_usize..4, n_x in 1_usize..4, factor in 1_u16..100,
    ) {
        let shape = [n_y * size, n_x * size];
        let pixel = |[y, x]: [usize; 2]| f32::from(u16::try_from(y * 31 + x * 17).unwrap() * factor % 13);
        let input = image(shape, |_| 0.0);
        let patching = SequentialPatching::new(input.shapes(), Extent::new(&[size, size]).unwrap(), None).unwrap();
        let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None).unwrap()), 1);
        let weights = patch_weights(&dataset, &image(shape, pixel), f64::from, &|| true).unwrap();
        prop_assert_eq!(weights.len(), n_y * n_x);
        for (index, weight) in weights.iter().enumerate() {
            let start = [index / n_x * size, index % n_x * size];
            let pixels = (0..size * size).map(|at| pixel([start[0] + at / size, start[1] + at % size]));
            let sum: f64 = pixels.map(f64::from).sum();
            let expected = sum / f64::from(u16::try_from(size * size).unwrap());
            prop_assert!((weight - expected).abs() < 1e-9, "patch {}: {} instead of {}", index, weight, expected);
        }
        let last = [shape[0] - 1, shape[1] - 1];
        let negative = image(shape, |at| if at == last { -1.0 } else { 1.0 });
        let error = patch_weights(&dataset, &negative, f64::from, &|| true).unwrap_err();
        let place = [0, last[0], last[1]].map(|at| i64::try_from(at).unwrap());
        prop_assert!(matches!(error, ConstructError::Weight { zyx, .. } if zyx == place), "{:?}", error);
    }
}

#[test]
fn weights_can_be_interrupted_and_need_places_that_stay() {
    let input = image([32, 32], |_| 0.0);
    let maps = image([32, 32], |_| 1.0);
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[4, 4]).unwrap()).unwrap();
    let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None).unwrap()), 1);
    let moving = patch_weights(&dataset, &maps, f64::from, &|| true);
    assert!(matches!(moving, Err(ConstructError::NoFixedPlace { .. })), "{moving:?}");
    let stopped = patch_weights(&dataset, &maps, f64::from, &|| false);
    assert!(matches!(stopped, Err(ConstructError::Interrupted)), "{stopped:?}");
}
