//! The pixels of a dataset: which they are, and reading a part of them.

use std::sync::Arc;

use hdf5_reader::Dataset;
use patchweave_pixel::{ByteOrder, PixelType};
use patchweave_stack::{StackError, StoredArray};

use super::error::hdf5_error;
use super::{filters, values};
use crate::blocks::block;

/// A dataset whose pixels can be read.
#[derive(Clone)]
pub(super) struct Pixels {
    pub stack: String,
    pub body: Body,
    pub pixel_type: PixelType,
    /// The type that the file names, of the same size.
    pub stored_type: PixelType,
    pub order: ByteOrder,
    pub shape: Vec<usize>,
    /// What is decoded at once.
    pub chunk: Vec<usize>,
    /// Whether the file is chunked.
    pub is_chunked: bool,
    pub compression: Option<String>,
    /// Where all pixels lie one after the other, if they do.
    pub place: Option<u64>,
    /// The dataset and its file, then those that pixels come from where it is virtual; nothing if a file cannot be told.
    pub objects: Option<Vec<StoredArray>>,
    /// What people should know.
    pub notes: Vec<String>,
}

/// Where pixels come from.
#[derive(Clone)]
pub(super) enum Body {
    Own(Box<Dataset>),
    Virtual(Arc<ReadRegion>),
}

/// Reads the pixels of a region, given by its start and its size, in C order and in the byte order of this machine.
pub(super) type ReadRegion = dyn Fn(&[usize], &[usize]) -> Result<Vec<u8>, StackError> + Send + Sync;

impl Pixels {
    /// Whether the pixels are those of other datasets.
    pub fn is_virtual(&self) -> bool {
        matches!(self.body, Body::Virtual(_))
    }

    /// The same bits taken for numbers of another type.
    ///
    /// # Errors
    /// [`StackError::Damaged`] if they have another size, or only one of both is a type of integers.
    pub fn taken_for(self, pixel_type: PixelType) -> Result<Self, StackError> {
        let stored = self.stored_type;
        let is_sign = stored.is_integer() && pixel_type.is_integer();
        if stored == pixel_type || (is_sign && stored.n_bytes() == pixel_type.n_bytes()) {
            return Ok(Pixels { pixel_type, ..self });
        }
        Err(StackError::damaged(
            self.stack,
            "the type of its pixels",
            stored.name(),
            format!("{} as `dataType` of its setup says", pixel_type.name()),
        ))
    }

    /// The same pixels, not read where they lie.
    pub fn in_blocks(self, limit: usize) -> Self {
        if self.place.is_none() {
            return self;
        }
        let chunk = block(&self.shape, self.pixel_type.n_bytes(), limit);
        Pixels { chunk, place: None, ..self }
    }

    /// The pixels of a region in C order and in the byte order of this machine.
    pub fn read(&self, start: &[usize], size: &[usize]) -> Result<Vec<u8>, StackError> {
        let dataset = match &self.body {
            Body::Own(dataset) => dataset,
            Body::Virtual(read) => return read(start, size),
        };
        // The product was proven to be small when the dataset was opened.
        let chunk_bytes = self.chunk.iter().product::<usize>() * self.pixel_type.n_bytes();
        let read = || values::read(dataset, self.stored_type, start, size);
        let read = if self.is_chunked { filters::with_chunks_of(chunk_bytes, read) } else { read() };
        read.map_err(hdf5_error(&self.stack, &format!("the region from {start:?} of size {size:?}")))
    }
}

/// The sizes of a dataset, whose pixels could be counted in memory.
pub(super) fn shape_of(stack: &str, shape: &[u64], pixel_type: PixelType) -> Result<Vec<usize>, StackError> {
    let sizes: Result<Vec<usize>, _> = shape.iter().map(|&n| usize::try_from(n)).collect();
    let fits = |shape: &Vec<usize>| {
        let n_bytes = shape.iter().try_fold(pixel_type.n_bytes(), |n, &size| n.checked_mul(size));
        n_bytes.is_some_and(|n| n > 0 && isize::try_from(n).is_ok())
    };
    let expected = "sizes above 0 that fit into memory addresses";
    sizes.ok().filter(fits).ok_or_else(|| bad_shape(stack, format!("{shape:?}"), expected))
}

/// The error of a shape that no dataset has.
pub(super) fn bad_shape(stack: &str, got: String, expected: &str) -> StackError {
    let place = "the shape".to_owned();
    StackError::damaged(stack, place, got, expected)
}
