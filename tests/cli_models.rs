//! Networks in ONNX files and blends, from the command line.
#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]

mod support;

use std::path::{Path, PathBuf};

use ndarray::{Array5, ArrayD, Ix5};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::Region;
use patchweave::model::ModelExt;
use patchweave::onnx::{OnnxModel, OnnxOptions};
use patchweave::stack::ImageStackExt;
use support::{Ended, PREDICT, Place, with};

fn net(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/onnx/tests/nets").join(format!("{name}.onnx"))
}

/// A prediction by networks, as floats in NPY files.
fn configured(models: &str, axes: &str, tiles: &str) -> String {
    let text = with(
        PREDICT,
        "  models: [identity]\n  pixel_type: input\n",
        &format!("  models: {models}\n  formats: npy\n"),
    );
    let text = with(&text, "  axes: YX\n", &format!("  axes: {axes}\n"));
    with(&text, "patch_size: [16, 16], overlaps: [4, 4]", tiles)
}

/// A result as `CZYX`.
fn result(place: &Place, name: &str, axes: &str) -> ArrayD<f32> {
    let axes = Some(axes.parse().unwrap());
    let stack =
        open(&place.path(name), FileFormat::Npy, axes.as_ref(), &OpenOptions::default()).unwrap().remove(0);
    stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap().into_dyn()
}

/// What a network makes of the whole image, output by output.
fn whole(net_name: &str, image: &ArrayD<u16>) -> Vec<ArrayD<f32>> {
    let model = OnnxModel::open(&net(net_name), &OnnxOptions::default()).unwrap();
    let image = image.mapv(f32::from);
    let shape = image.shape().to_vec();
    let zyx: [usize; 3] = if let [z, y, x] = shape[..] { [z, y, x] } else { [1, shape[0], shape[1]] };
    let image = image.into_shape_with_order([1, 1, zyx[0], zyx[1], zyx[2]]).unwrap();
    let image: Array5<f32> = image.into_dimensionality::<Ix5>().unwrap();
    let made = model.predict_alone(image.view()).unwrap();
    made.into_iter().map(|output| output.index_axis_move(ndarray::Axis(0), 0).into_dyn()).collect()
}

fn difference(a: &ArrayD<f32>, b: &ArrayD<f32>) -> f32 {
    assert_eq!(a.shape(), b.shape());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_output_of_a_network_becomes_an_image() {
    let place = Place::new();
    let image = place.image("image.tiff", "tiff", "YX", &[40, 48], |i| (i * i % 17) as u16);
    let models = format!("{{onnx: {}, halo: 3, intensities: own}}", net("planes").display());
    let ended = place.run(&configured(&models, "YX", "patch_size: [20, 16], overlaps: [8, 6]")).with_code(0);
    ended.says("prediction: planes_mask on 1 image");
    ended.says("prediction: planes_classes on 1 image");
    let expected = whole("planes", &image);
    let mask = result(&place, "out/image_planes_mask.npy", "CYX");
    assert!(difference(&mask, &expected[0]) < 1e-5);
    let classes = result(&place, "out/image_planes_classes.npy", "YX");
    assert_eq!(classes, expected[1]);
}

#[test]
fn networks_of_volumes_and_outputs_of_half_the_size() {
    let place = Place::new();
    let image = place.image("image.tiff", "tiff", "ZYX", &[12, 40, 44], |i| (i * i % 23) as u16);
    let models = format!("{{onnx: {}, name: net, intensities: own}}", net("volume").display());
    for blend in ["crop", "constant"] {
        let tiles = "patch_size: [10, 28, 28], overlaps: [6, 16, 16]";
        let text = configured(&models, "ZYX", tiles);
        let text = with(&text, "  formats: npy\n", &format!("  formats: npy\n  blend: {blend}\n"));
        place.run(&format!("overwrite: true\n{text}")).with_code(0);
        let expected = whole("volume", &image);
        let large = result(&place, "out/image_net_large.npy", "ZYX");
        let small = result(&place, "out/image_net_small.npy", "CZYX");
        assert_eq!(small.shape(), [2, 12, 20, 22]);
        // Means count pixels near borders of tiles, which lack a part of what they should see.
        if blend == "crop" {
            assert!(difference(&large, &expected[0]) < 1e-5, "{}", difference(&large, &expected[0]));
            assert!(difference(&small, &expected[1]) < 1e-5, "{}", difference(&small, &expected[1]));
        }
    }
}

#[test]
fn networks_that_do_not_fit_are_refused_before_any_work() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    let refused = |model: &str, tiles: &str, parts: &[&str]| {
        let ended = place.run(&configured(model, "YX", tiles)).with_code(2);
        ended.complains(parts);
        assert!(!place.path("out").exists());
    };
    let tiles = "patch_size: [16, 16], overlaps: [4, 4]";
    refused("{onnx: none.onnx}", tiles, &["run.yaml:11:", "predict.models", "none.onnx", "cannot be read"]);
    refused("{onnx: image.tiff}", tiles, &["predict.models", "image.tiff", "no ONNX file"]);
    let unet = format!("[identity, {{onnx: {}}}]", net("unet").display());
    refused(&unet, tiles, &["predict.models[1]", "unet takes 2 channels", "image.tiff has 1"]);
    let fixed = format!("{{onnx: {}}}", net("fixed").display());
    refused(
        &fixed,
        tiles,
        &["patch_size", "got 16 pixels along Y for model fixed, expected 24, as in [24, 32]"],
    );
    refused("{onnx: a.onnx, sigma: 2}", tiles, &["sigma", "intensities"]);
    refused("{onnx: a.onnx, name: a/b}", tiles, &["a/b", "letters"]);
}

#[test]
fn blends_of_the_identity_are_the_image() {
    for blend in [
        "constant",
        "linear",
        "hann",
        "{name: gaussian, width: 0.2}",
        "{name: border, width: 3, weight: 0.1}",
    ] {
        let place = Place::new();
        place.image("image.tiff", "tiff", "YX", &[40, 48], |i| (i * 7) as u16);
        let text =
            with(PREDICT, "  models: [identity]\n", &format!("  models: [identity]\n  blend: {blend}\n"));
        let ended = place.run(&text).with_code(0);
        ended.says("identity check: all 1 920 uint16 pixels of out/image_identity.tiff equal the input");
    }
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    let text = with(PREDICT, "  models: [identity]\n", "  models: [identity]\n  blend: han\n");
    place.run(&text).with_code(2).complains(&["predict.blend", "did you mean `hann`"]);
}

/// What the configuration of the quickstart and the text beside the network say of it.
#[test]
fn the_network_of_the_quickstart_is_small_and_sees_22_pixels_far() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/models/unmix.onnx");
    assert!(file.metadata().unwrap().len() <= 500_000);
    let place = Place::new();
    let ended = place.patchweave(&["model".as_ref(), "info".as_ref(), file.as_os_str()]).with_code(0);
    ended.says("92611 parameters");
    ended.says("axes NCYX, 1 channels, Y 4 + n·4, X 4 + n·4 pixels");
    ended.says("structures: Y 22+22, X 22+22 pixels before and after");
}

#[test]
fn a_network_is_told_of() {
    let place = Place::new();
    let info = |name: &str| place.patchweave(&["model".as_ref(), "info".as_ref(), net(name).as_os_str()]);
    let ended = info("planes").with_code(0);
    for part in [
        "input image",
        "output mask",
        "2 Conv",
        "axes NCYX, 1 channels, Y any, X any pixels",
        "mask: Y 2+2, X 3+3 pixels",
        "tiles that overlap by 6 pixels give what the whole image would",
    ] {
        ended.says(part);
    }
    let ended = info("volume").with_code(0);
    ended.says("small: Z ");
    ended.says("of the size of the input: ÷2 along Y, ÷2 along X");
    info("text").with_code(1).complains(&["text.onnx"]);
    place.patchweave(&["model", "info", "none.onnx"]).with_code(1).complains(&["none.onnx cannot be read"]);
    let ended = place.patchweave(&[
        "model".as_ref(),
        "info".as_ref(),
        net("planes").as_os_str(),
        "--axes".as_ref(),
        "NQ".as_ref(),
    ]);
    ended.with_code(2).complains(&["--axes"]);
}

#[test]
fn tiles_are_as_large_as_network_and_memory_allow() {
    let place = Place::new();
    let image = place.image("image.tiff", "tiff", "YX", &[600, 500], |i| (i * i % 17) as u16);
    let expected = whole("planes", &image);
    let models = format!("{{onnx: {}, halo: 3, intensities: own}}", net("planes").display());
    let text = configured(&models, "YX", "patch_size: auto");
    let mut sizes = Vec::new();
    for memory in [2, 8, 1024] {
        let ended = place.run(&format!("{text}  memory_mib: {memory}\noverwrite: true\n")).with_code(0);
        let line = ended.stdout.lines().find(|line| line.starts_with("tiles: ")).unwrap();
        sizes.push(line.to_owned());
        assert!(ended.stdout.contains("memory: at most "), "{}", ended.stdout);
        let made = result(&place, "out/image_planes_mask.npy", "CYX");
        assert!(difference(&made, &expected[0]) < 1e-5, "{memory}");
    }
    sizes.dedup();
    assert_eq!(sizes.len(), 3, "{sizes:?}");
    assert!(sizes[2].starts_with("tiles: 600 × 500"), "{sizes:?}");

    let unknown = format!("{{onnx: {}}}", net("planes").display());
    let ended = place.run(&configured(&unknown, "YX", "patch_size: auto")).with_code(2);
    ended.complains(&[
        "predict.models: the halo of planes is not given",
        "`patchweave model info` measures it",
    ]);
    let ended = place.run(&with(&text, "auto", "auto, overlaps: [8, 8]"));
    ended.with_code(2).complains(&["results exist"]);
}

#[test]
fn memory_that_holds_no_tile_is_told() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "CYX", &[900, 40, 48], |i| (i * i % 17) as u16);
    let text = configured("[identity]", "CYX", "patch_size: auto")
        .replace("num_workers", "batch_size: 50\n  num_workers");
    let ended = place.run(&format!("{text}  memory_mib: 1\n")).with_code(2);
    ended.complains(&[
        "the smallest tiles that the models take need ",
        "do not fit into 1 MiB",
        "predict.memory_mib",
    ]);
}

fn package(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/zoo/tests/packages").join(name)
}

/// A copy of a package in which a description is changed.
fn changed_package(place: &Place, name: &str, change: impl Fn(&str) -> String) -> PathBuf {
    let folder = place.path(name);
    std::fs::create_dir(&folder).unwrap();
    for entry in std::fs::read_dir(package(name)).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    let description = folder.join("bioimageio.yaml");
    let text = std::fs::read_to_string(&description).unwrap();
    std::fs::write(&description, change(&text)).unwrap();
    folder
}

#[test]
fn tiles_of_a_package_are_prepared_with_statistics_of_the_whole_image() {
    let place = Place::new();
    let image = place.image("image.tiff", "tiff", "YX", &[60, 72], |i| (i * i % 977 + 40 * (i / 720)) as u16);
    let models = format!("{{bioimage: {}, name: net}}", package("planes_0_5").display());
    let tiles = "patch_size: [24, 26], overlaps: [4, 6]";
    let ended = place.run(&configured(&models, "YX", tiles)).with_code(0);
    ended.says("prediction: net_mask on 1 image");
    let model = patchweave::zoo::ZooModel::open(&package("planes_0_5"), &Default::default()).unwrap();
    let block = image.mapv(f32::from).into_shape_with_order([1, 1, 1, 60, 72]).unwrap();
    let expected = model.predict_alone(block.view()).unwrap();
    let mask = result(&place, "out/image_net_mask.npy", "CYX");
    let whole = expected[0].index_axis(ndarray::Axis(0), 0).to_owned().into_dyn();
    assert!(difference(&mask, &whole) < 1e-5, "{}", difference(&mask, &whole));
    let classes = result(&place, "out/image_net_classes.npy", "YX");
    assert_eq!(classes, expected[1].index_axis(ndarray::Axis(0), 0).to_owned().into_dyn());
    // A tile by itself has other statistics.
    let tile = block.slice(ndarray::s![.., .., .., ..24, ..26]);
    let alone = model.predict_alone(tile).unwrap().remove(0);
    let inside = ndarray::s![.., .., ..20, ..20];
    let alone = alone.index_axis(ndarray::Axis(0), 0).slice(inside).to_owned().into_dyn();
    let kept = expected[0].index_axis(ndarray::Axis(0), 0).slice(inside).to_owned().into_dyn();
    assert!(difference(&alone, &kept) > 1e-3);
}

#[test]
fn packages_that_do_not_fit_are_refused_before_any_work() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[60, 72], |i| i as u16);
    let model = format!("{{bioimage: {}}}", package("planes_0_5").display());
    let refused = |text: &str, parts: &[&str]| {
        place.run(text).with_code(2).complains(parts);
        assert!(!place.path("out").exists());
    };
    let text = configured(&model, "YX", "patch_size: [24, 25], overlaps: [4, 6]");
    refused(&text, &["patch_size", "got 25 pixels along X for model planes_0_5, expected 16 + n·2"]);
    let text = configured(&model, "YX", "patch_size: [24, 26], overlaps: [4, 6]");
    let normalized = with(&text, "normalization: {name: none}", "normalization: {name: mean_std}");
    let advice = "normalization: {name: none}, for all models of the run";
    refused(
        &normalized,
        &["data_config.normalization", "planes_0_5, which prepares raw pixels itself", advice],
    );
    let damaged = changed_package(&place, "planes_0_5", |text| text.replacen("halo: 2", "halo: -2", 1));
    let damaged = format!("{{bioimage: {}}}", damaged.display());
    let text = configured(&damaged, "YX", "patch_size: [24, 26], overlaps: [4, 6]");
    refused(&text, &["predict.models", "bioimageio.yaml:", "outputs[0].axes[2].halo", "got -2"]);
}

/// Statistics of results would be known after all of them.
#[test]
fn packages_with_statistics_of_results_are_refused_for_tiles_before_any_work() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[60, 72], |i| (i % 977) as u16);
    let axes = "axes: [\"channel\", \"y\", \"x\"]";
    let step =
        |axes: &str| format!("- id: \"zero_mean_unit_variance\"\n        kwargs:\n          {axes}\n      ");
    let first = "- id: \"scale_linear\"";
    let of_image = changed_package(&place, "planes_0_5", |text| with(text, first, &(step(axes) + first)));
    let of_image = format!("{{bioimage: {}, name: net}}", of_image.display());
    let tiles = "patch_size: [24, 26], overlaps: [4, 6]";
    let text = configured(&of_image, "YX", tiles);
    place.write("run.yaml", &text);
    for command in ["validate", "run", "predict"] {
        place.patchweave(&[command, "run.yaml"]).with_code(2).complains(&[
            "run.yaml:6:",
            "patch_size: model net: a step after the network wants statistics of the whole result mask",
            "which tiles do not have; predict whole images; image.tiff has ",
            "expected patching: {name: whole} in predict, so that every image is one tile",
        ]);
        assert!(!place.path("out").exists());
    }
    let whole = with(&text, "predict:\n", "predict:\n  patching: {name: whole}\n");
    place.run(&whole).with_code(0).says("prediction: net_mask on 1 image");
    // Statistics of the results of all images want a single one.
    std::fs::remove_dir_all(place.path("planes_0_5")).unwrap();
    let all = axes.replace("[\"ch", "[\"batch\", \"ch");
    changed_package(&place, "planes_0_5", |text| with(text, first, &(step(&all) + first)));
    std::fs::copy(place.path("image.tiff"), place.path("other.tiff")).unwrap();
    let whole = format!("overwrite: true\n{whole}");
    let two = with(&whole, "input: image.tiff", "input: [image.tiff, other.tiff]");
    place
        .run(&two)
        .with_code(2)
        .complains(&["all images together have 2 tiles, expected a single image", "one run for each image"]);
    place.run(&whole).with_code(0);
}

/// Three images, of one of which a chunk cannot be decoded, by a package and the identity beside it.
#[test]
fn images_whose_statistics_cannot_be_computed_are_left_out() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.image(&format!("{name}.ome.zarr"), "ome_zarr", "YX", &[150, 160], |i| (i * i % 977) as u16);
    }
    let models = format!("[{{bioimage: {}, name: net}}, identity]", package("planes_0_5").display());
    let text = configured(&models, "YX", "patch_size: [24, 26], overlaps: [4, 6]");
    let text = with(&text, "data_type: tiff", "data_type: zarr");
    let text = with(&text, "image.tiff", "[a.ome.zarr, b.ome.zarr, c.ome.zarr]");
    let predict = |more: &[&str]| place.patchweave(&[&["predict", "run.yaml"], more].concat());
    place.write("run.yaml", &text);
    predict(&[]).with_code(0);
    let whole = place.files("out");
    std::fs::write(place.path("b.ome.zarr/0/c/1/1"), vec![0xab; 100]).unwrap();
    std::fs::remove_dir_all(place.path("out")).unwrap();
    predict(&[])
        .with_code(1)
        .complains(&["model net predicts with statistics of the whole image", "b.ome.zarr"]);
    for (on_failure, batch_size) in [("skip", 1), ("skip", 7), ("{fill: 5}", 1), ("{fill: 5}", 64)] {
        let more = format!("  on_failure: {on_failure}\n  batch_size: {batch_size}\n");
        place.write("run.yaml", &format!("{text}{more}"));
        let check = || {
            let mut files = place.files("out");
            let report = files.remove(Path::new("left_out.json")).unwrap();
            let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
            let tiles = report["tiles"].as_array().unwrap();
            assert!(!tiles.is_empty());
            for tile in tiles {
                assert!(tile["image"].as_str().unwrap().contains("b.ome.zarr"), "{tile}");
                assert_eq!(tile["data_idx"], 1);
            }
            if on_failure != "skip" {
                assert!(tiles.iter().all(|tile| tile["of_statistics"] == true), "{tiles:?}");
            }
            let is_left = |path: &Path| !path.to_string_lossy().starts_with("b_");
            let expected: Vec<_> = whole.keys().filter(|path| is_left(path)).collect();
            assert_eq!(files.keys().collect::<Vec<_>>(), expected);
            assert!(files.iter().all(|(path, bytes)| bytes == &whole[path]));
        };
        std::fs::remove_dir_all(place.path("out")).unwrap();
        let ended = predict(&[]).with_code(3);
        ended.says("1 image is left out");
        ended.complains(&["1 images are left out"]);
        if on_failure != "skip" {
            ended.says("because a model wants statistics of all of it");
            ended.says("model net predicts with statistics of the whole image");
        }
        check();
        std::fs::remove_dir_all(place.path("out")).unwrap();
        for part in ["1/2", "0/2"] {
            predict(&["--shard", part]).with_code(0);
        }
        predict(&["--finish"]).with_code(3);
        check();
        std::fs::remove_dir_all(place.path("out")).unwrap();
        predict(&["--shard", "1/2"]).with_code(0);
        predict(&["--resume"]).with_code(3).says("1 image is left out");
        check();
    }
    // Statistics of all images are an error, whatever is said of failures.
    let of_all = changed_package(&place, "planes_0_5", |text| {
        let step = "- id: \"zero_mean_unit_variance\"\n        kwargs:\n          axes: [";
        with(text, step, &format!("{step}\"batch\", "))
    });
    let of_all = text.replace(&package("planes_0_5").display().to_string(), &of_all.display().to_string());
    std::fs::remove_dir_all(place.path("out")).unwrap();
    for on_failure in ["fail", "skip", "{fill: 5}"] {
        place.write("run.yaml", &format!("{of_all}  on_failure: {on_failure}\n"));
        predict(&[]).with_code(1).complains(&[
            "model net predicts with statistics of all images together",
            "b.ome.zarr",
            "cannot be read: the results of all images would change without it, so it is neither skipped nor filled",
            "repair it, or predict without it",
        ]);
    }
}

#[test]
fn packages_are_tested_and_told_of() {
    let place = Place::new();
    let model = |command: &str, path: &Path| {
        place.patchweave(&["model".as_ref(), command.as_ref(), path.as_os_str()])
    };
    for name in ["planes_0_5", "unet_0_4", "volume_0_5", "external_0_5"] {
        let ended = model("test", &package(name)).with_code(0);
        ended.says("reproduced; largest difference");
        ended.says("values are mismatches (0.00 %)");
    }
    let ended = model("info", &package("volume_0_5")).with_code(0);
    for part in [
        "Small network of volumes, format 0.5.4",
        "scale_range from 1 % to 99.8 %, of each image, by channel",
        "tiles: 1 channels, Z 6 + n·2, Y 16 + n·4, X 16 + n·4 pixels",
        "small: Z 2+2, Y 6+6, X 6+6 before and after; of the size of the input: ÷2 along Y, ÷2 along X",
        "tiles should overlap by 4 along Z, 12 along Y, 12 along X",
        "Conv",
    ] {
        ended.says(part);
    }
    // The example of another step.
    let other = changed_package(&place, "planes_0_5", |text| with(text, "offset: 0.5", "offset: 0.6"));
    let ended = model("test", &other).with_code(1);
    ended.says("output mask: not reproduced; largest difference 1.00e-1");
    ended.says("output classes: reproduced");
    ended.complains(&["does not reproduce its examples of mask"]);
    model("test", &place.path("none.zip")).with_code(1).complains(&["none.zip cannot be read"]);
    let resized =
        place.patchweave(&["model".as_ref(), "info".as_ref(), other.as_os_str(), "--resize".as_ref()]);
    resized.with_code(2).complains(&["--resize"]);
}

/// The networks of a run by ONNX Runtime are those of tract, up to rounding; what was begun with one is not gone on with by the
/// other.
#[test]
#[ignore = "needs a library of ONNX Runtime"]
fn onnx_runtime_predicts_what_tract_does() {
    let place = Place::new();
    let image = place.image("image.tiff", "tiff", "YX", &[40, 48], |i| (i * i % 17) as u16);
    let by = |runtime: &str| {
        let net = net("planes");
        let model = format!("{{onnx: {}, halo: 3, intensities: own, runtime: {runtime}}}", net.display());
        configured(&model, "YX", "patch_size: [20, 16], overlaps: [8, 6]")
    };
    let config = place.write("run.yaml", &by("onnxruntime"));
    place.patchweave(&["predict".as_ref(), config.as_os_str()]).with_code(0);
    let expected = whole("planes", &image);
    let mask = result(&place, "out/image_planes_mask.npy", "CYX");
    assert!(difference(&mask, &expected[0]) < 1e-5);
    assert_eq!(result(&place, "out/image_planes_classes.npy", "YX"), expected[1]);
    let files = place.files("out");

    // The part of two that has the result, gone on with by another runtime.
    std::fs::remove_dir_all(place.path("out")).unwrap();
    place
        .patchweave(&["predict".as_ref(), config.as_os_str(), "--shard".as_ref(), "1/2".as_ref()])
        .with_code(0);
    let other = place.write("other.yaml", &by("tract"));
    let ended = place.patchweave(&["predict".as_ref(), other.as_os_str(), "--resume".as_ref()]).with_code(2);
    ended.complains(&["runtime"]);
    place.patchweave(&["predict".as_ref(), config.as_os_str(), "--resume".as_ref()]).with_code(0);
    assert_eq!(place.files("out"), files);

    let told = place.patchweave(&[
        "model".as_ref(),
        "info".as_ref(),
        net("extended").as_os_str(),
        "--runtime=onnxruntime".as_ref(),
    ]);
    let told = told.with_code(0);
    told.says("run by ONNX Runtime, ");
    told.says("tiles: axes NCYX, 1 channels, Y 2 + n·2, X 2 + n·2 pixels");
}

#[test]
fn runtimes_that_are_not_there_are_refused_with_advice() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    place.write("libonnxruntime.so", "no library");
    let refused = |runtime: &str, parts: &[&str]| {
        let model = format!("{{onnx: {}, runtime: {runtime}}}", net("planes").display());
        let text = configured(&model, "YX", "patch_size: [20, 16], overlaps: [8, 6]");
        let config = place.write("run.yaml", &text);
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_patchweave"));
        command.args(["validate".as_ref(), config.as_os_str()]).current_dir(place.path(""));
        // No Python is found on an empty path.
        command.env("PATH", place.path("nothing")).env_remove("ORT_DYLIB_PATH");
        Ended::of(&mut command).with_code(2).complains(parts);
    };
    refused("torch", &["run.yaml:11:", "runtime", "torch", "tract, onnxruntime or {onnxruntime: LIBRARY}"]);
    refused("{onnxruntime: none.so}", &["none.so does not exist", "`pip install onnxruntime`"]);
    refused(
        "{onnxruntime: libonnxruntime.so}",
        &["libonnxruntime.so cannot be used as ONNX Runtime", "`pip install onnxruntime`"],
    );
    refused(
        "onnxruntime",
        &[
            "planes.onnx cannot be run by ONNX Runtime",
            "ORT_DYLIB_PATH is not set",
            "`pip install onnxruntime`",
        ],
    );
    let net = net("planes");
    let told = ["model".as_ref(), "info".as_ref(), net.as_os_str(), "--runtime".as_ref(), "torch".as_ref()];
    place.patchweave(&told).with_code(2).complains(&["--runtime", "got runtime torch"]);
}
