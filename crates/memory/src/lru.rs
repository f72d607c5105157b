//! A map that evicts the least recently used entry first.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

/// Below so many entries the capacity stays.
const LEAST_CAPACITY: usize = 16;

/// A map that evicts the least recently used entry first. Every entry has a weight such as its bytes; the caller says how
/// much all of them may weigh.
///
/// To find, add or remove one entry takes the same time however many there are. Memory is given back as entries leave.
///
/// ```
/// use patchweave_memory::Lru;
///
/// let mut lru = Lru::default();
/// for (key, n_bytes) in [("a", 10), ("b", 20), ("c", 30)] {
///     lru.insert(key, key.len(), n_bytes);
/// }
/// assert_eq!(lru.get(&"a"), Some(&mut 1), "used last now");
/// assert_eq!((lru.pop_oldest(), lru.weight()), (Some(("b", 1)), 40));
/// ```
pub struct Lru<K, V> {
    /// Where the entries are in `entries`.
    places: HashMap<K, usize>,
    /// In any order.
    entries: Vec<Entry<K, V>>,
    /// The entry that was used last, and the one that leaves next.
    newest: Option<usize>,
    oldest: Option<usize>,
    weight: u64,
}

struct Entry<K, V> {
    key: K,
    value: V,
    weight: u64,
    newer: Option<usize>,
    older: Option<usize>,
}

impl<K, V> Default for Lru<K, V> {
    fn default() -> Self {
        Lru { places: HashMap::new(), entries: Vec::new(), newest: None, oldest: None, weight: 0 }
    }
}

impl<K: Hash + Eq + Clone, V> Lru<K, V> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What all entries weigh together.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// The value of a key, whose entry is used now.
    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = *self.places.get(key)?;
        if self.newest != Some(place) {
            self.unlink(place);
            self.link(place);
        }
        Some(&mut self.entries[place].value)
    }

    /// The value of a key, which does not count as a use.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<&V> {
        let place = self.places.get(key)?;
        Some(&self.entries[*place].value)
    }

    /// Adds an entry, which is used now; the value that the key had before is returned.
    pub fn insert(&mut self, key: K, value: V, weight: u64) -> Option<V> {
        let before = self.remove(&key);
        let place = self.entries.len();
        self.places.insert(key.clone(), place);
        self.entries.push(Entry { key, value, weight, newer: None, older: None });
        self.weight = self.weight.saturating_add(weight);
        self.link(place);
        before
    }

    /// Changes what the entry of a key weighs, which does not count as a use.
    pub fn set_weight(&mut self, key: &K, weight: u64) {
        if let Some(place) = self.places.get(key) {
            let own = &mut self.entries[*place].weight;
            self.weight = self.weight.saturating_sub(*own).saturating_add(weight);
            *own = weight;
        }
    }

    /// Takes the entry of a key out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.places.remove(key)?;
        Some(self.take(place).value)
    }

    /// Takes the least recently used entry out.
    pub fn pop_oldest(&mut self) -> Option<(K, V)> {
        let place = self.oldest?;
        self.places.remove(&self.entries[place].key);
        let entry = self.take(place);
        Some((entry.key, entry.value))
    }

    /// Drops the least recently used entries until the others weigh at most `weight`; how many were dropped.
    pub fn shrink_to(&mut self, weight: u64) -> usize {
        let before = self.len();
        while self.weight > weight && self.pop_oldest().is_some() {}
        before - self.len()
    }

    /// Drops all entries.
    pub fn clear(&mut self) {
        *self = Lru::default();
    }

    /// Keys, values and weights, the least recently used entry first.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V, u64)> {
        let places = std::iter::successors(self.oldest, |place| self.entries[*place].newer);
        places.map(|place| {
            let entry = &self.entries[place];
            (&entry.key, &entry.value, entry.weight)
        })
    }

    /// Takes an entry out that no key leads to any more; the last entry moves into its place.
    fn take(&mut self, place: usize) -> Entry<K, V> {
        self.unlink(place);
        let taken = self.entries.swap_remove(place);
        if let Some(moved) = self.entries.get(place) {
            if let Some(own) = self.places.get_mut(&moved.key) {
                *own = place;
            }
            let newer = moved.newer;
            let older = moved.older;
            *self.older_of(newer) = Some(place);
            *self.newer_of(older) = Some(place);
        }
        self.weight = self.weight.saturating_sub(taken.weight);
        self.give_memory_back();
        taken
    }

    /// Moves few entries out of much memory, so rarely that a removal takes the same time on average.
    fn give_memory_back(&mut self) {
        let n = self.entries.len().max(LEAST_CAPACITY);
        if n < self.entries.capacity() / 3 {
            self.entries.shrink_to(n + n / 2);
            self.places.shrink_to(n + n / 2);
        }
    }

    /// Takes an entry out of the order.
    fn unlink(&mut self, place: usize) {
        let Entry { newer, older, .. } = self.entries[place];
        *self.older_of(newer) = older;
        *self.newer_of(older) = newer;
    }

    /// Puts an entry that is not in the order in front.
    fn link(&mut self, place: usize) {
        let older = self.newest.replace(place);
        self.entries[place].newer = None;
        self.entries[place].older = older;
        *self.newer_of(older) = Some(place);
    }

    /// What leads to the entry that is newer than this one; to the oldest where there is no entry.
    fn newer_of(&mut self, place: Option<usize>) -> &mut Option<usize> {
        match place {
            Some(place) => &mut self.entries[place].newer,
            None => &mut self.oldest,
        }
    }

    /// What leads to the entry that is older than this one; to the newest where there is no entry.
    fn older_of(&mut self, place: Option<usize>) -> &mut Option<usize> {
        match place {
            Some(place) => &mut self.entries[place].older,
            None => &mut self.newest,
        }
    }
}

impl<K: Hash + Eq + Clone + fmt::Debug, V: fmt::Debug> fmt::Debug for Lru<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(key, value, _)| (key, value))).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Get(u8),
        Insert(u8, u64),
        SetWeight(u8, u64),
        Remove(u8),
        Shrink(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let key = 0_u8..120;
        let step = prop_oneof![
            4 => key.clone().prop_map(Step::Get),
            8 => (key.clone(), 0_u64..9).prop_map(|(key, weight)| Step::Insert(key, weight)),
            1 => (key.clone(), 0_u64..9).prop_map(|(key, weight)| Step::SetWeight(key, weight)),
            2 => key.prop_map(Step::Remove),
            1 => prop_oneof![0_u64..30, 0_u64..300].prop_map(Step::Shrink),
        ];
        prop::collection::vec(step, 0..400)
    }

    proptest! {
        /// Against the plain rule, written with a list in order of use.
        #[test]
        fn the_oldest_go_first(steps in steps()) {
            let mut lru = Lru::default();
            let mut expected: Vec<(u8, usize, u64)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                let at = |expected: &Vec<(u8, usize, u64)>, key| expected.iter().position(|(own, ..)| *own == key);
                match step {
                    Step::Get(key) => {
                        let found = at(&expected, key).map(|at| expected.remove(at));
                        prop_assert_eq!(lru.peek(&key), found.as_ref().map(|(_, value, _)| value));
                        prop_assert_eq!(lru.get(&key).map(|value| *value), found.map(|(_, value, _)| value));
                        expected.extend(found);
                    }
                    Step::Insert(key, weight) => {
                        let before = at(&expected, key).map(|at| expected.remove(at).1);
                        prop_assert_eq!(lru.insert(key, number, weight), before);
                        expected.push((key, number, weight));
                    }
                    Step::SetWeight(key, weight) => {
                        lru.set_weight(&key, weight);
                        if let Some(at) = at(&expected, key) {
                            expected[at].2 = weight;
                        }
                    }
                    Step::Remove(key) => {
                        let removed = at(&expected, key).map(|at| expected.remove(at).1);
                        prop_assert_eq!(lru.remove(&key), removed);
                    }
                    Step::Shrink(weight) => {
                        let mut n_dropped = 0;
                        while expected.iter().map(|(_, _, weight)| weight).sum::<u64>() > weight {
                            expected.remove(0);
                            n_dropped += 1;
                        }
                        prop_assert_eq!(lru.shrink_to(weight), n_dropped);
                    }
                }
                let all: Vec<_> = lru.iter().map(|(key, value, weight)| (*key, *value, weight)).collect();
                prop_assert_eq!(&all, &expected);
                prop_assert_eq!(lru.weight(), expected.iter().map(|(_, _, weight)| weight).sum::<u64>());
                prop_assert_eq!((lru.len(), lru.is_empty()), (expected.len(), expected.is_empty()));
                let room = 4 * (lru.len().max(LEAST_CAPACITY) + 1);
                prop_assert!(lru.entries.capacity() < room, "{} of {}", lru.len(), lru.entries.capacity());
                prop_assert!(lru.places.capacity() < 2 * room, "{} of {}", lru.len(), lru.places.capacity());
            }
            let popped: Vec<u8> = std::iter::from_fn(|| lru.pop_oldest()).map(|(key, _)| key).collect();
            prop_assert_eq!(popped, expected.iter().map(|(key, ..)| *key).collect::<Vec<_>>());
        }
    }
}
