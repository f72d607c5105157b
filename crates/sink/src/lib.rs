//! Where images are written: TIFF and OME-Zarr, block by block, and small files in one go.
//!
//! Nothing half-written ever stands under its final name: all is written under a hidden temporary name in the same folder
//! and renamed at the end. A sink that is dropped before [`ImageSink::finish`] removes what it has written; what a killed process has left,
//! [`remove_leftovers`] finds. What has its name is on the disk as far as a [`Durability`] says. Nothing here reads
//! images, stitches tiles or starts threads.
//!
//! Formats are features, both on by default: `tiff` and `zarr`. What was left out is refused by [`create`].
//!
//! Memory is bounded by one block, for OME-Zarr also by 64 MiB of chunks or one chunk, not by the image.
#![cfg_attr(
    not(all(feature = "tiff", feature = "zarr")),
    allow(
        dead_code,
        unused_imports,
        unreachable_code,
        reason = "not every format needs all that formats share"
    )
)]

mod block;
mod checked;
mod error;
#[cfg(feature = "zarr")]
mod folder_store;
mod image_sink;
mod leftovers;
mod lock;
#[cfg(feature = "zarr")]
mod ome_zarr;
mod runs;
mod spec;
mod staging;
mod sync;
#[cfg(feature = "tiff")]
mod tiff;

use std::path::Path;

pub use error::SinkError;
#[cfg(feature = "zarr")]
pub use folder_store::FolderStore;
pub use image_sink::ImageSink;
pub use leftovers::remove_leftovers;
pub use lock::FolderLock;
pub use spec::{Format, ImageSpec};
pub use staging::{StagedFile, StagedFolder, is_replaceable_store, prepare_folder, write_file_atomically};
pub use sync::{BeforeSync, Durability, Syncing, Tree, make_folders};

/// Starts an image that will stand at `path` once it is finished; creates the parent folders.
///
/// # Errors
/// A specification that the format cannot hold ([`SinkError::PixelSize`], [`SinkError::Chunks`],
/// [`SinkError::TooLarge`]), something at `path` that must not be replaced, or [`SinkError::Io`]. Nothing is
/// left behind but parent folders.
pub fn create(
    path: impl AsRef<Path>,
    format: Format,
    spec: ImageSpec,
) -> Result<Box<dyn ImageSink>, SinkError> {
    let path = path.as_ref();
    spec.check(path)?;
    Ok(match format {
        #[cfg(feature = "tiff")]
        Format::Tiff => checked::boxed(path, tiff::TiffWriter::create(path, &spec)?, spec),
        #[cfg(feature = "zarr")]
        Format::OmeZarr => checked::boxed(path, ome_zarr::OmeZarrWriter::create(path, &spec)?, spec),
        #[cfg(not(feature = "tiff"))]
        Format::Tiff => {
            return Err(SinkError::NotBuilt { path: path.into(), format: "TIFF", feature: "tiff" });
        }
        #[cfg(not(feature = "zarr"))]
        Format::OmeZarr => {
            return Err(SinkError::NotBuilt { path: path.into(), format: "OME-Zarr", feature: "zarr" });
        }
    })
}

#[cfg(test)]
#[cfg(not(feature = "tiff"))]
mod tests {
    use patchweave_geometry::ArrayLayout;
    use patchweave_pixel::PixelType;

    use super::*;

    #[test]
    fn formats_that_were_left_out_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tif");
        let layout = ArrayLayout::new("YX".parse().unwrap(), &[4, 4]).unwrap();
        let error = create(&path, Format::Tiff, ImageSpec::new(layout, PixelType::U8)).err().unwrap();
        assert!(matches!(error, SinkError::NotBuilt { feature: "tiff", .. }), "{error:?}");
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing is left behind");
    }
}
