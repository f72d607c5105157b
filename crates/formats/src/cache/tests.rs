//! The budget holds, chunks are decoded once, and nobody waits for what never comes.

use std::sync::Barrier;
use std::thread;

use patchweave_pixel::PixelType;
use proptest::prelude::*;

use super::shared::ENTRY_BYTES;
use super::*;
use crate::ReadBudget;

fn key(image: u64, chunk: u64) -> ChunkKey {
    ChunkKey { image, chunk }
}

fn chunk(n_bytes: usize) -> DecodedChunk {
    DecodedChunk::new(vec![0; n_bytes], PixelType::U8, &[n_bytes]).unwrap()
}

/// Reads a chunk of `n_bytes`; whether it had to be decoded.
fn read(cache: &ChunkCache, key: ChunkKey, n_bytes: usize) -> bool {
    let mut is_decoded = false;
    let decode = || {
        is_decoded = true;
        Ok(chunk(n_bytes))
    };
    assert_eq!(cache.get_or_decode(key, || (), decode).unwrap().n_bytes(), n_bytes);
    is_decoded
}

fn failure() -> StackError {
    StackError::Unsupported { stack: "test".into(), what: "this chunk".into(), hint: "take another" }
}

#[test]
fn chunks_come_back_until_there_is_no_room() {
    let cache = ChunkCache::new(10 + 2 * ENTRY_BYTES);
    assert!(read(&cache, key(0, 0), 4));
    assert!(read(&cache, key(0, 1), 4));
    assert!(!read(&cache, key(0, 0), 4));
    assert!(read(&cache, key(1, 0), 5));
    assert!(!read(&cache, key(0, 0), 4));
    assert!(!read(&cache, key(1, 0), 5));
    assert!(read(&cache, key(2, 0), 600));
    assert!(read(&cache, key(2, 0), 600), "it is larger than the budget");
    assert!(!read(&cache, key(1, 0), 5), "nothing leaves for what cannot be kept");
    assert!(read(&cache, key(0, 1), 4), "was used least recently");
    cache.forget(1);
    assert!(read(&cache, key(1, 0), 5));
    let stats = cache.stats();
    assert_eq!((stats.n_hits, stats.n_misses, stats.n_decodes, stats.decoded_bytes), (4, 7, 7, 1222));
}

#[test]
fn a_cleared_cache_starts_anew() {
    let cache = ChunkCache::new(10 + ENTRY_BYTES);
    assert!(read(&cache, key(0, 0), 10));
    cache.clear();
    assert_eq!((cache.stats().kept_bytes, cache.stats().n_decodes), (0, 1));
    assert!(read(&cache, key(0, 0), 10), "it is gone");
    assert!(!read(&cache, key(0, 0), 10), "there is room for it again");
}

/// Chunks make room for indices, of which an eighth of the budget is kept, and one in any case.
#[test]
fn indices_of_shards_count_against_the_budget() {
    let cache = ChunkCache::new(8 << 10);
    let n_kept =
        |image| (0..100).filter(|at| cache.shared.kept().chunks.peek(&key(image, *at)).is_some()).count();
    for at in 0..100 {
        read(&cache, key(0, at), 256);
    }
    let before = n_kept(0);
    for shard in 0..6 {
        cache.index(1, shard, 100);
        assert!(cache.stats().kept_bytes <= cache.budget(), "{:?}", cache.stats());
    }
    let indices = cache.stats().kept_bytes - n_kept(0) as u64 * 512;
    assert!(n_kept(0) < before && (1..=cache.budget() / 8).contains(&indices), "{indices}");
    cache.index(1, 7, 1 << 20);
    assert_eq!(n_kept(0), 0, "there is no room beside the index");
    assert!(read(&cache, key(0, 0), 1) && read(&cache, key(0, 0), 1));
    cache.forget_indices(1);
    assert_eq!(cache.stats().kept_bytes, 0);
    assert!(read(&cache, key(0, 0), 1) && !read(&cache, key(0, 0), 1));
}

#[test]
fn ten_threads_decode_a_chunk_once() {
    for budget in [0, 1000] {
        let cache = ChunkCache::new(budget);
        let start = Barrier::new(10);
        let n_decodes = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    start.wait();
                    let decode = || {
                        n_decodes.fetch_add(1, Ordering::Relaxed);
                        // The work is not done before all others wait for it.
                        while Arc::strong_count(&cache.shared.kept().in_work[&key(0, 0)]) < 11 {
                            thread::yield_now();
                        }
                        Ok(chunk(7))
                    };
                    assert_eq!(cache.get_or_decode(key(0, 0), || (), decode).unwrap().n_bytes(), 7);
                });
            }
        });
        assert_eq!(n_decodes.into_inner(), 1);
        assert_eq!((cache.stats().n_hits, cache.stats().n_misses), (9, 1));
    }
}

/// What one thread waits for is never what it holds, nor in a circle with others: chunks that need other chunks, all of them
/// under a budget with room for one.
#[test]
fn chunks_that_need_others_do_not_wait_in_a_circle() {
    let cache = ChunkCache::new(1 << 20);
    let budget = ReadBudget::new(1);
    thread::scope(|scope| {
        for thread in 0..6 {
            let cache = &cache;
            let budget = &budget;
            scope.spawn(move || {
                for round in 0..50 {
                    let inner = || {
                        thread::yield_now();
                        Ok(chunk(3))
                    };
                    let outer = || {
                        cache.get_or_decode(key(1, round), || budget.take(1), inner)?;
                        Ok(chunk(5))
                    };
                    let admit = || budget.take(1);
                    let both = (thread + round) % 2 == 0;
                    let made = if both {
                        cache.get_or_decode(key(0, round), admit, outer)
                    } else {
                        cache.get_or_decode(key(1, round), admit, inner)
                    };
                    assert!(made.is_ok());
                }
            });
        }
    });
    assert_eq!((budget.taken(), cache.stats().n_misses), (0, 100));
}

#[test]
fn who_has_other_work_need_not_wait() {
    let cache = ChunkCache::new(1000);
    let decode = || {
        let nested = cache.get_or_decode_unless_in_work(key(0, 0), || (), || Ok(chunk(9)));
        assert!(nested.unwrap().is_none());
        Ok(chunk(7))
    };
    cache.get_or_decode(key(0, 0), || (), decode).unwrap();
    let kept = cache.get_or_decode_unless_in_work(key(0, 0), || (), || Ok(chunk(9))).unwrap();
    assert_eq!(kept.unwrap().n_bytes(), 7);
    let made = cache.get_or_decode_unless_in_work(key(0, 1), || (), || Ok(chunk(9))).unwrap();
    assert_eq!(made.unwrap().n_bytes(), 9);
}

#[test]
fn everyone_who_waits_gets_the_error_and_the_next_one_tries_again() {
    let cache = ChunkCache::new(1000);
    let start = Barrier::new(4);
    let n_decodes = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                let decode = || {
                    n_decodes.fetch_add(1, Ordering::Relaxed);
                    while Arc::strong_count(&cache.shared.kept().in_work[&key(0, 0)]) < 5 {
                        thread::yield_now();
                    }
                    Err(failure())
                };
                let error = cache.get_or_decode(key(0, 0), || (), decode).unwrap_err();
                assert_eq!(error.to_string(), failure().to_string());
            });
        }
    });
    assert_eq!(n_decodes.into_inner(), 1);
    assert!(matches!(
        cache.get_or_decode(key(0, 0), || (), || Err(failure())),
        Err(StackError::Unsupported { .. })
    ));
    assert!(read(&cache, key(0, 0), 3));
}

#[test]
fn a_panic_leaves_nobody_waiting() {
    let cache = ChunkCache::new(1000);
    let start = Barrier::new(2);
    thread::scope(|scope| {
        let panicking = scope.spawn(|| {
            cache.get_or_decode(
                key(0, 0),
                || (),
                || {
                    start.wait();
                    while Arc::strong_count(&cache.shared.kept().in_work[&key(0, 0)]) < 3 {
                        thread::yield_now();
                    }
                    panic!("on purpose")
                },
            )
        });
        start.wait();
        assert!(read(&cache, key(0, 0), 3), "the one who waited decodes");
        assert!(panicking.join().is_err());
    });
}

proptest! {
    #[test]
    fn the_budget_holds(
        budget in 0_u64..1200,
        steps in prop::collection::vec((0_u64..3, 0_u64..4), 0..60),
    ) {
        let cache = ChunkCache::new(budget);
        for (image, chunk) in steps {
            let n_bytes = usize::try_from(7 * image + 3 * chunk + 1).unwrap();
            read(&cache, key(image, chunk), n_bytes);
            if n_bytes as u64 + ENTRY_BYTES <= budget {
                prop_assert!(!read(&cache, key(image, chunk), n_bytes));
            }
            let kept = cache.shared.kept();
            let n_bytes: u64 = kept.chunks.iter().map(|(_, chunk, _)| chunk.n_bytes() as u64 + ENTRY_BYTES).sum();
            prop_assert_eq!(n_bytes, kept.n_bytes());
            prop_assert!(n_bytes <= budget);
            prop_assert!(kept.in_work.is_empty());
        }
    }
}
