//! `patchweave validate --deep`: every pixel of all images is read once, and what is damaged is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "pixels may wrap around")]

mod support;

use std::fs;
use std::path::Path;

use patchweave::geometry::ArrayLayout;
use patchweave::pipeline::{CheckedRun, DeepProgress, Opening};
use patchweave::pixel::PixelType;
use patchweave::sink::{Codec, ImageSpec, create};
use patchweave_testkit::{Faults, Server};
use support::{Ended, PREDICT, Place, with};

fn validate(place: &Place, config: &str) -> Ended {
    place.write("run.yaml", config);
    let before = place.files("");
    let ended = place.patchweave(&["validate", "run.yaml", "--deep"]);
    assert!(place.files("") == before, "nothing is written");
    ended
}

/// A TIFF of one plane in strips, whose pixels do not compress to nothing.
fn strips(path: &Path, size: usize, codec: Codec) {
    let layout = ArrayLayout::new("YX".parse().unwrap(), &[size, size]).unwrap();
    let mut spec = ImageSpec::new(layout, PixelType::U16);
    spec.compression.codec = codec;
    let mut sink = create(path, "tiff", spec).unwrap();
    let pixel = |(_, _, y, x): (usize, usize, usize, usize)| ((y * 7919 + x * x * 31) % 4001) as f32;
    let block = ndarray::Array4::from_shape_fn([1, 1, size, size], pixel);
    sink.write_block(0, [0; 3], block.view()).unwrap();
    sink.finish().unwrap();
}

/// Puts noise into a file, so that what is there cannot be decoded.
fn noise(path: &Path, start: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[start..start + 64].fill(0xab);
    fs::write(path, bytes).unwrap();
}

#[test]
fn truncated_and_damaged_strips_are_named_together() {
    let place = Place::new();
    for (name, codec) in [
        ("a.tiff", Codec::None),
        ("b.tiff", Codec::Deflate),
        ("c.tiff", Codec::Deflate),
        ("d.tiff", Codec::Zstd),
        ("e.tiff", Codec::Lzw),
    ] {
        strips(&place.path(name), 700, codec);
    }
    let config = with(PREDICT, "image.tiff", "[a.tiff, b.tiff, c.tiff, d.tiff, e.tiff]");
    let ended = validate(&place, &config).with_code(0);
    assert_eq!(ended.stdout, "read: 5 images, 4.9 MB of pixels\nrun.yaml is fine\n");
    let n_bytes = |name: &str| fs::metadata(place.path(name)).unwrap().len() as usize;
    noise(&place.path("b.tiff"), n_bytes("b.tiff") / 2);
    noise(&place.path("d.tiff"), n_bytes("d.tiff") / 2);
    for name in ["c.tiff", "e.tiff"] {
        let bytes = fs::read(place.path(name)).unwrap();
        fs::write(place.path(name), &bytes[..bytes.len() * 2 / 3]).unwrap();
    }
    // Without a look at the pixels nobody notices.
    place.patchweave(&["validate", "run.yaml"]).with_code(0).says("run.yaml is fine");
    let ended = validate(&place, &config).with_code(2);
    assert!(ended.stdout.starts_with("read: 5 images, ") && !ended.stdout.contains("fine"), "{ended:#?}");
    ended.complains(&[
        "run.yaml:10:19: predict.input[1]: b.tiff: page 0, strip 2 cannot be decoded: ",
        "run.yaml:10:27: predict.input[2]: c.tiff: page 0, strip ",
        "run.yaml:10:35: predict.input[3]: d.tiff: page 0, strip 2 cannot be decoded: ",
        "run.yaml:10:43: predict.input[4]: e.tiff: page 0, strip 3: got 139533 bytes at 419096 in a file of 509130",
        "; 1 more part of it cannot be read, expected an image that can be read to its last pixel; write it again",
        "4 problems in run.yaml",
    ]);
    assert!(!ended.stderr.contains("a.tiff:"), "{}", ended.stderr);
    // What cannot even be opened is told beside it.
    fs::remove_file(place.path("a.tiff")).unwrap();
    let ended = validate(&place, &config).with_code(2);
    ended.says("read: 4 images, ");
    ended.complains(&["predict.input[0]: a.tiff does not exist", "5 problems in run.yaml"]);
}

#[test]
fn chunks_that_are_missing_are_no_damage() {
    let place = Place::new();
    for name in ["a.ome.zarr", "b.ome.zarr", "c.ome.zarr"] {
        place.image(name, "ome_zarr", "YX", &[300, 200], |i| (i % 999 + 1) as u16);
    }
    let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "image.tiff", "[a.ome.zarr, b.ome.zarr, c.ome.zarr]");
    fs::remove_file(place.path("a.ome.zarr/0/c/0/1")).unwrap();
    validate(&place, &config).with_code(0).says("read: 3 images, 360.0 kB of pixels\nrun.yaml is fine\n");
    fs::write(place.path("b.ome.zarr/0/c/1/1"), vec![0xab; 100]).unwrap();
    fs::write(place.path("c.ome.zarr/0/c/0/0"), []).unwrap();
    let ended = validate(&place, &config).with_code(2);
    ended.says("read: 3 images, ");
    ended.complains(&[
        "predict.input[1]: b.ome.zarr/0: chunk [1, 1] (b.ome.zarr/0/c/1/1) cannot be read",
        "predict.input[2]: c.ome.zarr/0: chunk [0, 0] (c.ome.zarr/0/c/0/0) cannot be read",
        "2 problems in run.yaml",
    ]);
}

/// Images of every role, one of which has two.
#[test]
fn images_of_all_roles_are_read_once() {
    let place = Place::new();
    let names = ["input", "target", "val_input", "val_target", "mask", "predicted"];
    for name in names {
        strips(&place.path(format!("{name}.tiff")), 300, Codec::Deflate);
    }
    let config = "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  patching: {name: stratified, patch_size: [32, 32]}
  mask_filter: {}
  normalization: {name: none}
train:
  input: input.tiff
  target: target.tiff
  val_input: val_input.tiff
  val_target: val_target.tiff
  mask: mask.tiff
predict:
  input: [predicted.tiff, input.tiff]
  patching: {name: tiled, patch_size: [32, 32], overlaps: [16, 16]}
  models: [identity]
";
    validate(&place, config).with_code(0).says("read: 6 images, 1.1 MB of pixels\n");
    for name in names {
        let path = place.path(format!("{name}.tiff"));
        noise(&path, fs::metadata(&path).unwrap().len() as usize / 2);
    }
    let ended = validate(&place, config).with_code(2);
    let keys = ["train.input", "train.target", "train.val_input", "train.val_target", "train.mask"];
    for key in keys.iter().chain(&["predict.input[0]"]) {
        assert_eq!(ended.stderr.matches(&format!(": {key}")).count(), 1, "{key} in {}", ended.stderr);
    }
    ended.complains(&["6 problems in run.yaml"]);
}

#[test]
fn pixels_that_are_no_numbers_are_warnings() {
    let place = Place::new();
    let pixel = |i: usize| if i.is_multiple_of(1000) { f32::NAN } else { i as f32 };
    place.image("image.npy", "npy", "YX", &[90, 70], pixel);
    let config = with(PREDICT, "data_type: tiff", "data_type: npy");
    let config = with(&config, "image.tiff", "image.npy");
    let ended = validate(&place, &config).with_code(0);
    ended.says("read: 1 image, 25.2 kB of pixels\n");
    ended.says("warning: run.yaml:10:10: predict.input[0]: image.npy: 7 pixels are infinite or no number\n");
    // Where a run would fail, this does.
    let ended = validate(&place, &format!("{config}reading: {{non_finite: fail}}\n")).with_code(2);
    ended.complains(&["predict.input", "image.npy", "7 pixels are infinite or no number"]);
    let bytes = fs::read(place.path("image.npy")).unwrap();
    fs::write(place.path("image.npy"), &bytes[..bytes.len() / 2]).unwrap();
    validate(&place, &config).with_code(2).complains(&["predict.input[0]: image.npy"]);
}

#[test]
fn datasets_of_hdf5_are_read() {
    let place = Place::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/formats/tests/hdf5/filters.h5");
    let bytes = fs::read(file).unwrap();
    fs::write(place.path("image.h5"), &bytes).unwrap();
    let config = with(PREDICT, "data_type: tiff", "data_type: hdf5");
    let config = with(&config, "image.tiff", "image.h5/lzf_shuffle_fletcher32");
    validate(&place, &config).with_code(0).says("read: 1 image, ");
    // Where its chunks are, its checksums tell.
    let path = place.path("run.yaml");
    let is_read_only = |start: &usize| {
        let mut damaged = bytes.clone();
        damaged[*start..start + 16].fill(0xab);
        fs::write(place.path("image.h5"), damaged).unwrap();
        let deep = CheckedRun::load_reading(&path, &Opening::default(), &|_| true).unwrap().0;
        deep.is_err() && CheckedRun::load(&path, &Opening::default()).is_ok()
    };
    assert!((0..bytes.len() - 16).step_by(256).any(|start| is_read_only(&start)));
    let ended = validate(&place, &config).with_code(2);
    ended.complains(&[
        "predict.input[0]: image.h5/lzf_shuffle_fletcher32: the region from ",
        "cannot be read",
    ]);
}

#[test]
fn chunks_behind_urls_are_read() {
    let place = Place::new();
    place.image("cells.ome.zarr", "ome_zarr", "YX", &[190, 170], |i| (i % 999) as u16);
    let faults = Faults { broken: Some("c/1/0"), ..Faults::default() };
    for (faults, code) in [(Faults::default(), 0), (faults, 2)] {
        let server = Server::start(&place.path(""), faults);
        let url = format!("http://{}/cells.ome.zarr", server.address);
        let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
        let config = format!("reading: {{remote: {{tries: 1}}}}\n{}", with(&config, "image.tiff", &url));
        let ended = validate(&place, &config).with_code(code);
        ended.says("read: 1 image, ");
        if code == 2 {
            ended.complains(&["predict.input[0]: ", &url, "c/1/0"]);
        }
    }
}

#[test]
fn reading_is_interrupted() {
    let place = Place::new();
    strips(&place.path("image.tiff"), 700, Codec::Deflate);
    let file = place.write("run.yaml", PREDICT);
    let error = CheckedRun::load_reading(&file, &Opening::default(), &|_| false).err().unwrap();
    assert!(error.is_interrupted(), "{error}");
    let told = std::sync::Mutex::new(Vec::new());
    let progress = |DeepProgress { n_done, n_parts }: DeepProgress| {
        told.lock().unwrap().push((n_done, n_parts));
        true
    };
    assert!(CheckedRun::load_reading(&file, &Opening::default(), &progress).unwrap().0.is_ok());
    let mut told = told.into_inner().unwrap();
    told.sort_unstable();
    let n_parts = told.len();
    assert!(n_parts > 1 && told.into_iter().eq((1..=n_parts).map(|n_done| (n_done, n_parts))));
}

#[test]
fn the_help_tells_of_it() {
    let ended = Place::new().patchweave(&["validate", "--help"]).with_code(0);
    ended.says("--deep");
    ended.says("Read every pixel of all images once, and name all that are truncated or damaged");
}
