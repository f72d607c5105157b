//! Pipes, names that are not UTF-8, and files that shrink.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use crate::Place;
use crate::support::signal;

/// A training on whatever an entry stands for.
fn config(entry: &str) -> String {
    format!(
        "output: out
data_config:
  {{mode: training, data_type: tiff, axes: YX, patching: {{name: random, patch_size: [16, 16]}}, \
         normalization: {{name: none}}, batch_size: 2}}
train: {{input: {entry}, epochs: 1}}
"
    )
}

fn tiff(place: &Place, name: &str) {
    place.image(name, "tiff", "YX", &[32, 32], |at| u16::try_from(at).unwrap());
}

fn pipe(place: &Place, name: &str) {
    assert!(Command::new("mkfifo").arg(place.path(name)).status().unwrap().success());
}

/// Case `glob-non-utf8`: names that cannot be text are passed by, or read.
#[test]
fn names_that_are_not_utf_8_are_read() {
    let place = Place::new();
    for folder in ["d", "e", "e/deep"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    tiff(&place, "d/a.tif");
    fs::write(place.path(Path::new("d").join(OsStr::from_bytes(b"notes \xe9.txt"))), "").unwrap();
    fs::create_dir(place.path(Path::new("d").join(OsStr::from_bytes(b"folder \xe9")))).unwrap();
    for entry in ["d/*.tif", "'**/a.tif'", "d"] {
        let ended = place.run(&config(entry)).with_code(0);
        ended.says("4 patches from 1 image");
    }

    tiff(&place, "e/a.tif");
    let odd = Path::new("e").join(OsStr::from_bytes(b"caf\xe9.tif"));
    fs::copy(place.path("e/a.tif"), place.path(&odd)).unwrap();
    fs::copy(place.path("e/a.tif"), place.path(Path::new("e/deep").join(OsStr::from_bytes(b"\xff.TIF"))))
        .unwrap();
    place.run(&config("e")).with_code(0).says("12 patches from 3 images");
    place.run(&config("e/*.tif")).with_code(0).says("8 patches from 2 images");
    place.run(&config("e/caf?.tif")).with_code(0).says("4 patches from 1 image");

    // Targets of the same odd names are paired, predictions get names of their own.
    let text = config("e").replace("epochs: 1", "target: e, epochs: 1")
        + "predict: {input: e, patching: {name: whole}, models: [identity], formats: [tiff]}\n";
    let ended = place.run(&text).with_code(0);
    ended.says("12 patches from 3 images");
    assert_eq!(
        ended.listed().iter().filter(|path| path.to_string_lossy().ends_with("_identity.tiff")).count(),
        3
    );

    let path = place.path(&odd);
    place.patchweave(&["info".as_ref(), path.as_os_str()]).with_code(0).says("caf\u{fffd}.tif: 1 image");
    place.patchweave(&["info".as_ref(), place.path("e").as_os_str()]).with_code(0).says("3 images");
    let pattern = place.path(Path::new("e").join(OsStr::from_bytes(b"*\xe9.tif")));
    place.patchweave(&["info".as_ref(), pattern.as_os_str()]).with_code(0).says(": 1 image");

    // A configuration in a folder of such a name.
    let folder = place.path(OsStr::from_bytes(b"run \xe9"));
    fs::create_dir(&folder).unwrap();
    fs::copy(place.path("e/a.tif"), folder.join("a.tif")).unwrap();
    fs::write(folder.join("run.yaml"), config("'*.tif'")).unwrap();
    place.patchweave(&["run".as_ref(), folder.join("run.yaml").as_os_str()]).with_code(0);
    assert!(folder.join("out").is_dir());
}

/// Case `pipe-in-folder`: nothing waits for a pipe, whatever reads it.
#[test]
fn pipes_are_refused_at_once_and_passed_over_in_folders() {
    let place = Place::new();
    let refused = "is not a file: a named pipe";
    for name in ["x.tif", "x.npy", "x.npz", "x.h5", "x.zip", "x.zarr", "x.czi", "x"] {
        pipe(&place, name);
        let inside = format!("{name}/raw");
        for path in [name, inside.as_str()] {
            let ended = place.patchweave(&["info", path]).with_code(1);
            ended.complains(&[refused]);
        }
    }
    let text = place.write("run.yaml", &config("x.tif"));
    for command in ["validate", "run", "bench"] {
        place
            .patchweave(&[command.as_ref(), text.as_os_str()])
            .with_code(2)
            .complains(&["run.yaml:4:16", refused]);
        place
            .patchweave(&[command, "x.tif"])
            .with_code(2)
            .complains(&["configuration x.tif cannot be read", refused]);
    }

    fs::create_dir(place.path("data")).unwrap();
    pipe(&place, "data/pipe.tif");
    std::os::unix::fs::symlink("pipe.tif", place.path("data/link.tif")).unwrap();
    place.run(&config("data")).with_code(2).complains(&["link.tif is not a file: a named pipe"]);
    tiff(&place, "data/a.tif");
    for entry in ["data", "data/*.tif"] {
        let ended = place.run(&config(entry)).with_code(0);
        ended.says("from 1 image");
        for name in ["pipe", "link"] {
            ended.says(&format!("data/{name}.tif is not a file: a named pipe; it is ignored"));
        }
    }
    let ended = place.patchweave(&["info", "data"]).with_code(0);
    ended.says("data/pipe.tif is not a file: a named pipe; it is ignored");

    // Inside of a store: metadata, and a chunk.
    place.image("s.zarr", "ome_zarr", "YX", &[32, 32], |_| 7_u16);
    let chunk = (place.files("s.zarr").into_keys()).find(|path| path.starts_with("0/c")).unwrap();
    fs::remove_file(place.path("s.zarr").join(&chunk)).unwrap();
    pipe(&place, Path::new("s.zarr").join(&chunk).to_str().unwrap());
    let zarr = config("s.zarr").replace("data_type: tiff", "data_type: zarr");
    place.run(&zarr).with_code(1).complains(&["not a file: a named pipe"]);
    fs::remove_file(place.path("s.zarr/zarr.json")).unwrap();
    pipe(&place, "s.zarr/zarr.json");
    place.run(&zarr).with_code(2).complains(&["not a file: a named pipe"]);

    // The file that says where loading stands.
    pipe(&place, "state");
    let text = place.write("run.yaml", &config("data/a.tif"));
    let arguments = ["run".as_ref(), text.as_os_str(), "--state".as_ref(), "state".as_ref()];
    place.patchweave(&arguments).with_code(1).complains(&[refused]);
}

#[test]
fn what_does_not_exist_is_said_first_and_with_what_does() {
    let place = Place::new();
    fs::create_dir(place.path("data")).unwrap();
    for path in [
        "data/raw/a",
        "data/raw/a.tif",
        "data/raw/a.czi",
        "data/raw/a.zarr",
        "data/raw/a.h5/x",
        "data/raw/*.tif",
    ] {
        let expected = "does not exist, the nearest folder that does is data";
        place.patchweave(&["info", path]).with_code(1).complains(&[expected]);
        for data_type in ["custom", "tiff", "zarr", "hdf5", "npy"] {
            let text =
                config(&format!("'{path}'")).replace("data_type: tiff", &format!("data_type: {data_type}"));
            let text = place.write("run.yaml", &text);
            for command in ["validate", "run", "bench"] {
                let ended = place.patchweave(&[command.as_ref(), text.as_os_str()]).with_code(2);
                ended.complains(&["does not exist, the nearest folder that does is", "/data"]);
            }
        }
    }
    for command in ["validate", "run", "bench"] {
        let ended = place.patchweave(&[command, "data/no.yaml"]).with_code(2);
        ended.complains(&["no.yaml does not exist, the nearest folder that does is data"]);
    }
    std::os::unix::fs::symlink("gone.tif", place.path("data/a.tif")).unwrap();
    for entry in ["data", "data/*.tif", "data/a.tif"] {
        let ended = place.run(&config(entry)).with_code(2);
        ended.complains(&["a.tif is a link to gone.tif, which does not"]);
    }
}

/// Pixels as they are, in an NPY or a TIFF.
fn uncompressed(place: &Place, name: &str, side: usize) {
    if name.ends_with("tif") {
        place.image(name, "tiff", "YX", &[side, side], |at| u16::try_from(at % 60_000).unwrap());
        return;
    }
    let text = format!("{{'descr': '<u2', 'fortran_order': False, 'shape': ({side}, {side})}}");
    let header = format!("{text:117}\n");
    let mut bytes = [b"\x93NUMPY\x01\x00", &u16::try_from(header.len()).unwrap().to_le_bytes()[..]].concat();
    bytes.extend(header.as_bytes());
    bytes.extend((0..side * side).flat_map(|at| u16::try_from(at % 60_000).unwrap().to_le_bytes()));
    fs::write(place.path(name), bytes).unwrap();
}

/// Case `mapped-file-shrinks`: what is lost is an error of the patch, and the state is that of its batch.
///
/// A file that is cut short in the microseconds between the look at its length and the copy would end the process, so
/// what shrinks here gives one patch of a thousand.
#[test]
fn a_mapped_file_that_shrinks_is_an_error_of_the_patch() {
    for (data_type, ending) in [("npy", "npy"), ("tiff", "tif")] {
        for map_files in [true, false] {
            let place = Place::new();
            let [large, small] = ["large", "small"].map(|name| format!("{name}.{ending}"));
            uncompressed(&place, &large, 2048);
            uncompressed(&place, &small, 64);
            let text = format!(
                "output: out
reading: {{map_files: {map_files}, cache_mib: 0}}
data_config:
  {{mode: training, data_type: {data_type}, axes: YX, patching: {{name: random, patch_size: [64, 64]}}, \
                 normalization: {{name: none}}, batch_size: 4, num_workers: 1, seed: 1}}
train: {{input: [{large}, {small}], epochs: 1000000}}
"
            );
            let config = place.write("run.yaml", &text);
            let child = signal::start(
                &place,
                &["run".as_ref(), config.as_os_str(), "--state".as_ref(), "state.json".as_ref()],
            );
            // It is written before the first batch.
            signal::wait_until(|| place.path("state.json").exists());
            fs::File::options().write(true).open(place.path(&small)).unwrap().set_len(100).unwrap();
            let (code, complaint) = signal::wait(child);
            assert_eq!(code, Some(1), "{data_type}, map_files {map_files}: {complaint}");
            assert!(complaint.contains(&small) && complaint.contains("patch "), "{complaint}");
            if map_files {
                assert!(complaint.contains("the file has 100 bytes now, expected at least"), "{complaint}");
            }
            assert!(fs::read_to_string(place.path("state.json")).unwrap().contains("next_batch"));
        }
    }
}
