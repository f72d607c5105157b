//! The check of a plan against its images: whether patches, channels, targets and statistics fit them.
//!
//! Nothing here opens an image; the caller passes the shapes.

mod budgets;
mod by_role;
mod channels;
mod check;
mod facts;
mod findings;
mod form;
mod pairs;
mod patches;
mod roles;
mod statistics;

pub use by_role::{ByRole, ImageRole, RoleSource};
pub use check::check_images;
pub use facts::{ImageFacts, OpenedImages};
pub use findings::Findings;
pub use form::SampleForm;
pub use patches::ValidationRoom;
