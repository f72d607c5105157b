//! Tiles that are left out: just those below the limit, whatever pixels are normalised by, and no model sees them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ndarray::{ArrayD, ArrayView5, ArrayViewMut5, Axis, IxDyn, Slice};
use patchweave_geometry::{Extent, ImageShape, PerAxis};
use patchweave_model::{
    FnModel, Identity, InputInfo, Likeness, ModelInfo, OutputInfo, RepeatOptions, Repeated,
};
use patchweave_pixel::{PixelMap, PixelType};
use patchweave_predict::{
    Blend, Content, OutputImage, PredictError, PredictOptions, Predictor, Progress, Skip, Target, Tiling,
};
use patchweave_sink::{ImageSpec, Job, SinkError, SinkFormats};
use patchweave_stack::{ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use patchweave_transform::{Normalizer, Scaling, TargetScaling};
use proptest::prelude::*;

use common::{dataset, predict, ramp, run, stack};

fn tiling(sizes: [usize; 2], overlaps: [usize; 2]) -> Tiling {
    Tiling::Tiles { size: Extent::new(&sizes).unwrap(), overlaps: PerAxis::new(&overlaps).unwrap() }
}

/// Blobs in an empty image; few values, so that limits are often met exactly.
fn image(shape: &[usize], seed: u32) -> ArrayD<f32> {
    let mut state = seed;
    let mut level = 0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 28 == 0 {
            level = (state >> 20) % 7;
        }
        if state >> 24 == 77 { f32::NAN } else { f32::from(u8::try_from(level).unwrap()) }
    })
}

/// The identity, and how many samples it has seen.
fn counting(n_seen: &AtomicUsize) -> impl patchweave_model::Model + '_ {
    let output = OutputInfo::new("identity").with_likeness(Likeness::Input);
    let info = ModelInfo::new("identity", InputInfo::any(), vec![output]);
    FnModel::new(info, |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        n_seen.fetch_add(inputs.len_of(Axis(0)), Ordering::Relaxed);
        outputs[0].assign(&inputs);
        Ok(())
    })
}

/// An image, and how many pixels of it were read.
struct Counting {
    whole: Arc<dyn ImageStack>,
    n_read: AtomicUsize,
}

impl ImageStack for Counting {
    fn info(&self) -> &StackInfo {
        self.whole.info()
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        self.n_read.fetch_add(out.len(), Ordering::Relaxed);
        self.whole.read_inside(window, out)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn tiles_below_the_limit_are_left_out_and_no_others(
        sizes in prop::array::uniform2(1_usize..40), tile in prop::array::uniform2(1_usize..12),
        overlaps in prop::array::uniform2(0_usize..12), n_channels in 1_usize..3, seed: u32, limit in 0_u8..8,
        batch_size in 1_usize..5, n_writers in 1_usize..3, chunks in prop::option::of(1_usize..12),
        scaling in prop::option::of((-3.0_f64..3.0, 0.1_f64..9.0)),
    ) {
        let overlaps = [overlaps[0] % tile[0], overlaps[1] % tile[1]];
        let tiling = tiling(tile, overlaps);
        let image = image(&[1, n_channels, sizes[0], sizes[1]], seed);
        let n_seen = AtomicUsize::new(0);
        let model = counting(&n_seen);
        let normalizer = scaling.map_or_else(Normalizer::none, |(mean, std)| {
            Normalizer::new(Scaling::mean_std(&[mean], &[std]).unwrap(), TargetScaling::Skip)
        });
        let data = dataset(vec![stack(image.clone(), "SCYX")], tiling, &model).with_normalizer(normalizer);
        let below = f32::from(limit);
        let skip = Some(Skip { below: Some(below), value: -7.0 });
        let options = PredictOptions { batch_size, n_writers, skip, ..PredictOptions::default() };
        let got = predict(&data, tiling, vec![&model], options, chunks).unwrap().remove(0);

        let grid = tiling.grid(ImageShape::from_slice(image.shape()).unwrap()).unwrap();
        let mut expected = ArrayD::zeros(image.raw_dim());
        let mut n_shown = 0;
        for tile_idx in 0..grid.n_tiles() {
            let spec = grid.spec(0, tile_idx).unwrap();
            // What a tile has beyond the image is 0.
            let mut own = image.view();
            let mut is_beyond = false;
            for axis in 0..2 {
                let start = usize::try_from(spec.patch.coords.as_slice()[axis]).unwrap();
                let end = start + tile[axis];
                is_beyond |= end > sizes[axis];
                own.slice_axis_inplace(Axis(axis + 2), Slice::from(start..end.min(sizes[axis])));
            }
            let is_shown = !own.iter().all(|pixel| *pixel < below) || is_beyond && below <= 0.0;
            n_shown += usize::from(is_shown);
            // Where an odd number of pixels is shared, two tiles keep one; the later has it.
            let kept = spec.kept();
            let (mut to, mut from) = (expected.view_mut(), image.view());
            for axis in 0..2 {
                let start = usize::try_from(kept.start.as_slice()[axis]).unwrap();
                let part = Slice::from(start..start + kept.size.as_slice()[axis]);
                to.slice_axis_inplace(Axis(axis + 2), part);
                from.slice_axis_inplace(Axis(axis + 2), part);
            }
            if is_shown {
                to.assign(&from);
            } else {
                to.fill(-7.0);
            }
        }
        prop_assert_eq!(n_seen.load(Ordering::Relaxed), n_shown);
        for (got, expected) in got.iter().zip(&expected) {
            let is_equal = (got - expected).abs() <= 1e-5 || got.is_nan() && expected.is_nan();
            prop_assert!(is_equal, "{} for {}", got, expected);
        }
    }

    /// A mask of what reaches a limit leaves out what the limit does, and nothing of that is read.
    #[test]
    fn masks_leave_out_what_they_do_not_have(
        sizes in prop::array::uniform2(1_usize..40), tile in prop::array::uniform2(1_usize..12),
        overlaps in prop::array::uniform2(0_usize..12), seed: u32, limit in 1_u8..8, batch_size in 1_usize..5,
        n_writers in 1_usize..3, chunks in prop::option::of(1_usize..12), blends: bool, n_samples in 1_usize..3,
    ) {
        let overlaps = [overlaps[0] % tile[0], overlaps[1] % tile[1]];
        let tiling = tiling(tile, overlaps);
        let image = image(&[n_samples, 1, sizes[0], sizes[1]], seed);
        let below = f32::from(limit);
        let mask = image.mapv(|pixel| if pixel < below { 0.0 } else { 3.0 });
        let n_seen = AtomicUsize::new(0);
        let model = counting(&n_seen);
        // The second image has no mask.
        let data = dataset(vec![stack(image.clone(), "SCYX"), stack(image.clone(), "SCYX")], tiling, &model);
        let blend = if blends { Blend::Constant } else { Blend::Crop };
        let options = |below| {
            let skip = Some(Skip { below, value: -7.0 });
            PredictOptions { batch_size, n_writers, skip, blend: blend.clone(), ..PredictOptions::default() }
        };
        let by_limit = predict(&data, tiling, vec![&model], options(Some(below)), chunks).unwrap().remove(0);
        let n_of_limit = n_seen.swap(0, Ordering::Relaxed) / 2;
        let whole = predict(&data, tiling, vec![&model], options(None), chunks).unwrap().remove(1);
        let n_tiles = n_seen.swap(0, Ordering::Relaxed) / 2;
        let masks = vec![Some(stack(mask, "SCYX"))];
        let predictor = Predictor::new(&data, tiling, vec![&model], options(None)).with_masks(masks);
        let by_mask = run(&predictor, chunks, &[Content::default()]).unwrap();
        let bits = |array: &ArrayD<f32>| array.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&by_mask[0]), bits(&by_limit));
        prop_assert_eq!(bits(&by_mask[1]), bits(&whole));
        prop_assert_eq!(n_seen.load(Ordering::Relaxed), n_of_limit + n_tiles);
    }

    /// Of an image with a mask nothing is read but the tiles that have a pixel of it.
    #[test]
    fn tiles_outside_of_the_mask_are_not_read(
        sizes in prop::array::uniform2(8_usize..40), at in prop::array::uniform2(0_usize..8), tile in 2_usize..8,
    ) {
        let tiling = tiling([tile; 2], [tile / 2; 2]);
        let image = ramp(&[1, 1, sizes[0], sizes[1]]);
        let mut mask = ArrayD::<f32>::zeros(image.raw_dim());
        mask[[0, 0, at[0], at[1]]] = 1.0;
        let n_seen = AtomicUsize::new(0);
        let model = counting(&n_seen);
        let counted = Arc::new(Counting { whole: stack(image.clone(), "SCYX"), n_read: AtomicUsize::new(0) });
        let data = dataset(vec![Arc::clone(&counted) as Arc<dyn ImageStack>], tiling, &model);
        let masks = vec![Some(stack(mask, "SCYX"))];
        let predictor =
            Predictor::new(&data, tiling, vec![&model], PredictOptions::default()).with_masks(masks);
        let got = run(&predictor, None, &[Content::default()]).unwrap().remove(0);
        let n_shown = n_seen.load(Ordering::Relaxed);
        prop_assert!((1..=9).contains(&n_shown));
        prop_assert_eq!(counted.n_read.load(Ordering::Relaxed), n_shown * tile * tile);
        let index = [0, 0, at[0], at[1]];
        prop_assert_eq!(got[index], image[index]);
    }

    /// A limit below everything changes no bit, and with one above everything no model is called.
    #[test]
    fn limits_beyond_all_pixels(
        sizes in prop::array::uniform2(1_usize..40), tile in prop::array::uniform2(1_usize..12), blends: bool,
        batch_size in 1_usize..5, chunks in prop::option::of(1_usize..12),
    ) {
        let tiling = tiling(tile, [tile[0] / 2, tile[1] / 2]);
        let n_seen = AtomicUsize::new(0);
        let model = counting(&n_seen);
        let data = dataset(vec![stack(ramp(&[2, 1, sizes[0], sizes[1]]), "SCYX")], tiling, &model);
        let run = |below: Option<f32>| {
            let blend = if blends { Blend::Hann } else { Blend::Crop };
            let skip = below.map(|below| Skip { below: Some(below), value: 2.5 });
            let options = PredictOptions { batch_size, blend, skip, ..PredictOptions::default() };
            predict(&data, tiling, vec![&model], options, chunks).unwrap()
        };
        prop_assert_eq!(run(Some(-1.0)), run(None));
        n_seen.store(0, Ordering::Relaxed);
        let empty = run(Some(f32::MAX));
        prop_assert!(empty[0].iter().all(|pixel| (pixel - 2.5).abs() < 1e-6));
        prop_assert_eq!(n_seen.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn tiles_that_are_left_out_are_counted() {
    let image = ramp(&[1, 1, 40, 40]).mapv(|pixel| if pixel > 800.0 { 9.0 } else { 1.0 });
    let tiling = tiling([10, 10], [0, 0]);
    let identity = Identity::new();
    let data = dataset(vec![stack(image, "SCYX")], tiling, &identity);
    let skip = Some(Skip { below: Some(5.0), value: 0.0 });
    let options = PredictOptions { batch_size: 3, skip, ..PredictOptions::default() };
    let predictor = Predictor::new(&data, tiling, vec![&identity], options);
    let mut targets = |image: &OutputImage<'_>| {
        let spec = ImageSpec::new(common::layout(&image.shape), PixelType::F32);
        let job = Job::start(&SinkFormats::default(), "result".as_ref(), Some("memory"), spec)?;
        Ok(vec![Target::new(job, PixelMap::to(PixelType::F32))])
    };
    let mut last = None;
    let keep_going = |progress: Progress| {
        last = Some(progress);
        true
    };
    predictor.run(&mut targets, keep_going, |_| ()).unwrap();
    let last = last.map(|progress: Progress| (progress.n_tiles, progress.n_skipped, progress.n_total));
    assert_eq!(last, Some((16, 8, 16)));
}

/// Whoever goes on with units that are written learns nothing of their tiles but what was told before.
#[test]
fn units_are_written_when_their_tiles_were_told_and_what_comes_before_is_done() {
    let image = ramp(&[1, 1, 40, 40]).mapv(|pixel| if pixel > 800.0 { 9.0 } else { 1.0 });
    let mut mask = ArrayD::<f32>::ones(image.raw_dim());
    mask.slice_axis_mut(Axis(3), Slice::from(..10)).fill(0.0);
    let expected: BTreeSet<(usize, usize)> =
        (0..16).filter(|tile| tile / 4 < 2 || tile % 4 == 0).map(|tile| (0, tile)).collect();
    let tiling = tiling([10, 10], [0, 0]);
    let identity = Identity::new();
    let data = dataset(vec![stack(image, "SCYX")], tiling, &identity);
    let skip = Some(Skip { below: Some(5.0), value: 0.0 });
    let options = PredictOptions { batch_size: 3, n_writers: 2, skip, ..PredictOptions::default() };
    let told = Mutex::new(BTreeSet::new());
    let tell = |data_idx, tile_idx| {
        assert!(told.lock().unwrap().insert((data_idx, tile_idx)), "each once");
    };
    let n_units = AtomicUsize::new(0);
    let count = || {
        let n_before = n_units.fetch_add(1, Ordering::Relaxed);
        // Units are tiles here, and the first eight are left out: each was told before it is written.
        assert!(told.lock().unwrap().len() > n_before.min(7));
        Ok(())
    };
    let predictor = || Predictor::new(&data, tiling, vec![&identity], options.clone());
    let predictor_of =
        |act| predictor().with_masks(vec![Some(stack(mask.clone(), "SCYX"))]).before_each_unit(act);
    run(&predictor_of(&count).telling_left_out(&tell), Some(10), &[Content::default()]).unwrap();
    assert_eq!(*told.lock().unwrap(), expected);
    assert_eq!(n_units.load(Ordering::Relaxed), 16);
    let fail = || Err(SinkError::Busy { path: "journal".into() });
    let error = run(&predictor_of(&fail), Some(10), &[Content::default()]).unwrap_err();
    assert!(matches!(error, PredictError::Sink(SinkError::Busy { .. })), "{error}");
}

/// What predictions deviate by has no offset: it is stretched as intensities are, and not moved.
#[test]
fn deviations_are_stretched_and_not_moved() {
    let n_calls = AtomicUsize::new(0);
    let output = OutputInfo::new("out").with_likeness(Likeness::Input);
    let info = ModelInfo::new("alternating", InputInfo::any(), vec![output]);
    let model = FnModel::new(info, |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        let sign = if n_calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { 1.0 } else { -1.0 };
        outputs[0].assign(&inputs.mapv(|pixel| pixel + sign));
        Ok(())
    });
    let options = RepeatOptions { n_samples: 2, has_deviation: true, ..RepeatOptions::default() };
    let model = Repeated::new(model, options).unwrap();
    let image = ramp(&[1, 1, 12, 12]);
    let scaling = Scaling::mean_std(&[1000.0], &[4.0]).unwrap();
    let tiling = tiling([6, 6], [2, 2]);
    let data = dataset(vec![stack(image.clone(), "SCYX")], tiling, &model)
        .with_normalizer(Normalizer::new(scaling, TargetScaling::Skip));
    let got = predict(&data, tiling, vec![&model], PredictOptions::default(), None).unwrap();
    for (got, expected) in got[0].iter().zip(&image) {
        assert!((got - expected).abs() < 1e-3, "{got} for {expected}");
    }
    // ±1 around the mean, as a sample of two.
    assert!(got[1].iter().all(|deviation| (deviation - 4.0 * 2.0_f32.sqrt()).abs() < 1e-3));
}
