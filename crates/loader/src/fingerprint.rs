//! A number that stands for values: the same on every machine and in every version.

/// A number that stands for values, one after the other: the hash FNV-1a over 64-bit words.
///
/// It is part of the format of states on disk, so it never changes. It tells slips apart, not attacks.
///
/// ```
/// use patchweave_loader::Fingerprint;
///
/// let of = |words: &[u64], text: &str| {
///     let mut fingerprint = Fingerprint::default();
///     words.iter().for_each(|&word| fingerprint.word(word));
///     fingerprint.text(text);
///     fingerprint.value()
/// };
/// assert_eq!(of(&[1, 2], "a.tif"), of(&[1, 2], "a.tif"));
/// assert_ne!(of(&[1, 2], "a.tif"), of(&[2, 1], "a.tif"));
/// assert_ne!(of(&[], "ab"), of(&[], "ab\0"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Fingerprint(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    /// Adds a number.
    pub fn word(&mut self, value: u64) {
        for byte in value.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Adds a count or an index.
    pub fn count(&mut self, value: usize) {
        self.word(value as u64);
    }

    /// Adds a text and its length.
    pub fn text(&mut self, text: &str) {
        self.count(text.len());
        for chunk in text.as_bytes().chunks(8) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(bytes));
        }
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }
}
