//! Plates in a build without Zarr: they are refused.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use patchweave_geometry::WellField;

use crate::{ImageSpec, Location, SinkError, SinkFormats};

/// A plate of wells that is being written; there is none in a build without the feature `zarr`.
pub struct PlateJob(Infallible);

impl PlateJob {
    /// Refuses the plate.
    ///
    /// # Errors
    /// [`SinkError::NotBuilt`].
    pub fn resume(_: &SinkFormats, target: &Path, _: &[(WellField, ImageSpec)]) -> Result<Self, SinkError> {
        Err(SinkError::NotBuilt { path: target.into(), format: "ome_zarr", feature: "zarr" })
    }

    /// Where an image of the plate is written.
    #[must_use]
    pub fn image(&self, _number: usize) -> Option<PathBuf> {
        match self.0 {}
    }

    /// Whether an image was written.
    ///
    /// # Errors
    /// None.
    pub fn is_done(&self, _number: usize) -> Result<bool, SinkError> {
        match self.0 {}
    }

    /// Says that an image was written.
    ///
    /// # Errors
    /// None.
    pub fn set_done(&self, _number: usize) -> Result<(), SinkError> {
        match self.0 {}
    }

    /// Gives the plate its name.
    ///
    /// # Errors
    /// None.
    pub fn commit(self) -> Result<Location, SinkError> {
        match self.0 {}
    }

    /// Lets go of the plate.
    pub fn leave(self) {
        match self.0 {}
    }
}
