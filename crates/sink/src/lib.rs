//! Where images are written: TIFF and OME-Zarr, block by block, and small files in one go.
//!
//! Nothing half-written ever stands under its final name: all is written under a hidden temporary name in the same folder and renamed at the end. A sink that
//! is dropped before [`ImageSink::finish`] removes what it has written; what a killed process has left,
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

use std::path::{Path, PathBuf};

use ndarray::ArrayView4;

pub use error::SinkError;
#[cfg(feature = "zarr")]
pub use folder_store::FolderStore;
pub use leftovers::remove_leftovers;
pub use lock::FolderLock;
pub use spec::{Format, ImageSpec};
pub use staging::{StagedFile, StagedFolder, is_replaceable_store, prepare_folder, write_file_atomically};
pub use sync::{BeforeSync, Durability, Syncing, Tree, make_folders};

/// An image that is being written, block by block.
///
/// Blocks come in any order, may overlap (the last one stands) and need not be aligned to anything. What no
/// block covers is 0.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::PixelType;
/// use patchweave_sink::{Format, ImageSpec, create};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("denoised.tif");
/// let layout = ArrayLayout::new("TYX".parse()?, &[2, 6, 8])?;
///
/// let mut sink = create(&path, Format::Tiff, ImageSpec::new(layout, PixelType::U8))?;
/// sink.write_block(1, [0, 2, 4], Array4::from_elem((1, 1, 4, 4), 7.4).view())?;
/// let error = sink.write_block(0, [0, 4, 0], Array4::zeros((1, 1, 4, 4)).view()).unwrap_err();
/// assert!(error.to_string().ends_with(
///     "got a block at [0, 4, 0] of size [1, 4, 4], expected one inside the image of size [1, 6, 8] (ZYX)",
/// ));
///
/// assert!(!path.exists());
/// assert_eq!(sink.finish()?, path);
/// assert!(path.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ImageSink: Send {
    /// Writes one block of one sample.
    ///
    /// `start` is `ZYX` in pixels, `block` is `CZYX` with all channels of the image; planes have depth 1 and
    /// start at depth 0. Values are in the units of the result and become the nearest value of its pixel
    /// type, clamped to the range of the type; NaN becomes 0 for integers. A block without pixels changes
    /// nothing.
    ///
    /// # Errors
    /// [`SinkError::Sample`], [`SinkError::Channels`] or [`SinkError::OutOfImage`] for a block that does not
    /// fit, which leaves the sink as it was; otherwise the failure to write, after which the sink can only be
    /// dropped.
    fn write_block(
        &mut self,
        sample_idx: usize,
        start: [usize; 3],
        block: ArrayView4<'_, f32>,
    ) -> Result<(), SinkError>;

    /// Gives the image its final name and returns that; what is on the disk then says the specification.
    ///
    /// An earlier output of that name is replaced. A file is replaced in one step; a Zarr store is moved
    /// aside, replaced and then deleted, and moved back if the replacement fails.
    ///
    /// # Errors
    /// [`SinkError::Damaged`] after a failed write, [`SinkError::NotAStore`], [`SinkError::FolderInTheWay`]
    /// or [`SinkError::FileInTheWay`] if what stands there must not be replaced, [`SinkError::Io`]. The
    /// temporary is removed then.
    fn finish(self: Box<Self>) -> Result<PathBuf, SinkError>;
}

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
