//! HDF5: signs that BigDataViewer declares, and datasets that are read or refused when they are opened.

use std::path::Path;

use ndarray::{ArrayD, Axis};
use patchweave::pixel::PixelType;

use super::support::{Place, read_image};
use super::{case, npy};

/// The pixels that the identity wrote, in their own type.
fn predicted(place: &Place, axes: &str) -> (PixelType, ArrayD<f32>) {
    let written: Vec<_> = place.files("out").into_keys().filter(|path| is_tiff(path)).collect();
    assert_eq!(written.len(), 1, "{written:?}");
    let (pixel_type, samples) = read_image(&place.path("out").join(&written[0]), axes);
    assert_eq!(samples.len(), 1);
    (pixel_type, samples[0].index_axis(Axis(0), 0).to_owned().into_dyn())
}

fn is_tiff(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "tiff" || ending == "tif")
}

#[test]
fn the_sign_of_big_data_viewer_is_the_declared_one() {
    let place = case("bdv-signed-int16");
    let expected = npy::<i16>(&place.path("expected.npy")).mapv(f32::from);
    for (config, axes) in [("whole_file.yaml", "TZYX"), ("dataset.yaml", "ZYX")] {
        place.patchweave(&["validate", config]).with_code(0);
        let ended = place.patchweave(&["run", config]).with_code(0);
        ended.says("int16 pixels of ");
        ended.says(" equal the input");
        let (pixel_type, pixels) = predicted(&place, axes);
        assert_eq!(pixel_type, PixelType::I16, "{config}");
        assert_eq!(pixels.iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>(), "{config}");
        std::fs::remove_dir_all(place.path("out")).unwrap();
    }
    place.patchweave(&["info", "signed.h5"]).with_code(0).says("int16");
}

#[test]
fn what_h5py_writes_without_plugins_is_read() {
    let place = case("h5-unreadable-late");
    let image = npy::<u16>(&place.path("expected.npy")).mapv(f32::from);
    let labels = image.mapv(|pixel| pixel % 3.0);
    for (config, expected) in [("lzf.yaml", &image), ("virtual.yaml", &image), ("enum.yaml", &labels)] {
        place.patchweave(&["validate", config]).with_code(0);
        place.patchweave(&["run", config]).with_code(0);
        let (_, pixels) = predicted(&place, "YX");
        let pixels = pixels.index_axis(Axis(0), 0).to_owned();
        assert_eq!(&pixels.into_dyn(), expected, "{config}");
        std::fs::remove_dir_all(place.path("out")).unwrap();
    }
    // Without any source a virtual dataset is no image of its fill value.
    std::fs::remove_file(place.path("part.h5")).unwrap();
    for command in ["validate", "run"] {
        place
            .patchweave(&[command, "virtual.yaml"])
            .with_code(2)
            .complains(&["none of 1 sources", "part.h5"]);
    }
    let told = place.patchweave(&["info", "virtual.h5", "--axes", "YX"]);
    assert!(told.stderr.contains("none of 1 sources"), "{told:?}");
    assert_ne!(told.code, 0);
}
