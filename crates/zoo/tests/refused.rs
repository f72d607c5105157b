//! Damaged copies of packages, one for each field: every one is refused with the name of the field and its line.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::fs;

use patchweave_zoo::{ZooError, ZooModel, ZooOptions};
use support::{change, copy, description, files, without_checksums, zip};

/// What becomes of the text of a description, the field that is named, and a part of the message.
type Damage = (&'static str, &'static str, &'static str, &'static str);

/// Opens and tests a package, which has to be refused for fields.
fn refused(path: &std::path::Path) -> String {
    let tested = ZooModel::open(path, &ZooOptions::default()).and_then(|model| model.test());
    match tested {
        Err(ZooError::Fields(errors)) => errors.to_string(),
        other => panic!("{other:?}"),
    }
}

fn check(package: &str, damages: &[Damage]) {
    let mut wrong = Vec::new();
    for (from, to, field, part) in damages {
        let folder = copy(package);
        change(folder.path(), from, to);
        let told = refused(folder.path());
        // file:line:column: field: what is wrong
        let file = format!("{}:", description(folder.path()).display());
        if !(told.contains(&format!(": {field}: ")) && told.contains(part) && told.contains(&file)) {
            wrong.push(format!("{from} → {to}: expected {field} and {part} in\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_field_of_format_0_5_is_refused_by_name() {
    check(
        "planes_0_5",
        &[
            ("format_version: \"0.5.4\"", "format_version: \"0.5.15\"", "format_version", "up to 0.5.14"),
            ("format_version: \"0.5.4\"", "format_version: \"0.3.6\"", "format_version", "got \"0.3.6\""),
            ("format_version: \"0.5.4\"", "format_version: 0.5", "format_version", "text"),
            ("format_version: \"0.5.4\"\n", "", "format_version", "missing"),
            ("type: \"model\"", "type: \"dataset\"", "type", "expected model"),
            ("type: \"model\"\n", "", "type", "missing"),
            ("name: \"Small network of planes\"", "name: 3", "name", "got 3"),
            ("tags: [\"test\"]", "run_mode: {name: deepimagej}", "run_mode", "procedure of its own"),
            // Tensors.
            ("inputs:\n", "inputs: []\ninput:\n", "inputs", "a list of one input"),
            ("inputs:\n", "inputs:\n  - id: \"more\"\n", "inputs", "got 2 inputs"),
            ("id: \"image\"", "id: 5", "inputs[0].id", "got 5"),
            ("id: \"mask\"", "id: \"image\"", "outputs[0].id", "as well as for the input"),
            ("id: \"classes\"", "id: \"mask\"", "outputs[1].id", "twice"),
            ("id: \"mask\"", "id: \"mask\"\n    shape: 3", "outputs[0].shape", "unknown key"),
            ("outputs:\n", "results:\n", "outputs", "missing"),
            // Axes.
            ("type: \"batch\"", "type: \"time\"", "inputs[0].axes[0].type", "time axes are not supported"),
            ("type: \"batch\"", "type: \"index\"", "inputs[0].axes[0].type", "batch, channel or space"),
            ("type: \"batch\"", "type: \"batch\"\n        id: \"b\"", "inputs[0].axes[0].id", "batch"),
            ("type: \"batch\"", "type: \"batch\"\n        size: 4", "inputs[0].axes[0].size", "got 4"),
            ("type: \"batch\"", "type: \"batch\"\n        halo: 4", "inputs[0].axes[0].halo", "unknown key"),
            ("[\"intensity\"]", "[]", "inputs[0].axes[1].channel_names", "a list of names"),
            (
                "[\"intensity\"]",
                "[\"a\", \"b\"]",
                "inputs[0].axes[1].channel_names",
                "1, as the weights take",
            ),
            ("id: \"y\"", "id: \"w\"", "inputs[0].axes[2].id", "z, y or x"),
            ("id: \"y\"", "id: \"x\"", "inputs[0].axes[3]", "each axis once"),
            ("min: 16", "min: 0", "inputs[0].axes[2].size.min", "got 0"),
            ("step: 2", "step: -2", "inputs[0].axes[2].size.step", "got -2"),
            ("step: 2", "steps: 2", "inputs[0].axes[2].size.step", "missing"),
            (
                "          min: 16\n",
                "          min: 16\n          max: 16\n",
                "inputs[0].axes[2].size.max",
                "unknown key",
            ),
            ("id: \"y\"", "id: \"y\"\n        scale: 0", "inputs[0].axes[2].scale", "above 0"),
            ("id: \"y\"", "id: \"y\"\n        halo: 2", "inputs[0].axes[2].halo", "unknown key"),
            ("tensor_id: \"image\"", "tensor_id: \"none\"", "outputs[0].axes[2].size", "tensor \"none\""),
            ("axis_id: \"y\"", "axis_id: \"q\"", "outputs[0].axes[2].size", "axis \"q\""),
            ("axis_id: \"y\"", "axis_id: \"batch\"", "outputs[0].axes[2].size", "an axis among"),
            (
                "axis_id: \"y\"\n",
                "axis_id: \"y\"\n          offset: -4\n",
                "outputs[0].axes[2].size",
                "no offset",
            ),
            (
                "axis_id: \"y\"\n",
                "axis_id: \"y\"\n          offset: 1.5\n",
                "outputs[0].axes[2].size.offset",
                "whole",
            ),
            ("axis_id: \"y\"\n", "offset: 0\n", "outputs[0].axes[2].size.axis_id", "missing"),
            ("halo: 2", "scale: 2.0", "outputs[0].axes[2].size", "which is 8 for an input of 1×16×16"),
            ("halo: 2", "halo: 0", "outputs[0].axes[2].halo", "got 0"),
            ("halo: 2", "halo: 8", "outputs[0].axes[2].halo", "at both ends of 16 pixels"),
            (
                "        size:\n          tensor_id: \"image\"\n          axis_id: \"y\"\n",
                "        size: 16\n",
                "outputs[0].axes[2].halo",
                "an axis of fixed size",
            ),
            (
                "        size:\n          tensor_id: \"image\"\n          axis_id: \"y\"\n        halo: 2\n",
                "        size: 16\n",
                "outputs[0].axes[2].size",
                "18, as the weights make",
            ),
            (
                "        size:\n          tensor_id: \"image\"\n          axis_id: \"y\"\n",
                "        size:\n          min: 3\n",
                "outputs[0].axes[2].size",
                "depends on the data",
            ),
            (
                "[\"a\", \"b\", \"c\"]",
                "[\"a\", \"b\"]",
                "outputs[0].postprocessing[0].kwargs.gain",
                "2 numbers, one for each channel",
            ),
            // Values.
            ("type: \"uint16\"", "type: \"half\"", "inputs[0].data.type", "float32, float64"),
            ("type: \"uint8\"", "type: \"float32\"", "outputs[1].test_tensor.source", "values of type uint8"),
            ("values: [0, 1, 2]", "values: 3", "outputs[1].data.values", "a list of values"),
            ("values: [0, 1, 2]", "range: [0]", "outputs[1].data.range", "the smallest and the largest"),
            ("    data:\n      type: \"uint16\"", "    pad: {mode: mirror}", "inputs[0].pad.mode", "edge"),
            // Steps.
            ("id: \"clip\"", "id: \"median\"", "inputs[0].preprocessing[1].id", "zero_mean_unit_variance"),
            ("dtype: \"float32\"", "dtype: \"uint8\"", "inputs[0].preprocessing", "got uint8 at the end"),
            ("dtype: \"uint16\"", "dtype: \"u2\"", "inputs[0].preprocessing[0].kwargs.dtype", "got \"u2\""),
            (
                "min_percentile: 1.0",
                "min_percentile: 100",
                "inputs[0].preprocessing[1].kwargs.min_percentile",
                "below 100",
            ),
            (
                "max_percentile: 99.5",
                "max_percentile: 1.0",
                "inputs[0].preprocessing[1].kwargs.max_percentile",
                "above 1",
            ),
            (
                "max_percentile: 99.5",
                "min: 0",
                "inputs[0].preprocessing[1].kwargs.min_percentile",
                "one of the two",
            ),
            (
                "max_percentile: 99.5",
                "maximum: 1",
                "inputs[0].preprocessing[1].kwargs.maximum",
                "unknown key",
            ),
            (
                "axes: [\"channel\", \"y\", \"x\"]",
                "axes: [\"z\"]",
                "inputs[0].preprocessing[1].kwargs.axes",
                "batch, channel, y, x",
            ),
            (
                "axes: [\"channel\", \"y\", \"x\"]",
                "axes: [\"x\"]",
                "inputs[0].preprocessing[1].kwargs.axes",
                "every position along y",
            ),
            (
                "gain: [1.0, 2.0, 4.0]",
                "gain: [1.0, 2.0]",
                "outputs[0].postprocessing[0].kwargs.gain",
                "3 numbers",
            ),
            (
                "axis: \"channel\"",
                "axis: \"x\"",
                "outputs[0].postprocessing[0].kwargs.axis",
                "the channel axis",
            ),
            ("offset: 0.5", "offset: .inf", "outputs[0].postprocessing[0].kwargs.offset", "number"),
            (
                "offset: 0.5",
                "offset: 0.5\n          eps: 1",
                "outputs[0].postprocessing[0].kwargs.eps",
                "unknown key",
            ),
            // Files.
            (
                "source: \"image.npy\"",
                "source: \"none.npy\"",
                "inputs[0].test_tensor.source",
                "cannot be read",
            ),
            (
                "source: \"image.npy\"",
                "source: \"../image.npy\"",
                "inputs[0].test_tensor.source",
                "inside of the package",
            ),
            (
                "source: \"image.npy\"",
                "source: \"/image.npy\"",
                "inputs[0].test_tensor.source",
                "inside of the package",
            ),
            (
                "source: \"image.npy\"",
                "source: \"https://a.b/c.npy\"",
                "inputs[0].test_tensor.source",
                "download",
            ),
            (
                "sha256: \"c",
                "sha256: \"a",
                "inputs[0].test_tensor.sha256",
                "image.npy has the SHA-256 checksum c",
            ),
            ("sha256: \"c", "sha256: \"q", "inputs[0].test_tensor.sha256", "64 hexadecimal digits"),
            // Weights.
            ("weights:\n  onnx:", "weights:\n  torchscript:", "weights", "got torchscript"),
            ("weights:\n", "wights:\n", "weights", "missing"),
            ("source: \"planes.onnx\"", "source: \"none.onnx\"", "weights.onnx.source", "cannot be read"),
            ("opset_version: 17", "opset_version: 6", "weights.onnx.opset_version", "7 or above"),
            ("opset_version: 17", "opset: 17", "weights.onnx.opset", "unknown key"),
            (
                "opset_version: 17",
                "external_data: {source: weights.bin}",
                "weights.onnx.external_data.source",
                "ends in .data",
            ),
            (
                "weights:\n",
                "config: {bioimageio: {reproducibility_tolerance: [{relative_tolerance: -1}]}}\nweights:\n",
                "config.bioimageio.reproducibility_tolerance[0].relative_tolerance",
                "from 0 on",
            ),
            (
                "weights:\n",
                "config: {bioimageio: {reproducibility_tolerance: [{output_ids: 3}]}}\nweights:\n",
                "config.bioimageio.reproducibility_tolerance[0].output_ids",
                "names of outputs",
            ),
        ],
    );
}

#[test]
fn every_field_of_format_0_4_is_refused_by_name() {
    check(
        "unet_0_4",
        &[
            ("name: \"image\"", "name: 1", "inputs[0].name", "got 1"),
            ("name: \"probability\"", "name: \"image\"", "outputs[0].name", "as well as for the input"),
            ("axes: \"bcyx\"", "axes: \"bctyx\"", "inputs[0].axes", "time axes (i, t) are not supported"),
            ("axes: \"bcyx\"", "axes: \"bcyy\"", "inputs[0].axes", "each once"),
            ("axes: \"bcyx\"", "axes: \"cyx\"", "inputs[0].shape.min", "3 whole numbers"),
            ("axes: \"bcyx\"", "axes: \"bczyx\"", "inputs[0].shape.min", "5 whole numbers"),
            (
                "data_type: \"uint8\"",
                "data_type: \"int64\"",
                "inputs[0].data_type",
                "float32, uint8 or uint16",
            ),
            ("data_type: \"uint8\"", "data_type: \"uint16\"", "test_inputs[0]", "values of type uint8"),
            ("min: [1, 2, 24, 24]", "min: [2, 2, 24, 24]", "inputs[0].shape", "size 1 and step 0"),
            (
                "min: [1, 2, 24, 24]",
                "min: [1, 3, 24, 24]",
                "inputs[0].preprocessing[0].kwargs.mean",
                "3 numbers",
            ),
            ("min: [1, 2, 24, 24]", "min: [1, 2, 0, 24]", "inputs[0].shape.min[2]", "from 1 on"),
            ("min: [1, 2, 24, 24]", "min: [1, 2, 25, 24]", "inputs[0].shape", "the weights take"),
            ("step: [0, 0, 4, 4]", "step: [0, 1, 4, 4]", "inputs[0].shape", "a step for channels"),
            ("step: [0, 0, 4, 4]", "steps: [0, 0, 4, 4]", "inputs[0].shape.step", "missing"),
            ("mode: \"fixed\"", "mode: \"sometimes\"", "inputs[0].preprocessing[0].kwargs.mean", "not fixed"),
            (
                "mean: [120.0, 130.5]",
                "mean: [1, 2, 3]",
                "inputs[0].preprocessing[0].kwargs.mean",
                "2 numbers",
            ),
            ("std: [60.0, 55.25]", "std: [60.0, 0.0]", "inputs[0].preprocessing[0].kwargs.std", "1e-6"),
            ("axes: \"yx\"", "axes: \"zx\"", "inputs[0].preprocessing[0].kwargs.axes", "letters of czyx"),
            (
                "axes: \"yx\"",
                "axes: \"x\"",
                "inputs[0].preprocessing[0].kwargs.axes",
                "every position along y",
            ),
            (
                "name: \"zero_mean_unit_variance\"",
                "name: \"softmax\"",
                "inputs[0].preprocessing[0].name",
                "one of",
            ),
            (
                "reference_tensor: \"image\"",
                "reference_tensor: \"x\"",
                "outputs[0].shape.reference_tensor",
                "image",
            ),
            ("scale: [1, 0, 1, 1]", "scale: [1, 0, 2, 1]", "outputs[0].shape", "which is 48"),
            ("scale: [1, 0, 1, 1]", "scale: [1, 0, 1]", "outputs[0].shape.scale", "4 numbers"),
            ("offset: [0, 0.5, 0, 0]", "offset: [0, 1.0, 0, 0]", "outputs[0].shape", "got 2 channels"),
            ("offset: [0, 0.5, 0, 0]", "offset: [0, 0.5, -3, 0]", "outputs[0].shape", "no offset"),
            ("halo: [0, 0, 10, 10]", "halo: [0, 1, 10, 10]", "outputs[0].halo", "0 but along"),
            ("halo: [0, 0, 10, 10]", "halo: [0, 0, 12, 10]", "outputs[0].halo", "at both ends of 24 pixels"),
            ("halo: [0, 0, 10, 10]", "halo: [10, 10]", "outputs[0].halo", "4 whole numbers"),
            ("test_inputs: [\"image.npy\"]", "test_inputs: []", "test_inputs", "a list of NPY files"),
            (
                "test_outputs: [\"probability.npy\"]",
                "test_outputs: [\"a.npy\", \"b.npy\"]",
                "test_outputs",
                "a file for each",
            ),
            (
                "test_outputs: [\"probability.npy\"]",
                "test_outputs: [\"unet.onnx\"]",
                "test_outputs[0]",
                "no NPY file",
            ),
            (
                "test_outputs: [\"probability.npy\"]",
                "test_outputs: [\"image.npy\"]",
                "test_outputs[0]",
                "float32, the type",
            ),
            ("sha256: \"", "sha256: \"0", "weights.onnx.sha256", "64 hexadecimal digits"),
        ],
    );
}

#[test]
fn steps_that_are_code_or_belong_to_other_programs_are_refused_by_name() {
    for (step, part) in [
        ("{id: custom, callable: f, source: a.py, sha256: ab, kwargs: {}}", "Python code"),
        ("{id: stardist_postprocessing, kwargs: {n_rays: 32}}", "StarDist"),
        ("{id: cellpose_flow_dynamics, kwargs: {}}", "Cellpose"),
    ] {
        let folder = copy("planes_0_5");
        change(folder.path(), "    postprocessing:\n", &format!("    postprocessing:\n      - {step}\n"));
        let told = refused(folder.path());
        assert!(told.contains("outputs[0].postprocessing[0].id") && told.contains(part), "{told}");
    }
    let folder = copy("planes_0_5");
    let step = "      - {id: scale_mean_variance, kwargs: {reference_tensor: image}}\n";
    change(folder.path(), "    preprocessing:\n", &format!("    preprocessing:\n{step}"));
    assert!(refused(folder.path()).contains("inputs[0].preprocessing[0].id"));
    let folder = copy("planes_0_5");
    let step = "      - {id: scale_range, kwargs: {reference_tensor: mask}}\n";
    change(folder.path(), "    postprocessing:\n", &format!("    postprocessing:\n{step}"));
    let told = refused(folder.path());
    assert!(told.contains("outputs[0].postprocessing[0].kwargs.reference_tensor"), "{told}");
}

#[test]
fn problems_are_told_together_with_their_lines() {
    let folder = copy("planes_0_5");
    change(folder.path(), "min: 16", "min: 0");
    change(folder.path(), "id: \"clip\"", "id: \"clap\"");
    change(folder.path(), "opset_version: 17", "opset_version: old");
    let told = refused(folder.path());
    for part in ["yaml:22:", "inputs[0].axes[2].size.min", "weights.onnx.opset_version", "2 problems"] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
}

#[test]
fn files_that_were_changed_are_refused() {
    for name in ["image.npy", "mask.npy", "classes.npy", "planes.onnx"] {
        let folder = copy("planes_0_5");
        let path = folder.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
        let told = refused(folder.path());
        assert!(told.contains("sha256: ") && told.contains(&format!("{name} has the SHA-256")), "{told}");
    }
}

#[test]
fn examples_that_do_not_fit_are_refused() {
    let folder = copy("planes_0_5");
    without_checksums(folder.path());
    change(folder.path(), "source: \"mask.npy\"", "source: \"short.npy\"");
    let bytes = fs::read(folder.path().join("mask.npy")).unwrap();
    fs::write(folder.path().join("short.npy"), &bytes[..bytes.len() - 4]).unwrap();
    assert!(refused(folder.path()).contains("outputs[0].test_tensor.source"));
    change(folder.path(), "source: \"image.npy\"", "source: \"classes.npy\"");
    assert!(refused(folder.path()).contains("inputs[0].test_tensor.source"));
}

#[test]
fn files_of_archives_stay_in_the_archive() {
    let folder = copy("planes_0_5");
    change(folder.path(), "source: \"image.npy\"", "source: \"../image.npy\"");
    let archive = folder.path().join("package.zip");
    let mut all = files(folder.path());
    all.push(("../image.npy".to_owned(), fs::read(folder.path().join("image.npy")).unwrap()));
    zip(&archive, &all);
    let told = refused(&archive);
    assert!(
        told.contains("package.zip/bioimageio.yaml:") && told.contains("inside of the package"),
        "{told}"
    );
}

#[test]
fn keys_that_come_twice_and_text_that_is_no_yaml_are_refused() {
    let folder = copy("planes_0_5");
    change(folder.path(), "type: \"model\"", "type: \"model\"\ntype: \"model\"");
    assert!(refused(folder.path()).contains("duplicate key"));
    let folder = copy("planes_0_5");
    change(folder.path(), "type: \"model\"", "type: [");
    assert!(refused(folder.path()).contains("invalid YAML"));
}
