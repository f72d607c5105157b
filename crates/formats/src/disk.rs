//! How much room images take on disk.

use std::fs;
use std::io;
use std::path::Path;

/// The bytes of the file or of all files of the folder at `path`; of the file itself for a place inside of one.
///
/// Links are not followed.
///
/// # Errors
/// What the operating system says, [`io::ErrorKind::NotFound`] if nothing is there.
pub fn stored_bytes(path: &Path) -> io::Result<u64> {
    let existing = path.ancestors().find(|path| path.is_file() || path.is_dir());
    match existing {
        Some(file) if file.is_file() => Ok(fs::metadata(file)?.len()),
        Some(folder) if folder == path => folder_bytes(folder),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        total += if found.is_dir() { folder_bytes(&entry.path())? } else { found.len() };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_measured() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        let file = folder.path().join("a/b/c.bin");
        fs::create_dir_all(&inner).unwrap();
        fs::write(&file, [0; 100]).unwrap();
        fs::write(folder.path().join("a/d.bin"), [0; 11]).unwrap();
        assert_eq!(stored_bytes(folder.path()).unwrap(), 111);
        assert_eq!(stored_bytes(&file).unwrap(), 100);
        assert_eq!(stored_bytes(&file.join("inside/of/it")).unwrap(), 100);
        assert_eq!(stored_bytes(&inner.join("missing")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
