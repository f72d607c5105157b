//! Why the bytes of a strip or tile cannot be decompressed.

/// Why bytes could not be decompressed.
pub(super) type CodecError = Box<dyn std::error::Error + Send + Sync>;

/// The error of a stream that ends before its rows are full.
pub(super) fn ends_early(got: usize, expected: usize) -> CodecError {
    format!("got {got} bytes, expected {expected}").into()
}
