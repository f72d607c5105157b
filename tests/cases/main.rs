//! Inputs that were once read, trained on or refused wrongly, and the right answers; the files are in `inputs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[path = "../support/mod.rs"]
mod support;

mod axes;
mod files;
mod hdf5;
mod leaks;
#[cfg(unix)]
mod links;
mod selection;
mod statistics;
mod tiff;
mod zarr;

use std::fs;
use std::path::Path;

use ndarray::ArrayD;
use support::Place;

/// A folder of its own with a copy of the files of a case.
fn case(name: &str) -> Place {
    let place = Place::new();
    let inputs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/inputs").join(name);
    copy(&inputs, &place.path(""));
    place
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, copied).unwrap();
        }
    }
}

/// The array of an NPY file, whose type has to be `T`.
fn npy<T: npyz::Deserialize>(path: &Path) -> ArrayD<T> {
    let file = npyz::NpyFile::new(fs::File::open(path).unwrap()).unwrap();
    let shape: Vec<usize> = file.shape().iter().map(|&n| usize::try_from(n).unwrap()).collect();
    ArrayD::from_shape_vec(shape, file.into_vec().unwrap()).unwrap()
}
