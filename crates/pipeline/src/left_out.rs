//! Tiles that were left out because nothing is in them: noted in the journal, so that whoever goes on or finishes knows of them.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};

use patchweave_sink::{Journal, SinkError};
use serde::{Deserialize, Serialize};

/// Tiles that one note tells of: it is written anew whenever one of them is left out, and has about a kilobyte.
const PER_NOTE: usize = 4096;
/// Names that a note has in turn: stores let nobody replace an object more often than about once per second.
const TURNS: usize = 8;
/// Tiles that one number of a note tells of.
const PER_WORD: usize = u64::BITS as usize;

/// Which of some tiles of an image were left out, a bit for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    data_idx: usize,
    first_tile: usize,
    left_out: Vec<u64>,
}

impl Note {
    fn new(data_idx: usize, first_tile: usize) -> Self {
        Note { data_idx, first_tile, left_out: vec![0; PER_NOTE / PER_WORD] }
    }

    /// Adds a tile; whether it is new.
    fn add(&mut self, tile_idx: usize) -> bool {
        let place = tile_idx.saturating_sub(self.first_tile);
        let Some(word) = self.left_out.get_mut(place / PER_WORD) else { return false };
        let before = *word;
        *word |= 1 << (place % PER_WORD);
        *word != before
    }

    fn tiles(&self) -> impl Iterator<Item = usize> + '_ {
        let words = self.left_out.iter().enumerate();
        words.flat_map(move |(place, word)| {
            let first = self.first_tile.saturating_add(place.saturating_mul(PER_WORD));
            (0..PER_WORD).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first.saturating_add(bit))
        })
    }
}

/// What this process leaves out, and a journal that learns of it.
///
/// Notes are those of this process alone: parts that compute a tile at their border both note it, and none replaces what others
/// have noted.
pub(crate) struct LeftOutNotes<'j> {
    journal: &'j Journal,
    told: Mutex<Told>,
    /// How often notes were written; held meanwhile, so that whoever finds nothing to write may rely on it.
    writing: Mutex<usize>,
}

/// By image, and then by the first tile.
#[derive(Default)]
struct Told {
    notes: BTreeMap<(usize, usize), Note>,
    /// Those that have changed since they were written.
    changed: BTreeSet<(usize, usize)>,
}

impl<'j> LeftOutNotes<'j> {
    pub fn new(journal: &'j Journal) -> Self {
        LeftOutNotes { journal, told: Mutex::default(), writing: Mutex::default() }
    }

    /// Takes a tile that is left out.
    pub fn tell(&self, data_idx: usize, tile_idx: usize) {
        let key = (data_idx, tile_idx / PER_NOTE * PER_NOTE);
        let mut told = locked(&self.told);
        if told.notes.entry(key).or_insert_with(|| Note::new(key.0, key.1)).add(tile_idx) {
            told.changed.insert(key);
        }
    }

    /// Notes all that was told up to here; it comes before the units that rely on it.
    pub fn keep(&self) -> Result<(), SinkError> {
        let mut n_writes = locked(&self.writing);
        let notes: Vec<Note> = {
            let mut told = locked(&self.told);
            let changed = take(&mut told.changed);
            changed.iter().filter_map(|key| told.notes.get(key)).cloned().collect()
        };
        let turn = *n_writes % TURNS;
        *n_writes = n_writes.wrapping_add(1);
        notes.iter().try_for_each(|note| self.write(note, turn)).inspect_err(|_| {
            // Others must not rely on it either.
            locked(&self.told).changed.extend(notes.iter().map(|note| (note.data_idx, note.first_tile)));
        })
    }

    fn write(&self, note: &Note, turn: usize) -> Result<(), SinkError> {
        let name = format!("left-out-{:08}-{:012}-{turn}.json", note.data_idx, note.first_tile);
        self.journal.note_own(&name, &serde_json::to_vec(note).unwrap_or_default())
    }
}

/// The tiles of every image that were noted as left out in a journal, by whomever, each once and in the order of their numbers.
pub(crate) fn noted(journal: &Journal) -> Result<BTreeMap<usize, Vec<usize>>, SinkError> {
    let mut tiles = BTreeMap::<usize, BTreeSet<usize>>::new();
    let notes = journal.noted()?;
    for note in notes.iter().filter_map(|note| serde_json::from_slice::<Note>(note).ok()) {
        tiles.entry(note.data_idx).or_default().extend(note.tiles());
    }
    Ok(tiles.into_iter().map(|(data_idx, tiles)| (data_idx, tiles.into_iter().collect())).collect())
}

/// Whoever panicked while holding it had told what it told.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use patchweave_sink::{Fingerprint, JournalOptions, SinkFormats};

    use super::*;

    fn open(folder: &Path) -> Journal {
        let options = JournalOptions { is_shared: true, ..JournalOptions::default() };
        Journal::open(&SinkFormats::default(), folder, &Fingerprint::new(), options).unwrap()
    }

    #[test]
    fn tiles_are_known_once_they_are_kept_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path());
        let (notes, others) = (LeftOutNotes::new(&journal), LeftOutNotes::new(&journal));
        let tiles: Vec<usize> =
            (0..3 * PER_NOTE).filter(|tile| tile % 7 == 0 || *tile > 2 * PER_NOTE).collect();
        tiles.iter().for_each(|tile| notes.tell(3, *tile));
        notes.tell(5, 63);
        assert_eq!(noted(&journal).unwrap(), BTreeMap::new());
        notes.keep().unwrap();
        notes.tell(3, 0);
        notes.tell(5, 64);
        let expected = |last: &[usize]| BTreeMap::from([(3, tiles.clone()), (5, last.to_vec())]);
        assert_eq!(noted(&open(folder.path())).unwrap(), expected(&[63]));
        notes.keep().unwrap();
        others.keep().unwrap();
        assert_eq!(noted(&journal).unwrap(), expected(&[63, 64]));
        // Hundreds of thousands of tiles in a few notes, none of which is large.
        let sizes: Vec<usize> = journal.noted().unwrap().iter().map(Vec::len).collect();
        assert!(sizes.len() == 5 && sizes.iter().all(|size| *size < 2048), "{sizes:?}");
    }

    #[test]
    fn what_could_not_be_noted_is_noted_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(folder.path());
        let notes = LeftOutNotes::new(&journal);
        notes.tell(0, 9);
        let in_the_way = folder.path().join(".patchweave-journal/notes");
        std::fs::write(&in_the_way, "no folder").unwrap();
        assert!(notes.keep().is_err());
        std::fs::remove_file(&in_the_way).unwrap();
        notes.keep().unwrap();
        assert_eq!(noted(&journal).unwrap(), BTreeMap::from([(0, vec![9])]));
    }
}
