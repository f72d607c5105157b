//! Exact quantiles against a sort, for all kinds of distributions.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use ndarray::{Array4, Axis, Slice};
use patchweave_transform::{NormalizeError, PixelCounts};
use proptest::prelude::*;

/// Pixels that are hard on histograms.
fn any_pixels() -> impl Strategy<Value = Vec<f32>> {
    let few = prop::sample::select(vec![0.0_f32, -0.0, 0.7, 1000.0, 65_535.0, 65_536.0, -32_768.0, -1.5]);
    let whole = prop_oneof![0_u16..=255, any::<u16>()].prop_map(f32::from);
    let signed = any::<i16>().prop_map(f32::from);
    let scaled = (prop::sample::select(vec![1e-38_f32, 1e-16, 1.0, 1e6, 1e30]), -1.0_f32..1.0)
        .prop_map(|(scale, value)| scale * value);
    let any_number = any::<f32>().prop_filter("finite", |value| value.is_finite());
    prop_oneof![
        prop::collection::vec(few, 1..400),
        prop::collection::vec(whole, 1..400),
        prop::collection::vec(signed, 1..400),
        prop::collection::vec(-3.0_f32..900.0, 1..400),
        prop::collection::vec(scaled, 1..400),
        prop::collection::vec(any_number.clone(), 1..400),
        // Nearly all are the same, a few are hot.
        (any_number, prop::collection::vec(-1e5_f32..1e6, 1..4), 1_usize..2000).prop_map(
            |(value, hot, n)| {
                let mut pixels = vec![value; n];
                pixels.extend(hot);
                pixels
            }
        ),
        // Ranges that grow.
        (1_usize..300, 0.5_f32..1.2).prop_map(|(n, factor)| (0..n)
            .scan(1.0, |value, _| {
                *value *= -factor;
                Some(*value)
            })
            .collect()),
        (any::<f32>().prop_filter("finite", |value| value.is_finite()), 1_usize..50)
            .prop_map(|(value, n)| vec![value; n]),
    ]
}

fn any_level() -> impl Strategy<Value = f64> {
    prop_oneof![prop::sample::select(vec![0.0, 0.001, 0.01, 0.5, 0.99, 0.999, 1.0]), 0.0_f64..=1.0]
}

/// The definition: linear interpolation at place `(n - 1) q` of the sorted pixels.
#[expect(clippy::cast_precision_loss, reason = "short lists")]
fn sorted_quantile(pixels: &[f32], level: f64) -> f64 {
    let mut sorted: Vec<f64> = pixels.iter().map(|&pixel| f64::from(pixel)).collect();
    sorted.sort_by(f64::total_cmp);
    let at = level * (sorted.len() - 1) as f64;
    let lower = (0..sorted.len()).rev().find(|&place| place as f64 <= at).unwrap();
    let low = sorted[lower];
    let high = sorted[(lower + 1).min(sorted.len() - 1)];
    low + (high - low) * (at - lower as f64)
}

fn block(pixels: &[f32]) -> Array4<f32> {
    Array4::from_shape_vec([1, 1, 1, pixels.len()], pixels.to_vec()).unwrap()
}

/// Two passes over parts of the pixels, the parts counted apart and merged in the order that is asked for.
fn quantiles(parts: &[&[f32]], levels: &[f64], backwards: bool) -> Vec<f64> {
    let mut first = PixelCounts::new(1, true).unwrap();
    let mut counted: Vec<PixelCounts> = parts
        .iter()
        .map(|part| {
            let mut own = PixelCounts::new(1, true).unwrap();
            own.update(block(part).view()).unwrap();
            own
        })
        .collect();
    if backwards {
        counted.reverse();
    }
    counted.iter().for_each(|own| first.merge(own).unwrap());
    let lists: Vec<[f64; 1]> = levels.iter().map(|&level| [level]).collect();
    let lists: Vec<&[f64]> = lists.iter().map(|level| &level[..]).collect();
    let open = first.open_quantiles(&lists).unwrap();
    let mut fine = open.counts().unwrap();
    if open.needs_second_pass() {
        for part in parts {
            let mut own = open.counts().unwrap();
            own.update(block(part).view());
            fine.merge(&own);
        }
    }
    open.quantiles(&fine).unwrap().into_iter().map(|of_channels| of_channels[0]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn they_are_those_of_a_sort(
        pixels in any_pixels(),
        levels in prop::collection::vec(any_level(), 1..4),
        cut in 0.0_f64..=1.0,
        backwards in any::<bool>(),
    ) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a list")]
        let cut = (cut * pixels.len() as f64) as usize;
        let (head, tail) = pixels.split_at(cut.min(pixels.len()));
        let got = quantiles(&[head, tail], &levels, backwards);
        let low = pixels.iter().copied().fold(f32::INFINITY, f32::min);
        let high = pixels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for (&quantile, &level) in got.iter().zip(&levels) {
            prop_assert!(f64::from(low) <= quantile && quantile <= f64::from(high), "{quantile} not in {low} to {high}");
            let expected = sorted_quantile(&pixels, level);
            let rounding = 1e-12 * f64::from(high).abs().max(f64::from(low).abs());
            prop_assert!((quantile - expected).abs() <= rounding, "level {level}: {quantile}, expected {expected}");
            // Right in rank, as far as there are pixels to tell ranks apart.
            #[expect(clippy::cast_precision_loss, reason = "short lists")]
            let share = |is_below: &dyn Fn(f64) -> bool| {
                pixels.iter().filter(|&&pixel| is_below(f64::from(pixel))).count() as f64 / pixels.len() as f64
            };
            #[expect(clippy::cast_precision_loss, reason = "short lists")]
            let tolerance = 1e-9 + 1.0 / pixels.len() as f64;
            prop_assert!(share(&|pixel| pixel < quantile) <= level + tolerance);
            prop_assert!(share(&|pixel| pixel <= quantile) >= level - tolerance);
        }
    }

    /// 8-bit and 16-bit pixels, signed or not, need one pass.
    #[test]
    fn small_integers_need_one_pass(pixels in prop::collection::vec(-32_768_i32..=65_535, 1..100), level in any_level()) {
        #[expect(clippy::cast_precision_loss, reason = "small integers")]
        let pixels: Vec<f32> = pixels.iter().map(|&pixel| pixel as f32).collect();
        let mut counts = PixelCounts::new(1, true).unwrap();
        counts.update(block(&pixels).view()).unwrap();
        let open = counts.open_quantiles(&[&[level]]).unwrap();
        prop_assert!(!open.needs_second_pass());
        let got = open.quantiles(&open.counts().unwrap()).unwrap()[0][0];
        prop_assert!((got - sorted_quantile(&pixels, level)).abs() < 1e-9);
    }
}

#[test]
fn channels_are_lists_of_their_own_or_one_list() {
    let pixels = Array4::from_shape_fn([3, 2, 4, 5], |(c, z, y, x)| {
        let at = f32::from(u16::try_from(20 * z + 5 * y + x).unwrap());
        [at, 0.25 * at + 3.0, -1e20 * at][c]
    });
    for per_channel in [true, false] {
        let levels: (&[f64], &[f64]) =
            if per_channel { (&[0.1, 0.2, 0.3], &[0.9]) } else { (&[0.1], &[0.9]) };
        let mut counts = PixelCounts::new(2, per_channel).unwrap();
        if per_channel {
            counts = PixelCounts::new(3, per_channel).unwrap();
        }
        // In parts of planes, which do not lie in one piece in memory.
        let parts = || (0..5).map(|x| pixels.slice_axis(Axis(3), Slice::from(x..=x)));
        parts().for_each(|part| counts.update(part).unwrap());
        let open = counts.open_quantiles(&[levels.0, levels.1]).unwrap();
        let mut fine = open.counts().unwrap();
        parts().for_each(|part| fine.update(part));
        let got = open.quantiles(&fine).unwrap();
        let lists: Vec<Vec<f32>> = match per_channel {
            true => pixels.axis_iter(Axis(0)).map(|channel| channel.iter().copied().collect()).collect(),
            // The third channel was not announced.
            false => vec![pixels.slice_axis(Axis(0), Slice::from(..2)).iter().copied().collect()],
        };
        for (channel, list) in lists.iter().enumerate() {
            let of = |levels: &[f64]| sorted_quantile(list, levels[channel % levels.len()]);
            for (got, expected) in [(got[0][channel], of(levels.0)), (got[1][channel], of(levels.1))] {
                assert!(
                    (got - expected).abs() <= 1e-9 * (1.0 + expected.abs()),
                    "{got}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn pixels_that_are_no_numbers_are_noticed_and_other_pixels_too() {
    let mut counts = PixelCounts::new(1, false).unwrap();
    counts.update(block(&[1.5, f32::NAN]).view()).unwrap();
    assert!(!counts.is_finite());
    let open = counts.open_quantiles(&[&[0.5]]).unwrap();
    assert!(open.quantiles(&open.counts().unwrap()).unwrap()[0][0].is_nan());

    let mut counts = PixelCounts::new(1, false).unwrap();
    counts.update(block(&[1.5, 2.5, 3.5]).view()).unwrap();
    let open = counts.open_quantiles(&[&[0.5]]).unwrap();
    let mut fine = open.counts().unwrap();
    fine.update(block(&[1.5, 1.5, 3.5]).view());
    let error = open.quantiles(&fine).unwrap_err();
    assert_eq!(error, NormalizeError::OtherPixels { got: 0, expected: 1 });
    assert!(counts.open_quantiles(&[&[0.5, 0.5]]).is_err());
}
