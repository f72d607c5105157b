//! What comes out of tiles is what comes out of whole images: every blend, scale and shape, in any units.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

mod common;

use ndarray::{ArrayD, ArrayView5, ArrayViewMut5, Axis};
use patchweave_geometry::{Extent, PerAxis};
use patchweave_model::{
    ChannelMean, ChannelRule, FnModel, Identity, InputInfo, Likeness, Model, ModelInfo, OutputInfo, Scale,
    SizeRule,
};
use patchweave_predict::{Blend, PredictOptions, Tiling};
use patchweave_quilt::Border;
use proptest::prelude::*;

use common::{dataset, predict, ramp, stack};

fn blends() -> impl Strategy<Value = Blend> {
    prop_oneof![
        Just(Blend::Crop),
        Just(Blend::Constant),
        (0_i64..4, 0.0..=1.0)
            .prop_map(|(width, weight)| Blend::Border { width: Border::Every(width), weight }),
        Just(Blend::Linear),
        Just(Blend::Hann),
        (0.05_f64..1.0).prop_map(|width| Blend::Gaussian { width }),
    ]
}

/// Sizes of an image, of tiles and of overlaps along an axis.
fn axis() -> impl Strategy<Value = (usize, usize, usize)> {
    (1_usize..40, 1_usize..16).prop_flat_map(|(size, tile)| (Just(size), Just(tile), 0..tile))
}

fn tiling(axes: &[(usize, usize, usize)]) -> Tiling {
    let size = Extent::new(&axes.iter().map(|axis| axis.1).collect::<Vec<_>>()).unwrap();
    let overlaps = PerAxis::new(&axes.iter().map(|axis| axis.2).collect::<Vec<_>>()).unwrap();
    Tiling::Tiles { size, overlaps }
}

/// Repeats or leaves out pixels along the spatial axes.
fn resized(image: &ArrayD<f32>, scale: [Scale; 3]) -> ArrayD<f32> {
    let mut out = image.clone();
    let n_spatial = if image.ndim() == 5 { 3 } else { 2 };
    for (axis, scale) in scale.iter().skip(3 - n_spatial).enumerate() {
        let at = image.ndim() - n_spatial + axis;
        let n = out.shape()[at] * scale.times();
        let n = n.div_ceil(scale.over());
        let places: Vec<usize> = (0..n).map(|k| k * scale.over() / scale.times()).collect();
        out = out.select(Axis(at), &places);
    }
    out
}

/// A model with one output of every scale: pixels repeated or left out.
fn resizing(scales: Vec<[Scale; 3]>) -> impl Model {
    let outputs = scales.iter().enumerate().map(|(place, scale)| {
        OutputInfo::new(format!("out{place}")).with_scale(*scale).with_likeness(Likeness::Own)
    });
    let info = ModelInfo::new("resizing", InputInfo::any(), outputs.collect()).parallel();
    FnModel::new(info, move |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        for (scale, output) in scales.iter().zip(outputs) {
            let mut made = inputs.to_owned().into_dyn();
            for (axis, scale) in scale.iter().enumerate() {
                let n = output.shape()[2 + axis];
                let places: Vec<usize> = (0..n).map(|k| k * scale.over() / scale.times()).collect();
                made = made.select(Axis(2 + axis), &places);
            }
            output.assign(&made.into_dimensionality::<ndarray::Ix5>().unwrap());
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Cropped tiles give every bit of the input, means nearly so.
    #[test]
    fn identity_gives_the_input(
        axes in prop::collection::vec(axis(), 2..4), n_samples in 1_usize..3, n_channels in 1_usize..3,
        blend in blends(), batch_size in 1_usize..6, n_writers in 1_usize..4, chunks in prop::option::of(1_usize..20),
        is_whole in prop::bool::weighted(0.2),
    ) {
        let sizes = axes.iter().map(|axis| axis.0);
        let shape: Vec<usize> = [n_samples, n_channels].into_iter().chain(sizes).collect();
        let image = ramp(&shape);
        let tiling = if is_whole { Tiling::Whole } else { tiling(&axes) };
        let names = if axes.len() == 3 { "SCZYX" } else { "SCYX" };
        let identity = Identity::new();
        let data = dataset(vec![stack(image.clone(), names)], tiling, &identity);
        let options = PredictOptions { batch_size, n_writers, blend: blend.clone(), ..PredictOptions::default() };
        let mean = ChannelMean::new();
        let got = predict(&data, tiling, vec![&identity, &mean], options, chunks).unwrap();
        prop_assert_eq!(got.len(), 2);
        let expected_mean = image.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
        for (got, expected) in got.iter().zip([&image, &expected_mean]) {
            prop_assert_eq!(got.shape(), expected.shape());
            let limit = if blend == Blend::Crop { 0.0 } else { 1e-6 };
            for (got, expected) in got.iter().zip(expected) {
                prop_assert!((got - expected).abs() <= limit * expected.abs(), "{} for {}", got, expected);
            }
        }
    }

    /// Outputs that are larger or smaller are put together in their own pixels.
    #[test]
    fn outputs_of_other_sizes(
        axes in prop::collection::vec((1_usize..20, 1_usize..4, 0_usize..3), 2..4),
        blend in blends(), batch_size in 1_usize..4, chunks in prop::option::of(1_usize..20),
    ) {
        // Tiles of an even number of pixels, of which they share an even number.
        let axes: Vec<_> = axes.iter().map(|(size, tile, overlap)| (*size, 2 * tile, 2 * (overlap % tile))).collect();
        let shape: Vec<usize> = [1, 2].into_iter().chain(axes.iter().map(|axis| axis.0)).collect();
        let image = ramp(&shape);
        let tiling = tiling(&axes);
        let names = if axes.len() == 3 { "SCZYX" } else { "SCYX" };
        let z = |scale| if axes.len() == 3 { scale } else { Scale::Same };
        let scales = vec![
            [Scale::Same; 3],
            [z(Scale::Times(2)), Scale::Times(2), Scale::Times(2)],
            [z(Scale::Over(2)), Scale::Over(2), Scale::Over(2)],
            [Scale::Same, Scale::Times(3), Scale::Over(2)],
        ];
        let model = resizing(scales.clone());
        let data = dataset(vec![stack(image.clone(), names)], tiling, &model);
        let options = PredictOptions { batch_size, blend: blend.clone(), ..PredictOptions::default() };
        let got = predict(&data, tiling, vec![&model], options, chunks);
        let got = got.unwrap();
        prop_assert_eq!(got.len(), scales.len());
        for (got, scale) in got.iter().zip(scales) {
            let expected = resized(&image, scale);
            prop_assert_eq!(got.shape(), expected.shape());
            let limit = if blend == Blend::Crop { 0.0 } else { 1e-6 };
            for (got, expected) in got.iter().zip(&expected) {
                prop_assert!((got - expected).abs() <= limit * expected.abs(), "{} for {} at {:?}", got, expected, scale);
            }
        }
    }
}

#[test]
fn models_that_take_so_many_samples_at_once_get_them() {
    let input = InputInfo::any().with_batch(SizeRule::Fixed(4));
    let output = OutputInfo::new("sum").with_channels(ChannelRule::SameAsInput).with_likeness(Likeness::Own);
    let model = FnModel::new(
        ModelInfo::new("four", input, vec![output]),
        |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
            assert_eq!(inputs.dim().0, 4);
            outputs[0].assign(&inputs.mapv(|pixel| pixel + 1.0));
            Ok(())
        },
    );
    let image = ramp(&[3, 2, 5, 6]);
    let data = dataset(vec![stack(image.clone(), "SCYX")], Tiling::Whole, &model);
    for batch_size in [1, 2, 3, 5] {
        let options = PredictOptions { batch_size, ..PredictOptions::default() };
        let got = predict(&data, Tiling::Whole, vec![&model], options, None).unwrap();
        assert_eq!(got[0], image.mapv(|pixel| pixel + 1.0));
    }
}

/// What every thread does, and in which order tiles come, changes no bit.
#[test]
fn threads_change_nothing() {
    let image = ramp(&[1, 1, 90, 110]);
    let axes = [(90, 24, 10), (110, 30, 12)];
    let gaussian = patchweave_model::Gaussian::new(1.5).unwrap();
    let data = dataset(vec![stack(image.clone(), "SCYX"), stack(image, "SCYX")], tiling(&axes), &gaussian);
    let run = |batch_size, n_workers, n_writers, chunks| {
        let options = PredictOptions {
            batch_size,
            n_workers,
            n_writers,
            blend: Blend::Hann,
            ..PredictOptions::default()
        };
        predict(&data, tiling(&axes), vec![&gaussian], options, chunks).unwrap()
    };
    let first = run(1, 1, 1, None);
    assert_eq!(first.len(), 2);
    for (batch_size, n_workers, n_writers, chunks) in
        [(4, 2, 3, Some(17)), (3, 4, 2, None), (16, 1, 8, Some(64))]
    {
        assert_eq!(run(batch_size, n_workers, n_writers, chunks), first);
    }
}

#[test]
fn tiles_that_halves_do_not_fit_are_refused_at_once() {
    let model = resizing(vec![[Scale::Same, Scale::Same, Scale::Over(2)]]);
    let image = ramp(&[1, 1, 20, 20]);
    let refused = |tile: usize, overlap: usize| {
        let tiling = tiling(&[(20, 8, 2), (20, tile, overlap)]);
        let data = dataset(vec![stack(image.clone(), "SCYX")], tiling, &model);
        predict(&data, tiling, vec![&model], PredictOptions::default(), None).unwrap_err().to_string()
    };
    assert_eq!(refused(7, 2), "model resizing: got 7 pixels along X, expected a multiple of 2");
    assert_eq!(
        refused(8, 3),
        "output out0 of model resizing has a pixel for every 2 of the input along X: got overlaps of 3 pixels, expected a \
         multiple of 2"
    );
}
