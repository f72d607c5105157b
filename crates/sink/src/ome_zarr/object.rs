//! What is one file of an array: a chunk, or a shard of chunks with an index behind them.

use std::io;

use ndarray::{Dimension, IxDyn, indices};
use patchweave_pixel::{TypedArray, TypedView};

use super::compressor::Compressor;
use super::plan::ChunkPlan;

/// Says in the index of a shard that a chunk is not stored.
const ABSENT: [u64; 2] = [u64::MAX; 2];

/// How the objects of an array are stored.
pub(super) struct ObjectEncoder {
    pub plan: ChunkPlan,
    pub compressor: Compressor,
    /// Whether chunks are stored that hold nothing but 0.
    pub stores_empty: bool,
}

impl ObjectEncoder {
    /// An object as stored; `None` if it holds nothing. What it has beyond its pixels is 0.
    pub fn encode(&self, pixels: &TypedView<'_>) -> io::Result<Option<Vec<u8>>> {
        match &self.plan.shard {
            None => self.encode_chunk(pixels),
            Some(shard) => self.encode_shard(pixels, shard),
        }
    }

    fn encode_chunk(&self, pixels: &TypedView<'_>) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let place = vec![0; pixels.shape().len()];
        Ok(self.put_chunk(pixels, &place, &mut bytes)?.then_some(bytes))
    }

    /// Chunks in C order, then the index: where each starts and how long it is, and the checksum of that.
    fn encode_shard(&self, pixels: &TypedView<'_>, shard: &[usize]) -> io::Result<Option<Vec<u8>>> {
        let n_chunks: Vec<usize> =
            shard.iter().zip(&self.plan.chunk).map(|(shard, chunk)| shard / chunk).collect();
        let mut bytes = Vec::new();
        let mut index: Vec<u8> = Vec::new();
        for place in indices(IxDyn(&n_chunks)) {
            let start = bytes.len();
            let is_stored = self.put_chunk(pixels, place.slice(), &mut bytes)?;
            let entry = if is_stored { [start as u64, (bytes.len() - start) as u64] } else { ABSENT };
            index.extend(entry.iter().flat_map(|number| number.to_le_bytes()));
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let checksum = crc32c::crc32c(&index);
        bytes.extend(index);
        bytes.extend(checksum.to_le_bytes());
        Ok(Some(bytes))
    }

    /// Puts the chunk at this place in the grid of chunks behind what is in `to`, and says whether it is stored.
    fn put_chunk(&self, pixels: &TypedView<'_>, place: &[usize], to: &mut Vec<u8>) -> io::Result<bool> {
        let chunk = &self.plan.chunk;
        let start: Vec<usize> = place
            .iter()
            .zip(chunk)
            .zip(pixels.shape())
            .map(|((place, size), n)| (place * size).min(*n))
            .collect();
        let size: Vec<usize> = start
            .iter()
            .zip(chunk)
            .zip(pixels.shape())
            .map(|((start, size), n)| (n - start).min(*size))
            .collect();
        let part = pixels.clone().slice_box(&start, &size);
        if !self.stores_empty && part.is_zero() {
            return Ok(false);
        }
        let (cut, whole);
        let bytes = if size == *chunk {
            part.to_le_bytes()
        } else {
            cut = filled_up(&part, chunk)?;
            whole = cut.view();
            whole.to_le_bytes()
        };
        self.compressor.encode_onto(&bytes, pixels.pixel_type().n_bytes(), to)?;
        Ok(true)
    }
}

/// A chunk at the end of an image, which is stored as a whole.
fn filled_up(part: &TypedView<'_>, chunk: &[usize]) -> io::Result<TypedArray> {
    let mut whole = TypedArray::zeros(part.pixel_type(), chunk).ok_or(io::ErrorKind::OutOfMemory)?;
    let to = whole.view_mut().slice_box(&vec![0; chunk.len()], part.shape());
    { to }.assign(part).map_err(io::Error::other)?;
    Ok(whole)
}
