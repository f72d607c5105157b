//! A Zarr in a folder.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::store::{Part, Store, StoreError, check_key};

/// The files of a folder.
///
/// The folder of an array or group must not be a link out of the root, unless that is allowed. The chunks in it are not
/// looked at one by one: a link that stands for a single chunk is followed.
pub(super) struct FolderStore {
    root: PathBuf,
    /// The root without links; `None` if links may lead anywhere.
    real_root: Option<PathBuf>,
}

impl FolderStore {
    pub fn new(root: &Path, links_outside: bool) -> io::Result<Self> {
        let real = fs::canonicalize(root)?;
        if !fs::metadata(&real)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(FolderStore { root: root.to_owned(), real_root: (!links_outside).then_some(real) })
    }
}

/// Whether the error says that there is nothing, rather than that something cannot be had.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

impl Store for FolderStore {
    fn read(&self, key: &str, part: Part, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        check_key(key)?;
        let mut file = match File::open(self.root.join(key)) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Ok(None);
        }
        let (start, len) = part.within(metadata.len(), limit)?;
        if start > 0 {
            file.seek(SeekFrom::Start(start))?;
        }
        let mut bytes = vec![0; len];
        file.read_exact(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn folders(&self, folder: &str) -> Result<Option<Vec<String>>, StoreError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let is_folder = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            if let (true, Ok(name)) = (is_folder, entry.file_name().into_string()) {
                names.push(name);
            }
        }
        Ok(Some(names))
    }

    fn admit(&self, folder: &str) -> Result<(), StoreError> {
        let Some(root) = &self.real_root else { return Ok(()) };
        let path = self.root.join(folder);
        match fs::canonicalize(&path) {
            Ok(real) if real.starts_with(root) => Ok(()),
            Ok(_) => Err(StoreError::Outside { path: path.display().to_string() }),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn name(&self, key: &str) -> String {
        let path = if key.is_empty() { self.root.clone() } else { self.root.join(key) };
        path.display().to_string()
    }
}
