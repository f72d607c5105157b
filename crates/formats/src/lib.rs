//! Images in files: formats that open a path, URL, folder or pattern as [`ImageStack`](patchweave_stack::ImageStack)s.
//!
//! Regions are read as regions: a TIFF decodes only the strips or tiles a patch touches, a Zarr array only its chunks.
//! This crate opens images for reading; it never creates a file.

mod axes_match;
mod blocks;
mod budget;
mod cache;
mod chunk;
mod chunked;
mod czi;
mod disk;
mod file_axes;
mod file_pool;
mod formats;
mod hdf5;
mod inside;
mod mapped;
mod members;
mod npy;
mod open;
mod own_axes;
mod part;
mod pattern;
mod pooled_reader;
mod remote;
mod runs;
mod tiff;
mod url;
mod zarr;

pub use budget::ReadBudget;
pub use cache::{CacheStats, ChunkCache};
pub use disk::stored_bytes;
pub use file_axes::{AxesSource, guessed_axes, layout_in_axes};
pub use file_pool::{FilePool, PooledFile};
pub use formats::{DataType, Format, Formats};
pub use mapped::OpenFile;
pub use members::{Member, Members};
pub use npy::{RawArray, open_raw};
pub use open::{MissingPlanes, OpenOptions, OpenRequest, Pyramid, open, open_levels};
pub use remote::{RemoteOptions, RequestLimit};
pub use url::is_url;
pub use zarr::ZarrUri;
