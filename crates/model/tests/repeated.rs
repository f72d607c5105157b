//! Laws of models that are asked several times: symmetric ones give what they give once, random ones what their seeds say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use ndarray::{Array5, ArrayView5, ArrayViewMut5, Axis};
use patchweave_model::{
    ChannelMean, FnModel, Gaussian, Identity, InputInfo, Model, ModelError, ModelExt, ModelInfo, NativeScale,
    OutputInfo, OutputType, RepeatOptions, Repeated, Scale, Sides, SizeRule, Symmetries, halo, seeds_of,
};
use proptest::prelude::*;

fn shape() -> impl Strategy<Value = [usize; 5]> {
    [1..3_usize, 1..4_usize, 1..5_usize, 1..12_usize, 1..12_usize]
}

fn symmetries() -> impl Strategy<Value = Symmetries> {
    prop_oneof![Just(Symmetries::None), Just(Symmetries::Flips), Just(Symmetries::All)]
}

fn image(shape: [usize; 5]) -> Array5<f32> {
    let mut number = 0.0;
    Array5::from_shape_simple_fn(shape, || {
        number = (number * 1.3 + 0.7) % 5.0;
        number
    })
}

/// Pixels repeated, or means of blocks: symmetric, and of other sizes.
fn resizing(scale: [Scale; 3]) -> impl Model {
    let info = ModelInfo::new("resizing", InputInfo::any(), vec![OutputInfo::new("out").with_scale(scale)]);
    FnModel::new(info, move |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        let places = |axis: usize, at: usize| {
            let first = at * scale[axis].over() / scale[axis].times();
            first..first + scale[axis].over()
        };
        for ((b, c, z, y, x), pixel) in outputs[0].indexed_iter_mut() {
            let mut values = Vec::new();
            for z in places(0, z) {
                for y in places(1, y) {
                    values.extend(places(2, x).map(|x| inputs[[b, c, z, y, x]]));
                }
            }
            *pixel = values.iter().sum::<f32>() / values.len() as f32;
        }
        Ok(())
    })
}

/// Adds noise that follows from the seeds of samples, as a network of `MicroSplit` would.
struct Noisy(ModelInfo);

impl Noisy {
    fn new() -> Self {
        Noisy(ModelInfo::new("noisy", InputInfo::any(), vec![OutputInfo::new("noisy")]).parallel().random())
    }
}

impl Model for Noisy {
    fn info(&self) -> &ModelInfo {
        &self.0
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        out: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.predict_seeded(inputs, &vec![0; inputs.len_of(Axis(0))], out)
    }

    fn predict_seeded(
        &self,
        inputs: ArrayView5<'_, f32>,
        seeds: &[u64],
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.0.check_call(inputs.dim().into(), outputs)?;
        assert_eq!(seeds.len(), inputs.len_of(Axis(0)));
        outputs[0].assign(&inputs);
        for (mut sample, seed) in outputs[0].axis_iter_mut(Axis(0)).zip(seeds) {
            let mut state = *seed;
            sample.map_inplace(|pixel| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *pixel += (state >> 40) as f32 / (1_u32 << 24) as f32;
            });
        }
        Ok(())
    }
}

fn repeated<M: Model>(
    model: M,
    symmetries: Symmetries,
    n_samples: usize,
    has_deviation: bool,
) -> Repeated<M> {
    Repeated::new(model, RepeatOptions { symmetries, n_samples, has_deviation }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// What flips and turns do not change stays: exactly, or but for the rounding of sums in another order.
    #[test]
    fn symmetric_models_give_what_they_give_once(
        shape in shape(), symmetries in symmetries(), n_samples in 1..4_usize, z in 0..3_usize, yx in 0..3_usize,
    ) {
        let pixels = image(shape);
        let scales = [Scale::Same, Scale::Over(2), Scale::Times(2)];
        let scale = [scales[z], scales[yx], scales[yx]];
        let [b, c, own_z, y, x] = shape;
        let even = image([b, c, own_z * scale[0].over(), y * scale[1].over(), x * scale[2].over()]);
        let models: [(Box<dyn Model>, &Array5<f32>, f32); 5] = [
            (Box::new(Identity::new()), &pixels, 0.0),
            (Box::new(ChannelMean::new()), &pixels, 0.0),
            (Box::new(Gaussian::new(0.8).unwrap()), &pixels, 1e-6),
            (Box::new(NativeScale::new(Identity::new())), &pixels, 0.0),
            (Box::new(resizing(scale)), &even, 1e-6),
        ];
        for (model, pixels, limit) in &models {
            let once = model.predict_alone(pixels.view()).unwrap();
            let many = repeated(model, symmetries, n_samples, false).predict_alone(pixels.view()).unwrap();
            prop_assert_eq!(many.len(), 1);
            prop_assert_eq!(once[0].dim(), many[0].dim());
            for (once, many) in once[0].iter().zip(&many[0]) {
                prop_assert!((once - many).abs() <= 6.0 * limit, "{}: {} for {}", model.info().name, many, once);
            }
        }
    }

    /// Predictions that agree deviate by exactly nothing.
    #[test]
    fn equal_predictions_do_not_deviate(shape in shape(), symmetries in symmetries(), n_samples in 2..4_usize) {
        let model = repeated(Identity::new(), symmetries, n_samples, true);
        let outputs: Vec<&str> = model.info().outputs.iter().map(|output| output.name.as_str()).collect();
        prop_assert_eq!(outputs, ["identity", "identity_std"]);
        let pixels = image(shape);
        let made = model.predict_alone(pixels.view()).unwrap();
        prop_assert_eq!(&made[0], &pixels);
        prop_assert!(made[1].iter().all(|deviation| *deviation == 0.0));
    }

    /// The mean and the deviation are those of the predictions one by one, and samples of a batch are as if they were alone.
    #[test]
    fn samples_follow_from_pixels_and_numbers(shape in shape(), symmetries in symmetries(), n_samples in 2..6_usize) {
        let model = repeated(Noisy::new(), symmetries, n_samples, true);
        let pixels = image(shape);
        prop_assert!(model.info().is_random);
        let predict = |pixels: ArrayView5<'_, f32>| {
            let mut made = [Array5::zeros(pixels.raw_dim()), Array5::zeros(pixels.raw_dim())];
            let mut views: Vec<_> = made.iter_mut().map(|made| made.view_mut()).collect();
            model.predict_seeded(pixels, &seeds_of(pixels, 0), &mut views).unwrap();
            made
        };
        let made = predict(pixels.view());
        prop_assert_eq!(&made, &predict(pixels.view()));
        for (place, sample) in pixels.axis_chunks_iter(Axis(0), 1).enumerate() {
            let alone = predict(sample);
            for (alone, made) in alone.iter().zip(&made) {
                prop_assert_eq!(alone, &made.index_axis(Axis(0), place).insert_axis(Axis(0)));
            }
        }
        // Noise is from 0 to 1, and never the same twice.
        let noise = &made[0] - &pixels;
        prop_assert!(noise.iter().all(|noise| (-1e-5..1.0).contains(noise)));
        prop_assert!(made[1].iter().all(|deviation| *deviation > 0.0 && *deviation < 0.8));
    }

    /// What a flipped model sees, an augmented one sees as well: the halo that is told is as wide as the one that is found.
    #[test]
    fn halos_are_those_of_all_symmetries(before in 0..3_usize, after in 0..3_usize, symmetries in symmetries()) {
        let halo = [Sides::default(), Sides { before, after }, Sides::default()];
        let info = ModelInfo::new("sees", InputInfo::planes(), vec![OutputInfo::new("out").with_halo(halo)]);
        let sees = FnModel::new(info, move |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
            let n = inputs.len_of(Axis(3));
            for ((b, c, z, y, x), pixel) in outputs[0].indexed_iter_mut() {
                *pixel = (y.saturating_sub(before)..n.min(y + after + 1)).map(|y| inputs[[b, c, z, y, x]]).sum();
            }
            Ok(())
        });
        let model = repeated(&sees, symmetries, 1, false);
        let measured = halo::measure(&model, [1, 12, 12]).unwrap();
        prop_assert_eq!(measured.halo(), model.info().halo());
    }
}

/// With `n − 1`, as `torch.std` has it.
#[test]
fn deviations_are_those_of_a_sample() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let n_calls = AtomicUsize::new(0);
    let info = ModelInfo::new("counts", InputInfo::any(), vec![OutputInfo::new("counts")]);
    let counts = FnModel::new(info, |_: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        outputs[0].fill(n_calls.fetch_add(1, Ordering::Relaxed) as f32);
        Ok(())
    });
    let made = repeated(&counts, Symmetries::None, 5, true).predict_alone(image([1; 5]).view()).unwrap();
    assert_eq!([made[0].sum(), made[1].sum()], [2.0, 2.5_f32.sqrt()]);
    assert_eq!(n_calls.into_inner(), 5);
}

#[test]
fn quarter_turns_take_tiles_of_both_shapes() {
    let sizes =
        [SizeRule::Fixed(1), SizeRule::Steps { min: 0, step: 4 }, SizeRule::Steps { min: 16, step: 8 }];
    let model = |sizes| {
        let info = ModelInfo::new("net", InputInfo::any().with_sizes(sizes), vec![OutputInfo::new("out")]);
        FnModel::new(info, |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
            outputs[0].assign(&inputs);
            Ok(())
        })
    };
    let turned = repeated(model(sizes), Symmetries::All, 1, false);
    let common = SizeRule::Steps { min: 16, step: 8 };
    assert_eq!(turned.info().input.sizes, [SizeRule::Fixed(1), common, common]);
    let pixels = image([1, 1, 1, 16, 24]);
    assert_eq!(turned.predict_alone(pixels.view()).unwrap()[0], pixels);
    let flipped = repeated(model(sizes), Symmetries::Flips, 1, false);
    assert_eq!(flipped.info().input.sizes, sizes);

    let narrow = model([SizeRule::Fixed(1), SizeRule::Fixed(32), SizeRule::Fixed(64)]);
    let options = RepeatOptions { symmetries: Symmetries::All, ..RepeatOptions::default() };
    assert_eq!(
        Repeated::new(narrow, options).err().unwrap().to_string(),
        "model net: got quarter turns, and tiles of 32 × 64 pixels, expected a model that takes the same sizes along Y and X; \
         flips need nothing of the kind"
    );
    let halves = resizing([Scale::Same, Scale::Over(2), Scale::Same]);
    let error = Repeated::new(halves, options).err().unwrap().to_string();
    assert!(error.contains("an output out of ÷2 × ×1 times the size"), "{error}");
}

#[test]
fn what_has_no_mean_is_refused() {
    let labels = OutputInfo::new("cells").with_pixel_type(OutputType::Label);
    let model = FnModel::new(
        ModelInfo::new("net", InputInfo::any(), vec![labels]),
        |_: ArrayView5<'_, f32>, _: &mut [ArrayViewMut5<'_, f32>]| Ok(()),
    );
    let refused = |options| Repeated::new(&model, options).err().map(|error| error.to_string());
    let flips = RepeatOptions { symmetries: Symmetries::Flips, ..RepeatOptions::default() };
    assert_eq!(
        refused(flips).unwrap(),
        "model net: got labels as output cells, expected outputs that have a mean"
    );
    assert_eq!(refused(RepeatOptions::default()), None, "asked once, they stay");
    let none = RepeatOptions { n_samples: 0, ..RepeatOptions::default() };
    assert_eq!(refused(none).unwrap(), "model net: got 0 samples, expected 1 to 65536 samples");
    let deviation = RepeatOptions { has_deviation: true, ..RepeatOptions::default() };
    assert!(refused(deviation).unwrap().contains("the deviation of one prediction"));
}
