//! What can be damaged and then read: a target for every parser of bytes that come from elsewhere.
//!
//! `--bin fuzz` damages the seeds on stable Rust, the targets in `fuzz` at the top level are steered by coverage; both
//! read through [`FuzzTarget::read`].

mod seeds;
mod target;

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use patchweave_formats::{Formats, MissingPlanes, OpenOptions, OpenRequest, guessed_axes};
use patchweave_geometry::{Axes, Extent, Region};
use patchweave_stack::{ImageStackExt, StackError};

pub use seeds::FuzzSeed;
pub use target::FuzzTarget;

/// Pixels along every axis that are read of an image.
const CORNER: usize = 64;

impl FuzzTarget {
    /// Good inputs to start from.
    ///
    /// # Panics
    /// If a seed cannot be encoded, which is a mistake in this crate.
    #[must_use]
    pub fn seeds(self) -> Vec<FuzzSeed> {
        seeds::of(self)
    }

    /// Puts the bytes into a folder as this target wants them, opens every image and level and reads a corner of it; a
    /// configuration is parsed.
    ///
    /// # Errors
    /// Whatever the reader says against the bytes, or [`io::Error`] if they cannot be written.
    ///
    /// # Panics
    /// If the reader panics, or delivers another shape than it promised: that is what is looked for.
    pub fn read(self, folder: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        if self == FuzzTarget::Yaml {
            patchweave_config::parse(&String::from_utf8_lossy(bytes), Path::new("run.yaml"), &|_| None)?;
            return Ok(());
        }
        let path = self.place(folder, bytes)?;
        let read = read_all(&path, MissingPlanes::Fail);
        match self {
            // What refuses a file may let it pass where planes may be missing.
            FuzzTarget::OmeXml => read_all(&path, MissingPlanes::Zeros).and(read.or(Ok(()))),
            _ => read,
        }
    }

    /// Writes the bytes to where a reader looks for them; returns what to open.
    fn place(self, folder: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            // A file that was mapped must not be written over.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => fs::write(&path, bytes)?,
            }
            Ok(path)
        };
        match self {
            FuzzTarget::TiffDirectories => file("image.tif", bytes),
            FuzzTarget::OmeXml | FuzzTarget::ImagejText => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                file("image.ome.tif", &seeds::described_tiff(text))
            }
            FuzzTarget::Npy => file("image.npy", bytes),
            FuzzTarget::Hdf5 => {
                for (name, bytes) in seeds::SOURCES {
                    file(name, bytes)?;
                }
                file("image.h5", bytes)
            }
            FuzzTarget::ZarrMetadata => {
                let is_version_3 = bytes.windows(9).any(|text| text == b"node_type");
                // The first chunk of the seed of version 3.
                zarr(folder, if is_version_3 { "zarr.json" } else { ".zarray" }, bytes, &[0xff; 300])
            }
            FuzzTarget::ShardIndex => zarr(folder, "zarr.json", seeds::SHARDED.as_bytes(), bytes),
            FuzzTarget::CodecChain => {
                let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
                let (codecs, chunk) = bytes.split_at(end);
                let metadata = seeds::with_codecs(&String::from_utf8_lossy(codecs));
                zarr(folder, "zarr.json", metadata.as_bytes(), chunk.get(1..).unwrap_or_default())
            }
            FuzzTarget::Yaml => file("run.yaml", bytes),
        }
    }
}

/// A store with one metadata file and one chunk.
fn zarr(folder: &Path, name: &str, metadata: &[u8], chunk: &[u8]) -> io::Result<PathBuf> {
    let root = folder.join("image.zarr");
    match fs::remove_dir_all(&root) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(root.join("c/0"))?,
    }
    fs::write(root.join(name), metadata)?;
    fs::write(root.join("c/0/0"), chunk)?;
    Ok(root)
}

/// Datasets of a file that are looked at.
const MOST_DATASETS: usize = 64;

/// Reads a corner of everything at a path: where it leaves a choice, of each of the names that there are, one of which can
/// be read.
fn read_all(path: &Path, missing: MissingPlanes) -> Result<(), Box<dyn Error>> {
    let error = match read_corners(path, missing) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let Some(StackError::Unsupported { what, .. }) = error.downcast_ref() else { return Err(error) };
    let Some((_, names)) = what.strip_prefix("choosing among ").and_then(|what| what.split_once('(')) else {
        return Err(error);
    };
    // Behind a name stands its shape, or a remark, which is no name.
    let names = names.split([',', ')']).filter_map(|part| part.trim().split(" [").next());
    let read: Vec<_> =
        names.take(MOST_DATASETS).map(|name| read_corners(&path.join(name), missing)).collect();
    if read.iter().any(Result::is_ok) { Ok(()) } else { Err(error) }
}

fn read_corners(path: &Path, missing: MissingPlanes) -> Result<(), Box<dyn Error>> {
    let mut options = OpenOptions::with_cache_bytes(1 << 20);
    options.decoded_chunk_bytes = 1 << 24;
    options.missing_planes = missing;
    let formats = Formats::default();
    let mut request = OpenRequest::new(path, &options);
    request.n_levels = None;
    let axes: Axes;
    let images = match formats.open_by_ending(&request) {
        Err(StackError::NoAxes { own, shape, .. }) => {
            axes = guessed_axes(&own, shape.len()).ok_or("too many dimensions")?;
            request.axes = Some(&axes);
            formats.open_by_ending(&request)?
        }
        opened => opened?,
    };
    for stack in images.into_iter().flatten() {
        let extent = stack.info().shape().extent;
        let size: Vec<usize> = extent.iter().map(|n| n.min(CORNER)).collect();
        let region = Region { size: Extent::new(&size)?, ..Region::whole(extent) };
        let patch = stack.read_patch(0, Some(&[0]), &region)?;
        assert_eq!(patch.len(), region.size.n_pixels(), "another shape than was promised");
    }
    Ok(())
}
