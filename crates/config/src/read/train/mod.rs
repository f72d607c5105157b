//! The section `train`.

mod constructor;
mod extras;
mod loading;
mod mix;
pub(super) mod needs;
mod order;
pub(super) mod section;
mod sources;
mod statistics;
pub(super) mod target_kind;
