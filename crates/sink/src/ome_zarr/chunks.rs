//! Chunks that are being changed, kept decoded for as long as there is room.
//!
//! Blocks are rarely aligned to chunks. Without this, a chunk would be decoded and encoded again for every
//! block that touches it, which for chunks as large as a plane takes several hundred times as long.

use std::ops::Range;

use ndarray::{IxDyn, indices};
use patchweave_memory::Lru;
use zarrs::array::{Array, ArrayBytes, ArrayError, CodecOptions};

use crate::FolderStore;
use crate::runs::Runs;

/// Image and chunk indices.
type ChunkKey = (usize, Vec<u64>);

/// The arrays of a store, and decoded chunks of them up to a number of bytes.
pub(crate) struct OpenChunks {
    images: Vec<Array<FolderStore>>,
    shape: Vec<usize>,
    chunk_shape: Vec<usize>,
    n_pixel_bytes: usize,
    budget: usize,
    /// Decoded chunks, which weigh their bytes.
    open: Lru<ChunkKey, Vec<u8>>,
    options: CodecOptions,
}

impl OpenChunks {
    /// Takes arrays of one shape and chunk shape; a chunk stays decoded while all of them fit into `budget`
    /// bytes, and at least as long as it is being changed.
    pub(crate) fn new(
        images: Vec<Array<FolderStore>>,
        shape: Vec<usize>,
        chunk_shape: Vec<usize>,
        n_pixel_bytes: usize,
        budget: usize,
    ) -> Self {
        // The caller brings its own threads.
        let options = CodecOptions::default().with_concurrent_target(1);
        OpenChunks { images, shape, chunk_shape, n_pixel_bytes, budget, open: Lru::default(), options }
    }

    /// Changes a box that lies inside the array of image `s`.
    pub(crate) fn write(
        &mut self,
        s: usize,
        start: &[usize],
        size: &[usize],
        bytes: &[u8],
    ) -> Result<(), ArrayError> {
        let touched: Vec<Range<usize>> = self
            .chunk_shape
            .iter()
            .enumerate()
            .map(|(axis, chunk)| start[axis] / chunk..(start[axis] + size[axis]).div_ceil(*chunk))
            .collect();
        let n_touched: Vec<usize> = touched.iter().map(Range::len).collect();
        for step in indices(IxDyn(&n_touched)) {
            let chunk_idx: Vec<usize> =
                touched.iter().enumerate().map(|(axis, range)| range.start + step[axis]).collect();
            self.change(s, &chunk_idx, start, size, bytes)?;
            self.make_room()?;
        }
        Ok(())
    }

    /// Encodes everything that is still decoded.
    pub(crate) fn flush(&mut self) -> Result<(), ArrayError> {
        while let Some((key, chunk)) = self.open.pop_oldest() {
            self.store(&key, chunk)?;
        }
        Ok(())
    }

    /// Copies the part of the box that lies in one chunk.
    fn change(
        &mut self,
        s: usize,
        chunk_idx: &[usize],
        start: &[usize],
        size: &[usize],
        bytes: &[u8],
    ) -> Result<(), ArrayError> {
        let mut part_start = Vec::with_capacity(start.len());
        let mut part_size = Vec::with_capacity(start.len());
        let mut is_whole = true;
        for (axis, (&idx, &chunk)) in chunk_idx.iter().zip(&self.chunk_shape).enumerate() {
            let first = idx * chunk;
            let end = (idx * chunk).saturating_add(chunk).min(self.shape[axis]);
            let part = first.max(start[axis])..end.min(start[axis] + size[axis]);
            is_whole &= part == (first..end);
            part_start.push(part.start);
            part_size.push(part.len());
        }
        let in_chunk: Vec<usize> = (0..start.len())
            .map(|axis| part_start[axis] - chunk_idx[axis] * self.chunk_shape[axis])
            .collect();
        let in_box: Vec<usize> = (0..start.len()).map(|axis| part_start[axis] - start[axis]).collect();

        let to = Runs::rows(&self.chunk_shape, &in_chunk, &part_size);
        let from = Runs::rows(size, &in_box, &part_size);
        let n_pixel_bytes = self.n_pixel_bytes;
        let n_row_bytes = to.n_pixels() * n_pixel_bytes;
        let key: ChunkKey = (s, chunk_idx.iter().map(|&idx| idx as u64).collect());
        let copy = |chunk: &mut [u8]| {
            for (to, from) in to.offsets().zip(from.offsets()) {
                let to = to * n_pixel_bytes;
                let from = from * n_pixel_bytes;
                chunk[to..to + n_row_bytes].copy_from_slice(&bytes[from..from + n_row_bytes]);
            }
        };
        if let Some(chunk) = self.open.get(&key) {
            copy(chunk);
            return Ok(());
        }
        let mut chunk = self.decoded(&key, is_whole)?;
        copy(&mut chunk);
        self.open.insert(key, chunk, self.n_chunk_bytes() as u64);
        Ok(())
    }

    /// A chunk as it is stored; one that is about to be replaced as a whole starts from 0.
    fn decoded(&mut self, (s, chunk_idx): &ChunkKey, is_whole: bool) -> Result<Vec<u8>, ArrayError> {
        if is_whole {
            return Ok(vec![0; self.n_chunk_bytes()]);
        }
        let decoded: ArrayBytes<'static> = self.images[*s].retrieve_chunk_opt(chunk_idx, &self.options)?;
        Ok(decoded.into_fixed()?.into_owned())
    }

    /// Encodes the chunks that were not used for the longest time until the others fit.
    fn make_room(&mut self) -> Result<(), ArrayError> {
        while self.open.weight() > self.budget as u64
            && let Some((key, chunk)) = self.open.pop_oldest()
        {
            self.store(&key, chunk)?;
        }
        Ok(())
    }

    fn store(&self, (s, chunk_idx): &ChunkKey, bytes: Vec<u8>) -> Result<(), ArrayError> {
        self.images[*s].store_chunk_opt(chunk_idx, ArrayBytes::new_flen(bytes), &self.options)
    }

    fn n_chunk_bytes(&self) -> usize {
        self.chunk_shape.iter().product::<usize>() * self.n_pixel_bytes
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;
    use patchweave_geometry::ArrayLayout;
    use patchweave_pixel::PixelType;

    use crate::ImageSpec;
    use crate::checked::{BlockWriter, boxed};
    use crate::ome_zarr::OmeZarrWriter;

    /// The stored files of an image that was written row by row with room for `budget` bytes.
    fn stored(budget: usize) -> Vec<(u64, Vec<u8>)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let layout = ArrayLayout::new("ZYX".parse().unwrap(), &[2, 9, 11]).unwrap();
        let mut spec = ImageSpec::new(layout, PixelType::U16);
        spec.chunks = Some(vec![2, 4, 4]);
        let mut writer = OmeZarrWriter::create(&path, &spec).unwrap();
        writer.chunks.budget = budget;
        let mut sink = boxed(&path, writer, spec);
        for y in 0..9 {
            for x in [0, 7, 3] {
                let row =
                    Array4::from_shape_fn((1, 2, 1, 4), |(_, z, _, dx)| (z * 100 + y * 11 + x + dx) as f32);
                sink.write_block(0, [0, y, x], row.view()).unwrap();
            }
        }
        sink.finish().unwrap();
        let file = |y: u64, x: u64| std::fs::read(path.join(format!("0/c/0/{y}/{x}"))).unwrap();
        (0..9).map(|at| (at, file(at / 3, at % 3))).collect()
    }

    #[test]
    fn room_does_not_change_what_is_stored() {
        let n_chunk_bytes = 2 * 4 * 4 * 2;
        let expected = stored(usize::MAX);
        for n_chunks in [0, 1, 2, 4] {
            assert_eq!(stored(n_chunks * n_chunk_bytes), expected);
        }
    }

    #[test]
    fn no_more_is_kept_than_fits() {
        let folder = tempfile::tempdir().unwrap();
        let layout = ArrayLayout::new("YX".parse().unwrap(), &[64, 64]).unwrap();
        let mut spec = ImageSpec::new(layout.clone(), PixelType::U8);
        spec.chunks = Some(vec![8, 8]);
        let path = folder.path().join("image");
        let mut writer = OmeZarrWriter::create(&path, &spec).unwrap();
        writer.chunks.budget = 3 * 64;
        let pixels = Array4::ones((1, 1, 64, 64));
        let block = crate::block::Block::check(&path, &layout, 0, [0; 3], pixels.view()).unwrap();
        writer.write(&block).unwrap();
        assert_eq!(writer.chunks.open.len(), 3);
    }
}
