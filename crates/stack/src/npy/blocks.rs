//! Values that are stored as they are: block by block, in the mapped file or read from it.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::{Arc, OnceLock};

use super::header::Header;
use super::{io_error, strides, to_native};
use crate::blocks::block;
use crate::chunk::{Chunk, DecodedChunk};
use crate::chunked::ChunkSource;
use crate::mapped::MappedFile;
use crate::{FileId, OpenOptions, PooledFile, StackError};

/// A file whose arrays are read in blocks, mapped at the first read if it may be.
pub(super) struct BlockFile {
    file: PooledFile,
    may_map: bool,
    /// `None` if the system refuses.
    map: OnceLock<Option<MappedFile>>,
}

impl BlockFile {
    pub fn new(file: PooledFile, options: &OpenOptions) -> Arc<Self> {
        Arc::new(BlockFile { file, may_map: options.map_files, map: OnceLock::new() })
    }

    /// The file from its start on.
    pub fn reader(self: &Arc<Self>) -> BufReader<Reader> {
        BufReader::new(Reader { file: Arc::clone(self), at: 0 })
    }

    /// Which file it is, whatever its name.
    pub fn id(&self) -> io::Result<FileId> {
        FileId::of_metadata(self.file.path(), &self.file.open()?.metadata()?)
    }

    fn map(&self) -> Option<&MappedFile> {
        if !self.may_map {
            return None;
        }
        self.map.get_or_init(|| self.file.open().and_then(|file| MappedFile::of(&file)).ok()).as_ref()
    }
}

/// A position in a file that others read as well.
pub(super) struct Reader {
    file: Arc<BlockFile>,
    at: u64,
}

impl Reader {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.file.open()?.metadata()?.len())
    }
}

impl Read for Reader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.len()?.saturating_sub(self.at);
        let n = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.file.file.read_exact_at(&mut bytes[..n], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(shift) => self.len()?.checked_add_signed(shift),
            SeekFrom::Current(shift) => self.at.checked_add_signed(shift),
        };
        self.at = place.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
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
        let strides = strides(&header);
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
    fn in_place(&self, chunk: &[usize]) -> Result<Option<Chunk<'_>>, StackError> {
        let Some(map) = self.file.map() else { return Ok(None) };
        let Piece { start, n_bytes, .. } = self.piece(chunk);
        let bytes = map.get(start, n_bytes as u64).ok_or_else(|| StackError::Damaged {
            stack: self.stack.clone(),
            place: format!("block {chunk:?}"),
            got: "a shorter file than when it was opened".to_owned(),
            expected: format!("{n_bytes} bytes at {start}"),
        })?;
        Ok(Some(Chunk { bytes, order: self.header.order, strides: &self.strides }))
    }

    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let header = &self.header;
        let Piece { sizes, start, n_bytes } = self.piece(chunk);
        let mut bytes = vec![0; n_bytes];
        self.file.file.read_exact_at(&mut bytes, start).map_err(io_error(&self.stack, "read values"))?;
        to_native(&mut bytes, header);
        let decoded = if header.is_fortran {
            DecodedChunk::in_fortran_order(bytes, header.pixel_type, &sizes)
        } else {
            DecodedChunk::new(bytes, header.pixel_type, &sizes)
        };
        decoded.ok_or_else(|| StackError::Damaged {
            stack: self.stack.clone(),
            place: format!("block {chunk:?}"),
            got: "other bytes".to_owned(),
            expected: format!("{sizes:?} values of {}", header.pixel_type),
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
        let file = BlockFile::new(FilePool::new(1).file(&path), &options);
        assert!(file.map.get().is_none(), "nothing is mapped before it is read");
        file.map.set(None).unwrap_or_else(|_| unreachable!());
        let blocks = Blocks::new("array".to_owned(), file, start, header, 8);
        assert!(blocks.in_place(&[1, 0]).unwrap().is_none());
        let decoded = blocks.decode(&[1, 0]).unwrap();
        assert_eq!(decoded.as_chunk().bytes, [3, 4, 5].map(u16::to_ne_bytes).concat());
    }
}
