//! Files that hold the values of an array and nothing else, as NumPy's `memmap` writes them.

use std::path::Path;
use std::sync::Arc;

use patchweave_geometry::Axes;
use patchweave_pixel::{ByteOrder, PixelType};
use patchweave_stack::{ImageStack, StackError};

use super::blocks::BlockFile;
use super::error::io_error;
use super::header::{BadHeader, Header, bytes_of, pixel_type};
use super::stored::{Place, stored};
use crate::{OpenOptions, OpenRequest};

/// What a file without a header does not say of its values.
///
/// ```
/// use patchweave_pixel::{ByteOrder, PixelType};
/// use patchweave_formats::RawArray;
///
/// let raw = RawArray::new(PixelType::U16, "SCZYX".parse()?, &[1, 2, 20, 64, 64]);
/// assert_eq!((raw.byte_order, raw.offset, raw.is_fortran), (ByteOrder::NATIVE, 0, false));
/// let raw = raw.with_dtype(">u2")?;
/// assert_eq!((raw.pixel_type, raw.byte_order), (PixelType::U16, ByteOrder::Big));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawArray {
    /// The type of the values.
    pub pixel_type: PixelType,
    /// Which byte of a value comes first.
    pub byte_order: ByteOrder,
    /// The letters of the axes.
    pub axes: Axes,
    /// The size along every axis.
    pub shape: Vec<usize>,
    /// How many bytes stand before the first value.
    pub offset: u64,
    /// Whether the first axis varies fastest, not the last.
    pub is_fortran: bool,
}

impl RawArray {
    /// Values in the byte order of this machine and in C order, from the start of the file on.
    #[must_use]
    pub fn new(pixel_type: PixelType, axes: Axes, shape: &[usize]) -> Self {
        let byte_order = ByteOrder::NATIVE;
        let shape = shape.to_vec();
        RawArray { pixel_type, byte_order, axes, shape, offset: 0, is_fortran: false }
    }

    /// Takes the type and byte order from NumPy's description (`<f4`) or name (`float32`).
    ///
    /// # Errors
    /// [`StackError::Unsupported`] for types that pixels cannot have.
    pub fn with_dtype(mut self, dtype: &str) -> Result<Self, StackError> {
        (self.pixel_type, self.byte_order) = match PixelType::from_name(dtype) {
            Some(pixel_type) => (pixel_type, ByteOrder::NATIVE),
            None => pixel_type(dtype).map_err(described("raw values"))?,
        };
        Ok(self)
    }

    /// The header that would say the same.
    fn header(&self) -> Result<Header, BadHeader> {
        let n_bytes = bytes_of(self.pixel_type, &self.shape).ok_or_else(|| BadHeader::Damaged {
            got: format!("shape {:?}", self.shape),
            expected: "sizes that fit into memory addresses",
        })?;
        Ok(Header {
            version: None,
            pixel_type: self.pixel_type,
            order: self.byte_order,
            is_fortran: self.is_fortran,
            shape: self.shape.clone(),
            data_start: self.offset,
            n_bytes,
        })
    }
}

/// Opens a file that holds the values of an array and nothing else, as NumPy's `memmap` writes them.
///
/// Values stay in the file and are read where they lie, also at places that their type could not have in memory. The file
/// may be longer than the array.
///
/// # Errors
/// [`StackError::Io`] if there is no such file, [`StackError::Unsupported`] if it is a folder, [`StackError::AxesLength`] if the axes do not fit the shape,
/// [`StackError::Window`] if a size is 0, and
/// [`StackError::Damaged`] for a file that is too short.
///
/// ```no_run
/// use std::path::Path;
///
/// use patchweave_pixel::PixelType;
/// use patchweave_formats::{OpenOptions, RawArray, open_raw};
/// use patchweave_stack::ImageStack;
///
/// let raw = RawArray::new(PixelType::F32, "SCZYX".parse()?, &[1, 1, 500, 2048, 2048]);
/// let stack = open_raw(Path::new("volume.dat"), &raw, &OpenOptions::default())?;
/// println!("{}", stack.info().source);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open_raw(
    path: &Path,
    raw: &RawArray,
    options: &OpenOptions,
) -> Result<Arc<dyn ImageStack>, StackError> {
    let stack = path.display().to_string();
    let header = raw.header().map_err(described(&stack))?;
    let file = options.files.file(path);
    if path.is_dir() {
        return Err(StackError::Unsupported {
            stack,
            what: "reading raw values from something that is not a file".to_owned(),
            hint: "name the file that holds them",
        });
    }
    let failed = io_error(&stack, "open the file");
    let end = file.open().and_then(|file| file.metadata()).map_err(&failed)?.len();
    let file = BlockFile::new(file, options).map_err(&failed)?;
    let place = Place { file, start: raw.offset, end, member: None };
    let request = OpenRequest { axes: Some(&raw.axes), ..OpenRequest::new(path, options) };
    stored(&request, &stack, &header, place)
}

/// Of a description that the caller gave, which no file can be blamed for.
fn described(stack: &str) -> impl Fn(BadHeader) -> StackError {
    let stack = stack.to_owned();
    move |error| match error {
        BadHeader::Damaged { got, expected } => {
            StackError::damaged(stack.clone(), "the array that it should hold", got, expected)
        }
        BadHeader::Unsupported { what } => StackError::Unsupported {
            stack: stack.clone(),
            what,
            hint: "expected booleans, integers or floats",
        },
    }
}
