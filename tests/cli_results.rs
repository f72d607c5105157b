//! What is written of the outputs of models, from the command line: labels, masks, channels, repeats, weights, tiles left out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]

mod support;

use ndarray::{ArrayD, Axis, IxDyn};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::Region;
use patchweave::pixel::PixelType;
use patchweave::stack::ImageStackExt;
use support::{PREDICT, Place, decoded, with};

/// A prediction of an image with channels in NPY files; `rest` are lines of `predict`.
fn configured(models: &str, rest: &str) -> String {
    let text = with(PREDICT, "  axes: YX\n", "  axes: CYX\n");
    with(
        &text,
        "  models: [identity]\n  pixel_type: input\n",
        &format!("  models: {models}\n  formats: npy\n{rest}"),
    )
}

/// A result as `CYX`, and the type of its pixels.
fn result(place: &Place, name: &str, axes: &str) -> (ArrayD<f32>, PixelType) {
    let axes = Some(axes.parse().unwrap());
    let stack =
        open(&place.path(name), FileFormat::Npy, axes.as_ref(), &OpenOptions::default()).unwrap().remove(0);
    let info = stack.info();
    let pixels = stack.read_patch(0, None, &Region::whole(info.shape().extent)).unwrap();
    (pixels.index_axis_move(Axis(1), 0).into_dyn(), info.pixel_type)
}

/// An image of three channels of 40 × 48 pixels, whose largest channel changes from place to place.
fn image(place: &Place) -> ArrayD<f32> {
    place.image("image.tiff", "tiff", "CYX", &[3, 40, 48], |i| (i * i % 251) as u16).mapv(f32::from)
}

#[test]
fn labels_masks_and_channels() {
    let place = Place::new();
    let image = image(&place);
    place.run(&configured("{name: identity, argmax: true}", "")).with_code(0);
    let (labels, pixel_type) = result(&place, "out/image_identity.npy", "CYX");
    assert_eq!((labels.shape(), pixel_type), (&[1, 40, 48][..], PixelType::U8));
    for ((y, x), label) in
        labels.index_axis(Axis(0), 0).into_dimensionality::<ndarray::Ix2>().unwrap().indexed_iter()
    {
        let largest = (0..3).rev().max_by(|a, b| image[[*a, y, x]].total_cmp(&image[[*b, y, x]])).unwrap();
        assert_eq!(*label, largest as f32, "{y} {x}");
    }

    let models = "{name: identity, outputs: {identity: {threshold: 100, channels: [2, 0]}}}";
    place.run(&format!("overwrite: true\n{}", configured(models, "  blend: hann\n"))).with_code(0);
    let (masks, pixel_type) = result(&place, "out/image_identity.npy", "CYX");
    let chosen = image.select(Axis(0), &[2, 0]);
    assert_eq!(masks, chosen.mapv(|pixel| f32::from(u8::from(pixel > 100.0))));
    assert_eq!(pixel_type, PixelType::U8);

    let text = configured("{name: identity, channels: [1]}", "");
    place.run(&format!("overwrite: true\n{text}")).with_code(0);
    let (channel, pixel_type) = result(&place, "out/image_identity.npy", "CYX");
    assert_eq!((channel, pixel_type), (image.select(Axis(0), &[1]), PixelType::F32));
}

#[test]
fn repeats_and_what_is_known_of_tiles() {
    let place = Place::new();
    let image = image(&place);
    let models = "[{name: identity, augment: all, samples: 2, deviation: true}, gaussian]";
    let ended = place
        .run(&configured(models, "  blend: {name: hann, weights: true, deviation: true}\n"))
        .with_code(0);
    ended.says("prediction: identity_std on 1 image");
    let names: Vec<String> = place.names("out").into_iter().filter(|name| name.ends_with(".npy")).collect();
    let results = [
        "gaussian",
        "gaussian_deviation",
        "gaussian_weights",
        "identity",
        "identity_deviation",
        "identity_std",
        "identity_weights",
    ];
    assert_eq!(names, results.map(|name| format!("image_{name}.npy")));
    let (mean, _) = result(&place, "out/image_identity.npy", "CYX");
    assert!(mean.iter().zip(&image).all(|(mean, pixel)| (mean - pixel).abs() < 1e-4));
    for name in ["identity_std", "identity_deviation"] {
        let (deviation, _) = result(&place, &format!("out/image_{name}.npy"), "CYX");
        assert_eq!(deviation, ArrayD::<f32>::zeros(IxDyn(&[3, 40, 48])), "{name}");
    }
    let (weights, pixel_type) = result(&place, "out/image_gaussian_weights.npy", "CYX");
    assert_eq!((weights.shape(), pixel_type), (&[1, 40, 48][..], PixelType::F32));
    assert!(weights.iter().all(|weight| *weight > 0.0));
    // Tiles see mirrored pixels beyond their border, others see what is there.
    let (deviation, _) = result(&place, "out/image_gaussian_deviation.npy", "CYX");
    assert!(deviation.iter().any(|deviation| *deviation > 0.1));
}

#[test]
fn empty_tiles_are_left_out() {
    let place = Place::new();
    let image =
        place.image("image.tiff", "tiff", "YX", &[40, 48], |i| if i < 48 * 16 { 120_u16 } else { 90 });
    let text = with(PREDICT, "  pixel_type: input\n", "  formats: npy\n  skip: {below: 100, value: 7}\n");
    let ended = place.run(&text).with_code(0);
    ended.says("left out: 4 of 12 tiles, all of whose pixels lie below 100");
    let (got, _) = result(&place, "out/image_identity.npy", "YX");
    assert_eq!(got[[0, 0, 0]], 120.0);
    assert_eq!(got[[0, 39, 47]], 7.0);
    let (_, shown) = decoded(&place.path("out/image_coverage.png"));
    assert!(shown.into_iter().eq(got.iter().map(|pixel| if *pixel == 7.0 { [0; 3] } else { [255; 3] })));
    let without = with(PREDICT, "  pixel_type: input\n", "  formats: npy\n");
    place.run(&format!("overwrite: true\n{}", with(&text, "below: 100", "below: 90"))).with_code(0);
    let (_, shown) = decoded(&place.path("out/image_coverage.png"));
    assert!(shown.iter().all(|pixel| *pixel == [255; 3]));
    let mut skipped_none = place.files("out");
    assert!(skipped_none.remove(std::path::Path::new("image_coverage.png")).is_some());
    std::fs::remove_file(place.path("out/image_coverage.png")).unwrap();
    place.run(&format!("overwrite: true\n{without}")).with_code(0);
    assert_eq!(place.files("out"), skipped_none);
    let got = result(&place, "out/image_identity.npy", "YX").0.index_axis_move(Axis(0), 0);
    assert_eq!(got, image.mapv(f32::from));
}

#[test]
fn tiles_without_pixels_of_the_mask_are_left_out() {
    let place = Place::new();
    let image = place.image("image.tiff", "tiff", "YX", &[40, 48], |i| (i % 97) as u16);
    place.image("mask.tiff", "tiff", "YX", &[40, 48], |i| u8::from(i == 0 || i == 48 * 39 + 47));
    let text =
        with(PREDICT, "  pixel_type: input\n", "  formats: npy\n  skip: {mask: mask.tiff, value: 999}\n");
    let ended = place.run(&text).with_code(0);
    ended.says("left out: 10 of 12 tiles, in which the mask is 0");
    ended.says("out/image_coverage.png");
    let got = result(&place, "out/image_identity.npy", "YX").0.index_axis_move(Axis(0), 0);
    let expected = ndarray::Array2::from_shape_fn((40, 48), |(y, x)| {
        // What is kept of the first and of the last tile.
        let is_kept = y < 14 && x < 14 || y >= 26 && x >= 38;
        if is_kept { f32::from(image[[y, x]]) } else { 999.0 }
    });
    let expected = expected.into_dyn();
    assert_eq!(got, expected);
    let (size, shown) = decoded(&place.path("out/image_coverage.png"));
    assert_eq!(size, [48, 40]);
    // White is what is not filled.
    let colours = expected.iter().map(|pixel| if *pixel == 999.0 { [0; 3] } else { [255; 3] });
    assert!(shown.into_iter().eq(colours.clone()));

    // Half of it, gone on with by another mask, and then by its own.
    std::fs::remove_dir_all(place.path("out")).unwrap();
    let predict = |mask: &str, arguments: &[&str]| {
        let config = place.write("run.yaml", &with(&text, "mask: mask.tiff", &format!("mask: {mask}")));
        let mut all = vec!["predict".as_ref(), config.as_os_str()];
        all.extend(arguments.iter().map(std::ffi::OsStr::new));
        place.patchweave(&all)
    };
    place.image("other.tiff", "tiff", "YX", &[40, 48], |_| 1_u8);
    predict("mask.tiff", &["--shard", "1/2"]).with_code(0);
    predict("other.tiff", &["--resume"]).with_code(2).complains(&["mask of image"]);
    predict("mask.tiff", &["--resume"]).with_code(0).says("left out: 10 of 12 tiles, in which the mask is 0");
    let (_, shown) = decoded(&place.path("out/image_coverage.png"));
    assert!(shown.into_iter().eq(colours));
    assert_eq!(result(&place, "out/image_identity.npy", "YX").0.index_axis_move(Axis(0), 0), got);

    let refused = |mask: &str, parts: &[&str]| {
        let text = with(&text, "mask: mask.tiff", &format!("mask: {mask}"));
        place.run(&format!("overwrite: true\n{text}")).with_code(2).complains(parts);
    };
    place.image("small.tiff", "tiff", "YX", &[40, 47], |_| 0_u8);
    refused("small.tiff", &["predict.skip.mask", "small.tiff", "as its input"]);
    refused("none.tiff", &["predict.skip.mask", "none.tiff"]);
    refused("[mask.tiff, small.tiff]", &["predict.skip.mask", "2 masks", "1, one per input"]);
    let neither = with(&text, "mask: mask.tiff, ", "");
    place.run(&neither).with_code(2).complains(&["predict.skip", "below", "mask"]);
}

#[test]
fn what_outputs_do_not_have_is_refused_before_any_work() {
    let place = Place::new();
    image(&place);
    let refused = |models: &str, parts: &[&str]| {
        place.run(&configured(models, "")).with_code(2).complains(parts);
        assert!(!place.path("out").exists());
    };
    refused(
        "{name: identity, outputs: [identiti]}",
        &["run.yaml:11:", "predict.models", "identiti", "did you mean `identity`"],
    );
    refused("{name: identity, channels: [3]}", &["predict.models", "got channel 3 of 3 of output identity"]);
    refused("{name: channel_mean, argmax: true}", &["the largest of one channel", "several channels"]);
    refused("[gaussian, {name: gaussian, argmax: true}]", &["image_gaussian_1"]);
}
