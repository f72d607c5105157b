//! What targets get instead of all values of an output: labels, masks, channels, weights and deviations of tiles.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

mod common;

use ndarray::{ArrayD, ArrayView5, ArrayViewMut5, Axis, IxDyn, Slice};
use patchweave_geometry::{Extent, ImageShape, PerAxis, TileGrid};
use patchweave_model::{FnModel, Identity, InputInfo, Likeness, ModelInfo, OutputInfo, OutputType};
use patchweave_predict::{Blend, Content, PredictOptions, Tiling, Values};
use patchweave_quilt::BlendWindow;
use proptest::prelude::*;

use common::{dataset, predict, predict_contents, ramp, stack};

/// Sizes of an image, of tiles and of overlaps along an axis.
type AxisSizes = (usize, usize, usize);

fn axis() -> impl Strategy<Value = AxisSizes> {
    (1_usize..24, 1_usize..10).prop_flat_map(|(size, tile)| (Just(size), Just(tile), 0..tile))
}

fn tiling(axes: &[AxisSizes]) -> Tiling {
    let size = Extent::new(&axes.iter().map(|axis| axis.1).collect::<Vec<_>>()).unwrap();
    let overlaps = PerAxis::new(&axes.iter().map(|axis| axis.2).collect::<Vec<_>>()).unwrap();
    Tiling::Tiles { size, overlaps }
}

fn means() -> impl Strategy<Value = Blend> {
    prop_oneof![
        Just(Blend::Constant),
        Just(Blend::Linear),
        Just(Blend::Hann),
        (0.05_f64..1.0).prop_map(|width| Blend::Gaussian { width }),
    ]
}

fn window(blend: &Blend, size: Extent) -> BlendWindow {
    match blend {
        Blend::Linear => BlendWindow::linear(size),
        Blend::Hann => BlendWindow::hann(size),
        Blend::Gaussian { width } => BlendWindow::gaussian(size, *width).unwrap(),
        _ => BlendWindow::constant(size),
    }
}

/// An image of few values, so that channels often are equal, and of some that are not a number.
fn image(shape: &[usize], seed: u32) -> ArrayD<f32> {
    let mut state = seed;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = (state >> 16) % 9;
        if value == 8 { f32::NAN } else { f32::from(u8::try_from(value).unwrap()) }
    })
}

fn names(axes: &[AxisSizes]) -> &'static str {
    if axes.len() == 3 { "SCZYX" } else { "SCYX" }
}

fn shape_of(n_samples: usize, n_channels: usize, axes: &[AxisSizes]) -> Vec<usize> {
    [n_samples, n_channels].into_iter().chain(axes.iter().map(|axis| axis.0)).collect()
}

/// The number of the channel, among those that count, with the largest value.
fn argmax(values: &ArrayD<f32>, channels: &[usize]) -> ArrayD<f32> {
    let best = |lane: ndarray::ArrayView1<'_, f32>| {
        let mut best = channels[0];
        for channel in &channels[1..] {
            if lane[best].is_nan() && !lane[*channel].is_nan() || lane[*channel] > lane[best] {
                best = *channel;
            }
        }
        best as f32
    };
    values.map_axis(Axis(1), best).insert_axis(Axis(1))
}

/// Equal bit by bit, or both not a number.
fn same(one: &ArrayD<f32>, other: &ArrayD<f32>) -> bool {
    let equal = |(a, b): (&f32, &f32)| a == b || a.is_nan() && b.is_nan();
    one.shape() == other.shape() && one.iter().zip(other).all(equal)
}

/// Adds to every pixel how far it is from the start of its tile, so that tiles differ.
fn differing() -> impl patchweave_model::Model {
    let output = OutputInfo::new("out").with_likeness(Likeness::Own);
    let info = ModelInfo::new("differing", InputInfo::any(), vec![output]);
    FnModel::new(info, |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        for ((_, _, z, y, x), pixel) in outputs[0].indexed_iter_mut() {
            *pixel = (z * 5 + y * 3 + x) as f32;
        }
        outputs[0] += &inputs;
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Made while tiles come in, they are what they would be of the whole result.
    #[test]
    fn labels_masks_and_channels_are_those_of_the_values(
        axes in prop::collection::vec(axis(), 2..4), n_samples in 1_usize..3, n_channels in 2_usize..5, seed: u32,
        crops: bool, mean in means(), batch_size in 1_usize..4, n_writers in 1_usize..4,
        chunks in prop::option::of(1_usize..12), limit in 0_u8..8,
        chosen in prop::collection::vec(0_usize..100, 2..5),
    ) {
        let data = image(&shape_of(n_samples, n_channels, &axes), seed);
        let tiling = tiling(&axes);
        let identity = Identity::new();
        let data = dataset(vec![stack(data, names(&axes))], tiling, &identity);
        let blend = if crops { Blend::Crop } else { mean };
        let options = PredictOptions { batch_size, n_writers, blend, ..PredictOptions::default() };
        let chosen: Vec<usize> = chosen.iter().map(|channel| channel % n_channels).collect();
        let limit = f64::from(limit);
        let contents = [
            Content::default(),
            Content::of(Values::Argmax),
            Content::of(Values::Threshold(limit)),
            Content { channels: Some(chosen.clone()), values: Values::Predicted },
            Content { channels: Some(chosen.clone()), values: Values::Threshold(limit) },
            Content { channels: Some(chosen.clone()), values: Values::Argmax },
        ];
        let got = predict_contents(&data, tiling, vec![&identity], options, chunks, &contents).unwrap();
        let [values, largest, mask, channels, chosen_mask, chosen_largest] = got.as_slice() else {
            panic!("{} results", got.len())
        };
        let all: Vec<usize> = (0..n_channels).collect();
        prop_assert!(same(largest, &argmax(values, &all)));
        let above = values.mapv(|value| f32::from(u8::from(f64::from(value) > limit)));
        prop_assert!(same(mask, &above));
        prop_assert!(same(channels, &values.select(Axis(1), &chosen)));
        prop_assert!(same(chosen_mask, &above.select(Axis(1), &chosen)));
        prop_assert!(same(chosen_largest, &argmax(values, &chosen)));
    }

    /// Weights and deviations are those of a sum over tiles, pixel by pixel.
    #[test]
    fn weights_and_deviations_are_those_of_the_tiles(
        axes in prop::collection::vec(axis(), 2..4), n_channels in 1_usize..3, blend in means(),
        batch_size in 1_usize..4, n_writers in 1_usize..4, chunks in prop::option::of(1_usize..12),
    ) {
        let image = ramp(&shape_of(1, n_channels, &axes));
        let tiling = tiling(&axes);
        let differing = differing();
        let data = dataset(vec![stack(image.clone(), names(&axes))], tiling, &differing);
        let options = PredictOptions { batch_size, n_writers, blend: blend.clone(), ..PredictOptions::default() };
        let contents = [Content::of(Values::Weights), Content::of(Values::Deviation)];
        let models: Vec<&dyn patchweave_model::Model> = vec![&differing];
        let got = predict_contents(&data, tiling, models, options.clone(), chunks, &contents).unwrap();

        let grid = tiling.grid(ImageShape::from_slice(image.shape()).unwrap()).unwrap();
        let (weights, deviations) = of_tiles(&grid, &window(&blend, grid.tile_size()), n_channels);
        prop_assert_eq!(got[0].shape(), weights.shape());
        for (got, expected) in got[0].iter().zip(&weights) {
            prop_assert!((f64::from(*got) - expected).abs() <= 1e-6 * expected, "{} for {}", got, expected);
        }
        prop_assert_eq!(got[1].shape(), deviations.shape());
        for (got, expected) in got[1].iter().zip(&deviations) {
            prop_assert!((f64::from(*got) - expected).abs() <= 1e-6 * (1.0 + expected), "{} for {}", got, expected);
        }

        // Tiles that agree do so exactly.
        let identity = Identity::new();
        let data = dataset(vec![stack(image / 3.0, names(&axes))], tiling, &identity);
        let got = predict_contents(&data, tiling, vec![&identity], options, chunks, &contents).unwrap();
        prop_assert!(got[1].iter().all(|deviation| *deviation == 0.0));
    }
}

/// The sum of weights and the weighted deviation of what [`differing`] adds, from sums over whole tiles.
fn of_tiles(grid: &TileGrid, window: &BlendWindow, n_channels: usize) -> (ArrayD<f64>, ArrayD<f64>) {
    let n_spatial = grid.tile_size().n_axes();
    let shape: Vec<usize> = [1, 1].into_iter().chain(grid.shape().extent.iter()).collect();
    let matrix = window.matrix();
    let added = ArrayD::from_shape_fn(matrix.raw_dim(), |at| {
        let factors = &[5, 3, 1][3 - n_spatial..];
        (0..n_spatial).map(|axis| at[axis] * factors[axis]).sum::<usize>() as f64
    });
    let [mut sum, mut first, mut second] = [(); 3].map(|()| ArrayD::<f64>::zeros(shape.clone()));
    for tile_idx in 0..grid.n_tiles() {
        let spec = grid.spec(0, tile_idx).unwrap();
        let add = |to: &mut ArrayD<f64>, values: &dyn Fn(f64, f64) -> f64| {
            let mut view = to.view_mut();
            for axis in 0..n_spatial {
                let start = usize::try_from(spec.patch.coords.as_slice()[axis]).unwrap();
                let there = shape[axis + 2].min(start + matrix.shape()[axis]);
                view.slice_axis_inplace(Axis(axis + 2), Slice::from(start..there));
            }
            for (at, pixel) in view.indexed_iter_mut() {
                let at = IxDyn(&(0..n_spatial).map(|axis| at[axis + 2]).collect::<Vec<_>>());
                *pixel += values(matrix[&at], added[&at]);
            }
        };
        add(&mut sum, &|weight, _| weight);
        add(&mut first, &|weight, value| weight * value);
        add(&mut second, &|weight, value| weight * value * value);
    }
    let variance = &second / &sum - (&first / &sum).mapv(|mean| mean * mean);
    // The squares of numbers of a few hundred leave some 1e-10 of a variance of 0.
    let deviation = variance.mapv(|variance| if variance < 1e-9 { 0.0 } else { variance.sqrt() });
    let mut all: Vec<usize> = shape;
    all[1] = n_channels;
    (sum, deviation.broadcast(all).unwrap().to_owned())
}

#[test]
fn threads_and_batches_change_no_bit() {
    let axes = [(70, 16, 6), (90, 20, 8)];
    let model = differing();
    let data = dataset(vec![stack(ramp(&[2, 3, 70, 90]), "SCYX")], tiling(&axes), &model);
    let contents =
        [Values::Argmax, Values::Threshold(5e3), Values::Deviation, Values::Weights].map(Content::of);
    let run = |batch_size, n_workers, n_writers, chunks| {
        let blend = Blend::Hann;
        let options = PredictOptions { batch_size, n_workers, n_writers, blend, ..PredictOptions::default() };
        predict_contents(&data, tiling(&axes), vec![&model], options, chunks, &contents).unwrap()
    };
    let first = run(1, 1, 1, None);
    assert_eq!(first.len(), 4);
    for (batch_size, n_workers, n_writers, chunks) in [(4, 2, 3, Some(17)), (7, 3, 2, Some(64))] {
        assert_eq!(run(batch_size, n_workers, n_writers, chunks), first);
    }
}

#[test]
fn what_an_output_does_not_have_is_refused_at_once() {
    let identity = Identity::new();
    let tiling = tiling(&[(10, 6, 2), (10, 6, 2)]);
    let refused = |n_channels: usize, blend: Blend, content: Content| {
        let data = dataset(vec![stack(ramp(&[1, n_channels, 10, 10]), "SCYX")], tiling, &identity);
        let options = PredictOptions { blend, ..PredictOptions::default() };
        let got = predict_contents(&data, tiling, vec![&identity], options, None, &[content]);
        got.unwrap_err().to_string()
    };
    let weights = Content::of(Values::Weights);
    assert_eq!(
        refused(1, Blend::Crop, weights.clone()),
        "output identity: got tiles that are cropped, expected a mean over tiles, for weights and deviations of them"
    );
    assert_eq!(
        refused(1, Blend::Hann, Content::of(Values::Argmax)),
        "output identity: got the largest of one channel, expected several channels"
    );
    let third = Content { channels: Some(vec![0, 2]), ..Content::default() };
    assert_eq!(
        refused(2, Blend::Hann, third),
        "output identity: got channel 2 of 2, expected channels that the output has, from 0 on"
    );

    let labels = OutputInfo::new("labels").with_pixel_type(OutputType::Label).with_likeness(Likeness::Own);
    let info = ModelInfo::new("labels", InputInfo::any(), vec![labels]);
    let model = FnModel::new(info, |_: ArrayView5<'_, f32>, _: &mut [ArrayViewMut5<'_, f32>]| Ok(()));
    let data = dataset(vec![stack(ramp(&[1, 1, 10, 10]), "SCYX")], tiling, &model);
    let options = PredictOptions { blend: Blend::Hann, ..PredictOptions::default() };
    assert!(predict_contents(&data, tiling, vec![&model], options.clone(), None, &[weights]).is_err());
    assert!(
        predict(&data, tiling, vec![&model], options, None).is_ok(),
        "labels are cropped whatever the blend"
    );
}
