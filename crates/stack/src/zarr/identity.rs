//! Which array of which store an array is, whatever path led to it: links are followed to where its chunks are.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use zarrs::array::Array;

use super::node::ZarrVersion;
use super::store::{Store, ZarrsStorage};
use crate::identity::{Object, Place, has_hard_links};
use crate::{FileId, Identity};

/// Chunks of an array that are looked at.
const N_PROBES: u64 = 8;

/// The keys by which an array is known in its store.
pub(super) struct ArrayKeys {
    /// The folder of the array; empty for the root.
    pub folder: String,
    pub metadata: String,
    /// Some of its chunks, whether they are there or not, the first one first.
    pub chunks: Vec<String>,
}

impl ArrayKeys {
    pub fn of(array: &Array<ZarrsStorage>, folder: &str, version: ZarrVersion) -> Self {
        let name = match version {
            ZarrVersion::V2 => ".zarray",
            ZarrVersion::V3 => "zarr.json",
        };
        let metadata = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let sizes = array.chunk_grid_shape();
        let n_chunks = sizes.iter().fold(1_u64, |n, &size| n.saturating_mul(size));
        let key = |probe: u64| {
            // Spread over the whole array; the numbers are not too large because a few of them are no more than all.
            let mut number = u128::from(n_chunks.saturating_sub(1)) * u128::from(probe)
                / u128::from(N_PROBES.saturating_sub(1).max(1));
            let mut place = vec![0; sizes.len()];
            for (at, &size) in place.iter_mut().zip(sizes).rev() {
                let size = u128::from(size.max(1));
                *at = u64::try_from(number % size).unwrap_or(0);
                number /= size;
            }
            array.chunk_key(&place).as_str().to_owned()
        };
        let mut chunks: Vec<String> = (0..N_PROBES).map(key).collect();
        chunks.dedup();
        ArrayKeys { folder: folder.to_owned(), metadata, chunks }
    }
}

/// The identity of an array of a store.
pub(super) fn identity(store: &dyn Store, keys: &ArrayKeys) -> Identity {
    match store.array_object(keys) {
        Some(object) => Identity::of_object(object).beside(store.file_of(&keys.metadata)),
        None => Identity::unknown(),
    }
}

/// An array in a folder is where the first of its chunks is that is there: in a folder, which links may have led to, or,
/// where files have several names, in these files.
pub(super) fn object_in_folder(root: &Path, keys: &ArrayKeys) -> Option<Object> {
    let real = |key: &String| root.join(key).canonicalize().ok().filter(|path| path.is_file());
    let Some(first) = keys.chunks.iter().find_map(real) else {
        let file = FileId::of(&root.join(&keys.folder)).ok()?;
        return Some(Object { file, place: Place::Whole });
    };
    if !has_hard_links(&first) {
        return Some(Object { file: FileId::of(first.parent()?).ok()?, place: Place::Whole });
    }
    let mut hasher = DefaultHasher::new();
    for key in &keys.chunks {
        FileId::of(&root.join(key)).ok().hash(&mut hasher);
    }
    Some(Object { file: FileId::of(&first).ok()?, place: Place::Linked(hasher.finish()) })
}
