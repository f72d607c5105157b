//! The keys by which an array is known in its store.

use zarrs::array::Array;

use super::version::ZarrVersion;

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
    pub fn of<S: ?Sized>(array: &Array<S>, folder: &str, version: ZarrVersion) -> Self {
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
