//! Where a thread's time goes while it reads images: fetching bytes, decoding chunks, waiting for other threads.
//!
//! The clock is read where bytes are fetched, a chunk is decoded or waited for, and nowhere else: finding a chunk in the
//! cache and copying from it costs no more than a counter.
//!
//! The functions are for readers: they book what a reader does in [`ReadCost::of_thread`].
//!
//! ```
//! use patchweave_stack::ReadCost;
//! use patchweave_stack::read_cost::{book_decoded, book_hit, book_read_bytes, decoding, reading};
//!
//! /// A chunk of the file; a reader has a cache before this.
//! fn chunk() -> Vec<u8> {
//!     let bytes = reading(|| vec![7; 100]);
//!     book_read_bytes(bytes.len());
//!     let pixels = decoding(|| bytes.repeat(2));
//!     book_decoded(pixels.len() as u64);
//!     pixels
//! }
//!
//! let before = ReadCost::of_thread();
//! let _decoded = chunk();
//! book_hit(); // when it is asked for again
//! let cost = ReadCost::of_thread() - before;
//! assert_eq!((cost.read_bytes, cost.n_decodes, cost.decoded_bytes, cost.n_hits), (100, 1, 200, 1));
//! ```

use std::cell::Cell;
use std::ops::{Add, AddAssign, Sub};
use std::time::{Duration, Instant};

/// What a thread spent on reading images, of whatever formats and caches.
///
/// Every thread has totals of its own that only grow; what some work cost is the difference between two of them. No
/// time is counted twice: `decode` is without the reads and waits in it. What is mapped into memory is fetched by the
/// operating system while pixels are copied, which is counted nowhere.
///
/// ```
/// use patchweave_stack::ReadCost;
///
/// let before = ReadCost::of_thread();
/// // … read patches …
/// let cost = ReadCost::of_thread() - before;
/// assert_eq!((cost.n_decodes, cost.time()), (0, std::time::Duration::ZERO), "nothing was read");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ReadCost {
    /// Time for fetching bytes from files and servers.
    pub read: Duration,
    /// Time for turning them into pixels.
    pub decode: Duration,
    /// Time for waiting until another thread had read and decoded the same.
    pub waited: Duration,
    /// Chunks that were found in a cache, or waited for.
    pub n_hits: u64,
    /// Chunks that were decoded without an error.
    pub n_decodes: u64,
    /// Bytes that were fetched.
    pub read_bytes: u64,
    /// Bytes of the decoded chunks.
    pub decoded_bytes: u64,
}

thread_local! {
    static OF_THREAD: Cell<ReadCost> = const { Cell::new(ReadCost::NOTHING) };
}

impl ReadCost {
    const NOTHING: ReadCost = ReadCost {
        read: Duration::ZERO,
        decode: Duration::ZERO,
        waited: Duration::ZERO,
        n_hits: 0,
        n_decodes: 0,
        read_bytes: 0,
        decoded_bytes: 0,
    };

    /// What this thread spent since it began.
    #[must_use]
    #[inline]
    pub fn of_thread() -> Self {
        OF_THREAD.get()
    }

    /// All time: for reading, decoding and waiting.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.read.saturating_add(self.decode).saturating_add(self.waited)
    }
}

impl Add for ReadCost {
    type Output = ReadCost;

    fn add(self, other: ReadCost) -> ReadCost {
        ReadCost {
            read: self.read.saturating_add(other.read),
            decode: self.decode.saturating_add(other.decode),
            waited: self.waited.saturating_add(other.waited),
            n_hits: self.n_hits.saturating_add(other.n_hits),
            n_decodes: self.n_decodes.saturating_add(other.n_decodes),
            read_bytes: self.read_bytes.saturating_add(other.read_bytes),
            decoded_bytes: self.decoded_bytes.saturating_add(other.decoded_bytes),
        }
    }
}

impl AddAssign for ReadCost {
    fn add_assign(&mut self, other: ReadCost) {
        *self = *self + other;
    }
}

/// What came in between; nothing is less than nothing.
impl Sub for ReadCost {
    type Output = ReadCost;

    fn sub(self, before: ReadCost) -> ReadCost {
        ReadCost {
            read: self.read.saturating_sub(before.read),
            decode: self.decode.saturating_sub(before.decode),
            waited: self.waited.saturating_sub(before.waited),
            n_hits: self.n_hits.saturating_sub(before.n_hits),
            n_decodes: self.n_decodes.saturating_sub(before.n_decodes),
            read_bytes: self.read_bytes.saturating_sub(before.read_bytes),
            decoded_bytes: self.decoded_bytes.saturating_sub(before.decoded_bytes),
        }
    }
}

fn book(add: impl FnOnce(&mut ReadCost)) {
    let mut cost = OF_THREAD.get();
    add(&mut cost);
    OF_THREAD.set(cost);
}

/// Adds the time of what happens inside to a field, less what was booked there.
fn timed<T>(field: impl FnOnce(&mut ReadCost) -> &mut Duration, work: impl FnOnce() -> T) -> T {
    let before = ReadCost::of_thread();
    let start = Instant::now();
    let result = work();
    let inside = (ReadCost::of_thread() - before).time();
    let own = start.elapsed().saturating_sub(inside);
    book(|cost| {
        let time = field(cost);
        *time = time.saturating_add(own);
    });
    result
}

/// Runs `read`, which fetches bytes, and books its time as reading.
pub fn reading<T>(read: impl FnOnce() -> T) -> T {
    timed(|cost| &mut cost.read, read)
}

/// Runs `decode`, which turns bytes into pixels, and books its time as decoding, less what is booked in it.
pub fn decoding<T>(decode: impl FnOnce() -> T) -> T {
    timed(|cost| &mut cost.decode, decode)
}

/// Runs `wait`, which waits for another thread, and books its time as waiting.
pub fn waiting<T>(wait: impl FnOnce() -> T) -> T {
    let _span = tracing::trace_span!("wait").entered();
    timed(|cost| &mut cost.waited, wait)
}

/// Books bytes that were fetched.
pub fn book_read_bytes(n_bytes: usize) {
    book(|cost| cost.read_bytes += n_bytes as u64);
}

/// Books a chunk that was found in a cache or waited for.
pub fn book_hit() {
    book(|cost| cost.n_hits += 1);
}

/// Books a chunk that was decoded to so many bytes.
pub fn book_decoded(n_bytes: u64) {
    book(|cost| {
        cost.n_decodes += 1;
        cost.decoded_bytes += n_bytes;
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHORT: Duration = Duration::from_micros(200);

    fn spin() {
        let start = Instant::now();
        while start.elapsed() < SHORT {
            std::hint::spin_loop();
        }
    }

    /// What some work booked; all of it happened while the work did.
    fn cost_of(work: impl FnOnce()) -> ReadCost {
        let before = ReadCost::of_thread();
        let start = Instant::now();
        work();
        let cost = ReadCost::of_thread() - before;
        assert!(cost.time() <= start.elapsed(), "{cost:?} is counted twice");
        cost
    }

    #[test]
    fn time_goes_where_it_was_spent_and_is_counted_once() {
        let nested = cost_of(|| {
            decoding(|| {
                spin();
                reading(|| {
                    spin();
                    reading(spin);
                });
                waiting(spin);
                decoding(spin);
            });
        });
        assert!(nested.decode >= 2 * SHORT && nested.read >= 2 * SHORT && nested.waited >= SHORT);
        let decoded = cost_of(|| decoding(spin));
        assert_eq!((decoded.read, decoded.waited), (Duration::ZERO, Duration::ZERO));
        let read = cost_of(|| reading(spin));
        assert_eq!((read.decode, read.waited), (Duration::ZERO, Duration::ZERO));
        assert_eq!(cost_of(spin), ReadCost::default());
    }

    #[test]
    fn a_panic_leaves_the_meter_in_order() {
        let outcome = std::panic::catch_unwind(|| decoding(|| reading(|| panic!("on purpose"))));
        assert!(outcome.is_err());
        assert!(cost_of(|| reading(spin)).read >= SHORT);
    }

    #[test]
    fn threads_have_their_own() {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                book_hit();
                ReadCost::of_thread()
            });
            let cost = cost_of(|| assert_eq!(other.join().unwrap().n_hits, 1));
            assert_eq!(cost, ReadCost::default());
        });
    }

    prop_compose! {
        fn any_cost()(times in prop::array::uniform3(0_u64..1 << 40), counts in prop::array::uniform4(0_u64..1 << 40))
            -> ReadCost {
            let [read, decode, waited] = times.map(Duration::from_nanos);
            let [n_hits, n_decodes, read_bytes, decoded_bytes] = counts;
            ReadCost { read, decode, waited, n_hits, n_decodes, read_bytes, decoded_bytes }
        }
    }

    proptest! {
        #[test]
        fn costs_add_up(one in any_cost(), other in any_cost()) {
            prop_assert_eq!((one + other) - one, other);
            prop_assert_eq!(one + other, other + one);
            prop_assert_eq!((one + other).time(), one.time() + other.time());
            prop_assert_eq!(one - (one + other), ReadCost::default());
        }
    }
}
