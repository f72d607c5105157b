//! Plans: which patches there are, what each needs, and where each belongs in the whole.

mod colour;
mod entry;
mod extraction;
mod make;
mod stitching;

pub use colour::Colour;
pub use entry::{PatchEntry, PlaneWindow};
pub use extraction::ExtractionPlan;
pub use make::PlanOptions;
pub use stitching::{PatchMapping, StitchingPlan};
