//! Nothing half-written, nothing left behind, nothing replaced that should stay, the same bytes every time.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]

mod common;

use std::error::Error;
use std::fs;
use std::path::Path;

use ndarray::Array4;
use patchweave_geometry::{ArrayLayout, PerAxis};
use patchweave_pixel::PixelType;
use patchweave_sink::{
    BlockSink, Blocks, Durability, ImageSpec, Job, SinkError, SinkFormats, create, write_file_atomically,
};

use common::{files, layout, names, write_image};

const FORMATS: [&str; 2] = ["tiff", "ome_zarr"];

fn small(pixel_type: PixelType) -> ImageSpec {
    ImageSpec::new(layout("CYX"), pixel_type)
}

#[test]
fn nothing_has_the_final_name_before_finish() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("image");
        let mut sink = create(&path, format, small(PixelType::U8)).unwrap();
        sink.write_block(0, [0, 0, 0], Array4::ones((3, 1, 4, 4)).view()).unwrap();
        let hidden = names(path.parent().unwrap());
        assert_eq!(hidden.len(), 1);
        assert!(hidden[0].starts_with(".patchweave-"), "{hidden:?}");
        sink.finish().unwrap();
        assert_eq!(names(path.parent().unwrap()), ["image"]);
    }
}

#[test]
fn a_dropped_sink_leaves_nothing() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let mut sink = create(&path, format, small(PixelType::U8)).unwrap();
        sink.write_block(0, [0, 0, 0], Array4::ones((3, 1, 4, 4)).view()).unwrap();
        drop(sink);
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn a_dropped_sink_leaves_the_earlier_output() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        write_image(&path, format, small(PixelType::U8), 1, 1);
        let before = files(folder.path());
        let mut sink = create(&path, format, small(PixelType::F32)).unwrap();
        sink.write_block(0, [0, 0, 0], Array4::ones((3, 1, 4, 4)).view()).unwrap();
        drop(sink);
        assert_eq!(files(folder.path()), before);
    }
}

#[test]
fn an_earlier_output_is_replaced_as_a_whole() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let (path, fresh) = (folder.path().join("image"), folder.path().join("fresh"));
        write_image(&path, format, ImageSpec::new(layout("SCZYX"), PixelType::F64), 1, 1);
        write_image(&path, format, small(PixelType::U8), 2, 2);
        assert_eq!(names(folder.path()), ["image"]);
        write_image(&fresh, format, small(PixelType::U8), 2, 2);
        let below = |name| files(folder.path()).into_iter().filter(move |(file, _)| file.starts_with(name));
        let replaced: Vec<_> =
            below("image").map(|(name, bytes)| (name.replace("image", ""), bytes)).collect();
        let expected: Vec<_> =
            below("fresh").map(|(name, bytes)| (name.replace("fresh", ""), bytes)).collect();
        assert_eq!(replaced, expected);
    }
}

#[test]
fn stores_of_version_2_are_replaced_too() {
    for marker in ["zarr.json", ".zgroup", ".zarray", ".zattrs"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.zarr");
        fs::create_dir(&path).unwrap();
        fs::write(path.join(marker), "{}").unwrap();
        fs::write(path.join("old"), "old").unwrap();
        create(&path, "ome_zarr", small(PixelType::U8)).unwrap().finish().unwrap();
        assert_eq!(names(&path), ["0", "zarr.json"]);
    }
}

#[test]
fn other_folders_and_files_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("notes.txt"), "notes").unwrap();
    let shown = path.display().to_string();
    let refuse = |format| create(&path, format, small(PixelType::U8)).err().unwrap();

    let error = refuse("ome_zarr");
    assert_eq!(error.to_string(), format!("{shown} is a folder but not a Zarr store, it is not replaced"));
    let error = refuse("tiff");
    assert_eq!(error.to_string(), format!("{shown} is a folder, it is not replaced by a file"));
    let error = write_file_atomically(&path, b"x", Durability::Full).unwrap_err();
    assert_eq!(error.to_string(), format!("{shown} is a folder, it is not replaced by a file"));
    assert_eq!(names(folder.path()), ["precious"]);
    assert_eq!(names(&path), ["notes.txt"]);

    let file = path.join("notes.txt");
    let error = create(&file, "ome_zarr", small(PixelType::U8)).err().unwrap();
    assert_eq!(error.to_string(), format!("{} is a file, it is not replaced by a folder", file.display()));
    assert_eq!(fs::read(file).unwrap(), b"notes");
}

#[test]
fn what_came_in_the_way_meanwhile_stays() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let sink = create(&path, format, small(PixelType::U8)).unwrap();
        fs::create_dir(&path).unwrap();
        fs::write(path.join("notes.txt"), "notes").unwrap();
        let error = sink.finish().unwrap_err();
        assert!(matches!(error, SinkError::NotAStore { .. } | SinkError::FolderInTheWay { .. }), "{error}");
        assert_eq!(files(folder.path()), [("image/notes.txt".to_owned(), b"notes".to_vec())]);
    }
}

#[test]
fn a_sink_that_lost_its_files_cannot_be_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.zarr");
    let lose = |folder: &Path| {
        let new = folder.join(&names(folder)[0]).join("new");
        fs::remove_dir_all(&new).unwrap();
        fs::write(&new, "in the way").unwrap();
    };
    let ones = Array4::ones((3, 1, 4, 4));

    let mut sink = create(&path, "ome_zarr", small(PixelType::U8)).unwrap();
    sink.write_block(0, [0, 0, 0], ones.view()).unwrap();
    lose(folder.path());
    let error = sink.finish().unwrap_err();
    assert_eq!(error.to_string(), format!("could not write a chunk of the Zarr store {}", path.display()));
    assert!(error.source().is_some());
    assert!(names(folder.path()).is_empty());

    let job = Job::start(&SinkFormats::default(), &path, Some("ome_zarr"), small(PixelType::U8)).unwrap();
    // No room, so that blocks are written at once.
    let mut sink: Box<dyn BlockSink> = Box::new(Blocks::new(job).with_budget(0));
    lose(folder.path());
    sink.write_block(0, [0, 0, 0], ones.view()).unwrap_err();
    assert_eq!(
        sink.finish().unwrap_err().to_string(),
        format!("{} is not finished because an earlier write failed", path.display())
    );
    assert!(names(folder.path()).is_empty());
}

#[test]
fn the_order_of_blocks_does_not_change_a_byte() {
    for format in FORMATS {
        for axes in ["YX", "STCZYX", "TYXC"] {
            let write = |order_seed| {
                let folder = tempfile::tempdir().unwrap();
                let mut spec = ImageSpec::new(layout(axes), PixelType::U16);
                spec.pixel_size = Some(PerAxis::splat(0.108_333, spec.layout.axes().n_spatial()).unwrap());
                spec.chunks = Some(vec![6; axes.len()]);
                write_image(&folder.path().join("image"), format, spec, 3, order_seed);
                files(folder.path())
            };
            assert!(write(1) == write(2), "{format:?} {axes}");
        }
    }
}

#[test]
fn blocks_that_do_not_fit_are_named_and_change_nothing() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let shown = path.display();
        let layout = ArrayLayout::new("SCZYX".parse().unwrap(), &[2, 3, 4, 5, 6]).unwrap();
        let mut sink = create(&path, format, ImageSpec::new(layout, PixelType::U8)).unwrap();
        let mut refuse = |sample_idx, start, size: (usize, usize, usize, usize)| {
            sink.write_block(sample_idx, start, Array4::ones(size).view()).unwrap_err()
        };
        let error = refuse(2, [0; 3], (3, 1, 1, 1));
        assert_eq!(error.to_string(), format!("{shown}: got a block of a sample that does not exist"));
        let source = error.source().unwrap();
        assert_eq!(source.to_string(), "sample 2 does not exist, the image has 2");
        assert_eq!(
            refuse(0, [0; 3], (2, 1, 1, 1)).to_string(),
            format!("{shown}: got a block with 2 channels, expected 3")
        );
        assert_eq!(
            refuse(0, [0, 3, 0], (3, 4, 3, 6)).to_string(),
            format!(
                "{shown}: got a block at [0, 3, 0] of size [4, 3, 6], \
                 expected one inside the image of size [4, 5, 6] (ZYX)"
            )
        );
        let error = refuse(1, [usize::MAX, 0, 0], (3, 1, 1, 1));
        assert!(matches!(error, SinkError::OutOfImage { .. }));
        sink.finish().unwrap();
    }
}

#[test]
fn specs_that_do_not_fit_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sub").join("image");
    let shown = path.display();
    for format in FORMATS {
        let refuse = |spec: ImageSpec| create(&path, format, spec).err().unwrap().to_string();
        let mut spec = small(PixelType::U8);
        spec.pixel_size = Some(PerAxis::new(&[1.0, 0.0]).unwrap());
        assert_eq!(
            refuse(spec.clone()),
            format!("{shown}: got pixel size [1.0, 0.0], expected 2 positive lengths in micrometres")
        );
        spec.pixel_size = Some(PerAxis::splat(1.0, 3).unwrap());
        assert!(refuse(spec.clone()).ends_with("expected 2 positive lengths in micrometres"));
        spec.pixel_size = None;
        for chunks in [vec![1, 2], vec![1, 0, 4]] {
            spec.chunks = Some(chunks.clone());
            assert_eq!(
                refuse(spec.clone()),
                format!("{shown}: got chunks {chunks:?}, expected a size of at least 1 for each axis of CYX")
            );
        }
    }
    let mut huge =
        ImageSpec::new(ArrayLayout::new("YX".parse().unwrap(), &[1 << 20; 2]).unwrap(), PixelType::F64);
    huge.chunks = Some(vec![1 << 20; 2]);
    assert_eq!(
        create(&path, "ome_zarr", huge).err().unwrap().to_string(),
        format!("{shown}: got 8796093022208 bytes in a chunk, expected at most 4294967295")
    );
    assert!(names(folder.path()).is_empty());
    let error = create("..", "tiff", small(PixelType::U8)).err().unwrap();
    assert!(matches!(error, SinkError::FolderInTheWay { .. }));
    let error = create("", "ome_zarr", small(PixelType::U8)).err().unwrap();
    assert_eq!(error.to_string(), " names no file");
}

#[test]
fn files_are_replaced_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a").join("b.json");
    write_file_atomically(&path, b"a long first version", Durability::Full).unwrap();
    write_file_atomically(&path, b"short", Durability::Full).unwrap();
    assert_eq!(files(folder.path()), [("a/b.json".to_owned(), b"short".to_vec())]);
}

#[cfg(unix)]
#[test]
fn outputs_have_the_permissions_of_ordinary_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    fs::write(folder.path().join("plain"), "").unwrap();
    fs::create_dir(folder.path().join("plain folder")).unwrap();
    create(folder.path().join("tiff"), "tiff", small(PixelType::U8)).unwrap().finish().unwrap();
    create(folder.path().join("zarr"), "ome_zarr", small(PixelType::U8)).unwrap().finish().unwrap();
    assert_eq!(mode("tiff"), mode("plain"));
    assert_eq!(mode("zarr"), mode("plain folder"));
}
