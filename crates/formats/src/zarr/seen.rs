//! Which files of an array were there, so that one that goes away is not taken for one that never was.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use patchweave_stack::Process;

/// The files with chunks of an array that were read, by their number.
#[derive(Debug)]
pub(super) struct Seen {
    /// A bit for every file, by the number of the word.
    words: Mutex<BTreeMap<u64, u64>>,
    process: Process,
}

/// Files that share a word.
const WORD: u64 = u64::BITS as u64;

/// How often a forked process looks whether it may use what it got from its parent.
const LOOKS: usize = 256;

impl Default for Seen {
    fn default() -> Self {
        Seen { words: Mutex::default(), process: Process::current() }
    }
}

impl Seen {
    /// Notes that a file is there.
    pub fn see(&self, number: u64) {
        if let Some(mut words) = self.words() {
            *words.entry(number / WORD).or_default() |= 1 << (number % WORD);
        }
    }

    /// Whether a file was there before.
    pub fn was_seen(&self, number: u64) -> bool {
        let word = self.words().and_then(|words| words.get(&(number / WORD)).copied());
        word.is_some_and(|word| word >> (number % WORD) & 1 == 1)
    }

    /// Nothing where a thread of the parent was using it as this process was forked, and so does for ever.
    fn words(&self) -> Option<MutexGuard<'_, BTreeMap<u64, u64>>> {
        if self.process.is_current() {
            return Some(self.words.lock().unwrap_or_else(PoisonError::into_inner));
        }
        (0..LOOKS).find_map(|_| {
            let words = self.words.try_lock();
            if words.is_err() {
                std::thread::yield_now();
            }
            words.ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_seen_is_known(numbers in prop::collection::vec(prop_oneof![60_u64..70, 120_u64..130, u64::MAX - 2..=u64::MAX], 0..8)) {
            let seen = Seen::default();
            numbers.iter().for_each(|&number| seen.see(number));
            for number in (55..135).chain(u64::MAX - 5..=u64::MAX) {
                prop_assert_eq!(seen.was_seen(number), numbers.contains(&number));
            }
        }
    }

    #[test]
    fn a_forked_process_does_not_wait() {
        let seen = Seen { process: Process::with_id(!std::process::id()), ..Seen::default() };
        seen.see(3);
        assert!(seen.was_seen(3));
        let by_another_thread = seen.words.lock().unwrap();
        seen.see(4);
        assert!(!seen.was_seen(3), "it cannot be told");
        drop(by_another_thread);
        assert!(seen.was_seen(3) && !seen.was_seen(4));
    }
}
