//! Opening what is a file, at once, and refusing what is not.

use std::fmt;
use std::fs::{self, File, FileType, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// What stands at a path that is no file.
///
/// ```
/// assert_eq!(patchweave_files::FileKind::Pipe.to_string(), "a named pipe");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A folder.
    Folder,
    /// A named pipe, which gives bytes only as somebody writes them.
    Pipe,
    /// A socket.
    Socket,
    /// A device, be it of blocks or of characters.
    Device,
    /// Something that this system knows and this library does not.
    Other,
}

impl FileKind {
    /// What something is, unless it is a file.
    pub(crate) fn of(file_type: FileType) -> Option<Self> {
        if file_type.is_file() {
            return None;
        }
        if file_type.is_dir() {
            return Some(FileKind::Folder);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileTypeExt;
            if file_type.is_fifo() {
                return Some(FileKind::Pipe);
            }
            if file_type.is_socket() {
                return Some(FileKind::Socket);
            }
            if file_type.is_block_device() || file_type.is_char_device() {
                return Some(FileKind::Device);
            }
        }
        Some(FileKind::Other)
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileKind::Folder => "a folder",
            FileKind::Pipe => "a named pipe",
            FileKind::Socket => "a socket",
            FileKind::Device => "a device",
            FileKind::Other => "something else",
        })
    }
}

/// The error of what is no file.
#[derive(Debug, thiserror::Error)]
#[error("not a file: {0}")]
struct NotAFile(FileKind);

fn refused(kind: FileKind) -> io::Error {
    let error_kind = if kind == FileKind::Folder { ErrorKind::IsADirectory } else { ErrorKind::InvalidInput };
    io::Error::new(error_kind, NotAFile(kind))
}

fn check(metadata: &Metadata) -> io::Result<()> {
    FileKind::of(metadata.file_type()).map_or(Ok(()), |kind| Err(refused(kind)))
}

/// Opens a file for reading, behind links as well; never waits.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let error = patchweave_files::open_file(folder.path()).unwrap_err();
/// assert_eq!(error.to_string(), "not a file: a folder");
/// std::fs::write(folder.path().join("a.tif"), "II")?;
/// assert!(patchweave_files::open_file(&folder.path().join("a.tif")).is_ok());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidInput`] for a named pipe, a socket or a device, [`ErrorKind::IsADirectory`] for a folder, and
/// what the operating system says.
pub fn open_file(path: &Path) -> io::Result<File> {
    // Looked at first, because opening alone wakes whoever writes into a pipe, and rewinds some devices.
    check(&fs::metadata(path)?)?;
    open_looked_at(path)
}

/// As [`open_file`], for a path that was found to be a file a moment ago.
///
/// If something else has come to stand there in the meantime, it is refused without waiting for it.
///
/// # Errors
/// As [`open_file`].
pub fn open_looked_at(path: &Path) -> io::Result<File> {
    let file = match open_at_once(path) {
        // Somebody holds a lease on the file and needs a moment to give it up, which only a blocking open waits for.
        Err(error) if error.kind() == ErrorKind::WouldBlock && fs::metadata(path)?.is_file() => {
            File::open(path)?
        }
        opened => opened?,
    };
    check(&file.metadata()?)?;
    Ok(file)
}

#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// All bytes of a file that has at most `limit` of them; one more is read of a larger one, so that the caller sees it.
///
/// # Errors
/// As [`open_file`].
pub fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.tif");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let socket = folder.path().join("socket.tif");
        let _listener = UnixListener::bind(&socket).unwrap();
        let link = folder.path().join("link.tif");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for (path, expected) in [
            (pipe.as_path(), "not a file: a named pipe"),
            (&link, "not a file: a named pipe"),
            (&socket, "not a file: a socket"),
            (Path::new("/dev/null"), "not a file: a device"),
            (folder.path(), "not a file: a folder"),
        ] {
            assert_eq!(open_file(path).unwrap_err().to_string(), expected, "{}", path.display());
        }
        // As if it had taken the place of a file between looking and opening.
        for path in [pipe.as_path(), &link, folder.path(), Path::new("/dev/null")] {
            assert!(open_looked_at(path).unwrap_err().to_string().starts_with("not a file"));
        }
    }

    #[test]
    fn one_byte_more_than_the_limit_tells_a_larger_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        fs::write(&path, "0123456789").unwrap();
        assert_eq!(read_file(&path, 10).unwrap().len(), 10);
        assert_eq!(read_file(&path, 9).unwrap().len(), 10);
        assert_eq!(read_file(&path, 3).unwrap(), b"0123");
        assert_eq!(read_file(&path, u64::MAX).unwrap().len(), 10);
    }
}
