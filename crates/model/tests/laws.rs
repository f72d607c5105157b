//! Laws of models over ranges: sizes that fit, shapes of outputs, and tiles that equal the whole.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use ndarray::{Array5, ArrayViewMut5, s};
use patchweave_model::{
    ChannelMean, ChannelRule, FnModel, Gaussian, Identity, InputInfo, Model, ModelError, ModelExt, ModelInfo,
    NativeScale, OutputInfo, Scale, SizeRule,
};
use proptest::prelude::*;

fn rule() -> impl Strategy<Value = SizeRule> {
    prop_oneof![
        Just(SizeRule::Any),
        (1..200_usize).prop_map(SizeRule::Fixed),
        (0..100_usize, 0..40_usize).prop_map(|(min, step)| SizeRule::Steps { min, step }),
    ]
}

fn scale() -> impl Strategy<Value = Scale> {
    prop_oneof![Just(Scale::Same), (0..5_usize).prop_map(Scale::Times), (0..9_usize).prop_map(Scale::Over)]
}

fn shape() -> impl Strategy<Value = [usize; 5]> {
    [1..3_usize, 1..4_usize, 1..5_usize, 1..12_usize, 1..12_usize]
}

/// An image whose pixels all differ.
fn image(shape: [usize; 5]) -> Array5<f32> {
    let mut number = 0.0;
    Array5::from_shape_simple_fn(shape, || {
        number = (number * 1.3 + 0.7) % 5.0;
        number
    })
}

fn built_in() -> Vec<Box<dyn Model>> {
    vec![
        Box::new(Identity::new()),
        Box::new(Gaussian::new(1.3).unwrap()),
        Box::new(ChannelMean::new()),
        Box::new(NativeScale::new(Gaussian::new(0.7).unwrap())),
        Box::new(NativeScale::new(ChannelMean::new())),
    ]
}

proptest! {
    /// The largest that is taken and not above what was wanted, or the smallest of all.
    #[test]
    fn fitting_sizes_are_the_nearest(rule in rule(), wanted in 0..300_usize) {
        let fitting = rule.fit(wanted);
        prop_assert!(rule.accepts(fitting), "{rule:?} does not take {fitting}");
        let largest = (1..=wanted).rev().find(|size| rule.accepts(*size));
        prop_assert_eq!(fitting, largest.unwrap_or_else(|| rule.smallest()));
        prop_assert!((1..rule.smallest()).all(|size| !rule.accepts(size)));
    }

    /// A tile that fits is taken, wherever any size would be.
    #[test]
    fn fitting_tiles_are_taken(rule in rule(), scales in [scale(), scale()], wanted in 1..300_usize) {
        let output = |scale| OutputInfo::new("out").with_scale([Scale::Same, scale, Scale::Same]);
        let input = InputInfo::any().with_sizes([SizeRule::Any, rule, SizeRule::Any]);
        let info = ModelInfo::new("net", input, scales.map(output).into());
        let [z, y, x] = info.fit([7, wanted, 3]);
        prop_assert_eq!([z, x], [7, 3]);
        let is_taken = |size: usize| info.check([1, 1, 7, size, 3]).is_ok();
        let largest = (1..=wanted).rev().find(|size| is_taken(*size));
        match largest.or_else(|| (1..5000).find(|size| is_taken(*size))) {
            Some(expected) => prop_assert_eq!(y, expected),
            None => prop_assert_eq!(y, rule.fit(wanted)),
        }
    }

    #[test]
    fn outputs_have_the_shapes_that_are_told(shape in shape()) {
        for model in built_in() {
            let info = model.info();
            model.prepare(shape).unwrap();
            let outputs = model.predict_alone(image(shape).view()).unwrap();
            let shapes: Vec<[usize; 5]> = outputs.iter().map(|output| output.dim().into()).collect();
            prop_assert_eq!(&shapes, &info.output_shapes(shape), "{}", info.name);
            prop_assert!(outputs.iter().flatten().all(|pixel| pixel.is_finite()));
        }
    }

    /// Whatever memory held before does not matter, nor how it lies.
    #[test]
    fn outputs_are_the_same_in_every_memory(shape in shape()) {
        let inputs = image(shape);
        for model in built_in() {
            let expected = &model.predict_alone(inputs.view()).unwrap()[0];
            let (batch, channels, z, y, x) = expected.dim();
            let mut memory = Array5::from_elem([x, channels + 1, z, 2 * y, batch], f32::NAN);
            let view = memory.slice_mut(s![.., 1.., .., ..;2, ..]).permuted_axes([4, 1, 2, 3, 0]);
            model.predict(inputs.view(), &mut [view]).unwrap();
            let got = memory.slice(s![.., 1.., .., ..;2, ..]).permuted_axes([4, 1, 2, 3, 0]);
            prop_assert_eq!(got, expected.view());
            prop_assert!(memory.slice(s![.., 0, .., .., ..]).iter().all(|pixel| pixel.is_nan()));
        }
    }

    #[test]
    fn wrong_memory_is_refused(shape in shape(), axis in 0..5_usize) {
        let inputs = image(shape);
        for model in built_in() {
            let mut wrong = model.info().output_shapes(shape)[0];
            wrong[axis] += 1;
            let mut memory = Array5::zeros(wrong);
            for views in [&mut [memory.view_mut()][..], &mut []] {
                let error = model.predict(inputs.view(), views).unwrap_err();
                prop_assert!(matches!(error, ModelError::Shape { .. }), "{}", error);
            }
        }
    }

    /// Inside of the halo a tile is what the whole image is there.
    #[test]
    fn tiles_of_a_gaussian_equal_the_whole(sigma in 0.1..2.5_f64, start in 0..30_usize, size in 1..20_usize) {
        let gaussian = Gaussian::new(sigma).unwrap();
        let [_, y_halo, _] = gaussian.info().halo();
        let inputs = image([1, 1, 1, 60, 40]);
        let whole = &gaussian.predict_alone(inputs.view()).unwrap()[0];
        let start = start.max(y_halo.before);
        let end = (start + size).min(60 - y_halo.after);
        let tile = inputs.slice(s![.., .., .., start - y_halo.before..end + y_halo.after, ..]);
        let predicted = &gaussian.predict_alone(tile).unwrap()[0];
        let kept = predicted.slice(s![.., .., .., y_halo.before..y_halo.before + end - start, ..]);
        prop_assert_eq!(kept, whole.slice(s![.., .., .., start..end, ..]));
    }
}

#[test]
fn closures_get_only_what_they_take() {
    let input = InputInfo::planes().with_n_channels(2).with_batch(SizeRule::Fixed(1));
    let halves = OutputInfo::new("halves").with_channels(ChannelRule::Fixed(1)).with_scale([
        Scale::Same,
        Scale::Over(2),
        Scale::Over(2),
    ]);
    let info = ModelInfo::new("halve", input, vec![halves]);
    let model = FnModel::new(info, |inputs, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        if inputs[[0, 0, 0, 0, 0]] < 0.0 {
            return Err("below zero".into());
        }
        outputs[0].assign(&inputs.slice(s![.., ..1, .., ..;2, ..;2]));
        Ok(())
    });
    let refusals = [
        ([2, 2, 1, 4, 4], "model halve: got 2 samples at once, expected 1"),
        ([1, 1, 1, 4, 4], "model halve: got 1 channels, expected 2"),
        ([1, 2, 3, 4, 4], "model halve: got 3 pixels along Z, expected 1"),
        ([1, 2, 1, 4, 5], "model halve: got 5 pixels along X, expected a multiple of 2"),
        ([1, 2, 1, 0, 4], "model halve: got inputs of 1×2×1×0×4 pixels, expected sizes above 0"),
    ];
    for (shape, expected) in refusals {
        let error = model.predict_alone(Array5::zeros(shape).view()).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(model.prepare(shape).unwrap_err().to_string(), expected);
    }
    assert_eq!(model.predict_alone(Array5::ones([1, 2, 1, 4, 6]).view()).unwrap()[0].dim(), (1, 1, 1, 2, 3));
    let error = model.predict_alone(Array5::from_elem([1, 2, 1, 4, 4], -1.0).view()).unwrap_err();
    assert_eq!(error.to_string(), "model halve failed");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "below zero");
}

#[test]
fn outputs_too_large_to_count_are_refused() {
    let output = OutputInfo::new("huge").with_scale([Scale::Times(usize::MAX), Scale::Same, Scale::Same]);
    let info = ModelInfo::new("net", InputInfo::any(), vec![output]);
    let error = info.check([1, 1, 2, 2, 2]).unwrap_err();
    assert!(error.to_string().ends_with("expected outputs that fit into memory"), "{error}");
}

/// What a model that wraps one is told is told to that one too.
#[test]
fn the_native_scale_is_one_channel() {
    let input = InputInfo::any().with_n_channels(1).with_sizes([
        SizeRule::Fixed(1),
        SizeRule::Fixed(8),
        SizeRule::Any,
    ]);
    let info = ModelInfo::new("one", input, vec![OutputInfo::new("one")]);
    let one = FnModel::new(info, |inputs, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        outputs[0].assign(&inputs);
        Ok(())
    });
    let native = NativeScale::new(one);
    native.prepare([1, 5, 1, 8, 3]).unwrap();
    assert!(native.prepare([1, 5, 1, 9, 3]).is_err());
    assert_eq!(native.info().output_shapes([1, 5, 1, 8, 3]), [[1, 1, 1, 8, 3]]);
}
