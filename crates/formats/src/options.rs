//! What reading may take, and what images share.

use crate::budget::ReadBudget;
use crate::cache::ChunkCache;
use crate::file_pool::FilePool;
use crate::open_sets::OpenSets;
use patchweave_remote::RemoteOptions;

/// What becomes of planes and files that the metadata of an OME-TIFF promises and that are not there, as after a
/// recording that was broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingPlanes {
    /// The image cannot be opened.
    #[default]
    Fail,
    /// Their pixels are zero, which a note of the image tells. What is there has to be whole.
    Zeros,
}

/// What reading may take, and what all images that are opened with it share.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Where decoded chunks are kept. Clones of the options share it, so give the same to all images of a data set.
    pub cache: ChunkCache,
    /// How many bytes of chunks are fetched and decoded at a time, by all threads; shared like the cache.
    pub in_flight: ReadBudget,
    /// TIFF, NPY, NPZ, HDF5 and zip files and shards that are kept open, and mapped, for the next read; the default is
    /// that of the process ([`FilePool::of_process`]). Chunks of a Zarr in a folder are opened when they are read.
    pub files: FilePool,
    /// Bytes that one strip or tile of a TIFF or one chunk of another format may decode to.
    pub decoded_chunk_bytes: usize,
    /// Whether uncompressed pixels are read in place, from files mapped into memory.
    ///
    /// Right before pixels are copied, the file is asked for its length, and what it has lost is an error of that read.
    /// What remains is the moment of the copy, some microseconds for a patch: a file that is cut short in it, or a disk
    /// that fails, ends the process with SIGBUS, as in every program that maps files. Without mapping, such files are
    /// read chunk by chunk like compressed ones, and nothing of that kind can happen. On Linux, files on network file
    /// systems (NFS, SMB, FUSE, 9P, AFS, Ceph, Lustre, GPFS and others) are never mapped.
    pub map_files: bool,
    /// Whether metadata may name files outside of the folder of the image: companions of an OME-TIFF, external
    /// links of an HDF5 file, linked folders and files of a Zarr.
    pub links_outside: bool,
    /// What becomes of planes that an OME-TIFF promises and does not have.
    pub missing_planes: MissingPlanes,
    /// How `s3://`, `gs://` and `http(s)://` are read.
    pub remote: RemoteOptions,
    /// Files of which images are open and that others of the same files share.
    pub(crate) open_sets: OpenSets,
}

impl OpenOptions {
    /// The default with room for `bytes` of decoded chunks.
    #[must_use]
    pub fn with_cache_bytes(bytes: u64) -> Self {
        OpenOptions { cache: ChunkCache::new(bytes), ..OpenOptions::default() }
    }
}

impl Default for OpenOptions {
    /// A cache of 256 MiB of its own, the open files of the process, 1 GiB for a chunk and in flight, files are mapped, no
    /// links to outside.
    fn default() -> Self {
        OpenOptions {
            cache: ChunkCache::new(256 << 20),
            in_flight: ReadBudget::new(1 << 30),
            files: FilePool::of_process(),
            decoded_chunk_bytes: 1 << 30,
            map_files: true,
            links_outside: false,
            missing_planes: MissingPlanes::default(),
            remote: RemoteOptions::default(),
            open_sets: OpenSets::default(),
        }
    }
}
