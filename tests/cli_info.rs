//! `patchweave info`, on images that the test makes and on what is none.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels stay small")]

mod support;

use support::Place;

#[test]
fn tiffs_are_told_to_people() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "ZYX", &[5, 300, 200], |i| (i % 251) as u16);
    let told = place.patchweave(&["info", "image.tiff", "--patch", "4,32,32"]).with_code(0);
    told.says("image.tiff: 1 image, ");
    told.says("  axes         ZYX\n");
    told.says("  shape        5 × 300 × 200, 600.0 kB decoded\n");
    told.says("  type         uint16\n");
    told.says("  patches      4 × 32 × 32: ");
    assert_eq!(told.stderr, "");
}

#[test]
fn zarrs_are_told_to_programs() {
    let place = Place::new();
    place.image("image.ome.zarr", "ome_zarr", "CYX", &[2, 600, 200], |i| (i % 251) as u8);
    let told = place.patchweave(&["info", "--json", "image.ome.zarr"]).with_code(0);
    let facts: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let image = &facts["images"][0];
    assert_eq!(facts["path"], "image.ome.zarr");
    assert!(facts["bytes_on_disk"].as_u64().unwrap() > 0);
    assert_eq!((&image["axes"], &image["dtype"]), (&"CYX".into(), &"uint8".into()));
    assert_eq!(image["shape"], serde_json::json!([2, 600, 200]));
    assert_eq!(image["levels"], serde_json::json!([[2, 600, 200]]));
    assert_eq!(image["decoded_bytes"], 240_000);
    assert_eq!(image["patch_size"], serde_json::json!([64, 64]));
    assert!(image["amplification"].as_f64().unwrap() >= 1.0);
}

#[test]
fn chunks_that_make_patches_expensive_are_called_so() {
    let place = Place::new();
    place.image("image.ome.zarr", "ome_zarr", "YX", &[600, 600], |i| (i % 251) as u8);
    let small = place.patchweave(&["info", "image.ome.zarr", "--patch", "8,8"]).with_code(0);
    small.says("warning: chunks make random patches expensive: for each pixel of a patch of 8 × 8, ");
    let large = place.patchweave(&["info", "image.ome.zarr", "--patch", "512,512"]).with_code(0);
    assert!(!large.stdout.contains("expensive"), "{}", large.stdout);
    let other = place.patchweave(&["info", "image.ome.zarr", "--patch", "8,8,8"]).with_code(0);
    other.says("warning: a patch of 8 × 8 × 8 pixels does not fit an image with axes YX");
}

#[test]
fn what_cannot_be_told_is_refused() {
    let place = Place::new();
    place
        .patchweave(&["info", "missing.tiff"])
        .with_code(1)
        .complains(&["missing.tiff does not exist, the nearest folder that does is "]);
    place.write("notes.txt", "no image");
    place
        .patchweave(&["info", "notes.txt"])
        .with_code(2)
        .complains(&["the name of notes.txt does not tell its format, expected --type with one of ", "tiff"]);
    place
        .patchweave(&["info", "notes.txt", "--type", "doc"])
        .with_code(2)
        .complains(&["--type: got doc, expected one of "]);
    place.patchweave(&["info", "notes.txt", "--type", "tiff"]).with_code(1).complains(&["notes.txt"]);
}

#[test]
fn folders_and_patterns_are_told_file_by_file() {
    let place = Place::new();
    std::fs::create_dir(place.path("images")).unwrap();
    for name in ["images/a.tiff", "images/b.tiff", "images/c.ome.zarr"] {
        let format = if name.ends_with("zarr") { "ome_zarr" } else { "tiff" };
        place.image(name, format, "YX", &[30, 40], |i| (i % 251) as u8);
    }
    let told = place.patchweave(&["info", "images"]).with_code(0);
    told.says("images: 3 images, ");
    told.says("  as images/a.tiff\n");
    let told = place.patchweave(&["info", "images/*.tiff"]).with_code(0);
    told.says("images/*.tiff: 2 images, ");
    place.patchweave(&["info", "images/*.npy"]).with_code(1).complains(&["images/*.npy"]);
}

#[test]
fn a_bad_file_in_a_folder_is_one_line() {
    let place = Place::new();
    std::fs::create_dir(place.path("images")).unwrap();
    for name in ["images/a.tiff", "images/z.tiff"] {
        place.image(name, "tiff", "YX", &[30, 40], |i| (i % 251) as u8);
    }
    place.image("images/c.ome.zarr", "ome_zarr", "YX", &[30, 40], |i| (i % 251) as u8);
    place.write("images/broken.tif", "no image");
    place.write("images/broken.npy", "no image");
    let told = place.patchweave(&["info", "images"]).with_code(1);
    told.says("images/a.tiff:\n");
    told.says("images/z.tiff:\n  as images/a.tiff\n");
    let bad: Vec<&str> = told.stdout.lines().filter(|line| line.contains("cannot be read: ")).collect();
    assert_eq!(bad.len(), 2, "{}", told.stdout);
    assert!(bad[0].starts_with("images/broken.npy: cannot be read: "), "{bad:?}");
    assert!(bad[1].starts_with("images/broken.tif: cannot be read: "), "{bad:?}");
    assert!(bad.iter().all(|line| line.matches("images/broken").count() == 1), "{bad:?}");
    assert_eq!(told.stdout.lines().last(), Some("3 images in 3 files; 2 files cannot be read"));
    told.complains(&["error: 2 of 5 files cannot be read"]);

    let told = place.patchweave(&["info", "images", "--json"]).with_code(1);
    let facts: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&facts["n_files"], facts["images"].as_array().unwrap().len()), (&5.into(), 3));
    assert_eq!(facts["unreadable"][1]["path"], "images/broken.tif");
    assert!(facts["unreadable"][1]["error"].as_str().unwrap().contains("broken.tif"), "{facts}");

    // Where nothing can be read, the reason is that of the first file.
    let told = place.patchweave(&["info", "images/broken.*"]).with_code(1);
    told.says("0 images in 0 files; 2 files cannot be read\n");
    told.complains(&["error: images/broken.npy"]);
    // Everything fine is counted as well.
    let told = place.patchweave(&["info", "images/*.tiff"]).with_code(0);
    assert_eq!(told.stdout.lines().last(), Some("2 images in 2 files"));
    // One file is no folder of files.
    let told = place.patchweave(&["info", "images/a.tiff"]).with_code(0);
    assert!(!told.stdout.contains(" in 1 file"), "{}", told.stdout);
}

/// Links, and files of one OME-TIFF: each image counts once, as it does in a run.
#[test]
fn an_image_that_is_found_again_is_not_counted() {
    let place = Place::new();
    std::fs::create_dir(place.path("images")).unwrap();
    place.image("images/a.tiff", "tiff", "YX", &[30, 40], |i| (i % 251) as u8);
    place.image("images/b.tiff", "tiff", "YX", &[30, 40], |i| (i % 241) as u8);
    std::fs::hard_link(place.path("images/a.tiff"), place.path("images/c.tiff")).unwrap();
    let told = place.patchweave(&["info", "images", "--pixels"]).with_code(0);
    told.says("images: 2 images, ");
    told.says("images/b.tiff:\n  as images/a.tiff\n");
    told.says("images/c.tiff:\n  is images/a.tiff\n");
    assert_eq!(told.stdout.lines().last(), Some("2 images in 3 files"));
    assert_eq!(told.stdout.matches("  pixels ").count(), 2, "{}", told.stdout);
    let told = place.patchweave(&["info", "images", "--json"]).with_code(0);
    let facts: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(facts["images"][2]["same_as"], "images/a.tiff");
    let bytes =
        ["a", "b"].map(|name| std::fs::metadata(place.path(format!("images/{name}.tiff"))).unwrap().len());
    assert_eq!(facts["bytes_on_disk"], bytes.iter().sum::<u64>(), "once each");
    assert!(facts["images"][1]["same_as"].is_null());
}

/// Beyond 2²⁴ pixels as `f32` are not always what is stored.
#[test]
fn integers_that_may_be_rounded_are_about() {
    let place = Place::new();
    for (last, expected) in [(16_777_215_u32, "to 16777215,"), (16_777_217, "to about 16777216,")] {
        let pixel = |i: usize| if i == 77 { last } else { 7 };
        let header = format!("{:<117}\n", "{'descr': '<u4', 'fortran_order': False, 'shape': (20, 30), }");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        file.extend(header.as_bytes());
        file.extend((0..600).flat_map(|i| pixel(i).to_le_bytes()));
        std::fs::write(place.path("image.npy"), file).unwrap();
        let told = place.patchweave(&["info", "image.npy", "--pixels"]).with_code(0);
        told.says(&format!("  pixels       7 {expected} median 7"));
    }
}

#[test]
fn a_sample_of_the_pixels_is_told() {
    let place = Place::new();
    place.image("small.tiff", "tiff", "ZYX", &[3, 50, 70], |i| 100 + (i % 251) as u16);
    let told = place.patchweave(&["info", "small.tiff", "--pixels"]).with_code(0);
    told.says("  pixels       100 to 350, median 224 (all 10 500 of them)\n");
    assert!(!place.patchweave(&["info", "small.tiff"]).with_code(0).stdout.contains("median"));

    let pixel = |i: usize| match i {
        5 => f32::NAN,
        6 => f32::INFINITY,
        i => 1e-9 * (i % 1000) as f32,
    };
    place.image("float.ome.zarr", "ome_zarr", "YX", &[40, 50], pixel);
    let told = place.patchweave(&["info", "float.ome.zarr", "--pixels"]).with_code(0);
    told.says("  pixels       0.0 to 9.99e-7, median 5");
    told.says(", 1 NaN, 1 infinite (all 2 000 of them)\n");
    let told = place.patchweave(&["info", "float.ome.zarr", "--pixels", "--json"]).with_code(0);
    let facts: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let pixels = &facts["images"][0]["pixels"];
    assert_eq!((&pixels["n_nan"], &pixels["n_pixels"]), (&1.into(), &2000.into()));
    assert_eq!(pixels["smallest"], 0.0);

    // Of a large image a part is read, the same every time, and it does not miss what is everywhere.
    place.image("large.ome.zarr", "ome_zarr", "CYX", &[2, 3000, 3000], |i| (i % 256) as u8);
    let told = place.patchweave(&["info", "large.ome.zarr", "--pixels"]).with_code(0);
    told.says("  pixels       0 to 255, median 12");
    told.says(" of them in 32 places)\n");
    let again = place.patchweave(&["info", "large.ome.zarr", "--pixels"]).with_code(0);
    assert_eq!(told.stdout, again.stdout);
}

#[test]
fn channels_and_times_are_told() {
    let place = Place::new();
    place.image("image.ome.zarr", "ome_zarr", "TCYX", &[3, 2, 20, 30], |i| (i % 251) as u8);
    let path = place.path("image.ome.zarr/zarr.json");
    let mut json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let ome = &mut json["attributes"]["ome"];
    ome["omero"] = serde_json::json!({"channels": [{"label": "DAPI"}, {"label": " GFP "}]});
    ome["multiscales"][0]["axes"][0]["unit"] = "minute".into();
    ome["multiscales"][0]["datasets"][0]["coordinateTransformations"][0]["scale"][0] = 0.5.into();
    std::fs::write(&path, json.to_string()).unwrap();
    let told = place.patchweave(&["info", "image.ome.zarr"]).with_code(0);
    told.says("  channels     DAPI, GFP\n");
    told.says("  time step    30 s\n");
    let told = place.patchweave(&["info", "image.ome.zarr", "--json"]).with_code(0);
    let facts: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(facts["images"][0]["channel_names"], serde_json::json!(["DAPI", "GFP"]));
    assert_eq!(facts["images"][0]["time_step_s"], 30.0);

    // Fewer names than channels name none of them.
    json["attributes"]["ome"]["omero"]["channels"].as_array_mut().unwrap().pop();
    std::fs::write(&path, json.to_string()).unwrap();
    let told = place.patchweave(&["info", "image.ome.zarr"]).with_code(0);
    assert!(!told.stdout.contains("DAPI"), "{}", told.stdout);
}

#[test]
fn channels_and_times_of_a_tiff_are_told() {
    let place = Place::new();
    let xml = r#"<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">
        <Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="30" SizeY="20" SizeZ="1" SizeC="2" SizeT="3"
        TimeIncrement="1500" TimeIncrementUnit="ms"><Channel ID="Channel:0:0" Name="Nuclei"/>
        <Channel ID="Channel:0:1" Name="Membranes"/><TiffData/></Pixels></Image></OME>"#;
    let imagej = "ImageJ=1.54f\nimages=6\nframes=6\nhyperstack=true\nfinterval=0.2\n";
    for (name, text) in [("image.ome.tif", xml), ("stack.tif", imagej)] {
        let mut file =
            tiff::encoder::TiffEncoder::new(std::fs::File::create(place.path(name)).unwrap()).unwrap();
        for page in 0..6_u8 {
            let mut image = file.new_image::<tiff::encoder::colortype::Gray8>(30, 20).unwrap();
            if page == 0 {
                image.encoder().write_tag(tiff::tags::Tag::ImageDescription, text).unwrap();
            }
            image.write_data(&[page; 600]).unwrap();
        }
    }
    let told = place.patchweave(&["info", "image.ome.tif"]).with_code(0);
    told.says("  channels     Nuclei, Membranes\n");
    told.says("  time step    1.5 s\n");
    let told = place.patchweave(&["info", "stack.tif"]).with_code(0);
    told.says("  time step    0.2 s\n");
    assert!(!told.stdout.contains("channels"), "{}", told.stdout);
}
