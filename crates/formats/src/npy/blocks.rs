//! Values that are stored as they are: block by block, in the mapped file or read from it.

use std::io::{self, BufReader};
use std::sync::Arc;

use patchweave_stack::{FileId, StackError};

use super::error::io_error;
use super::header::Header;
use crate::blocks::block;
use crate::chunk::{DecodedChunk, InPlace};
use crate::chunked::ChunkSource;
use crate::pooled_reader::PooledReader;
use crate::{OpenOptions, PooledFile};

/// A file whose arrays are read in blocks, in place if it may be mapped.
pub(super) struct BlockFile {
    file: Arc<PooledFile>,
    may_map: bool,
}

impl BlockFile {
    pub fn new(file: PooledFile, options: &OpenOptions) -> io::Result<Arc<Self>> {
        let may_map = file.may_map(options.map_files)?;
        Ok(Arc::new(BlockFile { file: Arc::new(file), may_map }))
    }

    /// The file from its start on.
    pub fn reader(&self) -> BufReader<PooledReader> {
        BufReader::new(PooledReader::new(Arc::clone(&self.file)))
    }

    /// Which file it is, whatever its name.
    pub fn id(&self) -> io::Result<FileId> {
        FileId::of_metadata(self.file.path(), &self.file.open()?.metadata()?)
    }

    /// Whether values are read where they lie.
    pub fn may_map(&self) -> bool {
        self.may_map
    }
}

/// Blocks of neighbouring values, each of which is one piece of the file.
pub(super) struct Blocks {
    stack: String,
    file: Arc<BlockFile>,
    start: u64,
    header: Header,
    block: Vec<usize>,
    /// Of the whole array, so that they are right for every block.
    strides: Vec<usize>,
}

/// One block: its sizes and where its bytes lie.
struct Piece {
    sizes: Vec<usize>,
    start: u64,
    n_bytes: usize,
}

impl Blocks {
    /// Blocks of at most as many bytes as may be decoded at once.
    pub fn new(stack: String, file: Arc<BlockFile>, start: u64, header: Header, limit: usize) -> Self {
        let n_bytes = header.pixel_type.n_bytes();
        let block = if header.is_fortran {
            let reversed: Vec<usize> = header.shape.iter().rev().copied().collect();
            block(&reversed, n_bytes, limit).into_iter().rev().collect()
        } else {
            block(&header.shape, n_bytes, limit)
        };
        let strides = header.strides();
        Blocks { stack, file, start, header, block, strides }
    }

    /// The size of a block along every dimension.
    pub fn block(&self) -> &[usize] {
        &self.block
    }

    fn piece(&self, chunk: &[usize]) -> Piece {
        let n_bytes = self.header.pixel_type.n_bytes();
        let starts: Vec<usize> = chunk.iter().zip(&self.block).map(|(at, size)| at * size).collect();
        let sizes: Vec<usize> = (starts.iter().zip(&self.header.shape).zip(&self.block))
            .map(|((start, n), size)| (*size).min(n - start))
            .collect();
        // The header has proven that no place of a value overflows.
        let first: usize = starts.iter().zip(&self.strides).map(|(start, stride)| start * stride).sum();
        let start = self.start + (first * n_bytes) as u64;
        Piece { start, n_bytes: sizes.iter().product::<usize>() * n_bytes, sizes }
    }
}

impl ChunkSource for Blocks {
    fn in_place(&self, chunk: &[usize]) -> Result<Option<InPlace<'_>>, StackError> {
        if !self.file.may_map {
            return Ok(None);
        }
        let Piece { start, n_bytes, .. } = self.piece(chunk);
        let place = [start, n_bytes as u64];
        let found = self.file.file.map().and_then(|map| {
            map.map(|map| InPlace::new(map, place, self.header.order, &self.strides)).transpose()
        });
        found.map_err(io_error(&self.stack, "read values"))
    }

    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let header = &self.header;
        let Piece { sizes, start, n_bytes } = self.piece(chunk);
        let mut bytes = vec![0; n_bytes];
        self.file.file.read_exact_at(&mut bytes, start).map_err(io_error(&self.stack, "read values"))?;
        header.to_native(&mut bytes);
        let decoded = if header.is_fortran {
            DecodedChunk::in_fortran_order(bytes, header.pixel_type, &sizes)
        } else {
            DecodedChunk::new(bytes, header.pixel_type, &sizes)
        };
        decoded.ok_or_else(|| {
            StackError::damaged(
                self.stack.clone(),
                format!("block {chunk:?}"),
                "other bytes",
                format!("{sizes:?} values of {}", header.pixel_type),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FilePool;

    /// A system that does not map a file has its blocks read.
    #[test]
    fn a_file_that_cannot_be_mapped_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("array.npy");
        let text = "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3)}\n";
        let mut bytes = [b"\x93NUMPY\x01\x00".to_vec(), vec![u8::try_from(text.len()).unwrap(), 0]].concat();
        bytes.extend(text.as_bytes());
        let start = bytes.len() as u64;
        bytes.extend((0..6_u16).flat_map(u16::to_le_bytes));
        std::fs::write(&path, &bytes).unwrap();
        let header = Header::parse(&bytes).unwrap_or_else(|_| unreachable!());
        let options = OpenOptions::default();
        let file = BlockFile::new(FilePool::new(1).file(&path), &options).unwrap();
        file.file.open().unwrap().refuse_map();
        let blocks = Blocks::new("array".to_owned(), file, start, header, 8);
        assert!(blocks.in_place(&[1, 0]).unwrap().is_none());
        let decoded = blocks.decode(&[1, 0]).unwrap();
        assert_eq!(decoded.as_chunk().bytes, [3, 4, 5].map(u16::to_ne_bytes).concat());
    }
}
