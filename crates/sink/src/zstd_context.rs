//! Zstandard with one context for every thread: making the tables of one costs as much as compressing a small chunk.

use std::cell::RefCell;
use std::io::{self, Cursor};

use zstd::bulk::Compressor;

thread_local! {
    static CONTEXT: RefCell<Option<(i32, Compressor<'static>)>> = const { RefCell::new(None) };
}

/// Compresses bytes to one frame behind those in `to`.
pub(crate) fn compress_onto(bytes: &[u8], level: i32, to: &mut Vec<u8>) -> io::Result<()> {
    CONTEXT.with_borrow_mut(|context| {
        let (_, compressor) = match context.take_if(|(own, _)| *own == level) {
            Some(own) => context.insert(own),
            None => context.insert((level, Compressor::new(level)?)),
        };
        let n_before = to.len();
        let n_most = zstd::zstd_safe::compress_bound(bytes.len());
        to.try_reserve(n_most).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut behind = Cursor::new(to);
        behind.set_position(n_before as u64);
        compressor.compress_to_buffer(bytes, &mut behind).map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_a_context_of_their_own() {
        let texts: Vec<Vec<u8>> = (0..5_u8)
            .map(|n| (0..=6).cycle().take(4000 * usize::from(n)).map(|at: u8| at * n).collect())
            .collect();
        for level in [3, 3, 0, 19, 3] {
            let mut all = b"before".to_vec();
            let mut expected = all.clone();
            for text in &texts {
                compress_onto(text, level, &mut all).unwrap();
                expected.extend(zstd::bulk::compress(text, level).unwrap());
            }
            assert_eq!(all, expected);
        }
    }
}
