//! Packing cases: one zip per folder, the same bytes whenever it is done, and a list of what is inside.

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

/// What some makers call the list.
const INDEX: &str = "index.json";

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
    /// Folder and name; the pack is named after the folder.
    pub id: String,
    /// The operation.
    pub op: String,
    /// Number of checks.
    pub checks: usize,
}

#[derive(Deserialize)]
struct SourceList {
    format: u32,
    reference: Reference,
}

/// The programs that made the cases: a table, or one as `name version`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Many(BTreeMap<String, String>),
    One(String),
}

impl Reference {
    fn table(self) -> BTreeMap<String, String> {
        match self {
            Reference::Many(table) => table,
            Reference::One(text) => {
                let (name, version) = text.split_once(' ').unwrap_or((&text, ""));
                BTreeMap::from([(name.to_owned(), version.to_owned())])
            }
        }
    }
}

impl PackList {
    /// Reads the list beside the packs of a folder.
    ///
    /// # Errors
    /// [`PackError::Io`] or [`PackError::List`].
    pub fn read(folder: &Path) -> Result<Self, PackError> {
        read_list(&folder.join(LIST))
    }
}

/// Packs the selected cases of the folder `source` into `<folder>.zip` files in `destination`.
///
/// A selection is a folder, which most makers name after an operation, or `folder/case`. Order, dates and compression are fixed, so that the same
/// cases give the same bytes.
///
/// # Errors
/// [`PackError`] if something is not there or cannot be read or written.
pub fn pack_cases(source: &Path, destination: &Path, selection: &[String]) -> Result<PackList, PackError> {
    let list = [LIST, INDEX].map(|name| source.join(name));
    let list = list.iter().find(|path| path.is_file()).unwrap_or(&list[0]);
    let SourceList { format, reference } = read_list(list)?;
    let reference = reference.table();
    let mut folders: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for selected in selection {
        let pack = selected.split('/').next().unwrap_or(selected);
        let found = case_folders(&source.join(selected))?;
        if found.is_empty() {
            return Err(PackError::NoSuchCase(selected.clone()));
        }
        folders.entry(pack.to_owned()).or_default().extend(found);
    }
    fs::create_dir_all(destination).map_err(io_error(destination))?;
    let mut cases = Vec::new();
    for (pack, mut folders) in folders {
        folders.sort();
        folders.dedup();
        write_pack(source, &destination.join(format!("{pack}.zip")), &folders)?;
        for folder in folders {
            let case = GoldenCase::read(&CaseFiles::Folder(folder))?;
            cases.push(PackedCase { id: case.id, op: case.op, checks: case.checks.len() });
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

fn read_list<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, PackError> {
    let text = fs::read(path).map_err(io_error(path))?;
    let bad = |source| PackError::List { path: path.to_owned(), source };
    let value: Value = serde_json::from_slice(&text).map_err(bad)?;
    T::deserialize(value).map_err(bad)
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
