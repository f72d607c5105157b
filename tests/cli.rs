//! `patchweave run` from a YAML file to the last output, on images that the test makes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "pixels may wrap around")]

mod support;

use std::path::PathBuf;

use patchweave::pixel::PixelType;
use support::{Ended, PREDICT, Place, SMALL, read_image, with};

/// What a run lists is there, and nothing else is in its output folder.
#[track_caller]
fn check_files(place: &Place, ended: &Ended) {
    let listed: Vec<_> = ended.listed().iter().map(|name| place.path(name)).collect();
    let missing: Vec<_> = listed.iter().filter(|path| !path.exists()).collect();
    assert!(missing.is_empty(), "listed but missing: {missing:?}");
    let mut unique = listed.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), listed.len(), "listed twice: {listed:?}");
    let out = place.path("out");
    // The record of a simulation has a test of its own.
    let is_listed = |file: &PathBuf| {
        file.ends_with("simulation.json") || listed.iter().any(|path| out.join(file).starts_with(path))
    };
    let files = place.files("out");
    let unlisted: Vec<_> = files.keys().filter(|file| !is_listed(file)).collect();
    assert!(unlisted.is_empty(), "there but not listed: {unlisted:?}");
    assert!(!files.is_empty());
}

#[test]
fn small_run_does_everything_and_lists_it() {
    let place = Place::new();
    let ended = place.run(SMALL).with_code(0);
    assert_eq!(ended.stderr, "");
    ended.says("identity check: all 7 680 uint16 pixels of ");
    ended.says("prediction: gaussian on 1 image, 20 tiles");
    ended.says("normalisation: input ");
    ended.says("forecast of an epoch: 9 patches in 3 batches, ");
    ended.says("forecast against actual: 18 patches made");
    check_files(&place, &ended);
    let expected = [
        "data",
        "mixed_gaussian.ome.zarr",
        "mixed_gaussian.png",
        "mixed_gaussian.tiff",
        "mixed_identity.ome.zarr",
        "mixed_identity.png",
        "mixed_identity.tiff",
        "normalization.yaml",
        "training_patches.png",
    ];
    assert_eq!(place.names("out"), expected);
}

#[test]
fn the_record_of_a_simulation_is_listed_like_its_images() {
    let place = Place::new();
    let listed = place.run(SMALL).with_code(0).listed();
    assert!(place.path("out/data/simulation.json").exists());
    assert!(listed.iter().any(|path| path.ends_with("simulation.json")), "{listed:#?}");
}

#[test]
fn results_hold_the_pixels_of_the_input() {
    let place = Place::new();
    place.run(SMALL).with_code(0);
    let input = read_image(&place.path("out/data/mixed.tiff"), "YX");
    assert_eq!(input.0, PixelType::U16);
    assert_eq!(read_image(&place.path("out/data/mixed.ome.zarr"), "YX"), input);
    for name in ["out/mixed_identity.tiff", "out/mixed_identity.ome.zarr"] {
        assert_eq!(read_image(&place.path(name), "YX"), input, "{name}");
    }
    let smooth = read_image(&place.path("out/mixed_gaussian.tiff"), "YX");
    assert_eq!(read_image(&place.path("out/mixed_gaussian.ome.zarr"), "YX"), smooth);
    assert_ne!(smooth, input);
    let contrast = |pixels: &ndarray::Array4<f32>| pixels.std(0.0);
    assert!(contrast(&smooth.1[0]) < contrast(&input.1[0]));
}

#[test]
fn a_second_run_gives_the_same_bytes() {
    let place = Place::new();
    let small = format!("{SMALL}overwrite: true\n");
    place.run(&small).with_code(0);
    let first = place.files("");
    let again = place.run(&small).with_code(0);
    again.says("found simulated data");
    check_files(&place, &again);
    assert!(place.files("") == first);
}

#[test]
fn workers_and_batches_of_a_prediction_do_not_change_a_byte() {
    let reference = Place::new();
    reference.run(&with(SMALL, "num_workers: 2", "num_workers: 1")).with_code(0);
    let expected = reference.files("out");
    for (n_workers, batch_size) in [(2, 1), (3, 3), (3, 8), (2, 64)] {
        let place = Place::new();
        let config = with(SMALL, "num_workers: 2", &format!("num_workers: {n_workers}"));
        place.run(&with(&config, "batch_size: 3", &format!("batch_size: {batch_size}"))).with_code(0);
        assert!(place.files("out") == expected, "{n_workers} workers, batches of {batch_size}");
    }
}

#[test]
fn volumes_are_cut_along_three_axes() {
    let place = Place::new();
    let config = with(SMALL, "size: [96, 80]", "size: [12, 40, 36]");
    let config = with(&config, "  axes: YX", "  axes: ZYX");
    let config = with(&config, "target_axes: CYX", "target_axes: CZYX");
    let config = with(&config, "random, patch_size: [32, 32]", "random, patch_size: [8, 16, 16]");
    let tiles = "patch_size: [8, 16, 16], overlaps: [4, 8, 8]";
    let config = with(&config, "patch_size: [32, 32], overlaps: [16, 16]", tiles);
    let ended = place.run(&config).with_code(0);
    ended.says("identity check: all 17 280 uint16 pixels of ");
    check_files(&place, &ended);
    let input = read_image(&place.path("out/data/mixed.tiff"), "ZYX");
    assert_eq!(input.1[0].shape(), [1, 12, 40, 36]);
    assert_eq!(read_image(&place.path("out/mixed_identity.tiff"), "ZYX"), input);
    assert_eq!(read_image(&place.path("out/mixed_identity.ome.zarr"), "ZYX"), input);
}

#[test]
fn zarr_gives_what_tiff_gives() {
    let tiff = Place::new();
    let zarr = Place::new();
    tiff.run(SMALL).with_code(0);
    let config = with(SMALL, "data_type: tiff", "data_type: zarr").replace(".tiff", ".ome.zarr");
    let ended = zarr.run(&config).with_code(0);
    ended.says("identity check: all 7 680 uint16 pixels of ");
    check_files(&zarr, &ended);
    // OME-Zarr results take over the chunks of their input, which a TIFF does not have; the rest is the same.
    let same = |place: &Place| {
        let mut files = place.files("out");
        files.retain(|name, _| !name.to_string_lossy().contains(".ome.zarr"));
        files
    };
    assert!(same(&zarr) == same(&tiff));
}

#[test]
fn selected_channels_come_in_the_order_of_the_list() {
    let place = Place::new();
    let config = with(SMALL, "  axes: YX\n  target_axes: CYX", "  axes: CYX\n  channels: [2, 0]");
    let config = with(&config, "  target: out/data/structures.tiff\n", "");
    let ended = place.run(&config.replace("mixed.tiff", "structures.tiff")).with_code(0);
    ended.says("identity check: all 15 360 uint16 pixels of ");
    check_files(&place, &ended);
    let (_, input) = read_image(&place.path("out/data/structures.tiff"), "CYX");
    let expected = input[0].select(ndarray::Axis(0), &[2, 0]);
    for name in ["out/structures_identity.tiff", "out/structures_identity.ome.zarr"] {
        assert_eq!(read_image(&place.path(name), "CYX").1, std::slice::from_ref(&expected), "{name}");
    }
}

#[test]
fn a_single_selected_channel_stays_a_channel() {
    let place = Place::new();
    let pixels = place.image("image.tiff", "tiff", "CYX", &[3, 20, 24], |i| i as u16);
    let config = with(PREDICT, "axes: YX", "axes: CYX\n  channels: [1]");
    let ended = place.run(&config).with_code(0);
    ended.says("identity check: all 480 uint16 pixels of ");
    let (_, result) = read_image(&place.path("out/image_identity.tiff"), "CYX");
    assert_eq!(result[0].shape(), [1, 1, 20, 24]);
    assert!(result[0].iter().zip(pixels.iter().skip(480)).all(|(a, b)| *a == f32::from(*b)));
}

#[test]
fn samples_and_times_stay_apart() {
    for (axes, shape) in [("SCYX", vec![3, 2, 20, 24]), ("TYX", vec![5, 20, 24]), ("YXS", vec![20, 24, 4])] {
        let place = Place::new();
        let n = shape.iter().product::<usize>();
        place.image("image.tiff", "tiff", axes, &shape, |i| (i * 7) as u16);
        let ended = place.run(&with(PREDICT, "axes: YX", &format!("axes: {axes}"))).with_code(0);
        ended.says("identity check: all ");
        check_files(&place, &ended);
        let (pixel_type, input) = read_image(&place.path("image.tiff"), axes);
        assert_eq!(input.iter().map(|sample| sample.len()).sum::<usize>(), n);
        assert_eq!(read_image(&place.path("out/image_identity.tiff"), axes), (pixel_type, input.clone()));
        let written: String = "TCZYX".chars().filter(|&axis| axes.contains(axis)).collect();
        let zarr = read_image(&place.path("out/image_identity.ome.zarr"), &written);
        assert_eq!(zarr, (pixel_type, input), "{axes}");
    }
}

#[test]
fn images_of_one_name_keep_their_folders() {
    let place = Place::new();
    std::fs::create_dir(place.path("a")).unwrap();
    std::fs::create_dir(place.path("b")).unwrap();
    place.image("a/image.tiff", "tiff", "YX", &[20, 24], |i| i as u16);
    place.image("b/image.tiff", "tiff", "YX", &[31, 17], |i| (i * 3) as u16);
    let ended = place.run(&with(PREDICT, "image.tiff", "[a/image.tiff, b/image.tiff]")).with_code(0);
    check_files(&place, &ended);
    for (input, result) in
        [("a/image.tiff", "a/image_identity.tiff"), ("b/image.tiff", "b/image_identity.tiff")]
    {
        let result = place.path("out").join(result);
        assert_eq!(read_image(&result, "YX"), read_image(&place.path(input), "YX"));
    }
}

/// An image that is called like the number another one gets must not be overwritten by it.
#[test]
fn numbered_names_stay_apart_from_given_ones() {
    let place = Place::new();
    std::fs::create_dir(place.path("a")).unwrap();
    place.image("image.tiff", "tiff", "YX", &[20, 24], |i| i as u16);
    place.image("a/image.tiff", "tiff", "YX", &[20, 24], |i| (i * 3) as u16);
    place.image("image_1.tiff", "tiff", "YX", &[20, 24], |i| (i * 5) as u16);
    let config = with(PREDICT, "image.tiff", "[image.tiff, a/image.tiff, image_1.tiff]");
    let ended = place.run(&config).with_code(0);
    check_files(&place, &ended);
}

/// Two models of one kind must not write to the same file.
#[test]
fn models_of_one_kind_stay_apart() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[20, 24], |i| (i * 31) as u16);
    let models = "[{name: gaussian, sigma: 0.5}, {name: gaussian, sigma: 0.4}]";
    let ended = place.run(&with(PREDICT, "[identity]", models));
    if ended.code != 2 {
        let ended = ended.with_code(0);
        check_files(&place, &ended);
    }
}

#[test]
fn floats_come_back_bit_by_bit_without_normalisation() {
    let place = Place::new();
    let special = [f32::MIN_POSITIVE, -0.0, 1e30, -1e-30, 1e-42, f32::MAX];
    let pixels = place.image("image.tiff", "tiff", "YX", &[40, 33], |i| {
        special.get(i).copied().unwrap_or((i as f32 - 600.0) / 7.0)
    });
    let ended = place.run(PREDICT).with_code(0);
    ended.says("identity check: all 1 320 float32 pixels of ");
    check_files(&place, &ended);
    for name in ["out/image_identity.tiff", "out/image_identity.ome.zarr"] {
        let (pixel_type, result) = read_image(&place.path(name), "YX");
        assert_eq!(pixel_type, PixelType::F32);
        let bits = |pixels: &mut dyn Iterator<Item = &f32>| pixels.map(|p| p.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&mut result[0].iter()), bits(&mut pixels.iter()), "{name}");
    }
}

#[test]
fn floats_with_holes_and_infinities_pass() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 33], |i| match i % 50 {
        0 => f32::NAN,
        1 => f32::INFINITY,
        2 => f32::NEG_INFINITY,
        _ => i as f32,
    });
    let ended = place.run(PREDICT).with_code(0);
    ended.says("identity check: all 1 320 float32 pixels of ");
}

#[test]
fn floats_that_are_normalised_may_be_rounded() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 33], |i| (i as f32 * 0.37).sin() * 1234.5);
    let ended = place.run(&with(PREDICT, "name: none", "name: mean_std")).with_code(0);
    ended.says("float32 pixels of ");
    ended.says("normalization {name: none} is exact");
    check_files(&place, &ended);
}

/// What is far smaller than the offset of its normalisation loses bits, and that is no failure.
#[test]
fn rounding_is_measured_by_the_statistics() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as f32 / 2000.0);
    let given = "name: mean_std, input_means: [1000], input_stds: [3]";
    let ended = place.run(&with(PREDICT, "name: none", given)).with_code(0);
    ended.says("differ by float32 rounding");
}

/// Patches are float32, and nothing is claimed beyond that.
#[test]
fn integers_beyond_float32_are_said_to_be_compared_as_such() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| (1 << 24) + i as u32);
    let ended = place.run(PREDICT).with_code(0);
    ended.says("pixels of out/image_identity.tiff equal the input as float32");
}

#[test]
fn every_integer_type_comes_back() {
    let place = Place::new();
    place.image("a.tiff", "tiff", "YX", &[20, 24], |i| (i % 256) as u8);
    place.image("b.tiff", "tiff", "YX", &[20, 24], |i| i as i16 - 200);
    place.image("c.tiff", "tiff", "YX", &[20, 24], |i| i as u32 * 1000);
    place.image("d.tiff", "tiff", "YX", &[20, 24], |i| i as i8);
    let config = with(PREDICT, "image.tiff", "[a.tiff, b.tiff, c.tiff, d.tiff]");
    let ended = place.run(&config).with_code(0);
    for (name, pixel_type) in [("a", "uint8"), ("b", "int16"), ("c", "uint32"), ("d", "int8")] {
        let check = format!("all 480 {pixel_type} pixels of ");
        let file = format!("{name}_identity.tiff ");
        assert!(ended.stdout.lines().any(|line| line.contains(&check) && line.contains(&file)), "{ended:#?}");
    }
    check_files(&place, &ended);
}

#[test]
fn training_alone_and_prediction_alone_work() {
    let place = Place::new();
    let train = SMALL.find("train:").unwrap();
    let predict = SMALL.find("predict:").unwrap();
    let ended = place.run(&SMALL[..predict]).with_code(0);
    check_files(&place, &ended);
    assert_eq!(place.names("out"), ["data", "normalization.yaml", "training_patches.png"]);
    let place = Place::new();
    let ended = place.run(&format!("{}{}", &SMALL[..train], &SMALL[predict..])).with_code(0);
    check_files(&place, &ended);
    ended.says("identity check: all ");
}

/// The statistics of a training can be pasted into a configuration for prediction.
#[test]
fn fitted_statistics_are_a_block_of_a_configuration() {
    let place = Place::new();
    place.run(SMALL).with_code(0);
    let block = std::fs::read_to_string(place.path("out/normalization.yaml")).unwrap();
    let first = read_image(&place.path("out/mixed_gaussian.tiff"), "YX");
    let indented = block.trim_end().replace('\n', "\n  ");
    let config = with(SMALL, "normalization: {name: mean_std}", &indented);
    let config = with(&config, "output: out", "output: again");
    place.run(&config).with_code(0);
    assert_eq!(read_image(&place.path("again/mixed_gaussian.tiff"), "YX"), first);
}

#[test]
fn configurations_of_the_repository_are_fine() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let configs: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    assert!(!configs.is_empty());
    for config in configs {
        let place = Place::new();
        let ended = place.patchweave(&["validate".as_ref(), config.as_os_str()]).with_code(0);
        assert_eq!(ended.stdout, format!("{} is fine\n", config.display()));
    }
}

#[test]
fn validation_writes_nothing() {
    let place = Place::new();
    place.write("run.yaml", SMALL);
    place.patchweave(&["validate", "run.yaml"]).with_code(0).says("run.yaml is fine");
    assert_eq!(place.names(""), ["run.yaml"]);
}
