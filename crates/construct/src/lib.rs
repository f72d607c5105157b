//! From specs to samples: extractors, patch constructors, and the data set that normalises and augments.
//!
//! A constructor joins a patching strategy with the stacks its specs point into and writes straight into
//! memory that the caller owns, usually a slot of a batch.

mod basic;
mod contract;
mod dataset;
mod error;
mod extractor;
mod fit;
mod layout;
mod metadata;

pub use basic::BasicPatchConstr;
pub use contract::{PatchConstr, PatchConstrExt, PatchRole};
pub use dataset::{AugmentationStep, Dataset, Scratch};
pub use error::ConstructError;
pub use extractor::PatchExtractor;
pub use fit::{FitOptions, MeanStdStatistics, fit_mean_std};
pub use layout::{BlockLayout, Sample, SampleLayout, SampleViewMut};
pub use metadata::ImageMetadata;
