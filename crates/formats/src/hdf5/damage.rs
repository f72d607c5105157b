//! Why bytes that this library decodes itself cannot be decoded.

/// Why bytes that this library decodes itself cannot be decoded; the caller names them.
#[derive(Debug, thiserror::Error)]
pub(super) enum Damage {
    #[error("it ends too early")]
    End,
    #[error("it decodes to more than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("it repeats what stands {distance} bytes before its byte {len}")]
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
