//! Batches from many threads, in order and always the same.
//!
//! The sequence of batches is a function of the data set, its seed and the epoch. Worker threads claim
//! patches and write them into the memory of pooled batches; batches are handed over in order. How many
//! threads work and how far they run ahead changes the speed, never the stream.

mod batch;
mod epoch;
mod error;
mod fingerprint;
mod forecast;
mod loader;
mod mix;
mod mixing;
mod options;
mod order;
mod panics;
mod plan;
mod pool;
mod run;
mod sample;
mod slots;
mod state;
mod stats;
mod steps;
#[cfg(feature = "async")]
mod stream;
mod stream_print;
mod sync;
mod threads;
#[cfg(feature = "async")]
mod waiting;
mod work;

pub use batch::{Batch, NotFiniteSample};
pub use error::LoaderError;
pub use fingerprint::Fingerprint;
pub use forecast::Forecast;
pub use loader::Loader;
pub use mix::{MixLength, MixPart, StreamMarks};
pub use mixing::Mixing;
pub use options::{LoaderOptions, OnFailure, Shapes, Shard, Uneven};
pub use order::{ChunkAware, GroupOrder, Order, PatchWeights};
pub use run::Batches;
pub use sample::{FailedSample, SampleId};
pub use state::LoaderState;
pub use stats::{LoaderStats, WorkStats};
#[cfg(feature = "async")]
pub use stream::BatchStream;
pub use stream_print::{StreamPrint, file_start};
pub use threads::on_threads;
