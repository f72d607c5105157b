//! Memory that goes from one batch to the next.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError};

use patchweave_memory::{Block, Memory, MemoryError};
use patchweave_stack::Process;

use crate::sync::{Mutex, MutexGuard};

/// Memory that is not in use: at most `max_bytes`, the least recently used goes first.
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    idle: Mutex<Idle>,
    max_bytes: usize,
    process: Process,
    memory: Arc<dyn Memory>,
}

/// Idle blocks, the most recently used last.
#[derive(Debug, Default)]
struct Idle {
    blocks: VecDeque<IdleBlock>,
    n_bytes: usize,
}

#[derive(Debug)]
struct IdleBlock {
    block: Box<dyn Block>,
    /// How many bytes it was made for.
    asked: usize,
    /// Bytes of the block, when it was given back, and of its place among the idle ones.
    n_bytes: usize,
}

/// A block in use, which goes back to its pool.
#[derive(Debug)]
struct Lent {
    /// `None` when it went back.
    block: Option<Box<dyn Block>>,
    asked: usize,
    pool: Pool,
}

impl Pool {
    /// No memory yet, later at most `max_bytes` of `memory`.
    pub fn new(max_bytes: usize, memory: Arc<dyn Memory>) -> Self {
        let process = Process::current();
        Pool { shared: Arc::new(Shared { idle: Mutex::default(), max_bytes, process, memory }) }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes memory back for the next batch.
    fn give(&self, block: IdleBlock) {
        // A forked process may have copied the lock while a thread that it does not have held it.
        if self.shared.process.is_current() {
            let mut idle = self.idle();
            idle.n_bytes += block.n_bytes;
            idle.blocks.push_back(block);
            let freed = idle.shrink(self.shared.max_bytes);
            drop(idle);
            drop(freed);
        }
    }

    /// Where new blocks come from.
    pub fn memory(&self) -> Arc<dyn Memory> {
        Arc::clone(&self.shared.memory)
    }
}

/// What is in a block may be what was in it before.
impl Memory for Pool {
    fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError> {
        let mut idle = self.idle();
        let block = match idle.blocks.iter().rposition(|block| block.asked == n_bytes) {
            Some(at) => idle.remove(at).map(|idle| idle.block),
            None => {
                // New memory and what stays idle are at most `max_bytes`: memory of other sizes makes way.
                let freed = idle.shrink(self.shared.max_bytes.saturating_sub(n_bytes));
                drop(idle);
                drop(freed);
                Some(self.shared.memory.allocate(n_bytes)?)
            }
        };
        Ok(Box::new(Lent { block, asked: n_bytes, pool: self.clone() }))
    }
}

impl Clone for Pool {
    fn clone(&self) -> Self {
        Pool { shared: Arc::clone(&self.shared) }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("max_bytes", &self.shared.max_bytes).finish_non_exhaustive()
    }
}

impl Idle {
    fn remove(&mut self, at: usize) -> Option<IdleBlock> {
        let removed = self.blocks.remove(at)?;
        self.n_bytes -= removed.n_bytes;
        Some(removed)
    }

    /// Takes the least recently used memory out until at most `max_bytes` are left.
    ///
    /// The caller frees it after the lock: that is code of whoever made the memory.
    #[must_use]
    fn shrink(&mut self, max_bytes: usize) -> Vec<IdleBlock> {
        let mut freed = Vec::new();
        while self.n_bytes > max_bytes
            && let Some(block) = self.remove(0)
        {
            freed.push(block);
        }
        freed
    }
}

impl Block for Lent {
    fn bytes(&self) -> &[u8] {
        self.block.as_ref().map_or(&[], |block| block.bytes())
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        self.block.as_mut().map_or(&mut [], |block| block.bytes_mut())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(block) = self.block.take() {
            let n_bytes = block.bytes().len() + size_of::<IdleBlock>();
            self.pool.give(IdleBlock { block, asked: self.asked, n_bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use patchweave_memory::{Buffer, SystemMemory};

    use super::*;

    fn pool(max_bytes: usize) -> Pool {
        Pool::new(max_bytes, Arc::new(SystemMemory))
    }

    fn values(pool: &Pool, len: usize) -> Buffer<f32> {
        Buffer::new_in(pool, len).unwrap()
    }

    /// Counts blocks; one that is freed looks at the pool that it came from.
    #[derive(Debug, Default)]
    struct Counting {
        n_allocated: AtomicUsize,
        pool: Arc<OnceLock<Pool>>,
    }

    #[derive(Debug)]
    struct Counted {
        block: Box<dyn Block>,
        pool: Arc<OnceLock<Pool>>,
    }

    impl Memory for Counting {
        fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError> {
            self.n_allocated.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(Counted { block: SystemMemory.allocate(n_bytes)?, pool: Arc::clone(&self.pool) }))
        }
    }

    impl Block for Counted {
        fn bytes(&self) -> &[u8] {
            self.block.bytes()
        }

        fn bytes_mut(&mut self) -> &mut [u8] {
            self.block.bytes_mut()
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            if let Some(pool) = self.pool.get() {
                assert!(pool.shared.idle.try_lock().is_ok(), "the lock is held while memory is freed");
            }
        }
    }

    #[test]
    fn memory_is_used_again() {
        let memory = Arc::new(Counting::default());
        let pool = Pool::new(1000, memory.clone());
        for _ in 0..3 {
            drop(values(&pool, 6));
            assert!(values(&pool, 0).is_empty());
        }
        assert_eq!(memory.n_allocated.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn memory_is_freed_without_the_lock() {
        let memory = Arc::new(Counting::default());
        let pool = Pool::new(SMALL + 10, memory.clone());
        memory.pool.set(pool.clone()).unwrap();
        for len in [6, 7, 26, 8, 9] {
            drop(values(&pool, len));
        }
        assert_eq!(memory.n_allocated.load(Ordering::Relaxed), 5);
    }

    /// More than can be addressed, so that no machine has it.
    #[test]
    fn memory_that_is_not_there_is_an_error() {
        let pool = pool(usize::MAX);
        for len in [1_usize << 58, usize::MAX] {
            let error = Buffer::<f32>::new_in(&pool, len).unwrap_err();
            assert!(matches!(error, MemoryError::Exhausted { n_bytes } if n_bytes >= 1 << 60), "{error}");
        }
        assert_eq!(values(&pool, 3)[..], [0.0; 3]);
    }

    /// A line each, and its place.
    const SMALL: usize = 64 + size_of::<IdleBlock>();

    fn idle(pool: &Pool) -> (Vec<usize>, usize) {
        let idle = pool.idle();
        (idle.blocks.iter().map(|block| block.asked / 4).collect(), idle.n_bytes)
    }

    #[test]
    fn idle_memory_has_a_limit() {
        let pool = pool(SMALL + 10);
        for len in [6, 7, 8] {
            drop(values(&pool, len));
        }
        assert_eq!(idle(&pool), (vec![8], SMALL));
        drop(values(&pool, 26));
        assert_eq!(idle(&pool), (vec![], 0));
    }

    #[test]
    fn new_memory_replaces_the_oldest_only_where_there_is_no_room() {
        let pool = pool(4 * SMALL);
        let held = [6, 7, 6].map(|len| values(&pool, len));
        held.into_iter().for_each(drop);
        let eight = values(&pool, 8);
        assert_eq!(idle(&pool).0, [6, 7, 6]);
        let many = values(&pool, (SMALL + SMALL / 2) / 4);
        assert_eq!(idle(&pool).0, [7, 6]);
        let six = values(&pool, 6);
        assert_eq!(idle(&pool), (vec![7], SMALL));
        drop((eight, many, six));
    }
}
