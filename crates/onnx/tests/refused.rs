//! Files that are no networks of images, damaged files, and what is said about them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use patchweave_onnx::{OnnxError, OnnxModel, OnnxOptions};
use support::{net, net_file, refusal};

#[test]
fn networks_that_are_no_models_of_images_are_refused_with_the_reason() {
    let refusals = [
        ("half", "input image has values of float16, expected float, which is 32 bits wide"),
        ("bytes", "input image has values of uint8, expected float"),
        ("two_inputs", "got inputs [\"image\", \"noise\"], expected one"),
        ("no_input", "got inputs [], expected one"),
        ("unknown", "node make_out is an operator my.own.Sharpen, which is not supported"),
        ("later", "got version 99 of the operators (opset), expected 7 to 24"),
        ("earlier", "got version 3 of the operators (opset), expected 7 to 24"),
        ("crooked", "cannot be loaded: nothing makes missing"),
        ("circle", "cannot be made ready for 1×1×128×128"),
        ("nowhere", "cannot be loaded: nothing makes gone"),
        ("vector", "got axes of 1 dimensions for input image, expected 2 to 5 dimensions"),
        (
            "scalar",
            "output out is a single number for an input of 1×1×128×128, expected axes as the input has them, NCYX",
        ),
        ("classes", "output out is 1×1 for an input of 1×1×128×128, expected axes as the input has them"),
        ("text", "output out has values of string, expected numbers"),
        ("positions", "output 0 has a shape that depends on its values"),
        (
            "valid",
            "output out is 1×1×126×126 for an input of 1×1×128×128, expected a multiple or a part of 128 pixels along Y",
        ),
        ("misfit", "cannot be made ready for 1×1×128×128"),
    ];
    for (name, expected) in refusals {
        let told = refusal(&net_file(&format!("{name}.onnx")), &OnnxOptions::default());
        println!("{told}");
        assert!(told.contains(expected), "{name}: {told}");
    }
}

#[test]
fn axes_that_do_not_fit_are_refused() {
    let mut options = OnnxOptions::default();
    options.axes = Some("CYX".parse().unwrap());
    let told = refusal(&net_file("planes.onnx"), &options);
    assert!(told.ends_with("got axes CYX for input image, expected 4 letters"), "{told}");
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        OnnxModel::open(folder.path(), &OnnxOptions::default()),
        Err(OnnxError::Unreadable { .. })
    ));
    let told = refusal(&folder.path().join("gone.onnx"), &OnnxOptions::default());
    assert!(told.contains("cannot be read"), "{told}");
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    let texts: [&[u8]; 5] = [
        b"",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n",
        b"PK\x03\x04 a zip",
        &[0; 1000],
        &[0xff; 1000],
    ];
    for text in texts {
        std::fs::write(&path, text).unwrap();
        let told = refusal(&path, &OnnxOptions::default());
        assert!(told.contains("is no ONNX file, or not all of one"), "{told}");
    }
}

/// Cut off anywhere, a file is refused, or what was cut off did not matter.
#[test]
fn files_that_are_cut_off_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    let whole = std::fs::read(net_file("planes.onnx")).unwrap();
    let mut n_taken = 0;
    for length in (0..whole.len()).step_by(7).chain(whole.len() - 30..whole.len()) {
        std::fs::write(&path, &whole[..length]).unwrap();
        match OnnxModel::open(&path, &OnnxOptions::default()) {
            Ok(_) => n_taken += 1,
            Err(error) => assert!(error.to_string().contains("net.onnx"), "{error}"),
        }
    }
    // Behind the network stands only the version of its operators.
    assert!(n_taken < 10, "{n_taken}");
}

/// Bytes that are changed lead to an error or to another network, and never to a panic.
#[test]
fn changed_bytes_do_not_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    for (name, step) in [("planes", 83), ("volume", 97)] {
        let whole = std::fs::read(net_file(&format!("{name}.onnx"))).unwrap();
        for place in (0..whole.len()).step_by(step) {
            let mut changed = whole.clone();
            changed[place] ^= 1 << (place % 8);
            std::fs::write(&path, changed).unwrap();
            if let Err(error) = OnnxModel::open(&path, &OnnxOptions::default()) {
                assert!(error.to_string().contains("net.onnx"), "{error}");
            }
        }
    }
}

#[test]
fn weights_in_a_file_that_is_missing_or_short_are_refused() {
    net("external", &OnnxOptions::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("external.onnx");
    std::fs::copy(net_file("external.onnx"), &path).unwrap();
    let told = refusal(&path, &OnnxOptions::default());
    assert!(told.contains("cannot be loaded") && told.contains("external.data"), "{told}");
    let weights = std::fs::read(net_file("external.data")).unwrap();
    std::fs::write(folder.path().join("external.data"), &weights[..weights.len() / 2]).unwrap();
    let told = refusal(&path, &OnnxOptions::default());
    assert!(told.contains("cannot be loaded") && told.contains("bytes from 0 on, expected"), "{told}");
}
