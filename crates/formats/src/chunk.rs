//! The pixels of one chunk: where they lie in a file, or decoded into memory of their own.

use patchweave_geometry::c_strides;
use patchweave_pixel::{ByteOrder, PixelType};

use crate::mapped::MappedFile;

/// Pixels in one piece of memory, in the type of their file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunk<'a> {
    pub bytes: &'a [u8],
    pub order: ByteOrder,
    /// Pixels from one index to the next along every dimension of the file; 0 where one pixel stands for all.
    pub strides: &'a [usize],
}

/// Pixels where they lie in a file, which stays mapped as long as this lives.
#[derive(Debug)]
pub(crate) struct InPlace<'a> {
    map: MappedFile,
    start: u64,
    len: u64,
    order: ByteOrder,
    strides: &'a [usize],
}

impl<'a> InPlace<'a> {
    /// `len` bytes from `start`.
    ///
    /// # Errors
    /// [`io::Error`](std::io::Error) if the file does not have them any more.
    pub fn new(
        map: MappedFile,
        [start, len]: [u64; 2],
        order: ByteOrder,
        strides: &'a [usize],
    ) -> std::io::Result<Self> {
        map.get(start, len)?;
        Ok(InPlace { map, start, len, order, strides })
    }

    pub fn as_chunk(&self) -> Chunk<'_> {
        // They were there when this was made.
        let bytes = self.map.get(self.start, self.len).unwrap_or_default();
        Chunk { bytes, order: self.order, strides: self.strides }
    }
}

/// A decoded chunk, in the byte order of this machine.
#[derive(Debug)]
pub(crate) struct DecodedChunk {
    bytes: Bytes,
    strides: Vec<usize>,
}

#[derive(Debug)]
enum Bytes {
    Plain(Vec<u8>),
    /// The first `len` bytes of words, for pixels that would not be aligned otherwise.
    Aligned {
        words: Vec<u64>,
        len: usize,
    },
}

impl DecodedChunk {
    /// Pixels in C order; `None` if there are not as many as `shape` says.
    pub fn new(bytes: Vec<u8>, pixel_type: PixelType, shape: &[usize]) -> Option<Self> {
        let n_bytes = shape.iter().try_fold(pixel_type.n_bytes(), |n, &size| n.checked_mul(size))?;
        if bytes.len() != n_bytes {
            return None;
        }
        let is_aligned = bytes.as_ptr().addr().is_multiple_of(pixel_type.n_bytes());
        let bytes = if is_aligned { Bytes::Plain(bytes) } else { Bytes::aligned(&bytes) };
        Some(DecodedChunk { bytes, strides: c_strides(shape) })
    }

    /// Pixels whose first dimension varies fastest; `None` if there are not as many as `shape` says.
    pub fn in_fortran_order(bytes: Vec<u8>, pixel_type: PixelType, shape: &[usize]) -> Option<Self> {
        let reversed: Vec<usize> = shape.iter().rev().copied().collect();
        let mut chunk = DecodedChunk::new(bytes, pixel_type, &reversed)?;
        chunk.strides.reverse();
        Some(chunk)
    }

    /// One pixel that stands for all of a chunk with `n_dimensions`.
    pub fn uniform(pixel: &[u8], n_dimensions: usize) -> Self {
        DecodedChunk { bytes: Bytes::aligned(pixel), strides: vec![0; n_dimensions] }
    }

    pub fn as_chunk(&self) -> Chunk<'_> {
        let bytes = match &self.bytes {
            Bytes::Plain(bytes) => bytes,
            Bytes::Aligned { words, len } => &bytemuck::cast_slice(words)[..*len],
        };
        Chunk { bytes, order: ByteOrder::NATIVE, strides: &self.strides }
    }

    pub fn n_bytes(&self) -> usize {
        self.as_chunk().bytes.len()
    }
}

impl Bytes {
    fn aligned(bytes: &[u8]) -> Self {
        let words = bytes.chunks(8).map(|part| {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            u64::from_ne_bytes(word)
        });
        Bytes::Aligned { words: words.collect(), len: bytes.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_what_their_shape_says() {
        let bytes: Vec<u8> = (0..24).collect();
        let chunk = DecodedChunk::new(bytes.clone(), PixelType::U16, &[2, 2, 3]).unwrap();
        assert_eq!((chunk.as_chunk().bytes, chunk.as_chunk().strides), (bytes.as_slice(), &[6, 3, 1][..]));
        assert!(DecodedChunk::new(bytes.clone(), PixelType::U16, &[2, 3, 3]).is_none());
        assert!(DecodedChunk::new(bytes, PixelType::U8, &[usize::MAX, 3]).is_none());
    }

    #[test]
    fn one_pixel_stands_for_all() {
        let chunk = DecodedChunk::uniform(&[1, 2, 3], 4);
        assert_eq!((chunk.as_chunk().bytes, chunk.as_chunk().strides), (&[1, 2, 3][..], &[0; 4][..]));
        assert_eq!(chunk.n_bytes(), 3);
    }
}
