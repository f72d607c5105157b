//! Where the files of a case come from: a folder, or a zip pack held in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::golden::CaseError;

/// Bytes that one pack may unpack to.
const PACK_LIMIT: u64 = 1 << 30;

const CASE_FILE: &str = "case.json";

/// The files of one case.
#[derive(Debug, Clone)]
pub enum CaseFiles {
    /// A folder that holds `case.json`.
    Folder(PathBuf),
    /// A folder inside a zip pack.
    Packed {
        /// The pack.
        pack: Arc<Pack>,
        /// The folder in it, which ends in `/` unless it is the root.
        folder: String,
    },
}

/// A zip pack and everything in it.
#[derive(Debug)]
pub struct Pack {
    path: PathBuf,
    files: BTreeMap<String, Vec<u8>>,
}

impl CaseFiles {
    /// The bytes of one file, named relative to the case.
    ///
    /// # Errors
    /// [`CaseError::Io`] or [`CaseError::NotPacked`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, CaseError> {
        match self {
            CaseFiles::Folder(folder) => read_file(&folder.join(name)),
            CaseFiles::Packed { pack, folder } => pack
                .files
                .get(&format!("{folder}{name}"))
                .cloned()
                .ok_or_else(|| CaseError::NotPacked { place: self.place(name) }),
        }
    }

    /// The bytes of `case.json`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn case(&self) -> Result<Vec<u8>, CaseError> {
        self.read(CASE_FILE)
    }

    /// The path of a file or folder of this case; for a packed one, it goes on inside of the zip file.
    pub fn path(&self, name: &str) -> PathBuf {
        match self {
            CaseFiles::Folder(folder) => folder.join(name),
            CaseFiles::Packed { pack, folder } => pack.path.join(folder).join(name),
        }
    }

    /// A file of this case as messages name it.
    pub fn place(&self, name: &str) -> String {
        format!("{self}/{name}")
    }
}

impl fmt::Display for CaseFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CaseFiles::Folder(folder) => write!(f, "{}", folder.display()),
            CaseFiles::Packed { pack, folder } => {
                write!(f, "{}:{}", pack.path.display(), folder.trim_end_matches('/'))
            }
        }
    }
}

/// Finds every case at or below `root`, sorted by path: folders that hold `case.json`, and those in zip packs.
///
/// # Errors
/// [`CaseError`] if a folder or pack cannot be read.
pub fn find_cases(root: &Path) -> Result<Vec<CaseFiles>, CaseError> {
    let mut found = Vec::new();
    visit(root, &mut found)?;
    Ok(found)
}

fn visit(path: &Path, found: &mut Vec<CaseFiles>) -> Result<(), CaseError> {
    if !path.is_dir() {
        if path.extension().is_some_and(|extension| extension == "zip") {
            found.extend(cases_of_pack(path)?);
            return Ok(());
        }
        // Anything else beside the cases, such as a manifest, is not ours; a root that is missing is.
        return if path.exists() { Ok(()) } else { read_file(path).map(drop) };
    }
    if path.join(CASE_FILE).is_file() {
        found.push(CaseFiles::Folder(path.to_owned()));
        return Ok(());
    }
    let failed = |source| CaseError::Io { path: path.to_owned(), source };
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort();
    entries.iter().try_for_each(|entry| visit(entry, found))
}

fn read_file(path: &Path) -> Result<Vec<u8>, CaseError> {
    std::fs::read(path).map_err(|source| CaseError::Io { path: path.to_owned(), source })
}

fn cases_of_pack(path: &Path) -> Result<Vec<CaseFiles>, CaseError> {
    let pack = Arc::new(Pack { path: path.to_owned(), files: unpack(path)? });
    let folder_of = |name: &String| {
        let folder = name.strip_suffix(CASE_FILE)?;
        (folder.is_empty() || folder.ends_with('/')).then(|| folder.to_owned())
    };
    let folders = pack.files.keys().filter_map(folder_of);
    Ok(folders.map(|folder| CaseFiles::Packed { pack: Arc::clone(&pack), folder }).collect())
}

fn unpack(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, CaseError> {
    let io = |source| CaseError::Io { path: path.to_owned(), source };
    let bad = |source| CaseError::Pack { path: path.to_owned(), source };
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).map_err(io)?).map_err(bad)?;
    let mut files = BTreeMap::new();
    let mut n_bytes = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(bad)?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().map_err(bad)?.into_owned();
        let mut content = Vec::new();
        n_bytes += entry.take(PACK_LIMIT).read_to_end(&mut content).map_err(io)? as u64;
        if n_bytes >= PACK_LIMIT {
            return Err(CaseError::TooLarge { path: path.to_owned(), limit: PACK_LIMIT });
        }
        files.insert(name, content);
    }
    Ok(files)
}
