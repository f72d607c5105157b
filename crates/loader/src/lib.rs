//! Batches from many threads, in order and always the same.
//!
//! The sequence of batches is a function of the data set, its seed and the epoch. Worker threads claim
//! patches and write them into the memory of pooled batches; batches are handed over in order. How many
//! threads work and how far they run ahead changes the speed, never the stream.

mod batch;
mod error;
mod loader;
mod memory;
mod order;
mod plan;
mod run;
mod stats;
mod work;

pub use batch::Batch;
pub use error::LoaderError;
pub use loader::{Loader, LoaderOptions};
pub use order::Order;
pub use run::Batches;
pub use stats::LoaderStats;
