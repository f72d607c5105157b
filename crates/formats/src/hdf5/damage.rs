//! Why bytes that this library decodes itself cannot be decoded.

/// Why bytes that this library decodes itself cannot be decoded; the caller names them.
#[derive(Debug, thiserror::Error)]
pub(super) enum Damage {
    #[error("the data ends too early")]
    End,
    #[error("it decodes to more than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("a back-reference of {distance} bytes at byte {len}")]
    Back { distance: usize, len: usize },
    #[error("got {got} bytes, expected {expected}")]
    Size { got: usize, expected: usize },
    #[error("got {what}, expected {expected}")]
    Value { what: String, expected: &'static str },
    #[error("a block cannot be decompressed")]
    Lz4(#[from] lz4_flex::block::DecompressError),
    #[error("a block cannot be decompressed")]
    Zstd(#[from] std::io::Error),
}
