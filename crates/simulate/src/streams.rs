//! Random streams keyed by what they are used for, never by who draws first.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream's numbers decide.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Draw {
    /// Where structures are and what they look like.
    Shapes,
    /// Photon and read noise; one stream per row of pixels.
    Noise,
}

/// The generator of one structure for one use; [`ChaCha8Rng::set_stream`] then selects a row.
pub(crate) fn stream(seed: u64, structure_idx: usize, draw: Draw) -> ChaCha8Rng {
    let use_key = match draw {
        Draw::Shapes => 0,
        Draw::Noise => 1,
    };
    let mut key = [0; 32];
    for (word, value) in key.chunks_exact_mut(8).zip([seed, structure_idx as u64, use_key]) {
        word.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}
