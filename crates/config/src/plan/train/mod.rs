//! The plan of a training: its images, and how its batches are loaded.

mod constructor;
mod fit_source;
mod loading;
mod mix;
mod order;
mod target_kind;
mod train_plan;

pub use constructor::ConstructorPlan;
pub use fit_source::FitSource;
pub use loading::LoadingPlan;
pub use mix::{MixPlan, MixedFile};
pub use order::OrderPlan;
pub use target_kind::TargetKind;
pub use train_plan::TrainPlan;
