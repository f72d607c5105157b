//! Values that are read block by block where their file is not mapped.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::header::Header;
use super::{io_error, strides, to_native};
use crate::blocks::block;
use crate::chunk::DecodedChunk;
use crate::chunked::ChunkSource;
use crate::{FilePool, OpenOptions, StackError};

/// Blocks of neighbouring values, each of which is one piece of the file.
pub(super) struct Blocks {
    stack: String,
    files: FilePool,
    path: PathBuf,
    start: u64,
    header: Header,
    block: Vec<usize>,
}

impl Blocks {
    /// Blocks of at most as many bytes as may be decoded at once.
    pub fn new(stack: String, path: PathBuf, start: u64, header: Header, options: &OpenOptions) -> Self {
        let (files, limit) = (options.files.clone(), options.decoded_chunk_bytes);
        let n_bytes = header.pixel_type.n_bytes();
        let block = if header.is_fortran {
            let reversed: Vec<usize> = header.shape.iter().rev().copied().collect();
            block(&reversed, n_bytes, limit).into_iter().rev().collect()
        } else {
            block(&header.shape, n_bytes, limit)
        };
        Blocks { stack, files, path, start, header, block }
    }

    /// The size of a block along every dimension.
    pub fn block(&self) -> &[usize] {
        &self.block
    }
}

impl ChunkSource for Blocks {
    fn decode(&self, chunk: &[usize]) -> Result<DecodedChunk, StackError> {
        let header = &self.header;
        let n_bytes = header.pixel_type.n_bytes();
        let starts: Vec<usize> = chunk.iter().zip(&self.block).map(|(at, size)| at * size).collect();
        let sizes: Vec<usize> = (starts.iter().zip(&header.shape).zip(&self.block))
            .map(|((start, n), size)| (*size).min(n - start))
            .collect();
        // The header has proven that no place of a value overflows.
        let first: usize = starts.iter().zip(strides(header)).map(|(start, stride)| start * stride).sum();
        let mut bytes = vec![0; sizes.iter().product::<usize>() * n_bytes];
        let file = self.files.open(&self.path).map_err(io_error(&self.stack, "open the file"))?;
        let start = self.start + (first * n_bytes) as u64;
        read_exact_at(&file, &mut bytes, start).map_err(io_error(&self.stack, "read values"))?;
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

/// Reads bytes at a place of a file that other threads read as well.
fn read_exact_at(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, bytes, start);
    #[cfg(not(unix))]
    {
        use std::io::{Read, Seek, SeekFrom};
        // A handle of its own has a position of its own only if the file is opened again; here the position is shared.
        static POSITION: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _guard = POSITION.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut file = file;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(bytes)
    }
}
