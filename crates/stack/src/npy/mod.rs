//! NumPy files: an NPY is an array, an NPZ a ZIP archive of them.
//!
//! Values that are stored as they are stay in the file, mapped into memory or read in blocks. Deflated members of an
//! NPZ are decoded as a whole.

mod archive;
mod blocks;
mod header;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::blocks::Blocks;
use self::header::{BadHeader, Header, MAX_HEADER};
use crate::chunk::{Chunk, DecodedChunk, c_strides};
use crate::chunked::{ChunkSource, ChunkedStack};
use crate::file_axes::FileAxes;
use crate::inside::{name_inside, split_file};
use crate::mapped::MappedFile;
use crate::open::Pyramid;
use crate::{Format, ImageStack, OpenRequest, StackError, StackInfo};

/// NPY and NPZ files, told apart by their first bytes. Every array of an NPZ is an image, names sorted; a path may name
/// one of them (`arrays.npz/raw`).
pub(crate) struct NpyFormat;

impl Format for NpyFormat {
    fn name(&self) -> &str {
        "npy"
    }

    fn extensions(&self) -> &[&str] {
        &["npy", "npz"]
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        let (path, inside) = split_file(request.path);
        let stack = path.display().to_string();
        if let Some(expected) = request.n_levels.filter(|n_levels| *n_levels > 1) {
            return Err(StackError::TooFewLevels { stack, got: 1, expected });
        }
        let mut file = File::open(&path).map_err(io_error(&stack, "open the file"))?;
        let mut start = Vec::new();
        file.by_ref()
            .take(MAX_HEADER)
            .read_to_end(&mut start)
            .map_err(io_error(&stack, "read the header"))?;
        if start.starts_with(b"PK") {
            return archive::open(request, file, &path, &inside);
        }
        if !inside.is_empty() {
            return Err(StackError::Unsupported {
                stack: request.path.display().to_string(),
                what: "a place inside of an NPY file".to_owned(),
                hint: "name the file itself, it holds one array",
            });
        }
        let header = Header::parse(&start).map_err(header_error(&stack))?;
        let n_bytes = file.metadata().map_err(io_error(&stack, "ask for its size"))?.len();
        let place = Place { path, start: header.data_start, end: n_bytes };
        Ok(vec![vec![stored(request, &stack, &header, place, None)?]])
    }
}

/// Where the values of an array lie.
struct Place {
    path: PathBuf,
    start: u64,
    /// The end of what may be read: of the file, or of the member of an archive.
    end: u64,
}

/// The stack of values that are stored as they are; `mapped` is their file, if it is mapped already.
fn stored(
    request: &OpenRequest<'_>,
    stack: &str,
    header: &Header,
    place: Place,
    mapped: Option<Arc<MappedFile>>,
) -> Result<Arc<dyn ImageStack>, StackError> {
    check_size(stack, header, place.end.saturating_sub(place.start))?;
    let mut info = info(request, stack, header)?;
    info.is_in_place = request.options.map_files;
    let cache = request.options.cache.clone();
    if request.options.map_files {
        let map = match mapped {
            Some(map) => map,
            None => Arc::new(MappedFile::open(&place.path).map_err(io_error(stack, "map the file"))?),
        };
        let chunk = header.shape.clone();
        let source = Mapped {
            map,
            start: place.start,
            n_bytes: header.n_bytes,
            strides: strides(header),
            header: header.clone(),
            stack: stack.to_owned(),
        };
        return Ok(Arc::new(ChunkedStack::new(source, info, chunk, cache)));
    }
    let source = Blocks::new(stack.to_owned(), place.path, place.start, header.clone(), request.options);
    let chunk = source.block().to_vec();
    Ok(Arc::new(ChunkedStack::new(source, info, chunk, cache)))
}

/// What is known of an array.
fn info(request: &OpenRequest<'_>, stack: &str, header: &Header) -> Result<StackInfo, StackError> {
    let layout = FileAxes::unknown(header.shape.len()).layout(stack, request.axes, &header.shape)?;
    let mut info = StackInfo::new(stack, header.pixel_type, layout);
    info.format = Some(format!("NPY {}.{}", header.version.0, header.version.1));
    Ok(info)
}

/// Whether there are as many bytes as the header promises.
fn check_size(stack: &str, header: &Header, available: u64) -> Result<(), StackError> {
    if available >= header.n_bytes {
        return Ok(());
    }
    Err(StackError::Damaged {
        stack: stack.to_owned(),
        place: "the values".to_owned(),
        got: format!("{available} bytes"),
        expected: format!("{} for {:?} values of {}", header.n_bytes, header.shape, header.pixel_type),
    })
}

/// Values from one index to the next along every dimension.
fn strides(header: &Header) -> Vec<usize> {
    if !header.is_fortran {
        return c_strides(&header.shape);
    }
    let reversed: Vec<usize> = header.shape.iter().rev().copied().collect();
    c_strides(&reversed).into_iter().rev().collect()
}

/// Values in a mapped file.
struct Mapped {
    map: Arc<MappedFile>,
    start: u64,
    n_bytes: u64,
    strides: Vec<usize>,
    header: Header,
    stack: String,
}

impl ChunkSource for Mapped {
    fn in_place(&self, _chunk: &[usize]) -> Result<Option<Chunk<'_>>, StackError> {
        let bytes = self.map.get(self.start, self.n_bytes);
        let bytes = bytes.ok_or_else(|| StackError::Damaged {
            stack: self.stack.clone(),
            place: "the values".to_owned(),
            got: "a shorter file".to_owned(),
            expected: format!("{} bytes of values", self.n_bytes),
        })?;
        Ok(Some(Chunk { bytes, order: self.header.order, strides: &self.strides }))
    }

    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        Err(StackError::Damaged {
            stack: self.stack.clone(),
            place: format!("chunk {chunk:?}"),
            got: "a request to decode it".to_owned(),
            expected: "values that are read in place".to_owned(),
        })
    }
}

fn io_error(stack: &str, action: &'static str) -> impl Fn(std::io::Error) -> StackError {
    let stack = stack.to_owned();
    move |source| StackError::Io { stack: stack.clone(), action, source }
}

fn header_error(stack: &str) -> impl Fn(BadHeader) -> StackError {
    let stack = stack.to_owned();
    move |error| match error {
        BadHeader::Damaged { got, expected } => StackError::Damaged {
            stack: stack.clone(),
            place: "the header".to_owned(),
            got,
            expected: expected.to_owned(),
        },
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
