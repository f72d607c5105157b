//! Results of a prediction in formats that the configuration chooses, with settings.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels may wrap around")]

mod support;

use std::fs;

use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::Region;
use patchweave::pixel::PixelType;
use patchweave::stack::ImageStackExt;
use support::{PREDICT, Place, read_image, with};

const MODELS: &str = "  models: [identity]\n";

/// The prediction of an image of 40 x 48 pixels, with more keys.
fn configured(keys: &str) -> String {
    with(PREDICT, MODELS, &format!("{MODELS}{keys}"))
}

fn place() -> Place {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| (i * 7) as u16);
    place
}

fn json(place: &Place, name: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(place.path(name)).unwrap()).unwrap()
}

#[test]
fn formats_have_settings() {
    let place = place();
    let keys = "  formats:\n    - {name: ome_zarr, levels: 2, chunks: {z: 4, y: 16, x: 24}, compression: zstd:3, \
                version: \"0.4\"}\n    - npy\n    - ome_zarr_zip\n    - {name: zarr_array, array: a/b}\n    - png\n";
    let ended = place.run(&configured(keys)).with_code(0);
    let input = read_image(&place.path("image.tiff"), "YX");

    let zarr = "out/image_identity.ome.zarr";
    assert_eq!(read_image(&place.path(zarr), "YX"), input);
    let scales = json(&place, &format!("{zarr}/.zattrs"));
    assert_eq!(scales["multiscales"][0]["datasets"].as_array().unwrap().len(), 2);
    let array = json(&place, &format!("{zarr}/0/.zarray"));
    assert_eq!(array["chunks"], serde_json::json!([16, 24]));
    assert_eq!((&array["compressor"]["id"], &array["compressor"]["level"]), (&"zstd".into(), &3.into()));
    assert_eq!(json(&place, &format!("{zarr}/1/.zarray"))["shape"], serde_json::json!([20, 24]));

    for (name, format) in [
        ("image_identity.npy", FileFormat::Npy),
        ("image_identity.ozx", FileFormat::Zarr),
        ("image_identity.zarr_array/a/b", FileFormat::Zarr),
    ] {
        let path = place.path("out").join(name);
        let stack =
            open(&path, format, Some(&"YX".parse().unwrap()), &OpenOptions::default()).unwrap().remove(0);
        let pixels = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap();
        assert_eq!((stack.info().pixel_type, vec![pixels]), input, "{name}");
    }
    for ending in ["ome.zarr", "npy", "ozx", "zarr_array"] {
        ended.says(&format!("image_identity.{ending} equal the input"));
    }
    ended.says("image_identity.png, because files of the format png are not read again");
    let listed: Vec<_> =
        ended.listed().iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    let expected = ["ome.zarr", "npy", "ozx", "zarr_array", "png", "picture.png"];
    assert_eq!(listed, expected.map(|ending| format!("image_identity.{ending}")));
    // All of them are results that exist.
    place.run(&configured(keys)).with_code(2).complains(&["output: 6 results exist: "]);
}

/// The problems of a configuration as `line:column: key: found, expected ...`.
#[track_caller]
fn refused(place: &Place, config: &str) -> Vec<String> {
    let ended = place.run(config).with_code(2);
    assert!(!place.path("out").exists());
    let lines = ended.stderr.lines().filter_map(|line| Some(line.split_once("run.yaml:")?.1.to_owned()));
    lines.filter(|line| line.contains(": ")).collect()
}

#[test]
fn what_formats_do_not_have_is_refused_before_any_work() {
    let place = place();
    let keys = "  formats:\n    - tif\n    - {name: ome_zarr, compression: zip, versoin: \"0.4\", shards: {y: 20}}\n    \
                - {name: npy, levels: auto, compression: gzip, chunk: 3}\n    - memory\n    - zarr\n    \
                - {name: zarr_array, version: 0.4, levels: 2}\n";
    let formats = "tiff, ome_zarr, ome_zarr_zip, zarr_array, npy or png";
    let refused = refused(&place, &configured(keys));
    let expected = [
        format!("13:7: predict.formats[0]: got \"tif\", expected {formats}; did you mean `tiff`?"),
        "14:37: predict.formats[1].compression: got \"zip\", expected auto, none, zstd, deflate, lzw, blosc or blosc_zstd".to_owned(),
        "14:51: predict.formats[1].versoin: unknown field `versoin`, expected one of `version`, `sharding`, `store_empty`; \
         did you mean `version`?"
            .to_owned(),
        "14:58: predict.formats[1].shards: got shards of [20, 1], expected multiples of the chunks of [40, 48] in ome_zarr"
            .to_owned(),
        "15:46: predict.formats[2].compression: got compression deflate, expected none in npy".to_owned(),
        "15:59: predict.formats[2].chunk: unknown field `chunk`, there are no fields, expected a setting that npy has; \
         did you mean `chunks`?"
            .to_owned(),
        format!("16:7: predict.formats[3]: got \"memory\", expected {formats}"),
        format!("17:7: predict.formats[4]: got \"zarr\", expected {formats} (zarr is called ome_zarr here)"),
        "18:35: predict.formats[5].version: invalid type: floating point `0.4`, expected string or map, text in quotes".to_owned(),
        "18:48: predict.formats[5].levels: got 2 levels, expected 1 in zarr_array".to_owned(),
    ];
    assert_eq!(refused, expected);
}

/// A simulation is not begun for results that cannot be written.
#[test]
fn images_to_come_are_checked() {
    let place = Place::new();
    let config = with(support::SMALL, "  batch_size: 3\n", "  formats: [{name: npy, levels: 2}]\n");
    let refused = refused(&place, &config);
    assert_eq!(refused, ["26:33: predict.formats[0].levels: got 2 levels, expected 1 in npy"]);
}

#[test]
fn values_are_spread_over_the_pixel_type() {
    let place = place();
    let input = read_image(&place.path("image.tiff"), "YX").1.remove(0);
    let config = with(
        &configured("  formats: [tiff, npy]\n"),
        "pixel_type: input",
        "pixel_type: {to: uint8, scale: [700, 1210]}",
    );
    let ended = place.run(&config).with_code(0);
    let (pixel_type, mut written) = read_image(&place.path("out/image_identity.tiff"), "YX");
    assert_eq!(pixel_type, PixelType::U8);
    let expected = input.mapv(|value| ((value - 700.0) / 2.0).round_ties_even().clamp(0.0, 255.0));
    assert_eq!(written.remove(0), expected);
    // Beyond half a step, clipped values are others.
    let n_clipped = input.iter().filter(|value| !(698.0..=1212.0).contains(*value)).count();
    assert_eq!(n_clipped, 1846);
    ended.says("846 pixels were outside of the range of uint8 and clipped");
    ended.says("identity check: left out for ");
    ended.says("because its values are spread over the pixel type");

    let config = with(&config, "scale: [700, 1210]", "scale: none").replace("uint8", "uint16");
    let ended = place.run(&format!("{config}overwrite: true\n")).with_code(0);
    assert!(!ended.stdout.contains("clipped"), "{}", ended.stdout);
    ended.says("image_identity.npy equal the input");
}

#[test]
fn what_is_known_of_an_image_is_known_of_its_result() {
    let place = Place::new();
    let layout = patchweave::geometry::ArrayLayout::new("TCYX".parse().unwrap(), &[3, 2, 20, 24]).unwrap();
    let mut spec = patchweave::sink::ImageSpec::new(layout, PixelType::U16);
    let per_axis = |values: &[f64]| Some(patchweave::geometry::PerAxis::new(values).unwrap());
    spec.pixel_size = per_axis(&[0.25, 0.5]);
    spec.translation = per_axis(&[10.0, 20.0]);
    spec.time_step = Some(2.5);
    spec.channel_names = Some(vec!["DAPI".to_owned(), "GFP".to_owned()]);
    spec.channel_colors = Some(vec![[0, 0, 255], [0, 255, 0]]);
    let sink = patchweave::sink::create(place.path("image.ome.zarr"), "ome_zarr", spec.clone()).unwrap();
    sink.finish().unwrap();
    let known = |name: &str| {
        let axes = "TCYX".parse().unwrap();
        let stacks = open(&place.path(name), FileFormat::Zarr, Some(&axes), &OpenOptions::default());
        stacks.unwrap().remove(0).info().clone()
    };
    let config = configured("  formats: [ome_zarr]\n")
        .replace("data_type: tiff\n  axes: YX", "data_type: zarr\n  axes: TCYX");
    let config = config.replace("image.tiff", "image.ome.zarr");
    place.run(&config).with_code(0);
    let info = known("out/image_identity.ome.zarr");
    assert_eq!(
        (info.pixel_size, info.translation, info.time_step),
        (spec.pixel_size, spec.translation, Some(2.5))
    );
    assert_eq!((info.channel_names, info.channel_colors), (spec.channel_names, spec.channel_colors));

    // Of selected channels it is not known which is which.
    let config = with(&config, "  axes: TCYX", "  axes: TCYX\n  channels: [1, 0]");
    place.run(&format!("{config}overwrite: true\n")).with_code(0);
    let info = known("out/image_identity.ome.zarr");
    assert_eq!((info.time_step, info.channel_names), (Some(2.5), None));
}
