//! Shards are read in as few pieces as it takes, each chunk once, and what is damaged is named.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use zarrs::array::codec::ShardingCodecBuilder;
use zarrs::array::{FillValue, data_type};

use super::super::form::{Form, Limits, chunk_shape};
use super::super::store::{Pieces, read_one_by_one, within};
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
        let (start, len) = within(part, self.bytes.len() as u64, limit)?;
        let start = usize::try_from(start).unwrap();
        Ok(Some(self.bytes[start..start + len].to_vec()))
    }

    /// Says nothing of one file, which is there.
    fn read_many(&self, wanted: Vec<Wanted>, done: &mut Pieces<'_>) {
        for (number, Wanted { key, part, pieces, limit }) in wanted.into_iter().enumerate() {
            if key != "quiet" {
                let alone = Wanted { key, part, pieces, limit };
                read_one_by_one(self, vec![alone], &mut |_, read| done(number, read));
            }
        }
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
    let layout = ShardLayout::new(&codec.build(), &form, Limits { chunk: 1 << 20, index: 1 << 20 }).unwrap();
    let index = places.into_iter().flatten().flat_map(u64::to_le_bytes);
    let bytes = [1, 2].into_iter().chain(index).collect();
    (layout, SameShards { bytes, n_indices: AtomicUsize::new(0) })
}

fn files<'a>(store: &'a SameShards, layout: &'a ShardLayout, cache: &'a ChunkCache) -> ShardFiles<'a> {
    ShardFiles { store, layout, cache, image: 0 }
}

/// A chunk of one of the shards that are called by a letter.
fn in_shard(key: &str, number: usize) -> InShard {
    InShard { file: InFile { key: key.to_owned(), file: u64::from(key.as_bytes()[0]) }, number }
}

#[test]
fn indices_of_all_arrays_share_one_budget_and_none_is_read_twice_in_a_row() {
    let (layout, store) = shards([[0, 2], [u64::MAX; 2]]);
    // Room for two of them, with what each takes beside itself.
    let cache = ChunkCache::new(8 * 2 * (2 * 16 + 256));
    for image in 0..3 {
        let files = ShardFiles { image, ..files(&store, &layout, &cache) };
        for shard in ["a", "b", "c", "d", "e"] {
            for _ in 0..3 {
                let chunk = |number| files.chunk(&in_shard(shard, number)).unwrap();
                assert_eq!((chunk(0), chunk(1)), (Found::Pixels(vec![1, 2]), Found::Empty));
            }
            assert!(cache.stats().kept_bytes <= cache.budget() / 8, "{cache:?}");
        }
    }
    assert_eq!(store.n_indices.load(Ordering::Relaxed), 15);
    assert_eq!(files(&store, &layout, &cache).chunk(&in_shard("missing", 0)).unwrap(), Found::NoFile);
    assert_eq!(layout.decode_all(&store.bytes).unwrap(), [1, 2, 9, 9]);
}

/// One that is larger than the budget is kept until the next one comes.
#[test]
fn large_indices_are_kept_alone() {
    let (layout, store) = shards([[0, 2], [0, 2]]);
    let cache = ChunkCache::new(0);
    for (shard, n_indices) in [("a", 1), ("a", 1), ("b", 2), ("a", 3)] {
        files(&store, &layout, &cache).chunk(&in_shard(shard, 0)).unwrap();
        assert_eq!(store.n_indices.load(Ordering::Relaxed), n_indices);
        assert_eq!(cache.stats().kept_bytes, 2 * 16 + 256);
    }
}

#[test]
fn places_outside_of_the_shard_are_refused() {
    for place in [[0, 35], [u64::MAX, 2], [2, u64::MAX], [34, 1]] {
        let (layout, store) = shards([place, [0, 2]]);
        let cache = ChunkCache::new(1 << 20);
        let files = files(&store, &layout, &cache);
        let error = files.chunk(&in_shard("a", 0)).unwrap_err();
        assert!(matches!(error, ShardError::Decode(DecodeError::Index { .. })), "{error}");
        assert!(layout.decode_all(&store.bytes).is_err());
        let together = together(&files, &[("a", 0), ("a", 1)]);
        assert!(together[0].is_err());
        assert_eq!(together[1].as_ref().unwrap(), &Found::Pixels(vec![1, 2]));
    }
}

/// What is read of chunks together, in the order of asking.
fn together(files: &ShardFiles<'_>, wanted: &[(&str, usize)]) -> Vec<Result<Found, String>> {
    some_together(files, wanted).into_iter().map(Option::unwrap).collect()
}

/// As above; `None` for a chunk that was left out.
fn some_together(files: &ShardFiles<'_>, wanted: &[(&str, usize)]) -> Vec<Option<Result<Found, String>>> {
    let wanted: Vec<InShard> = wanted.iter().map(|(key, number)| in_shard(key, *number)).collect();
    let mut found: Vec<_> = wanted.iter().map(|_| None).collect();
    files.chunks(&wanted, &mut |at, chunk| {
        let before = found[at].replace(chunk.map_err(|error| error.to_string()));
        assert!(before.is_none(), "each of them comes once");
    });
    found
}

/// A shard of which a store says nothing is not one that is not there.
#[test]
fn shards_of_which_nothing_is_said_are_left_out() {
    let (layout, store) = shards([[0, 2], [u64::MAX; 2]]);
    let cache = ChunkCache::new(1 << 20);
    let files = files(&store, &layout, &cache);
    let wanted = [("quiet", 0), ("a", 0), ("missing", 0), ("quiet", 1)];
    let found = some_together(&files, &wanted);
    let pixels = Found::Pixels(vec![1, 2]);
    assert_eq!(found, [None, Some(Ok(pixels.clone())), Some(Ok(Found::NoFile)), None]);
    assert_eq!(files.chunk(&in_shard("quiet", 0)).unwrap(), pixels);
}

#[test]
fn indices_of_shards_that_are_not_there_take_no_room() {
    let (layout, store) = shards([[0, 2], [0, 2]]);
    let cache = ChunkCache::new(1 << 20);
    let files = files(&store, &layout, &cache);
    files.chunk(&in_shard("missing", 0)).unwrap();
    assert_eq!(cache.stats().kept_bytes, 256);
    cache.clear();
    together(&files, &[("a", 0), ("missing", 0)]);
    assert_eq!(cache.stats().kept_bytes, 2 * 256 + 2 * 16);
}

#[test]
fn chunks_that_are_read_together_are_those_that_are_read_alone() {
    let (layout, store) = shards([[0, 2], [u64::MAX; 2]]);
    let cache = ChunkCache::new(1 << 20);
    let files = files(&store, &layout, &cache);
    let wanted = [("a", 0), ("missing", 1), ("a", 1), ("b", 0), ("a", 0)];
    let alone: Vec<_> =
        wanted.iter().map(|(key, number)| Ok(files.chunk(&in_shard(key, *number)).unwrap())).collect();
    assert_eq!(together(&files, &wanted), alone);
    cache.clear();
    assert_eq!(together(&files, &wanted), alone);
    assert_eq!(store.n_indices.load(Ordering::Relaxed), 4, "of two shards, twice");
}

proptest! {
    /// Requests have all chunks, no gap is larger than it may be, and no join longer.
    #[test]
    fn close_chunks_share_a_request(
        mut places in prop::collection::vec((0_u64..1 << 26, 1_u64..1 << 22), 0..40),
    ) {
        places.sort_unstable();
        let places: Vec<Located> = places.iter().enumerate().map(|(at, &(start, len))| (start, len, at)).collect();
        let groups = joined(&places);
        let members: Vec<Located> = groups.iter().flat_map(|(_, group)| group.to_vec()).collect();
        prop_assert_eq!(&members, &places);
        for (span, group) in &groups {
            let end = group.iter().map(|(start, len, _)| start + len).max();
            prop_assert_eq!((span.start, Some(span.end)), (group[0].0, end));
            prop_assert!(group.len() == 1 || span.end - span.start <= JOINED);
        }
        for pair in groups.windows(2) {
            let before = &pair[0].0;
            let next = pair[1].1[0];
            let is_apart = next.0 > before.end + GAP;
            let would_be = (next.0 + next.1).max(before.end) - before.start;
            prop_assert!(is_apart || would_be > JOINED, "they could have been joined");
        }
    }
}
