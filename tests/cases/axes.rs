//! Axes that files do not name, name wrongly, or that have size 1.

use ndarray::{Array4, Axis as Dim};
use patchweave_testkit::TiffLayout;

use crate::case;
use crate::support::{PREDICT, Place, read_image, with};

/// The pixels of a result that was written in these axes: `CZYX` of every sample.
#[track_caller]
fn result(place: &Place, name: &str, axes: &str) -> Vec<ndarray::Array4<f32>> {
    read_image(&place.path(format!("out/{name}_identity.tiff")), axes).1
}

fn counting(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

#[test]
fn a_single_plane_is_a_stack_and_a_plane_in_every_tiff() {
    let place = case("single-plane");
    place.patchweave(&["run", "shaped_yx.yaml"]).with_code(0);
    let expected = result(&place, "shaped", "YX");
    let config = |file: &str, axes: &str| {
        let text = std::fs::read_to_string(place.path("ij_zyx.yaml")).unwrap();
        let text =
            with(&with(&text, "axes: ZYX", &format!("axes: {axes}")), "[ij.tif]", &format!("[{file}]"));
        format!("{text}\noverwrite: true\n")
    };
    for (file, name) in
        [("ij.tif", "ij"), ("z1.ome.tif", "z1"), ("shaped.tif", "shaped"), ("plain.tif", "plain")]
    {
        for axes in ["YX", "ZYX", "TYX", "CYX", "TZYX", "ZCYX", "TZCYX", "SCZYX"] {
            let ended = place.run(&config(file, axes)).with_code(0);
            assert!(!ended.stdout.contains("warning"), "{file} as {axes}: {}", ended.stdout);
            let got = result(&place, name, axes);
            assert_eq!(got[0].dim(), (1, 1, 24, 24), "{file} as {axes}");
            assert_eq!(got, expected, "{file} as {axes}");
        }
    }
}

#[test]
fn stacks_of_one_and_of_several_planes_are_one_data_set() {
    let place = case("single-plane");
    place.patchweave(&["run", "mixed_zyx.yaml"]).with_code(0);
    for (name, n_planes) in [("z1", 1), ("z4", 4)] {
        let input = read_image(&place.path(format!("mixed/{name}.ome.tif")), "ZYX").1;
        assert_eq!(input[0].dim(), (1, n_planes, 24, 24));
        assert_eq!(result(&place, name, "ZYX"), input);
    }
    // No axes are written, and the single plane names none but Y and X, whether it comes first or last.
    let text = std::fs::read_to_string(place.path("mixed_zyx.yaml")).unwrap();
    let unnamed = format!("{}\noverwrite: true\n", with(&text, "  axes: ZYX\n", ""));
    place.run(&unnamed).with_code(0);
    assert_eq!(result(&place, "z1", "ZYX")[0].dim(), (1, 1, 24, 24));
    std::fs::rename(place.path("mixed/z1.ome.tif"), place.path("mixed/z9.ome.tif")).unwrap();
    place.run(&unnamed).with_code(0);
    assert_eq!(result(&place, "z9", "ZYX")[0].dim(), (1, 1, 24, 24));
    // Where no axes fit all, those of the first count.
    place.image("mixed/a.tif", "tiff", "CYX", &[3, 24, 24], counting);
    place.run(&unnamed).with_code(2).complains(&["z4.ome.tif: got axes CYX", "axes CYX as in"]);
}

#[test]
fn letters_of_a_file_are_overruled_on_purpose() {
    let place = case("imagej-says-slices");
    let stack = read_image(&place.path("stack.tif"), "ZYX").1.remove(0);
    let n = stack.dim().1;
    for (config, axes) in [("cyx.yaml", "CYX"), ("tyx.yaml", "TYX")] {
        let advice = "expected axes ZYX in data_config, or axes_source: config if the file is wrong";
        place.patchweave(&["validate", config]).with_code(2).complains(&[advice]);
        let text = std::fs::read_to_string(place.path(config)).unwrap() + "\noverwrite: true\n";
        let line = format!("axes: {axes}");
        place.run(&with(&text, &line, &format!("{line}\n  axes_source: config"))).with_code(0);
        let got = result(&place, "stack", axes);
        for idx in 0..n {
            let plane = stack.index_axis(Dim(1), idx);
            let same = match axes {
                "CYX" => got[0].index_axis(Dim(0), idx).index_axis_move(Dim(0), 0),
                _ => got[idx].index_axis(Dim(0), 0).index_axis_move(Dim(0), 0),
            };
            assert_eq!(same, plane.index_axis(Dim(0), 0), "{axes} {idx}");
        }
        // Sizes stay those of the file.
        let flat = with(&text, &line, "axes: YX\n  axes_source: config");
        place.run(&flat).with_code(2).complains(&["axes YX name 2 dimensions, the image has 3"]);
    }
}

#[test]
fn axes_of_the_file_count_where_the_configuration_says_so() {
    let place = case("imagej-says-slices");
    let text = std::fs::read_to_string(place.path("cyx.yaml")).unwrap();
    place.run(&with(&text, "axes: CYX", "axes: CYX\n  axes_source: file")).with_code(0);
    let stack = read_image(&place.path("stack.tif"), "ZYX").1;
    assert_eq!(result(&place, "stack", "ZYX"), stack);
    place
        .run(&with(&text, "  axes: CYX\n", "  axes_source: config\n"))
        .with_code(2)
        .complains(&["config without axes", "expected the key axes as well"]);
    place
        .run(&with(&text, "axes: CYX", "axes: CYX\n  axes_source: files"))
        .with_code(2)
        .complains(&["expected checked, config or file", "file"]);
}

#[test]
fn written_axes_stand_in_for_files_that_name_none() {
    let place = Place::new();
    let header = format!("{:<117}\n", "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 20, 24), }");
    let start = [&b"\x93NUMPY\x01\x00\x76\x00"[..], header.as_bytes()].concat();
    std::fs::write(
        place.path("image.npy"),
        [start, (0_u8..240).cycle().take(3 * 20 * 24).collect()].concat(),
    )
    .unwrap();
    let config =
        with(PREDICT, "data_type: tiff\n  axes: YX", "data_type: npy\n  axes: CYX\n  axes_source: file");
    place.run(&with(&config, "image.tiff", "image.npy")).with_code(0);
    assert_eq!(result(&place, "image", "CYX")[0].dim(), (3, 1, 20, 24));
    // What has no name and several positions is not guessed, whoever else could be asked.
    for source in ["file", "config", "checked"] {
        let unclear = with(&with(&config, "image.tiff", "image.npy"), "axes: CYX", "axes: TCYX");
        let unclear = with(&unclear, "axes_source: file", &format!("axes_source: {source}"));
        place.run(&unclear).with_code(2).complains(&[
            "sizes [3, 20, 24] have no names and may be TYX or CYX of the axes TCYX",
            "axes TYX or CYX in data_config",
        ]);
    }
    let pages = Array4::from_shape_fn((6, 20, 24, 1), |(page, ..)| counting(page));
    let layout = TiffLayout::default();
    std::fs::write(place.path("image.tiff"), layout.file(&layout.pages(pages.view()))).unwrap();
    let predict = format!("{PREDICT}overwrite: true\n");
    let movie = |axes: &str| place.run(&with(&predict, "axes: YX", &format!("axes: {axes}")));
    movie("TZYX").with_code(2).complains(&["sizes [6, 20, 24] have no names and may be TYX or ZYX"]);
    movie("TYX").with_code(0);
    assert_eq!(result(&place, "image", "TYX").len(), 6);
}

/// Masks and targets are opened as inputs are.
#[test]
fn every_role_may_leave_out_axes_of_size_1_and_be_overruled() {
    const TRAIN: &str = "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  target_axes: CYX
  axes_source: config
  patching: {name: stratified, patch_size: [16, 16]}
  normalization: {name: none}
  batch_size: 4
  num_workers: 1
  n_val_patches: 0
train: {input: input.tiff, target: target.tiff, mask: mask.tiff, epochs: 1}
";
    let place = Place::new();
    place.image("input.tiff", "tiff", "ZYX", &[1, 64, 64], counting);
    place.image("target.tiff", "tiff", "ZYX", &[3, 64, 64], counting);
    place.image("mask.tiff", "tiff", "CYX", &[1, 64, 64], |_| 1_u8);
    place.run(TRAIN).with_code(0).says("training: ");
    let checked = with(TRAIN, "  axes_source: config\n", "");
    place.run(&checked).with_code(2).complains(&["train.target", "got axes CYX", "axes_source: config"]);
    place.image("target.tiff", "tiff", "CYX", &[3, 64, 64], counting);
    place.run(&checked).with_code(0);
    // Nothing is written: the input names T, which has size 1, and the targets have none.
    let unnamed = with(&with(&checked, "  axes: YX\n", ""), "  target_axes: CYX\n", "");
    place.image("input.tiff", "tiff", "TYX", &[1, 64, 64], counting);
    place.run(&unnamed).with_code(0);
}
