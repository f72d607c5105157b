//! NumPy files: an NPY is an array, an NPZ a ZIP archive of them, a raw file the values of one and nothing else.
//!
//! Values that are stored as they are stay in the file, mapped into memory or read in blocks. Deflated members of an
//! NPZ are decoded as a whole.

mod archive;
mod blocks;
mod header;
mod raw;

use std::path::Path;
use std::sync::Arc;

use patchweave_files::check_path;
use patchweave_geometry::c_strides;
use patchweave_stack::{ArrayPlace, Identity, ImageStack, StackError, StackInfo, StoredArray};

use self::blocks::{BlockFile, Blocks};
use self::header::{BadHeader, Header, MAX_HEADER};
pub use self::raw::{RawArray, open_raw};

use crate::chunked::ChunkedStack;
use crate::file_axes::{FileAxes, StoredAxes};
use crate::inside::{name_inside, split_file};
use crate::request::Pyramid;
use crate::{Format, OpenRequest};

/// NPY and NPZ files, told apart by their first bytes. Every array of an NPZ is an image, names sorted; a path may name
/// one of them (`arrays.npz/raw`).
pub(crate) struct NpyFormat;

impl Format for NpyFormat {
    fn name(&self) -> &str {
        crate::DataType::Npy.name()
    }

    fn extensions(&self) -> &[&str] {
        crate::DataType::Npy.extensions()
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

/// Where the values of an array lie.
struct Place {
    file: Arc<BlockFile>,
    start: u64,
    /// The end of what may be read: of the file, or of the member of an archive.
    end: u64,
    /// Where the member of an archive starts.
    member: Option<u64>,
}

/// The stack of values that are stored as they are.
fn stored(
    request: &OpenRequest<'_>,
    stack: &str,
    header: &Header,
    place: Place,
) -> Result<Arc<dyn ImageStack>, StackError> {
    check_size(stack, header, place.end.saturating_sub(place.start))?;
    let (mut info, axes) = info(request, stack, header)?;
    let options = request.options;
    info.is_in_place = place.file.may_map();
    let Place { file, start, member, .. } = place;
    let place = match member {
        Some(start) => ArrayPlace::Member(start),
        None => ArrayPlace::Values { start, n_bytes: header.n_bytes },
    };
    info.identity = Identity::of_object(StoredArray {
        file: file.id().map_err(io_error(stack, "find the file"))?,
        place,
    });
    let source = Blocks::new(stack.to_owned(), file, start, header.clone(), options.decoded_chunk_bytes);
    let chunk = source.block().to_vec();
    Ok(Arc::new(ChunkedStack::new(source, info, axes, chunk, options)))
}

/// What is known of an array, and its axes.
fn info(
    request: &OpenRequest<'_>,
    stack: &str,
    header: &Header,
) -> Result<(StackInfo, StoredAxes), StackError> {
    let shape = &header.shape;
    let axes = FileAxes::unknown(shape.len()).stored(stack, request.wanted_axes(), shape)?;
    let mut info = StackInfo::new(stack, header.pixel_type, axes.layout.clone());
    info.format = Some(match header.version {
        Some((major, minor)) => format!("NPY {major}.{minor}"),
        None => "raw values".to_owned(),
    });
    Ok((info, axes))
}

/// Whether there are as many bytes as the header promises.
fn check_size(stack: &str, header: &Header, available: u64) -> Result<(), StackError> {
    if available >= header.n_bytes {
        return Ok(());
    }
    Err(StackError::damaged(
        stack,
        "the values",
        format!("{available} bytes"),
        format!("{} for {:?} values of {}", header.n_bytes, header.shape, header.pixel_type),
    ))
}

/// Values from one index to the next along every dimension.
fn strides(header: &Header) -> Vec<usize> {
    if !header.is_fortran {
        return c_strides(&header.shape);
    }
    let reversed: Vec<usize> = header.shape.iter().rev().copied().collect();
    c_strides(&reversed).into_iter().rev().collect()
}

fn io_error(stack: &str, action: &'static str) -> impl Fn(std::io::Error) -> StackError {
    let stack = stack.to_owned();
    move |source| StackError::Io { stack: stack.clone(), action, source }
}

fn header_error(stack: &str) -> impl Fn(BadHeader) -> StackError {
    let stack = stack.to_owned();
    move |error| match error {
        BadHeader::Damaged { got, expected } => {
            StackError::damaged(stack.clone(), "the header", got, expected)
        }
        BadHeader::Unsupported { what } => StackError::Unsupported {
            stack: stack.clone(),
            what,
            hint: "save it as an array of truth values, integers or floats",
        },
    }
}

/// Turns values in the byte order of their file into that of this machine.
fn to_native(bytes: &mut [u8], header: &Header) {
    if header.order != patchweave_pixel::ByteOrder::NATIVE {
        bytes.chunks_exact_mut(header.pixel_type.n_bytes()).for_each(<[u8]>::reverse);
    }
}

/// The stack's name of an array of an archive.
fn member_name(path: &Path, name: &str) -> String {
    name_inside(path, name)
}
