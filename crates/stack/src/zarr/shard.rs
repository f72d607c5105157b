//! Shards: many chunks in one file, with an index that says where each of them lies.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use zarrs::array::codec::api::{ArrayToBytesCodecTraits, CodecError, CodecOptions};
use zarrs::array::codec::{CodecChain, ShardingCodecConfiguration, ShardingIndexLocation};
use zarrs::array::{BytesRepresentation, ChunkShape, FillValue, data_type};
use zarrs::metadata::ConfigurationSerialize;

use super::decoder::{ChunkDecoder, DecodeError, Form, Limits, chunk_shape, product};
use super::store::{Part, Store, StoreError};
use crate::chunk::c_strides;
use crate::read_cost::waiting;

/// How chunks stand in shards of one form.
#[derive(Debug)]
pub(super) struct ShardLayout {
    /// The size of a chunk.
    pub chunk: Vec<usize>,
    /// How many chunks there are in a shard along every dimension.
    per_shard: Vec<usize>,
    decoder: ChunkDecoder,
    index_codecs: CodecChain,
    index_shape: ChunkShape,
    /// Bytes of the index in the file.
    index_len: u64,
    index_location: ShardingIndexLocation,
    fill_value: Vec<u8>,
    /// Whether chunks that are not there can be filled.
    has_fill: bool,
    shard: Vec<usize>,
}

/// Offset and length of every chunk of a shard; both are `u64::MAX` for one that has only fill values.
type Index = Vec<[u64; 2]>;

impl ShardLayout {
    /// Takes the configuration of the codec apart.
    ///
    /// # Errors
    /// [`DecodeError`] if chunks or the index would be too large, or their sizes cannot be told.
    pub fn new(
        codec: &dyn ArrayToBytesCodecTraits,
        form: &Form,
        limits: Limits,
    ) -> Result<Self, DecodeError> {
        let configuration = codec.configuration_v3(&Default::default()).ok_or(DecodeError::Indeterminate)?;
        let ShardingCodecConfiguration::V1(configuration) =
            ShardingCodecConfiguration::try_from_configuration(configuration)?
        else {
            return Err(DecodeError::Indeterminate);
        };
        let shard: Vec<u64> = form.shape.iter().map(|size| size.get()).collect();
        let inner: Vec<u64> = configuration.chunk_shape.iter().map(|size| size.get()).collect();
        let is_whole = shard.len() == inner.len() && shard.iter().zip(&inner).all(|(n, size)| n % size == 0);
        if !is_whole {
            return Err(DecodeError::Shard { inner, shard });
        }
        let per_shard: Vec<u64> = shard.iter().zip(&inner).map(|(n, size)| n / size).collect();
        let n_bytes = product(&per_shard).and_then(|n| n.checked_mul(16)).unwrap_or(u64::MAX);
        if n_bytes > limits.index {
            return Err(DecodeError::IndexTooLarge { got: n_bytes, limit: limits.index });
        }
        let index_codecs = CodecChain::from_metadata(&configuration.index_codecs)?;
        let index_sizes: Vec<u64> = per_shard.iter().copied().chain([2]).collect();
        let index_shape = chunk_shape(&index_sizes).ok_or(DecodeError::Indeterminate)?;
        let empty = FillValue::from(u64::MAX);
        let encoded = index_codecs.encoded_representation(&index_shape, &data_type::uint64(), &empty)?;
        let BytesRepresentation::FixedSize(index_len) = encoded else {
            return Err(DecodeError::Indeterminate);
        };
        // Codecs of an index may add checksums and little else.
        if index_len > limits.index.saturating_mul(2).saturating_add(1 << 10) {
            return Err(DecodeError::IndexTooLarge { got: index_len, limit: limits.index });
        }
        let inner_codecs = CodecChain::from_metadata(&configuration.codecs)?;
        let inner_form = Form { shape: configuration.chunk_shape, ..form.clone() };
        let sizes = |sizes: &[u64]| {
            let sizes = sizes.iter().map(|&size| usize::try_from(size).ok());
            sizes.collect::<Option<Vec<_>>>().ok_or(DecodeError::Indeterminate)
        };
        Ok(ShardLayout {
            chunk: sizes(&inner)?,
            per_shard: sizes(&per_shard)?,
            decoder: ChunkDecoder::new(&inner_codecs, inner_form, limits)?,
            index_codecs,
            index_shape,
            index_len,
            index_location: configuration.index_location,
            fill_value: form.fill_value.as_ne_bytes().to_vec(),
            has_fill: form.has_fill,
            shard: sizes(&shard)?,
        })
    }

    /// Splits the place of a chunk in the array into that of its shard and its number in it.
    pub fn locate(&self, chunk: &[usize]) -> (Vec<u64>, usize) {
        let shard = chunk.iter().zip(&self.per_shard).map(|(at, n)| (at / n) as u64).collect();
        let number = chunk.iter().zip(&self.per_shard).fold(0, |number, (at, n)| number * n + at % n);
        (shard, number)
    }

    fn index_part(&self) -> Part {
        match self.index_location {
            ShardingIndexLocation::Start => Part::Range { start: 0, len: self.index_len },
            ShardingIndexLocation::End => Part::Suffix(self.index_len),
        }
    }

    fn decode_index(&self, bytes: &[u8]) -> Result<Index, DecodeError> {
        let empty = FillValue::from(u64::MAX);
        let options = CodecOptions::default().with_concurrent_target(1);
        let decoded = self.index_codecs.decode(
            Cow::Borrowed(bytes),
            &self.index_shape,
            &data_type::uint64(),
            &empty,
            &options,
        )?;
        let decoded = decoded.into_fixed().map_err(CodecError::from)?;
        let numbers = decoded.as_chunks::<8>().0.iter().map(|bytes| u64::from_ne_bytes(*bytes));
        let numbers: Vec<u64> = numbers.collect();
        let index: Index = numbers.as_chunks::<2>().0.to_vec();
        let n_chunks = self.per_shard.iter().product::<usize>();
        if index.len() == n_chunks {
            Ok(index)
        } else {
            Err(DecodeError::Size { got: index.len() as u64 * 16, expected: n_chunks as u64 * 16 })
        }
    }

    /// Decodes all chunks of a shard that is in memory.
    pub fn decode_all(&self, bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let size = bytes.len() as u64;
        let part = |part: Part| match part.within(size, size) {
            Ok((start, len)) => usize::try_from(start).ok().and_then(|start| bytes.get(start..start + len)),
            Err(_) => None,
        };
        let index =
            part(self.index_part()).ok_or(DecodeError::Size { got: size, expected: self.index_len })?;
        let index = self.decode_index(index)?;
        let pixel = self.fill_value.len();
        let n_pixels = self.shard.iter().product::<usize>();
        let mut shard = self.fill_value.repeat(n_pixels);
        let strides = c_strides(&self.shard);
        for (number, &[start, len]) in index.iter().enumerate() {
            if is_empty([start, len]) {
                if self.has_fill {
                    continue;
                }
                return Err(DecodeError::NoFill);
            }
            let encoded = part(Part::Range { start, len });
            let encoded = encoded.ok_or(DecodeError::Index { start, len, size })?.to_vec();
            let chunk = self.decoder.decode(encoded)?;
            let mut rest = number;
            let mut origin = 0;
            for dimension in (0..self.shard.len()).rev() {
                let at = rest % self.per_shard[dimension];
                rest /= self.per_shard[dimension];
                origin += at * self.chunk[dimension] * strides[dimension];
            }
            copy_rows(&chunk, &self.chunk, &mut shard, &strides, origin, pixel);
        }
        Ok(shard)
    }
}

fn is_empty(place: [u64; 2]) -> bool {
    place == [u64::MAX; 2]
}

/// Copies a chunk in C order to its place in a larger array, row by row.
fn copy_rows(
    chunk: &[u8],
    shape: &[usize],
    target: &mut [u8],
    strides: &[usize],
    origin: usize,
    pixel: usize,
) {
    let (row, outer) = shape.split_last().map_or((1, shape), |(row, outer)| (*row, outer));
    for (number, source) in chunk.chunks_exact(row * pixel).enumerate() {
        let mut rest = number;
        let mut start = origin;
        for (size, stride) in outer.iter().zip(strides).rev() {
            start += rest % size * stride;
            rest /= size;
        }
        target[start * pixel..(start + row) * pixel].copy_from_slice(source);
    }
}

/// The indices of shards, each of which is read once.
///
/// Clones share them and their budget. Those that were read first are dropped first, and read again as they are needed.
#[derive(Debug, Clone)]
pub(crate) struct ShardIndices {
    kept: Arc<Mutex<Kept>>,
    budget: usize,
}

#[derive(Debug, Default)]
struct Kept {
    slots: HashMap<ShardKey, Arc<Slot>>,
    /// In the order of reading, with the bytes they take.
    order: VecDeque<(ShardKey, usize)>,
    n_bytes: usize,
}

/// The number of an image in the cache of chunks, and the key of a shard of it.
type ShardKey = (u64, String);

/// The index of a shard: not read yet, of a shard that does not exist, or there.
type Slot = Mutex<Option<Option<Arc<Index>>>>;

/// Bytes that the indices of all arrays take together.
const BUDGET: usize = 32 << 20;

/// What a shard takes besides its index.
const SLOT_BYTES: usize = 256;

impl Default for ShardIndices {
    fn default() -> Self {
        ShardIndices { kept: Arc::default(), budget: BUDGET }
    }
}

/// What there is of a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Pixels(Vec<u8>),
    /// The index says that it has only fill values.
    Empty,
    /// There is no such file.
    NoFile,
}

/// Why a chunk of a shard cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShardError {
    #[error("got no file, expected the shard whose index was read")]
    Gone,
    #[error("the shard's index cannot be read")]
    ReadIndex(#[source] StoreError),
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl ShardIndices {
    /// Reads and decodes a chunk of a shard.
    pub(super) fn chunk(
        &self,
        store: &dyn Store,
        layout: &ShardLayout,
        (image, key): (u64, &str),
        number: usize,
    ) -> Result<Found, ShardError> {
        let Some(index) = self.index(store, layout, (image, key))? else { return Ok(Found::NoFile) };
        let place = index.get(number).copied().unwrap_or([u64::MAX; 2]);
        if is_empty(place) {
            return Ok(Found::Empty);
        }
        let [start, len] = place;
        let bytes = match store.read(key, Part::Range { start, len }, layout.decoder.encoded_limit()) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(ShardError::Gone),
            Err(StoreError::Short { .. }) => return Err(DecodeError::Beyond { start, len }.into()),
            Err(StoreError::Range { size, .. }) => return Err(DecodeError::Index { start, len, size }.into()),
            Err(error) => return Err(error.into()),
        };
        Ok(Found::Pixels(layout.decoder.decode(bytes)?))
    }

    fn index(
        &self,
        store: &dyn Store,
        layout: &ShardLayout,
        (image, key): (u64, &str),
    ) -> Result<Option<Arc<Index>>, ShardError> {
        let slot = self.slot(layout, (image, key.to_owned()));
        // Whoever comes second waits here instead of reading as well.
        let mut index = match slot.try_lock() {
            Ok(index) => index,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => waiting(|| slot.lock()).unwrap_or_else(PoisonError::into_inner),
        };
        if let Some(known) = &*index {
            return Ok(known.clone());
        }
        let bytes = match store.read(key, layout.index_part(), layout.index_len) {
            // What is refused is not there, as far as this server says.
            Err(StoreError::Hidden(_)) => None,
            bytes => bytes.map_err(ShardError::ReadIndex)?,
        };
        let read = bytes.map(|bytes| layout.decode_index(&bytes)).transpose()?.map(Arc::new);
        *index = Some(read.clone());
        Ok(read)
    }

    /// The place of a shard's index, for which others make room.
    fn slot(&self, layout: &ShardLayout, key: ShardKey) -> Arc<Slot> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = kept.slots.get(&key) {
            return slot.clone();
        }
        let n_bytes = layout.per_shard.iter().product::<usize>() * 16 + SLOT_BYTES + 2 * key.1.len();
        while kept.n_bytes + n_bytes > self.budget {
            let Some((oldest, n_bytes)) = kept.order.pop_front() else { break };
            kept.slots.remove(&oldest);
            kept.n_bytes -= n_bytes;
        }
        let slot = Arc::<Slot>::default();
        kept.n_bytes += n_bytes;
        kept.order.push_back((key.clone(), n_bytes));
        kept.slots.insert(key, slot.clone());
        slot
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use zarrs::array::codec::ShardingCodecBuilder;

    use super::*;

    /// Shards that all have the same bytes, and how often an index was read.
    struct SameShards {
        bytes: Vec<u8>,
        n_indices: AtomicUsize,
    }

    impl Store for SameShards {
        fn read(&self, key: &str, part: Part, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
            if key == "missing" {
                return Ok(None);
            }
            if let Part::Suffix(_) = part {
                self.n_indices.fetch_add(1, Ordering::Relaxed);
            }
            let (start, len) = part.within(self.bytes.len() as u64, limit)?;
            let start = usize::try_from(start).unwrap();
            Ok(Some(self.bytes[start..start + len].to_vec()))
        }

        fn folders(&self, _folder: &str) -> Result<Option<Vec<String>>, StoreError> {
            Ok(None)
        }

        fn name(&self, key: &str) -> String {
            key.to_owned()
        }
    }

    /// Shards of two chunks with two pixels each, whose index is plain and says this.
    fn shards(places: [[u64; 2]; 2]) -> (ShardLayout, SameShards) {
        let mut codec = ShardingCodecBuilder::new(chunk_shape(&[2]).unwrap(), &data_type::uint8());
        codec.index_bytes_to_bytes_codecs(Vec::new());
        let form = Form {
            shape: chunk_shape(&[4]).unwrap(),
            data_type: data_type::uint8(),
            fill_value: FillValue::from(9_u8),
            has_fill: true,
        };
        let layout =
            ShardLayout::new(&codec.build(), &form, Limits { chunk: 1 << 20, index: 1 << 20 }).unwrap();
        let index = places.into_iter().flatten().flat_map(u64::to_le_bytes);
        let bytes = [1, 2].into_iter().chain(index).collect();
        (layout, SameShards { bytes, n_indices: AtomicUsize::new(0) })
    }

    #[test]
    fn indices_of_all_arrays_share_one_budget_and_none_is_read_twice_in_a_row() {
        let (layout, store) = shards([[0, 2], [u64::MAX; 2]]);
        let one = 2 * 16 + SLOT_BYTES + 2;
        let indices = ShardIndices { budget: 2 * one, ..ShardIndices::default() };
        for image in 0..3 {
            let indices = indices.clone();
            for shard in ["a", "b", "c", "d", "e"] {
                for _ in 0..3 {
                    let chunk = |number| indices.chunk(&store, &layout, (image, shard), number).unwrap();
                    assert_eq!((chunk(0), chunk(1)), (Found::Pixels(vec![1, 2]), Found::Empty));
                }
                let kept = indices.kept.lock().unwrap();
                assert!(kept.n_bytes <= 2 * one && kept.slots.len() <= 2, "{kept:?}");
                assert_eq!(kept.order.len(), kept.slots.len());
            }
        }
        assert_eq!(store.n_indices.load(Ordering::Relaxed), 15);
        assert_eq!(indices.chunk(&store, &layout, (0, "missing"), 0).unwrap(), Found::NoFile);
        assert_eq!(layout.decode_all(&store.bytes).unwrap(), [1, 2, 9, 9]);
    }

    /// One that is larger than the budget is kept until the next one comes.
    #[test]
    fn large_indices_are_kept_alone() {
        let (layout, store) = shards([[0, 2], [0, 2]]);
        let indices = ShardIndices { budget: 1, ..ShardIndices::default() };
        for (shard, n_indices) in [("a", 1), ("a", 1), ("b", 2), ("a", 3)] {
            indices.chunk(&store, &layout, (0, shard), 0).unwrap();
            assert_eq!(store.n_indices.load(Ordering::Relaxed), n_indices);
            assert_eq!(indices.kept.lock().unwrap().slots.len(), 1);
        }
    }

    #[test]
    fn places_outside_of_the_shard_are_refused() {
        for place in [[0, 35], [u64::MAX, 2], [2, u64::MAX], [34, 1]] {
            let (layout, store) = shards([place, [0, 2]]);
            let error = ShardIndices::default().chunk(&store, &layout, (0, "a"), 0).unwrap_err();
            assert!(matches!(error, ShardError::Decode(DecodeError::Index { .. })), "{error}");
            assert!(layout.decode_all(&store.bytes).is_err());
        }
    }
}
