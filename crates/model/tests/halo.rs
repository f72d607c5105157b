//! The measured halo of models whose halo is known.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use ndarray::{ArrayView5, ArrayViewMut5, Axis, s};
use patchweave_model::halo::{Reach, measure};
use patchweave_model::{
    Cause, ChannelMean, FnModel, Gaussian, Identity, InputInfo, Model, ModelInfo, OutputInfo, Scale, Sides,
    SizeRule,
};
use proptest::prelude::*;

const HALVED: [Scale; 3] = [Scale::Same, Scale::Over(2), Scale::Over(2)];

/// A model of planes with one output.
fn planes(
    scale: [Scale; 3],
    rule: SizeRule,
    predict: impl Fn(ArrayView5<'_, f32>, &mut ArrayViewMut5<'_, f32>) + Send + Sync,
) -> impl Model {
    let input = InputInfo::planes().with_sizes([SizeRule::Fixed(1), rule, rule]);
    let info = ModelInfo::new("closure", input, vec![OutputInfo::new("out").with_scale(scale)]);
    FnModel::new(info, move |inputs, outputs: &mut [ArrayViewMut5<'_, f32>]| -> Result<(), Cause> {
        outputs.iter_mut().for_each(|output| predict(inputs, output));
        Ok(())
    })
}

/// The mean of every block of 2 by 2 pixels.
fn halve(inputs: ArrayView5<'_, f32>, output: &mut ArrayViewMut5<'_, f32>) {
    output.fill(0.0);
    for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        output.scaled_add(0.25, &inputs.slice(s![.., .., .., dy..;2, dx..;2]));
    }
}

/// Every pixel as a block of 2 by 2.
fn double(inputs: ArrayView5<'_, f32>, output: &mut ArrayViewMut5<'_, f32>) {
    for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        output.slice_mut(s![.., .., .., dy..;2, dx..;2]).assign(&inputs);
    }
}

fn sides(before: usize, after: usize) -> Sides {
    Sides { before, after }
}

const NONE: Sides = Sides::both(0);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Below these deviations the outermost weight is lost in the rounding of `f32`.
    #[test]
    fn gaussians_see_as_far_as_their_kernel(sigma in 0.2..3.0_f64) {
        let gaussian = Gaussian::new(sigma).unwrap();
        let radius = gaussian.info().halo()[0].before;
        let size = 2 * radius + 5;
        let measured = measure(&gaussian, [1, size, size]).unwrap();
        prop_assert_eq!(measured.halo(), [NONE, Sides::both(radius), Sides::both(radius)]);
        prop_assert_eq!(measured.outputs[0].reach, Reach::Inside);
    }

    #[test]
    fn nobody_sees_farther_than_the_kernel(sigma in 0.01..0.2_f64) {
        let gaussian = Gaussian::new(sigma).unwrap();
        let measured = measure(&gaussian, [1, 9, 9]).unwrap();
        let is_within = |(measured, told): (Sides, Sides)| measured.max(told) == told;
        prop_assert!(measured.halo().into_iter().zip(gaussian.info().halo()).all(is_within));
    }

    /// Moved by a few pixels, with what comes from beyond the border left at 0.
    #[test]
    fn shifts_are_seen_to_one_side(dy in 0..9_usize, dx in 0..9_usize) {
        let model = planes([Scale::Same; 3], SizeRule::Any, move |inputs, output| {
            let (_, _, _, n_y, n_x) = inputs.dim();
            output.fill(0.0);
            output.slice_mut(s![.., .., .., dy.., ..n_x - dx]).assign(&inputs.slice(s![.., .., .., ..n_y - dy, dx..]));
        });
        let measured = measure(&model, [1, 24, 26]).unwrap();
        prop_assert_eq!(measured.halo(), [NONE, sides(dy, 0), sides(0, dx)]);
    }
}

#[test]
fn pixels_that_see_themselves_have_no_halo() {
    for model in [&Identity::new() as &dyn Model, &ChannelMean::new()] {
        let measured = measure(model, [5, 8, 9]).unwrap();
        assert_eq!(measured.halo(), [NONE; 3]);
        assert!(!measured.is_global());
    }
}

#[test]
fn volumes_are_measured_along_all_axes() {
    let measured = measure(&Gaussian::new(0.5).unwrap(), [11, 12, 13]).unwrap();
    assert_eq!(measured.halo(), [Sides::both(2); 3]);
}

#[test]
fn a_pixel_made_of_a_block_sees_the_block_as_its_own() {
    let halved = measure(&planes(HALVED, SizeRule::Any, halve), [1, 16, 20]).unwrap();
    assert_eq!(halved.halo(), [NONE; 3]);
    let doubled =
        measure(&planes([Scale::Same, Scale::Times(2), Scale::Times(2)], SizeRule::Any, double), [1, 15, 8]);
    assert_eq!(doubled.unwrap().halo(), [NONE; 3]);
}

/// Halving and doubling again spreads a pixel over its block: to either side, depending on where it stands.
#[test]
fn pooling_sees_to_both_sides_by_turns() {
    let steps = SizeRule::Steps { min: 2, step: 2 };
    let pooled = planes([Scale::Same; 3], steps, |inputs, output| {
        let (b, c, z, y, x) = inputs.dim();
        let mut small = ndarray::Array5::zeros([b, c, z, y / 2, x / 2]);
        halve(inputs, &mut small.view_mut());
        double(small.view(), output);
    });
    assert_eq!(measure(&pooled, [1, 16, 16]).unwrap().halo(), [NONE, Sides::both(1), Sides::both(1)]);
}

/// A kernel of four pixels that steps by two: half a block to both sides, which is not the same to both.
#[test]
fn strides_see_beyond_their_block() {
    let strided = planes([Scale::Same, Scale::Same, Scale::Over(2)], SizeRule::Any, |inputs, output| {
        let n = inputs.len_of(Axis(4));
        for (place, mut column) in output.axis_iter_mut(Axis(4)).enumerate() {
            column.fill(0.0);
            for offset in 0..4 {
                if let Some(at) = (2 * place + offset).checked_sub(1).filter(|at| *at < n) {
                    column += &inputs.index_axis(Axis(4), at);
                }
            }
        }
    });
    assert_eq!(measure(&strided, [1, 4, 16]).unwrap().halo(), [NONE, NONE, Sides::both(1)]);
}

/// What only passes when it is negative, or large, is found by the other strengths.
#[test]
fn thresholds_do_not_hide_what_is_seen() {
    for sign in [1.0, -1.0] {
        let model = planes([Scale::Same; 3], SizeRule::Any, move |inputs, output| {
            let n = inputs.len_of(Axis(4));
            output.assign(&inputs);
            let moved =
                inputs.slice(s![.., .., .., .., ..n - 3]).mapv(|pixel| (sign * pixel - 50.0).max(0.0));
            output.slice_mut(s![.., .., .., .., 3..]).scaled_add(1.0, &moved);
        });
        assert_eq!(measure(&model, [1, 1, 16]).unwrap().halo(), [NONE, NONE, sides(3, 0)]);
    }
}

#[test]
fn whoever_sees_everything_is_told() {
    let centred = planes([Scale::Same; 3], SizeRule::Any, |inputs, output| {
        output.assign(&inputs);
        *output -= inputs.mean().unwrap_or_default();
    });
    let measured = measure(&centred, [1, 12, 12]).unwrap();
    assert!(measured.is_global());
    // A tile that is too small looks the same along one border at least.
    let narrow = measure(&Gaussian::new(1.0).unwrap(), [1, 6, 40]).unwrap();
    assert!(narrow.outputs[0].reach > Reach::Inside);
}

#[test]
fn several_outputs_are_measured_each() {
    let outputs = vec![OutputInfo::new("same"), OutputInfo::new("before")];
    let info = ModelInfo::new("two", InputInfo::planes(), outputs);
    let model = FnModel::new(info, |inputs, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        let n = inputs.len_of(Axis(4));
        outputs[0].assign(&inputs);
        outputs[1].fill(0.0);
        outputs[1].slice_mut(s![.., .., .., .., 2..]).assign(&inputs.slice(s![.., .., .., .., ..n - 2]));
        Ok(())
    });
    let measured = measure(&model, [1, 5, 16]).unwrap();
    let halos: Vec<_> =
        measured.outputs.iter().map(|output| (output.name.as_str(), output.halo[2])).collect();
    assert_eq!(halos, [("same", NONE), ("before", sides(2, 0))]);
    assert_eq!(measured.halo()[2], sides(2, 0));
}

#[test]
fn a_size_that_the_model_does_not_take_is_refused() {
    let fixed = planes([Scale::Same; 3], SizeRule::Fixed(8), |inputs, output| output.assign(&inputs));
    let error = measure(&fixed, [1, 8, 9]).unwrap_err();
    assert_eq!(error.to_string(), "model closure: got 9 pixels along X, expected 8");
}
