//! How the pixels of a page are stored: compressed or not, in strips or in tiles.

use super::compression::Codec;

/// How pixels are stored, in which pages of a series may differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Storage {
    pub codec: Codec,
    /// Bits of bytes are stored in the opposite order.
    pub is_bit_reversed: bool,
    pub predictor: Predictor,
    pub bits: u32,
    pub is_tiled: bool,
    /// Height and width of a strip or tile; a strip is no higher than the page.
    pub chunk: [usize; 2],
}

impl Storage {
    /// What a piece of the page is called.
    pub fn chunk_word(&self) -> &'static str {
        if self.is_tiled { "tile" } else { "strip" }
    }
}

/// What was done to pixels before they were compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    Horizontal,
    Float,
}
