//! The chunks of shards: found by the index, which is read once, and read by themselves or many at a time.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError, TryLockError};

use patchweave_stack::read_cost::{decoding, waiting};

use super::decode_error::DecodeError;
use super::shard::{ShardLayout, is_empty};
use super::store::{Part, Store, StoreError, Wanted};
use crate::ChunkCache;
use crate::cache::{Index, IndexSlot};

/// The shards of an array.
pub(super) struct ShardFiles<'a> {
    pub store: &'a dyn Store,
    pub layout: &'a ShardLayout,
    /// Keeps indices.
    pub cache: &'a ChunkCache,
    /// The number of the array among them.
    pub image: u64,
}

/// The file that a chunk is in.
#[derive(Debug, Clone)]
pub(super) struct InFile {
    pub key: String,
    /// The number of the file in C order.
    pub file: u64,
}

/// A chunk by the shard that it is in.
#[derive(Debug, Clone)]
pub(super) struct InShard {
    /// The shard.
    pub file: InFile,
    /// The chunk's number in the shard, in C order.
    pub number: usize,
}

/// What there is of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What went wrong for several chunks at once.
    #[error(transparent)]
    Shared(Arc<ShardError>),
}

/// Takes a chunk by its place among those that were asked for.
type Chunks<'a> = dyn FnMut(usize, Result<Found, ShardError>) + 'a;

/// Bytes between two chunks of a shard that are read along with them rather than asked for twice: a request costs tens of
/// milliseconds, as many bytes about five at 50 MB/s.
const GAP: u64 = 256 << 10;

/// Bytes that are joined to one request; more are asked for side by side.
const JOINED: u64 = 16 << 20;

/// A chunk in a shard: start, length, and its place among those that were asked for.
type Located = (u64, u64, usize);

/// What is known of the index of a shard.
type Known = Result<Option<Arc<Index>>, Arc<ShardError>>;

impl ShardFiles<'_> {
    /// Reads and decodes a chunk of a shard.
    ///
    /// # Errors
    /// [`ShardError`] if the index or the chunk cannot be read, or are damaged.
    pub fn chunk(
        &self,
        InShard { file: InFile { key, file }, number }: &InShard,
    ) -> Result<Found, ShardError> {
        let Some(index) = self.index(key, *file)? else { return Ok(Found::NoFile) };
        let place = index.get(*number).copied().unwrap_or([u64::MAX; 2]);
        if is_empty(place) {
            return Ok(Found::Empty);
        }
        let [start, len] = place;
        let limit = self.layout.decoder.encoded_limit();
        let bytes = match self.store.read(key, Part::Range { start, len }, limit) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(ShardError::Gone),
            Err(StoreError::Short { .. }) => return Err(DecodeError::Beyond { start, len }.into()),
            Err(StoreError::Range { size, .. }) => return Err(DecodeError::Index { start, len, size }.into()),
            Err(error) => return Err(error.into()),
        };
        Ok(Found::Pixels(self.layout.decoder.decode(bytes)?))
    }

    /// Reads and decodes chunks with few requests: unknown indices first, all at once, then chunks, joined where they are
    /// close to each other. Those of a shard whose index the store keeps to itself are left out.
    pub fn chunks(&self, wanted: &[InShard], done: &mut Chunks<'_>) {
        let indices = self.indices(wanted.iter().map(|InShard { file, .. }| (file.key.as_str(), file.file)));
        let mut located = BTreeMap::<&str, Vec<Located>>::new();
        for (at, InShard { file: InFile { key, .. }, number }) in wanted.iter().enumerate() {
            match indices.get(key.as_str()) {
                Some(Ok(Some(index))) => {
                    let place = index.get(*number).copied().unwrap_or([u64::MAX; 2]);
                    match self.admit(place) {
                        // Servers refuse ranges of no bytes.
                        Ok(Some((_, 0))) => {
                            done(
                                at,
                                self.layout.decoder.decode(Vec::new()).map(Found::Pixels).map_err(Into::into),
                            );
                        }
                        Ok(Some((start, len))) => {
                            located.entry(key).or_default().push((start, len, at));
                        }
                        Ok(None) => done(at, Ok(Found::Empty)),
                        Err(error) => done(at, Err(error)),
                    }
                }
                Some(Err(error)) => done(at, Err(ShardError::Shared(error.clone()))),
                Some(Ok(None)) => done(at, Ok(Found::NoFile)),
                // Nothing is known of it: whoever asks for it by itself is told.
                None => {}
            }
        }
        let mut requests = Vec::new();
        let mut groups = Vec::new();
        for (key, mut places) in located {
            places.sort_unstable();
            for (span, group) in joined(&places) {
                let len = span.end - span.start;
                requests.push(Wanted {
                    key: key.to_owned(),
                    part: Part::Range { start: span.start, len },
                    pieces: group.iter().map(|&(start, len, _)| start..start + len).collect(),
                    limit: len,
                });
                groups.push(group.to_vec());
            }
        }
        self.store.read_many(requests, &mut |request, read| {
            let Some(group) = groups.get(request) else { return };
            match read {
                Ok(Some(pieces)) => {
                    for (&(start, len, at), piece) in group.iter().zip(pieces) {
                        let is_whole = piece.len() as u64 == len;
                        let decoded = if is_whole {
                            decoding(|| self.layout.decoder.decode(piece))
                        } else {
                            Err(DecodeError::Beyond { start, len })
                        };
                        done(at, decoded.map(Found::Pixels).map_err(Into::into));
                    }
                }
                Ok(None) => group.iter().for_each(|&(_, _, at)| done(at, Err(ShardError::Gone))),
                Err(StoreError::Short { .. }) => {
                    let beyond = |start, len| Err(DecodeError::Beyond { start, len }.into());
                    group.iter().for_each(|&(start, len, at)| done(at, beyond(start, len)));
                }
                Err(error) => {
                    let error = Arc::new(ShardError::Read(error));
                    group.iter().for_each(|&(_, _, at)| done(at, Err(ShardError::Shared(error.clone()))));
                }
            }
        });
    }

    /// Start and length of a chunk, if it has any and they can be.
    fn admit(&self, [start, len]: [u64; 2]) -> Result<Option<(u64, u64)>, ShardError> {
        if is_empty([start, len]) {
            return Ok(None);
        }
        if start.checked_add(len).is_none() {
            return Err(DecodeError::Beyond { start, len }.into());
        }
        let limit = self.layout.decoder.encoded_limit();
        if len > limit {
            return Err(StoreError::TooLarge { size: len, limit }.into());
        }
        Ok(Some((start, len)))
    }

    fn slot(&self, shard: u64) -> Arc<IndexSlot> {
        self.cache.index(self.image, shard, self.layout.decoded_index_len())
    }

    /// The index in what was read of a shard; one that there is none of takes no room any more.
    fn decoded(
        &self,
        (shard, slot): (u64, &Arc<IndexSlot>),
        read: Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<Option<Arc<Index>>, ShardError> {
        let bytes = match read {
            // What is refused is not there, as far as this server says.
            Err(StoreError::Hidden(_)) => None,
            bytes => bytes.map_err(ShardError::ReadIndex)?,
        };
        let Some(bytes) = bytes else {
            self.cache.shrink_index(self.image, shard, slot);
            return Ok(None);
        };
        Ok(Some(Arc::new(self.layout.decode_index(&bytes)?)))
    }

    fn index(&self, key: &str, shard: u64) -> Result<Option<Arc<Index>>, ShardError> {
        let slot = self.slot(shard);
        // Whoever comes second waits here instead of reading as well.
        let mut index = match slot.try_lock() {
            Ok(index) => index,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => waiting(|| slot.lock()).unwrap_or_else(PoisonError::into_inner),
        };
        if let Some(known) = &*index {
            return Ok(known.clone());
        }
        let read = self.store.read(key, self.layout.index_part(), self.layout.index_len);
        let decoded = self.decoded((shard, &slot), read)?;
        *index = Some(decoded.clone());
        Ok(decoded)
    }

    /// The indices of shards. Those that other threads read are waited for when this one has read the rest and holds none.
    fn indices<'k>(&self, shards: impl Iterator<Item = (&'k str, u64)>) -> BTreeMap<&'k str, Known> {
        let shards: BTreeMap<&str, u64> = shards.collect();
        let slots: Vec<_> = shards.iter().map(|(&key, &shard)| (key, shard, self.slot(shard))).collect();
        let mut known = BTreeMap::new();
        let mut own = Vec::new();
        let mut others = Vec::new();
        for (key, shard, slot) in &slots {
            let index = match slot.try_lock() {
                Ok(index) => index,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    others.push((*key, *shard));
                    continue;
                }
            };
            match &*index {
                Some(index) => drop(known.insert(*key, Ok(index.clone()))),
                None => own.push((*key, (*shard, slot), Some(index))),
            }
        }
        let part = self.layout.index_part();
        let limit = self.layout.index_len;
        let wanted = own.iter().map(|(key, ..)| Wanted::new(key, part, limit)).collect();
        self.store.read_many(wanted, &mut |at, read| {
            let Some((key, place, index)) = own.get_mut(at) else { return };
            let read = match read.map(|pieces| pieces.and_then(|pieces| pieces.into_iter().next())) {
                Ok(Some(bytes)) if bytes.len() as u64 != limit => Err(StoreError::Short { part }),
                read => read,
            };
            let decoded = self.decoded(*place, read);
            if let (Some(mut index), Ok(decoded)) = (index.take(), &decoded) {
                *index = Some(decoded.clone());
            }
            known.insert(*key, decoded.map_err(Arc::new));
        });
        drop(own);
        let index = |(key, shard)| (key, self.index(key, shard).map_err(Arc::new));
        known.extend(others.into_iter().map(index));
        known
    }
}

/// Chunks of a shard, sorted by their start, in groups that are read with one request each, with what that reads.
fn joined(places: &[Located]) -> Vec<(Range<u64>, &[Located])> {
    let mut groups: Vec<(Range<u64>, Range<usize>)> = Vec::new();
    for (at, &(start, len, _)) in places.iter().enumerate() {
        let end = start.saturating_add(len);
        if let Some((span, members)) = groups.last_mut()
            && start <= span.end.saturating_add(GAP)
            && end.max(span.end) - span.start <= JOINED
        {
            span.end = span.end.max(end);
            members.end = at + 1;
        } else {
            groups.push((start..end, at..at + 1));
        }
    }
    groups.into_iter().map(|(span, members)| (span, &places[members])).collect()
}
