//! Where images are written: unit by unit by whoever has joined a [`Job`], or in blocks of any place; and small files in one go.
//!
//! Nothing half-written ever stands under its final name: all is made under a hidden temporary name in the same folder and
//! renamed at the end; in an object store pixels get their metadata at the end. A job that is dropped before [`Job::commit`] removes what it has written, unless it is
//! [left](Job::leave) to be gone on with; what a killed process has left, [`remove_leftovers`] finds. What has its name is on
//! the disk as far as a [`Durability`] says. Nothing here reads images, stitches tiles or starts threads.
//!
//! Formats are features, all on by default: `tiff`, `zarr`, `npy` and `png`, and `remote` for Zarrs in object stores. What was left out is refused by [`create`].
//! Images in memory need none.
//!
//! Memory is bounded by the units that are being written, for blocks by a row of units or 64 MiB, not by the image.
#![cfg_attr(
    not(all(feature = "tiff", feature = "zarr", feature = "npy", feature = "png", feature = "remote")),
    allow(
        dead_code,
        unused_imports,
        unreachable_code,
        unused_mut,
        unused_variables,
        reason = "not every format needs all that formats share"
    )
)]

mod adaptors;
mod block;
mod block_sink;
mod compression;
mod difference;
mod error;
#[cfg(any(feature = "tiff", feature = "npy", feature = "png"))]
mod flat_file;
mod folder_journal;
#[cfg(feature = "zarr")]
mod folder_store;
mod folder_work;
mod format;
mod formats;
mod image_sink;
mod job;
mod journal;
#[cfg(feature = "remote")]
mod journal_entry;
mod journal_header;
mod journal_options;
mod journal_place;
mod labels;
mod leftovers;
mod level_axes;
mod levels;
mod location;
mod lock;
mod marked;
mod memory;
mod memory_work;
#[cfg(not(feature = "zarr"))]
mod no_plates;
#[cfg(feature = "npy")]
mod npy;
#[cfg(feature = "zarr")]
mod ome_zarr;
mod output_kind;
mod place;
#[cfg(feature = "zarr")]
mod plate_job;
#[cfg(feature = "png")]
mod png;
mod reduce;
mod refusals;
mod small_file;
mod spec;
#[cfg(feature = "remote")]
mod staged_store;
mod staging;
#[cfg(feature = "remote")]
mod store_claim;
#[cfg(feature = "remote")]
mod store_folder;
#[cfg(feature = "remote")]
mod store_journal;
#[cfg(feature = "remote")]
mod store_work;
mod sync;
mod temporary;
#[cfg(feature = "tiff")]
mod tiff;
mod token;
mod unit_grid;
mod work;
mod work_place;
#[cfg(any(feature = "tiff", feature = "zarr"))]
mod zstd_context;

pub use adaptors::background::Background;
pub use adaptors::blocks::{Blocks, create};
pub use adaptors::tee::Tee;
pub use adaptors::watched::Watched;
pub use block_sink::BlockSink;
pub use compression::{Codec, Compression};
pub use difference::{Difference, Fingerprint};
pub use error::SinkError;
#[cfg(feature = "zarr")]
pub use folder_store::FolderStore;
pub use format::{SinkFormat, UnitStore};
pub use formats::SinkFormats;
pub use image_sink::{ImageSink, SinkInfo};
pub use job::Job;
pub use journal::Journal;
pub use journal_options::JournalOptions;
pub use labels::{labels_target, list_labels};
pub use leftovers::remove_leftovers;
pub use level_axes::LevelAxes;
pub use location::Location;
pub use lock::FolderLock;
#[cfg(not(feature = "zarr"))]
pub use no_plates::PlateJob;
#[cfg(feature = "zarr")]
pub use ome_zarr::{OmeZarrOptions, OmeZarrVersion, Sharding, ZarrArrayOptions};
pub use output_kind::OutputKind;
#[cfg(feature = "zarr")]
pub use plate_job::PlateJob;
pub use spec::ImageSpec;
pub use staging::{
    StagedFile, StagedFolder, is_replaceable_store, prepare_folder, remove_file_if_any, write_file_atomically,
};
pub use sync::{BeforeSync, Durability, Syncing, Tree, make_folders};
#[cfg(feature = "tiff")]
pub use tiff::{BigTiff, TiffLayout, TiffMetadata, TiffOptions, TiffPredictor};
pub use token::JobToken;
pub use unit_grid::{Unit, UnitGrid};
pub use work::Work;
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
        let error = create(&path, "tiff", ImageSpec::new(layout, PixelType::U8)).err().unwrap();
        assert!(matches!(error, SinkError::NotBuilt { feature: "tiff", .. }), "{error:?}");
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing is left behind");
    }
}
