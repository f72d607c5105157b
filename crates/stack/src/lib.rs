//! Any image source seen as `SC(Z)YX`: the [`ImageStack`] contract and the sources that fulfil it.
//!
//! Regions are read as regions: a TIFF decodes only the strips or tiles a patch touches, a Zarr array only
//! its chunks. Whatever lies outside an image reads as zero. This crate opens images for reading; it never
//! creates a file.

mod array;
mod axes_match;
mod blocks;
mod budget;
mod cache;
mod chunk;
mod chunked;
mod contract;
mod cost;
mod czi;
mod disk;
mod error;
mod exact;
mod file_axes;
mod file_pool;
mod formats;
mod hdf5;
mod identity;
mod info;
mod inside;
mod mapped;
mod members;
mod npy;
mod open;
mod own_axes;
mod part;
mod pattern;
mod pooled_reader;
mod process;
mod read_cost;
mod remote;
mod runs;
mod tiff;
mod url;
mod zarr;

pub use array::ArrayStack;
pub use budget::ReadBudget;
pub use cache::{CacheStats, ChunkCache};
pub use contract::{ImageStack, ImageStackExt, InsideWindow, PatchViewMut};
pub use disk::stored_bytes;
pub use error::StackError;
pub use exact::{ExactStack, Exactness};
pub use file_axes::{AxesSource, guessed_axes, layout_in_axes};
pub use file_pool::{FilePool, PooledFile};
pub use formats::{DataType, Format, Formats};
pub use identity::{Doubt, FileId, Identity, ImageKey, SampleLink, SharedPlanes, SharedWith};
pub use info::{PixelSize, StackInfo};
pub use mapped::OpenFile;
pub use members::{Member, Members};
pub use npy::{RawArray, open_raw};
pub use open::{MissingPlanes, OpenOptions, OpenRequest, Pyramid, open, open_levels};
pub use process::Process;
pub use read_cost::ReadCost;
pub use remote::{RemoteOptions, RequestLimit};
pub use url::is_url;
pub use zarr::ZarrUri;
