//! How pixels are compressed.

use serde::{Deserialize, Serialize};

/// How pixels are compressed; formats refuse what they do not have.
///
/// ```
/// use patchweave_sink::{Codec, Compression};
///
/// assert_eq!(Compression::default(), Compression { codec: Codec::Auto, level: None });
/// assert_eq!(Codec::from_name("zstd"), Some(Codec::Zstd));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Compression {
    /// The method.
    pub codec: Codec,
    /// How much time is spent, in the numbers of the method; its default if `None`.
    pub level: Option<i32>,
}

/// A method of compression.
///
/// ```
/// assert_eq!(patchweave_sink::Codec::Deflate.name(), "deflate");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Codec {
    /// What the format does by default.
    #[default]
    Auto,
    /// Pixels as they are.
    None,
    /// Zstandard: quick, small.
    Zstd,
    /// Deflate, which is `gzip` in Zarr: read by every program.
    Deflate,
    /// LZW, in TIFF only: read by old programs.
    Lzw,
    /// Blosc with shuffled bytes and LZ4, in Zarr only: quickest.
    Blosc,
    /// Blosc with shuffled bytes and Zstandard, in Zarr only: of pixels of several bytes smaller than [`Zstd`](Codec::Zstd) and
    /// several times as quick.
    #[serde(rename = "blosc_zstd")]
    BloscZstd,
}

impl Codec {
    /// Every method with the names it goes by, its own first.
    const NAMES: [(Codec, &'static [&'static str]); 7] = [
        (Codec::Auto, &["auto"]),
        (Codec::None, &["none"]),
        (Codec::Zstd, &["zstd"]),
        (Codec::Deflate, &["deflate", "gzip", "zlib"]),
        (Codec::Lzw, &["lzw"]),
        (Codec::Blosc, &["blosc"]),
        (Codec::BloscZstd, &["blosc_zstd"]),
    ];

    /// The method's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let own = Codec::NAMES.iter().find(|(codec, _)| *codec == self);
        own.and_then(|(_, names)| names.first()).copied().unwrap_or("auto")
    }

    /// The method of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Codec::NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(codec, _)| *codec)
    }

    /// The names of all methods.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Codec::NAMES.iter().filter_map(|(_, names)| names.first()).copied()
    }
}
