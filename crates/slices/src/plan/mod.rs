//! Plans: which patches there are and what each needs; not where they belong in the whole.

mod colour;
mod entry;
mod extraction;
mod make;

pub use colour::Colour;
pub use entry::{PatchEntry, PlaneWindow, WindowEnds};
pub use extraction::ExtractionPlan;
pub use make::PlanOptions;
