//! Units on their way into the file: the lengths of their strips or tiles, then these, one file of the work for each unit.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use crate::{SinkError, Work};

/// Units in one folder.
const PER_FOLDER: usize = 1000;

/// The bytes of a length.
const LENGTH_BYTES: usize = size_of::<u64>();

/// The units of a level.
#[derive(Debug, Clone)]
pub(crate) struct UnitFiles {
    work: Work,
    level: usize,
}

impl UnitFiles {
    pub fn new(work: &Work, level: usize) -> Self {
        UnitFiles { work: work.clone(), level }
    }

    fn name(&self, unit_idx: usize) -> String {
        format!("units/{}/{}/{unit_idx}", self.level, unit_idx / PER_FOLDER)
    }

    /// Puts the strips or tiles of a unit into its file.
    pub fn put(&self, unit_idx: usize, pieces: &[Vec<u8>]) -> Result<(), SinkError> {
        let lengths = pieces.iter().flat_map(|piece| (piece.len() as u64).to_le_bytes());
        let mut bytes: Vec<u8> = lengths.collect();
        bytes.reserve_exact(pieces.iter().map(Vec::len).sum());
        pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
        self.work.put(&self.name(unit_idx), &bytes)
    }

    /// The strips or tiles of a unit; `None` if it was not written.
    pub fn get(&self, unit_idx: usize, n_pieces: usize) -> Result<Option<Vec<Vec<u8>>>, SinkError> {
        let Some(mut file) = self.work.open(&self.name(unit_idx))? else { return Ok(None) };
        let mut read = || {
            let lengths = read_lengths(&mut file, n_pieces)?;
            let piece = |length: u64| {
                let mut piece = Vec::new();
                file.by_ref().take(length).read_to_end(&mut piece)?;
                Ok(piece)
            };
            lengths.into_iter().map(piece).collect::<io::Result<Vec<_>>>()
        };
        read().map(Some).map_err(|source| self.work.failed("read back", source))
    }

    /// The lengths of the strips or tiles of a unit.
    pub fn lengths(&self, unit_idx: usize, n_pieces: usize) -> io::Result<Vec<u64>> {
        read_lengths(&mut self.open(unit_idx)?, n_pieces)
    }

    /// Bytes of all strips or tiles of a unit.
    pub fn n_bytes(&self, unit_idx: usize, n_pieces: usize) -> io::Result<u64> {
        let n_bytes = self.open(unit_idx)?.metadata()?.len();
        n_bytes.checked_sub((n_pieces * LENGTH_BYTES) as u64).ok_or_else(|| ErrorKind::InvalidData.into())
    }

    /// Copies the strips or tiles of a unit, one after the other.
    pub fn copy(&self, unit_idx: usize, n_pieces: usize, to: &mut File) -> io::Result<u64> {
        let mut file = self.open(unit_idx)?;
        file.seek(SeekFrom::Start((n_pieces * LENGTH_BYTES) as u64))?;
        io::copy(&mut file, to)
    }

    fn open(&self, unit_idx: usize) -> io::Result<File> {
        let file = self.work.open(&self.name(unit_idx)).map_err(io::Error::other)?;
        file.ok_or_else(|| ErrorKind::NotFound.into())
    }
}

fn read_lengths(file: &mut File, n_pieces: usize) -> io::Result<Vec<u64>> {
    let mut bytes = vec![0; n_pieces * LENGTH_BYTES];
    file.read_exact(&mut bytes)?;
    let length = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    Ok(bytes.chunks_exact(LENGTH_BYTES).map(length).collect())
}
