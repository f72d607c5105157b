//! Images in files: formats that open a path, URL, folder or pattern as [`ImageStack`](patchweave_stack::ImageStack)s.
//!
//! Regions are read as regions: a TIFF decodes only the strips or tiles a patch touches, a Zarr array only its chunks.
//! This crate opens images for reading; it never creates a file.
//!
//! Formats are features, all on by default: `tiff`, `zarr`, `hdf5`, `npy`, and `remote` for Zarrs behind URLs. Files of a
//! format that was left out are refused with the name of its feature.
#![cfg_attr(
    not(all(feature = "tiff", feature = "zarr", feature = "hdf5", feature = "npy", feature = "remote")),
    allow(
        dead_code,
        unused_imports,
        unused_variables,
        reason = "not every format needs all that formats share"
    )
)]

mod axes_match;
mod blocks;
mod budget;
mod cache;
mod chunk;
mod chunked;
#[cfg(feature = "compressor")]
mod compressor;
mod disk;
mod ending;
mod file_axes;
mod file_format;
mod file_pool;
mod format;
mod formats;
#[cfg(feature = "hdf5")]
mod hdf5;
mod inside;
mod mapped;
mod members;
#[cfg(feature = "npy")]
mod npy;
mod open;
mod open_sets;
mod options;
mod own_axes;
mod pattern;
mod pooled_reader;
mod refused;
mod request;
mod runs;
#[cfg(feature = "tiff")]
mod tiff;
mod units;
#[cfg(feature = "zarr")]
mod zarr;

pub use budget::ReadBudget;
pub use cache::{CacheStats, ChunkCache};
pub use disk::{StoredState, stored_bytes, stored_state};
pub use file_axes::{AxesSource, guessed_axes, layout_in_axes};
pub use file_format::FileFormat;
pub use file_pool::{FilePool, PooledFile};
pub use format::Format;
pub use formats::Formats;
pub use mapped::OpenFile;
pub use members::{Member, Members};
#[cfg(feature = "npy")]
pub use npy::{RawArray, open_raw};
pub use open::{label_names, open, open_levels};
pub use options::{MissingPlanes, OpenOptions};
pub use patchweave_remote::{RemoteOptions, RequestLimit, inside, is_url, plain_url};
pub use request::{OpenRequest, Pyramid};
#[cfg(feature = "zarr")]
pub use zarr::ZarrUri;
