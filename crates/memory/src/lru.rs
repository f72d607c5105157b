//! Things by key, of which those go first that were not used for the longest time.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

/// Things by key, each with a weight such as its bytes; the caller says how much all of them may weigh, and those leave
/// first that were not used for the longest time.
///
/// Finding, adding and removing one take the same time however many there are.
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
    /// Where the things are in `nodes`.
    places: HashMap<K, usize>,
    /// Things, and places that nothing is in.
    nodes: Vec<Node<K, V>>,
    free: Vec<usize>,
    /// The one that was used last, and the one that leaves next.
    newest: Option<usize>,
    oldest: Option<usize>,
    weight: u64,
}

struct Node<K, V> {
    /// `None` if the place is free.
    thing: Option<(K, V)>,
    weight: u64,
    newer: Option<usize>,
    older: Option<usize>,
}

impl<K, V> Default for Lru<K, V> {
    fn default() -> Self {
        Lru {
            places: HashMap::new(),
            nodes: Vec::new(),
            free: Vec::new(),
            newest: None,
            oldest: None,
            weight: 0,
        }
    }
}

impl<K: Hash + Eq + Clone, V> Lru<K, V> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What all of them weigh together.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// The thing of a key, which is used now.
    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = *self.places.get(key)?;
        if self.newest != Some(place) {
            self.unlink(place);
            self.link(place);
        }
        self.nodes[place].thing.as_mut().map(|(_, value)| value)
    }

    /// The thing of a key, which does not count as a use.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<&V> {
        let place = self.places.get(key)?;
        self.nodes[*place].thing.as_ref().map(|(_, value)| value)
    }

    /// Adds a thing, which is used now; the one that had the key before is returned.
    pub fn insert(&mut self, key: K, value: V, weight: u64) -> Option<V> {
        let before = self.remove(&key);
        let node = Node { thing: Some((key.clone(), value)), weight, newer: None, older: None };
        let place = match self.free.pop() {
            Some(place) => {
                self.nodes[place] = node;
                place
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() - 1
            }
        };
        self.places.insert(key, place);
        self.weight = self.weight.saturating_add(weight);
        self.link(place);
        before
    }

    /// Changes what the thing of a key weighs, which does not count as a use.
    pub fn weigh(&mut self, key: &K, weight: u64) {
        if let Some(place) = self.places.get(key) {
            let own = &mut self.nodes[*place].weight;
            self.weight = self.weight.saturating_sub(*own).saturating_add(weight);
            *own = weight;
        }
    }

    /// Takes the thing of a key out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.places.remove(key)?;
        self.unlink(place);
        self.free.push(place);
        let node = &mut self.nodes[place];
        self.weight = self.weight.saturating_sub(node.weight);
        node.thing.take().map(|(_, value)| value)
    }

    /// Takes the thing out that was not used for the longest time.
    pub fn pop_oldest(&mut self) -> Option<(K, V)> {
        let (key, _) = self.nodes[self.oldest?].thing.as_ref()?;
        let key = key.clone();
        let value = self.remove(&key)?;
        Some((key, value))
    }

    /// Drops what was not used for the longest time until the others weigh at most `weight`; how many were dropped.
    pub fn shrink_to(&mut self, weight: u64) -> usize {
        let before = self.len();
        while self.weight > weight && self.pop_oldest().is_some() {}
        before - self.len()
    }

    /// Drops those whose key is not kept.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&K) -> bool) {
        let dropped: Vec<K> = self.places.keys().filter(|key| !is_kept(key)).cloned().collect();
        for key in &dropped {
            self.remove(key);
        }
    }

    /// Drops all.
    pub fn clear(&mut self) {
        *self = Lru::default();
    }

    /// All of them with their weights, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V, u64)> {
        let places = std::iter::successors(self.oldest, |place| self.nodes[*place].newer);
        places.filter_map(|place| {
            let node = &self.nodes[place];
            let (key, value) = node.thing.as_ref()?;
            Some((key, value, node.weight))
        })
    }

    /// Takes a place out of the order.
    fn unlink(&mut self, place: usize) {
        let Node { newer, older, .. } = self.nodes[place];
        match newer {
            Some(newer) => self.nodes[newer].older = older,
            None => self.newest = older,
        }
        match older {
            Some(older) => self.nodes[older].newer = newer,
            None => self.oldest = newer,
        }
    }

    /// Puts a place that is in no order in front.
    fn link(&mut self, place: usize) {
        let older = self.newest.replace(place);
        self.nodes[place].newer = None;
        self.nodes[place].older = older;
        match older {
            Some(older) => self.nodes[older].newer = Some(place),
            None => self.oldest = Some(place),
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
        Weigh(u8, u64),
        Remove(u8),
        Shrink(u64),
        Retain(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let key = 0_u8..8;
        let step = prop_oneof![
            4 => key.clone().prop_map(Step::Get),
            4 => (key.clone(), 0_u64..9).prop_map(|(key, weight)| Step::Insert(key, weight)),
            1 => (key.clone(), 0_u64..9).prop_map(|(key, weight)| Step::Weigh(key, weight)),
            1 => key.clone().prop_map(Step::Remove),
            1 => (0_u64..30).prop_map(Step::Shrink),
            1 => key.prop_map(Step::Retain),
        ];
        prop::collection::vec(step, 0..80)
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
                    Step::Weigh(key, weight) => {
                        lru.weigh(&key, weight);
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
                    Step::Retain(least) => {
                        lru.retain(|key| *key >= least);
                        expected.retain(|(key, ..)| *key >= least);
                    }
                }
                let all: Vec<_> = lru.iter().map(|(key, value, weight)| (*key, *value, weight)).collect();
                prop_assert_eq!(&all, &expected);
                prop_assert_eq!(lru.weight(), expected.iter().map(|(_, _, weight)| weight).sum::<u64>());
                prop_assert_eq!((lru.len(), lru.is_empty()), (expected.len(), expected.is_empty()));
                prop_assert!(lru.nodes.len() <= 8, "places are used again");
            }
            let popped: Vec<u8> = std::iter::from_fn(|| lru.pop_oldest()).map(|(key, _)| key).collect();
            prop_assert_eq!(popped, expected.iter().map(|(key, ..)| *key).collect::<Vec<_>>());
        }
    }
}
