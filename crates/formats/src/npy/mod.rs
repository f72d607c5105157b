//! NumPy files: an NPY is an array, an NPZ a ZIP archive of them, a raw file the values of one and nothing else.
//!
//! Values that are stored as they are stay in the file, mapped into memory or read in blocks. Deflated members of an
//! NPZ are decoded as a whole.

mod archive;
mod blocks;
mod error;
mod header;
mod raw;
mod stored;

use patchweave_files::check_path;
use patchweave_stack::StackError;

use self::blocks::BlockFile;
use self::error::{header_error, io_error};
use self::header::{Header, MAX_HEADER};
pub use self::raw::{RawArray, open_raw};
use self::stored::{Place, stored};
use crate::inside::split_file;
use crate::request::Pyramid;
use crate::{Format, OpenRequest};

/// NPY and NPZ files, told apart by their first bytes. Every array of an NPZ is an image, names sorted; a path may name
/// one of them (`arrays.npz/raw`).
pub(crate) struct NpyFormat;

impl Format for NpyFormat {
    fn name(&self) -> &str {
        crate::FileFormat::Npy.name()
    }

    fn extensions(&self) -> &[&str] {
        crate::FileFormat::Npy.extensions()
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        check_path(request.path).map_err(StackError::Path)?;
        let (path, inside) = split_file(request.path);
        let stack = path.display().to_string();
        if let Some(expected) = request.n_levels.filter(|n_levels| *n_levels > 1) {
            return Err(StackError::TooFewLevels { stack, got: 1, expected });
        }
        let file = request.options.files.file(&path);
        let open = || file.open().and_then(|file| Ok(file.metadata()?.len()));
        let n_bytes = open().map_err(io_error(&stack, "open the file"))?;
        let mut start = vec![0; usize::try_from(n_bytes.min(MAX_HEADER)).unwrap_or(0)];
        file.read_exact_at(&mut start, 0).map_err(io_error(&stack, "read the header"))?;
        if start.starts_with(b"PK") {
            return archive::open(request, file, &inside);
        }
        if !inside.is_empty() {
            return Err(StackError::Unsupported {
                stack: request.path.display().to_string(),
                what: "a place inside of an NPY file".to_owned(),
                hint: "name the file itself, it holds one array",
            });
        }
        let header = Header::parse(&start).map_err(header_error(&stack))?;
        let file = BlockFile::new(file, request.options).map_err(io_error(&stack, "open the file"))?;
        let place = Place { file, start: header.data_start, end: n_bytes, member: None };
        Ok(vec![vec![stored(request, &stack, &header, place)?]])
    }
}
