//! How near results are to the targets of a prediction, from the command line.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]

mod support;

use std::fs;

use ndarray::Array4;
use support::{Ended, PREDICT, Place, read_image, with};

/// The decibels that a run tells of a result: of the result, of the input, of its best affine, channel by channel.
fn told(ended: &Ended, label: &str) -> Vec<Vec<f64>> {
    let start = format!("prediction: {label} on ");
    let lines = ended.stdout.lines().skip_while(|line| !line.starts_with(&start)).skip(1);
    let lines =
        lines.filter(|line| !line.contains("identity check")).take_while(|line| line.starts_with("  "));
    let numbers = |line: &str| -> Vec<f64> {
        let (_, numbers) = line.split_once(": ").unwrap();
        numbers.split([';', ',']).map(|part| decibels(part.trim())).collect()
    };
    lines.inspect(|line| assert!(line.starts_with("  PSNR of channel "), "{line}")).map(numbers).collect()
}

fn decibels(text: &str) -> f64 {
    let number = text.strip_suffix(" dB").unwrap_or_else(|| panic!("{text:?}"));
    number.rsplit(' ').next().unwrap().parse().unwrap()
}

/// By the formula, over the pixels of one channel of all images.
fn psnr(truth: &[f64], image: &[f64]) -> f64 {
    let low = truth.iter().copied().fold(f64::INFINITY, f64::min);
    let high = truth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let squares: f64 = truth.iter().zip(image).map(|(truth, image)| (truth - image).powi(2)).sum();
    10.0 * ((high - low).powi(2) * truth.len() as f64 / squares).log10()
}

fn best_affine(truth: &[f64], input: &[f64]) -> Vec<f64> {
    let n = truth.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (of_truth, of_input) = (mean(truth), mean(input));
    let together: f64 = truth.iter().zip(input).map(|(t, x)| (t - of_truth) * (x - of_input)).sum();
    let a = together / input.iter().map(|x| (x - of_input).powi(2)).sum::<f64>();
    input.iter().map(|x| a * (x - of_input) + of_truth).collect()
}

/// One channel of all images, one after another; the only one where there is one.
fn channel(images: &[Vec<Array4<f32>>], channel_idx: usize) -> Vec<f64> {
    let blocks = images.iter().flatten();
    let of = |block: &Array4<f32>| -> Vec<f64> {
        let own = channel_idx.min(block.shape()[0] - 1);
        block.index_axis(ndarray::Axis(0), own).iter().map(|&value| f64::from(value)).collect()
    };
    blocks.flat_map(of).collect()
}

/// A folder `in` of two images, and a folder `truth` of what they should be, with two channels.
fn two_images() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("in")).unwrap();
    fs::create_dir(place.path("truth")).unwrap();
    for (name, [height, width]) in [("a", [300, 40]), ("b", [24, 32])] {
        let n = height * width;
        let random = |i: usize| (i.wrapping_mul(2_654_435_761) >> 7) % 97;
        place.image(&format!("in/{name}.tif"), "tiff", "YX", &[height, width], |i| {
            (300 + (i / 9 % 50) * 20 + random(i)) as u16
        });
        place.image(&format!("truth/{name}.tiff"), "tiff", "CYX", &[2, height, width], |i| {
            (40 + (i % n / 9 % 50) * if i < n { 3 } else { 11 } + random(i + 5)) as u16
        });
    }
    place
}

/// A prediction with targets of several channels.
fn compared(input: &str, target: &str, models: &str) -> String {
    let text = with(PREDICT, "input: image.tiff", &format!("input: {input}\n  target: {target}"));
    let text = with(&text, "  axes: YX\n", "  axes: YX\n  target_axes: CYX\n");
    with(&text, "[identity]", models)
}

#[test]
fn ratios_are_those_of_the_formula() {
    for target in ["truth", "[truth/b.tiff, truth/a.tiff]"] {
        let place = two_images();
        let input = if target == "truth" { "in" } else { "[in/a.tif, in/b.tif]" };
        let text = compared(input, target, "[identity, {name: gaussian, sigma: 1}]");
        let ended = place.run(&text).with_code(0);
        let images = |folder: &str, ending: &str, axes: &str| {
            ["a", "b"].map(|name| read_image(&place.path(format!("{folder}/{name}{ending}")), axes).1)
        };
        let input = images("in", ".tif", "YX");
        let truth = images("truth", ".tiff", "CYX");
        for label in ["identity", "gaussian"] {
            let result = images("out", &format!("_{label}.tiff"), "YX");
            let told = told(&ended, label);
            assert_eq!(told.len(), 2);
            for (channel_idx, told) in told.iter().enumerate() {
                let [truth, result, input] =
                    [&truth, &result, &input].map(|images| channel(images, channel_idx));
                let expected =
                    [psnr(&truth, &result), psnr(&truth, &input), psnr(&truth, &best_affine(&truth, &input))];
                for (told, expected) in told.iter().zip(expected) {
                    assert!((told - expected).abs() < 0.0051, "{label}: {told} instead of {expected}");
                }
            }
        }
    }
}

#[test]
fn axes_of_targets_are_found_like_those_of_a_training() {
    let place = two_images();
    let text = with(&compared("in", "truth", "[identity]"), "  axes: YX\n  target_axes: CYX\n", "");
    assert_eq!(told(&place.run(&text).with_code(0), "identity").len(), 2);
}

#[test]
fn every_sample_of_a_volume_is_compared() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "TZYX", &[2, 3, 20, 24], |i| (i % 251) as u16);
    place.image("truth.tiff", "tiff", "TZYX", &[2, 3, 20, 24], |i| (i % 251 + usize::from(i == 2879)) as u16);
    let text = with(PREDICT, "axes: YX", "axes: TZYX");
    let text =
        with(&text, "patch_size: [16, 16], overlaps: [4, 4]", "patch_size: [2, 16, 16], overlaps: [0, 4, 4]");
    let same = with(&text, "image.tiff", "image.tiff\n  target: image.tiff");
    let ended = place.run(&same).with_code(0);
    ended.says("  PSNR of channel 0: no difference; input no difference, its best affine ");
    let text = format!("overwrite: true\n{}", with(&text, "image.tiff", "image.tiff\n  target: truth.tiff"));
    let ended = place.run(&text).with_code(0);
    // A single pixel of the last plane of the last sample differs, by 1.
    let expected = 10.0 * (250.0_f64.powi(2) * 2880.0).log10();
    assert!((told(&ended, "identity")[0][0] - expected).abs() < 0.0051, "{ended:#?}");
}

#[test]
fn targets_that_fit_no_result_are_refused_before_any_work() {
    let place = two_images();
    let refused = |text: &str, parts: &[&str]| {
        place.run(text).with_code(2).complains(parts);
        assert!(!place.path("out").exists());
    };
    let line = "run.yaml:12:";
    refused(
        &compared("in/a.tif", "truth/b.tiff", "[identity]"),
        &[
            line,
            "predict.target",
            "truth/b.tiff has 2 channels of size 24 × 32",
            "expected 1 channel of size 300 × 40 as result identity of ",
        ],
    );
    refused(
        &compared("in", "truth/a.tiff", "[identity]"),
        &[line, "predict.target", "nothing has the name of ", "pairs are made by name"],
    );
    refused(
        &compared("in/a.tif", "none.tiff", "[identity]"),
        &[line, "predict.target", "none.tiff does not exist"],
    );
    refused(
        &compared("[in/a.tif, in/b.tif]", "[truth/a.tiff]", "[identity]"),
        &[line, "predict.target", "1 target, expected 2, one per input"],
    );
    let text =
        with(&compared("in/a.tif", "truth/a.tiff", "[identity]"), "output: out", "output: truth/a.tiff");
    refused(&text, &["output", "a folder"]);
}

#[test]
fn what_cannot_be_compared_is_said_to_be_left_out() {
    let place = two_images();
    let text = format!("overwrite: true\n{}", compared("in", "truth", "[identity]"));
    let spread = with(&text, "pixel_type: input", "pixel_type: {to: uint8, scale: [0, 2000]}");
    place
        .run(&spread)
        .with_code(0)
        .says("  PSNR: left out, because its values are spread over the pixel type");
    let unread = with(&text, "pixel_type: input", "pixel_type: uint16\n  formats: png");
    place.run(&unread).with_code(0).says("  PSNR: left out, because no file of it can be read again");
    let holes = place
        .image("truth/c.tiff", "tiff", "CYX", &[2, 24, 32], |i| if i % 7 == 0 { f32::NAN } else { i as f32 });
    let n = holes.iter().take(24 * 32).filter(|value| value.is_nan()).count();
    let text = with(&text, "input: in", "input: in/b.tif").replace("target: truth", "target: truth/c.tiff");
    let ended = place.run(&text).with_code(0);
    ended.says(&format!("without {n} pixels that are not finite"));
}
