//! Damaged copies of good bytes, the same in every run: what readers of files have to survive.

use patchweave_patching::PatchRng;
use rand::RngExt;

/// Numbers that sizes, places and counts go wrong with.
const ODD_NUMBERS: [u64; 10] =
    [0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0xffff_ffff_ffff_ffff];

/// `n` damaged copies of `bytes`: flipped bits, other bytes and numbers, cuts, repeats, removed and moved parts, one or
/// several at once.
///
/// Case `i` of a seed is always the same, so that a failure can be repeated.
///
/// ```
/// use patchweave_testkit::mutations;
///
/// let cases: Vec<Vec<u8>> = mutations(7, b"TIFF", 100).collect();
/// assert_eq!(cases.len(), 100);
/// assert!(cases.iter().any(|case| case != b"TIFF"));
/// assert_eq!(cases, mutations(7, b"TIFF", 100).collect::<Vec<_>>());
/// ```
pub fn mutations(seed: u64, bytes: &[u8], n: usize) -> impl Iterator<Item = Vec<u8>> {
    (0..n).map(move |case| mutation(seed, bytes, case))
}

/// One of the [`mutations`].
pub fn mutation(seed: u64, bytes: &[u8], case: usize) -> Vec<u8> {
    let mut rng = PatchRng::for_patch(seed, 0, case);
    let mut mutant = bytes.to_vec();
    let n_steps = rng.random_range(1..=3);
    for _ in 0..n_steps {
        mutate(&mut mutant, &mut rng);
    }
    mutant
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut PatchRng) {
    if bytes.is_empty() {
        return bytes.push(rng.random_range(0..=255));
    }
    let at = rng.random_range(0..bytes.len());
    let len = rng.random_range(1..=16).min(bytes.len() - at);
    match rng.random_range(0..10) {
        0 | 1 => bytes[at] ^= 1 << rng.random_range(0..8),
        2 | 3 => bytes[at] = rng.random_range(0..=255),
        4..=6 => {
            let size = [2, 4, 8][rng.random_range(0..3_usize)].min(bytes.len() - at);
            let number = ODD_NUMBERS[rng.random_range(0..ODD_NUMBERS.len())];
            let little = number.to_le_bytes();
            let big = number.to_be_bytes();
            let number = if rng.random_range(0..2) == 0 { &little[..size] } else { &big[8 - size..] };
            bytes[at..at + size].copy_from_slice(number);
        }
        7 => bytes.truncate(at),
        8 => {
            let part: Vec<u8> = bytes[at..at + len].to_vec();
            let to = rng.random_range(0..=bytes.len());
            bytes.splice(to..to, part);
        }
        _ => {
            bytes.drain(at..at + len);
        }
    }
}
