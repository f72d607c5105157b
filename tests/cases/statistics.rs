//! Statistics of images that are hardly anything but one value, or hold values that are no numbers.

use crate::case;
use crate::support::{Ended, Place, with};

/// A training on one image with the statistics that are asked for.
fn train(normalization: &str) -> String {
    format!(
        "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  patching: {{name: random, patch_size: [16, 16]}}
  normalization: {normalization}
  batch_size: 4
  num_workers: 2
  seed: 1
train:
  input: image.tiff
  statistics: {{from: images}}
"
    )
}

/// A folder with an image of 32 × 32 pixels.
fn with_image(pixel: impl FnMut(usize) -> f32) -> Place {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[32, 32], pixel);
    place
}

fn statistics(place: &Place) -> String {
    std::fs::read_to_string(place.path("out/normalization.yaml")).unwrap()
}

/// How many lines of the output are about something.
fn n_lines(ended: &Ended, part: &str) -> usize {
    ended.stdout.lines().filter(|line| line.contains(part)).count()
}

const REFUSAL: &str = "all its values are the same as float32, which no range can be normalised by";

#[test]
fn equal_quantiles_are_refused_as_equal_extremes_are() {
    let place = case("quantile-sparse");
    for (config, image, found) in [
        ("sparse_quantile.yaml", "sparse.tif", "has quantiles 0 and 0"),
        ("sparse_float_quantile.yaml", "sparse_float.tif", "has quantiles 0 and 0"),
        ("constant_quantile.yaml", "constant.tif", "has quantiles 700 and 700"),
        ("constant_min_max.yaml", "constant.tif", "ranges from 700 to 700"),
    ] {
        let ended = place.patchweave(&["run", config]).with_code(1);
        ended.complains(&["channel 0 of the input", image, found, REFUSAL]);
        assert!(!place.path("out/normalization.yaml").exists());
    }
}

#[test]
fn equal_quantiles_from_patches_are_refused_too() {
    let place = case("quantile-sparse");
    for config in ["sparse_quantile.yaml", "sparse_float_quantile.yaml", "constant_quantile.yaml"] {
        let text = std::fs::read_to_string(place.path(config)).unwrap();
        for per_channel in ["true", "false"] {
            let text = with(&text, "  statistics: {from: images}\n", "");
            let text =
                with(&text, "{name: quantile,", &format!("{{name: quantile, per_channel: {per_channel},"));
            place.run(&text).with_code(1).complains(&[REFUSAL]);
        }
    }
}

#[test]
fn quantiles_that_differ_are_those_of_a_sort() {
    let place = case("quantile-sparse");
    // 81 of 16 384 pixels are bright, about 0.5 %.
    for (config, upper) in
        [("sparse_quantile.yaml", "1000.0"), ("sparse_float_quantile.yaml", "0.699999988079071")]
    {
        let text = std::fs::read_to_string(place.path(config)).unwrap();
        let text = with(&text, "upper_quantiles: 0.99", "upper_quantiles: 0.999");
        place.run(&text).with_code(0);
        let found = statistics(&place);
        assert!(found.contains("input_lower_quantile_values: [0.0]"), "{found}");
        assert!(found.contains(&format!("input_upper_quantile_values: [{upper}]")), "{found}");
    }
}

#[test]
fn the_estimate_of_the_reference_is_used_where_it_is_asked_for() {
    let place = case("quantile-sparse");
    let text = std::fs::read_to_string(place.path("constant_quantile.yaml")).unwrap();
    let text = with(&text, "{name: quantile,", "{name: quantile, method: streaming,");
    let warning = "has width 0 as float32, so normalisation divides by 1e-8: pixels of 700 become 0";
    let computed = place.run(&text).with_code(0);
    assert_eq!(n_lines(&computed, warning), 1, "{computed:#?}");
    let found = statistics(&place);
    assert!(found.contains("method: streaming"), "{found}");
    // What a run leaves can be given to the next one.
    let block = found.lines().skip(1).map(|line| format!("  {line}\n")).collect::<String>();
    let text = with(
        &text,
        "  normalization: {name: quantile, method: streaming, lower_quantiles: 0.01, upper_quantiles: 0.99}\n",
        &block,
    );
    let given = place.run(&text).with_code(0);
    assert_eq!(n_lines(&given, warning), 1, "{given:#?}");
}

#[test]
fn a_deviation_of_0_is_told_with_what_becomes_of_pixels() {
    let place = with_image(|_| 700.0);
    let computed = place.run(&train("{name: mean_std}")).with_code(0);
    computed.says("channel 0 of the input, from ");
    computed.says(
        "image.tiff: the standard deviation is 0, so normalisation divides by 1e-6: pixels of 700 become 0",
    );
    assert_eq!(n_lines(&computed, "standard deviation is 0"), 1);

    let given = place.run(&train("{name: mean_std, input_means: [3], input_stds: [0]}")).with_code(0);
    given.says("data_config.normalization.input_stds[0]: the standard deviation is 0");
    given.says("pixels of 3 become 0");

    let usual = with_image(|at| f32::from(u8::try_from(at % 251).unwrap()));
    let usual = usual.run(&train("{name: mean_std}")).with_code(0);
    assert_eq!(n_lines(&usual, "warning"), 0);
}

/// Pixels in units that make them tiny are told in digits that mean something, and that normalising does not scale them.
#[test]
fn tiny_statistics_are_told_and_have_digits() {
    let place = with_image(|at| 1e-16 * f32::from(u8::try_from(at % 200).unwrap()));
    let ended = place.run(&train("{name: mean_std}")).with_code(0);
    ended.says("e-15 ± ");
    ended.says("and normalisation adds 1e-6 to it: normalised values have a standard deviation of ");
    let ended = place.run(&train("{name: min_max}")).with_code(0);
    ended.says("0 to 1.99e-14 (smallest to largest");
    ended.says("and normalisation adds 1e-8 to its width");
}

#[test]
fn pixels_that_are_no_numbers_are_told_once_for_an_image() {
    let given = "{name: mean_std, input_means: [3], input_stds: [2]}";
    for (bad, epochs) in [(f32::NAN, 1), (f32::INFINITY, 3)] {
        let place = with_image(|at| if at == 500 { bad } else { 1.0 });
        place.image("good.tiff", "tiff", "YX", &[32, 32], |_| 1.0_f32);
        let text = train(given).replace("random", "sequential");
        let text =
            with(&text, "input: image.tiff", &format!("input: [good.tiff, image.tiff]\n  epochs: {epochs}"));
        let text = text.replace("  statistics: {from: images}\n", "");
        let ended = place.run(&text).with_code(0);
        assert_eq!(n_lines(&ended, "infinite or no number"), 1, "{ended:#?}");
        ended.says(
            "image.tiff: pixels of the input are infinite or no number and were delivered so in 1 patch at ",
        );
        // Pixel 500 is at row 15, column 20.
        ended.says("at [0, 16] of sample 0, size 16 × 16; reading.non_finite: fail refuses them");

        let failing = format!("{text}reading: {{non_finite: fail}}\n");
        place.run(&failing).with_code(1).complains(&[
            "image.tiff",
            "the input of patch",
            "holds pixels that are infinite or no number; repair the image",
        ]);
        let skipping = with(&failing, "  epochs:", "  on_failure: skip\n  epochs:");
        place.run(&skipping).with_code(0).says("holds pixels that are infinite or no number");
    }
    let place = with_image(|_| 1.0);
    let ended = place.run(&train(given)).with_code(0);
    assert_eq!(n_lines(&ended, "no number"), 0);
    let refused = place.run(&format!("{}reading: {{non_finite: drop}}\n", train(given))).with_code(2);
    refused.complains(&["reading.non_finite: got \"drop\", expected keep or fail"]);
}

#[test]
fn predictions_tell_of_pixels_that_are_no_numbers_too() {
    let place = with_image(|at| if at == 500 { f32::NAN } else { 1.0 });
    let text =
        with(crate::support::PREDICT, "models: [identity]", "models: [identity, {name: gaussian, sigma: 1}]");
    let text = with(&text, "  pixel_type: input\n", "");
    let ended = place.run(&text).with_code(0);
    assert_eq!(n_lines(&ended, "infinite or no number"), 1, "{ended:#?}");
    let failing = format!("{text}overwrite: true\nreading: {{non_finite: fail}}\n");
    place.run(&failing).with_code(1).complains(&["infinite or no number"]);
}

#[test]
fn statistics_of_pixels_that_are_no_numbers_say_what_to_do() {
    let place = with_image(|at| if at == 500 { f32::NAN } else { 1.0 });
    for normalization in
        ["{name: mean_std}", "{name: min_max}", "{name: quantile}", "{name: quantile, method: streaming}"]
    {
        place.run(&train(normalization)).with_code(1).complains(&[
            "image.tiff: the input of patch 0 holds pixels that are infinite or no number",
            "repair the image, or give statistics in the configuration",
        ]);
    }
}
