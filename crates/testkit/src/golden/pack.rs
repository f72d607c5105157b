//! Packing cases: one zip per operation, the same bytes whenever it is done, and a list of what is inside.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::golden::{CaseError, CaseFiles, GoldenCase};

/// Name of the list, in the source and beside the packs.
const LIST: &str = "manifest.json";

/// Why cases could not be packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file that cannot be read or written.
    #[error("{path} cannot be packed", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A pack that cannot be written.
    #[error("{path} cannot be written", path = path.display())]
    Zip {
        /// The pack.
        path: PathBuf,
        /// The reason.
        source: zip::result::ZipError,
    },
    /// A case that cannot be read.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A list that is no JSON.
    #[error("{path} is no list of cases", path = path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// The reason.
        source: serde_json::Error,
    },
    /// A selected operation or case that the source does not have.
    #[error("{0:?} names no case")]
    NoSuchCase(String),
}

/// What packs hold and which programs made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackList {
    /// Version of the form of the cases.
    pub format: u32,
    /// The programs that made the results, with their versions.
    pub reference: BTreeMap<String, String>,
    /// Number of cases.
    pub n_cases: usize,
    /// Number of checks in them.
    pub n_checks: usize,
    /// The cases.
    pub cases: Vec<PackedCase>,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedCase {
    /// Operation and name.
    pub id: String,
    /// The operation, whose pack holds the case.
    pub op: String,
    /// Number of checks.
    pub checks: usize,
}

#[derive(Deserialize)]
struct SourceList {
    format: u32,
    reference: BTreeMap<String, String>,
}

impl PackList {
    /// Reads the list beside the packs of a folder.
    ///
    /// # Errors
    /// [`PackError::Io`] or [`PackError::List`].
    pub fn read(folder: &Path) -> Result<Self, PackError> {
        read_list(folder)
    }
}

/// Packs the selected cases of the folder `source` into `<operation>.zip` files in `destination`.
///
/// A selection is an operation or `operation/case`. Order, dates and compression are fixed, so that the same
/// cases give the same bytes.
///
/// # Errors
/// [`PackError`] if something is not there or cannot be read or written.
pub fn pack_cases(source: &Path, destination: &Path, selection: &[String]) -> Result<PackList, PackError> {
    let SourceList { format, reference } = read_list(source)?;
    let mut folders: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for selected in selection {
        let op = selected.split('/').next().unwrap_or(selected);
        let found = case_folders(&source.join(selected))?;
        if found.is_empty() {
            return Err(PackError::NoSuchCase(selected.clone()));
        }
        folders.entry(op.to_owned()).or_default().extend(found);
    }
    fs::create_dir_all(destination).map_err(io_error(destination))?;
    let mut cases = Vec::new();
    for (op, mut folders) in folders {
        folders.sort();
        folders.dedup();
        write_pack(source, &destination.join(format!("{op}.zip")), &folders)?;
        for folder in folders {
            let case = GoldenCase::read(&CaseFiles::Folder(folder))?;
            cases.push(PackedCase { id: case.id, op: op.clone(), checks: case.checks.len() });
        }
    }
    let n_checks = cases.iter().map(|case| case.checks).sum();
    let list = PackList { format, reference, n_cases: cases.len(), n_checks, cases };
    let path = destination.join(LIST);
    let text = serde_json::to_string_pretty(&list)
        .map_err(|source| PackError::List { path: path.clone(), source })?;
    fs::write(&path, text + "\n").map_err(io_error(&path))?;
    Ok(list)
}

fn read_list<T: for<'de> Deserialize<'de>>(folder: &Path) -> Result<T, PackError> {
    let path = folder.join(LIST);
    let text = fs::read(&path).map_err(io_error(&path))?;
    let value: Value =
        serde_json::from_slice(&text).map_err(|source| PackError::List { path: path.clone(), source })?;
    T::deserialize(value).map_err(|source| PackError::List { path, source })
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> PackError + '_ {
    |source| PackError::Io { path: path.to_owned(), source }
}

fn case_folders(folder: &Path) -> Result<Vec<PathBuf>, PackError> {
    if folder.join("case.json").is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let inside = entries(folder)?;
    Ok(inside.into_iter().filter(|path| path.join("case.json").is_file()).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, PackError> {
    let failed = io_error(folder);
    let entries = fs::read_dir(folder).map_err(&failed)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(&failed)?;
    paths.sort();
    Ok(paths)
}

fn write_pack(source: &Path, pack: &Path, folders: &[PathBuf]) -> Result<(), PackError> {
    let failed = |source| PackError::Zip { path: pack.to_owned(), source };
    let mut writer = ZipWriter::new(File::create(pack).map_err(io_error(pack))?);
    for folder in folders {
        write_folder(source, folder, &mut writer, &failed)?;
    }
    writer.finish().map_err(failed)?;
    Ok(())
}

fn write_folder(
    source: &Path,
    folder: &Path,
    writer: &mut ZipWriter<File>,
    failed: &impl Fn(zip::result::ZipError) -> PackError,
) -> Result<(), PackError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(0o644);
    for path in entries(folder)? {
        if path.is_dir() {
            write_folder(source, &path, writer, failed)?;
            continue;
        }
        let inside = path.strip_prefix(source).unwrap_or(&path);
        let names: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        writer.start_file(names.join("/"), options).map_err(failed)?;
        let content = fs::read(&path).map_err(io_error(&path))?;
        writer.write_all(&content).map_err(io_error(&path))?;
    }
    Ok(())
}
