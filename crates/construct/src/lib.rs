//! From specs to samples: extractors, patch constructors, and the data set that normalises and augments.
//!
//! A constructor joins a patching strategy with the stacks its specs point into and writes straight into
//! memory that the caller owns, usually a slot of a batch.

mod background;
mod basic;
mod chosen;
mod contract;
mod dataset;
mod error;
mod extractor;
mod fit;
mod image_list;
mod independent;
mod job;
mod lateral;
mod layout;
mod metadata;
mod mix;
mod multi_channel;
mod paired;
mod patch_role;
mod patch_weights;
mod role_sources;
mod room;
mod scratch;
mod sizes;
mod sources;
mod spent;

pub use background::{BackgroundCells, WeightMap, thin_out_background, weight_maps};
pub use basic::BasicPatchConstr;
pub use chosen::ChosenPatchConstr;
pub use contract::{PatchConstr, PatchConstrExt};
pub use dataset::{AugmentationStep, Dataset};
pub use error::ConstructError;
pub use extractor::PatchExtractor;
pub use fit::{ChannelStatistics, FitOptions, FittedStatistics, QuantileMethod, Statistic, fit, fit_images};
pub use independent::{IndependentTargetsMsPatchConstr, principal_channel};
pub use job::Job;
pub use lateral::LateralContext;
pub use layout::{BlockLayout, Sample, SampleLayout, SampleViewMut};
pub use metadata::{ChannelSource, ImageMetadata};
pub use mix::{AlphaRange, MixDraws};
pub use multi_channel::{MixOptions, MultiChannelTargetMsPatchConstr};
pub use paired::{PairedInputTargetMsPatchConstr, PredMsPatchConstr};
pub use patch_role::PatchRole;
pub use patch_weights::patch_weights;
pub use patchweave_stack::ReadCost;
pub use role_sources::RoleSources;
pub use scratch::{NotFinite, Scratch};
pub use sources::Sources;
pub use spent::Spent;
