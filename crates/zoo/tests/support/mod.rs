//! Packages for tests.
#![allow(dead_code, reason = "every test uses some of it")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A file or folder beside `packages/make_package.py`.
pub fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages").join(name)
}

/// A copy of a package, to be changed.
pub fn copy(name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(made(name)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

/// The name of the description of a package.
pub fn description(folder: &Path) -> PathBuf {
    let names = ["bioimageio.yaml", "rdf.yaml"];
    names.into_iter().map(|name| folder.join(name)).find(|path| path.exists()).unwrap()
}

/// Replaces text of the description, which has to be there.
pub fn change(folder: &Path, from: &str, to: &str) {
    let file = description(folder);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

/// Removes all checksums.
pub fn without_checksums(folder: &Path) {
    let file = description(folder);
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("sha256:")).collect();
    fs::write(file, lines.join("\n")).unwrap();
}

/// A ZIP archive of files, with their names in it.
pub fn zip(path: &Path, files: &[(String, Vec<u8>)]) {
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in files {
        archive.start_file(name.as_str(), options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

/// All files of a folder.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect()
}
