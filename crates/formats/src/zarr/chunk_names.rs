//! How the files of chunks are named, and whether there is any of them.

use serde_json::{Map, Value};

use super::form::product;
use super::store::{Part, Store, StoreError, Wanted};
use super::version::ZarrVersion;

/// How the name of a chunk's file is made of its place in the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChunkNames {
    version: ZarrVersion,
    /// Whether names start with `c`.
    has_c: bool,
    /// Whether every dimension is a folder (`0/1`) or all of them are in one name (`0.1`).
    is_nested: bool,
}

/// Names that are looked at before nothing can be said.
const MAX_LISTED: usize = 1 << 16;

/// Chunks that are asked for, where every one costs a request to another machine.
const MAX_ASKED: u64 = 8;

/// What is known of the chunks of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    OneIsThere,
    NoneIsThere,
    /// None of so many that were asked for is there.
    NoneOf(u64),
    /// There is too much to look at, or it cannot be looked at.
    Nothing,
}

impl ChunkNames {
    /// The names that the checked metadata of an array speaks of.
    pub fn of(version: ZarrVersion, metadata: &Map<String, Value>) -> Self {
        let encoding = metadata.get("chunk_key_encoding");
        let (has_c, separator) = match version {
            ZarrVersion::V2 => (false, metadata.get("dimension_separator")),
            ZarrVersion::V3 => {
                let name = encoding.and_then(|encoding| encoding.get("name"));
                let separator = encoding.and_then(|encoding| encoding.get("configuration")?.get("separator"));
                (name.and_then(Value::as_str) != Some("v2"), separator)
            }
        };
        // Names that start with `c` are nested unless something else is said, others are not.
        let is_nested = separator.and_then(Value::as_str).map_or(has_c, |separator| separator == "/");
        ChunkNames { version, has_c, is_nested }
    }

    fn key(self, folder: &str, place: &[u64]) -> String {
        let separator = if self.is_nested { "/" } else { "." };
        let start = self.has_c.then(|| "c".to_owned());
        let parts: Vec<String> = start.into_iter().chain(place.iter().map(u64::to_string)).collect();
        join(folder, &parts.join(separator))
    }

    /// Says that none of the chunks of an array is there, if that is so and can be told with little effort.
    ///
    /// `grid` says how many there are along every dimension. `n_requests` is how many may be asked for on another
    /// machine; what is used is taken from it.
    pub fn absence(
        self,
        store: &dyn Store,
        folder: &str,
        grid: &[u64],
        n_requests: &mut u64,
        what: &str,
    ) -> Option<String> {
        let n_chunks = product(grid).filter(|n| *n > 0)?;
        // What cannot be looked at is an error when it is read, not before.
        let known = self.look(store, folder, grid, n_requests).unwrap_or(Known::Nothing);
        let found = match known {
            Known::OneIsThere | Known::Nothing => return None,
            Known::NoneIsThere => format!("0 of {n_chunks} {what} are there"),
            Known::NoneOf(n) => format!("none of the {n} of {n_chunks} {what} that were asked for is there"),
        };
        Some(match self.other_names(store, folder, grid, n_requests) {
            Some(hint) => format!("{found}; {hint}"),
            None => format!("{found}: pixels are the fill value"),
        })
    }

    fn look(
        self,
        store: &dyn Store,
        folder: &str,
        grid: &[u64],
        n_requests: &mut u64,
    ) -> Result<Known, StoreError> {
        if store.is_far() {
            return self.ask(store, folder, grid, n_requests);
        }
        let first = self.key(folder, &vec![0; grid.len()]);
        if store.exists(&first)? { Ok(Known::OneIsThere) } else { self.list(store, folder, grid) }
    }

    /// Asks for some chunks from the first to the last.
    fn ask(
        self,
        store: &dyn Store,
        folder: &str,
        grid: &[u64],
        n_requests: &mut u64,
    ) -> Result<Known, StoreError> {
        let n_chunks = product(grid).unwrap_or(u64::MAX);
        let n_asked = n_chunks.min(MAX_ASKED);
        let steps = (n_asked - 1).max(1);
        let key = |at: u64| {
            let number = (n_chunks - 1) / steps * at + (n_chunks - 1) % steps * at / steps;
            self.key(folder, &place_of(number, grid))
        };
        let Some(left) = n_requests.checked_sub(1) else { return Ok(Known::Nothing) };
        *n_requests = left;
        if is_there(store, &key(0))? {
            return Ok(Known::OneIsThere);
        }
        // Nearly always the first one is there; where it is not, the others are asked for together.
        let others = 1..n_asked.min(left.saturating_add(1));
        *n_requests = left.saturating_sub(n_asked - 1);
        let is_enough = others.end == n_asked;
        let wanted = others.map(|at| Wanted::new(&key(at), FIRST_BYTE, 1)).collect();
        let mut found = Ok(false);
        store.read_many(wanted, &mut |_, read| match has_file(read) {
            Ok(is_there) => found = std::mem::replace(&mut found, Ok(false)).map(|before| before || is_there),
            Err(error) => found = Err(error),
        });
        Ok(match found? {
            true => Known::OneIsThere,
            false if !is_enough => Known::Nothing,
            false if n_asked == n_chunks => Known::NoneIsThere,
            false => Known::NoneOf(n_asked),
        })
    }

    /// Looks through the folders that chunks are in until there is one.
    fn list(self, store: &dyn Store, folder: &str, grid: &[u64]) -> Result<Known, StoreError> {
        let mut left = MAX_LISTED;
        let is_there = if self.is_nested {
            let folder = if self.has_c { join(folder, "c") } else { folder.to_owned() };
            list_nested(store, &folder, grid, &mut left)?
        } else {
            let mut is_there = false;
            let mut each = |name: &str, is_folder: bool| {
                is_there |= !is_folder && self.is_flat_name(name, grid);
                left = left.saturating_sub(1);
                !is_there && left > 0
            };
            store.entries(folder, &mut each)?.then_some(is_there)
        };
        Ok(match is_there {
            Some(true) => Known::OneIsThere,
            Some(false) if left > 0 => Known::NoneIsThere,
            _ => Known::Nothing,
        })
    }

    fn is_flat_name(self, name: &str, grid: &[u64]) -> bool {
        let numbers = if self.has_c { name.strip_prefix("c.") } else { Some(name) };
        numbers.is_some_and(|numbers| {
            numbers.split('.').count() == grid.len()
                && numbers.split('.').zip(grid).all(|(number, n)| is_number_below(number, *n))
        })
    }

    /// How chunks seem to be named instead.
    fn other_names(
        self,
        store: &dyn Store,
        folder: &str,
        grid: &[u64],
        n_requests: &mut u64,
    ) -> Option<String> {
        let with = |has_c, is_nested| ChunkNames { has_c, is_nested, ..self };
        let others = [
            with(self.has_c, !self.is_nested),
            with(!self.has_c, self.is_nested),
            with(!self.has_c, !self.is_nested),
        ];
        let other = others.into_iter().find(|other| {
            let found = match store.is_far() {
                true if *n_requests == 0 => return false,
                true => is_there(store, &other.key(folder, &vec![0; grid.len()])),
                false => other.list(store, folder, grid).map(|known| known == Known::OneIsThere),
            };
            *n_requests = n_requests.saturating_sub(u64::from(store.is_far()));
            found.unwrap_or(false)
        })?;
        let member = match self.version {
            ZarrVersion::V2 => "dimension_separator",
            ZarrVersion::V3 => "chunk_key_encoding",
        };
        Some(match (other.has_c == self.has_c, other.is_nested) {
            (true, true) => format!("chunks seem to be nested: {member}?"),
            (true, false) => format!("chunks seem to be side by side in one folder: {member}?"),
            (false, _) if self.version == ZarrVersion::V3 => {
                format!("chunks seem to be named {}: {member}?", other.key("", &vec![0; grid.len()]))
            }
            (false, _) => {
                let name = other.key("", &vec![0; grid.len()]);
                format!("chunks seem to be named {name}, as those of version 3: a missing zarr.json?")
            }
        })
    }
}

/// Whether there is a file on another machine, which may refuse those that are not there.
fn is_there(store: &dyn Store, key: &str) -> Result<bool, StoreError> {
    has_file(store.read(key, FIRST_BYTE, 1))
}

/// What is asked for to see whether there is a file.
const FIRST_BYTE: Part = Part::Range { start: 0, len: 1 };

/// Whether what came of asking for the first byte says that there is a file on another machine.
fn has_file<T>(read: Result<Option<T>, StoreError>) -> Result<bool, StoreError> {
    match read {
        Ok(found) => Ok(found.is_some()),
        // A file without bytes is one.
        Err(StoreError::Short { .. } | StoreError::Range { .. }) => Ok(true),
        Err(StoreError::Hidden(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether there is a chunk below a folder with one level of folders for every dimension but the last; `None` if the
/// store cannot list.
fn list_nested(
    store: &dyn Store,
    folder: &str,
    grid: &[u64],
    left: &mut usize,
) -> Result<Option<bool>, StoreError> {
    let Some((n, deeper)) = grid.split_first() else { return Ok(Some(false)) };
    let mut folders = Vec::new();
    let mut is_there = false;
    let mut each = |name: &str, is_folder: bool| {
        if is_number_below(name, *n) && is_folder != deeper.is_empty() {
            if is_folder { folders.push(name.to_owned()) } else { is_there = true }
        }
        *left = left.saturating_sub(1);
        !is_there && *left > 0
    };
    if !store.entries(folder, &mut each)? {
        return Ok(None);
    }
    for name in folders {
        if is_there || *left == 0 {
            break;
        }
        is_there = list_nested(store, &join(folder, &name), deeper, left)? == Some(true);
    }
    Ok(Some(is_there))
}

fn is_number_below(text: &str, n: u64) -> bool {
    text.parse::<u64>().is_ok_and(|number| number < n && number.to_string() == text)
}

/// The place of a chunk by its number in C order.
fn place_of(mut number: u64, grid: &[u64]) -> Vec<u64> {
    let mut place: Vec<u64> = grid
        .iter()
        .rev()
        .map(|n| {
            let at = number % n;
            number /= n;
            at
        })
        .collect();
    place.reverse();
    place
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    /// A store of so many files, near or far, that counts what it is asked.
    struct Files {
        names: BTreeSet<String>,
        is_far: bool,
        n_asked: Mutex<usize>,
    }

    impl Store for Files {
        fn read(&self, key: &str, _part: Part, _limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
            *self.n_asked.lock().unwrap() += 1;
            Ok(self.names.contains(key).then(Vec::new))
        }

        fn folders(&self, _folder: &str) -> Result<Option<Vec<String>>, StoreError> {
            Ok(None)
        }

        fn entries(
            &self,
            folder: &str,
            each: &mut dyn FnMut(&str, bool) -> bool,
        ) -> Result<bool, StoreError> {
            let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let seen = Cell::new("");
            for name in self.names.iter().filter_map(|name| name.strip_prefix(&start)) {
                let (first, rest) =
                    name.split_once('/').map_or((name, None), |(first, rest)| (first, Some(rest)));
                if seen.replace(first) != first {
                    *self.n_asked.lock().unwrap() += 1;
                    if !each(first, rest.is_some()) {
                        break;
                    }
                }
            }
            Ok(!self.is_far)
        }

        fn is_far(&self) -> bool {
            self.is_far
        }

        fn name(&self, key: &str) -> String {
            key.to_owned()
        }
    }

    fn files(names: impl IntoIterator<Item = String>, is_far: bool) -> Files {
        Files { names: names.into_iter().collect(), is_far, n_asked: Mutex::default() }
    }

    fn absence(names: ChunkNames, store: &Files, grid: &[u64]) -> Option<String> {
        names.absence(store, "a/b", grid, &mut 11, "chunks")
    }

    const ALL: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

    proptest! {
        /// However chunks are named, any one of them is enough, and other files are none.
        #[test]
        fn one_chunk_is_enough(grid in prop::collection::vec(1_u64..5, 1..5), number: prop::sample::Index, far: bool, named in 0..4_usize) {
            let (has_c, is_nested) = ALL[named];
            let names = ChunkNames { version: ZarrVersion::V3, has_c, is_nested };
            let n = grid.iter().product::<u64>();
            let place = place_of(number.index(usize::try_from(n).unwrap()) as u64, &grid);
            let others = ["a/b/.zarray", "a/b/9/9", "a/b/x.0", "a/b/c/x", "a/b/00.0", "a/c/0/0"].map(String::from);
            let store = files(others.clone().into_iter().chain([names.key("a/b", &place)]), far);
            if !far || n <= 8 {
                prop_assert_eq!(absence(names, &store, &grid), None);
            }
            let store = files(others, far);
            let note = absence(names, &store, &grid).unwrap();
            let expected = if !far || n <= 8 { format!("0 of {n} chunks") } else { format!("none of the 8 of {n} chunks") };
            prop_assert!(note.starts_with(&expected), "{}", note);
            prop_assert!(!far || *store.n_asked.lock().unwrap() <= 11);
        }
    }

    #[test]
    fn other_names_are_told() {
        for (version, member) in
            [(ZarrVersion::V2, "dimension_separator"), (ZarrVersion::V3, "chunk_key_encoding")]
        {
            let has_c = version == ZarrVersion::V3;
            for far in [false, true] {
                let note = |is_nested: bool, there: (bool, bool)| {
                    let there = ChunkNames { version, has_c: there.0, is_nested: there.1 };
                    let names = ChunkNames { version, has_c, is_nested };
                    absence(names, &files([there.key("a/b", &[0, 0])], far), &[2, 2]).unwrap()
                };
                assert_eq!(
                    note(false, (has_c, true)),
                    format!("0 of 4 chunks are there; chunks seem to be nested: {member}?")
                );
                let flat = format!(
                    "0 of 4 chunks are there; chunks seem to be side by side in one folder: {member}?"
                );
                assert_eq!(note(true, (has_c, false)), flat);
                let other = note(has_c, (!has_c, true));
                let name = if has_c { "0/0" } else { "c/0/0" };
                assert!(other.contains(&format!("chunks seem to be named {name}")), "{other}");
            }
        }
    }

    #[test]
    fn a_million_other_names_are_not_all_looked_at() {
        let names = ChunkNames { version: ZarrVersion::V2, has_c: false, is_nested: false };
        let store = files((0..200_000).map(|number| format!("a/b/other{number}")), false);
        assert_eq!(absence(names, &store, &[3, 3]), None);
        assert!(*store.n_asked.lock().unwrap() <= MAX_LISTED + 2);
        let huge = [u64::MAX / 2, 3];
        assert_eq!(absence(names, &files([], false), &huge), None);
        let note = absence(names, &files([], true), &[1 << 31, 1 << 31]).unwrap();
        assert!(note.starts_with("none of the 8 of 4611686018427387904 chunks"), "{note}");
    }
}
