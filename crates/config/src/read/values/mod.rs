//! Reading single values, whatever key they belong to.

mod names;
mod paths;
mod prefetch;
mod reader;
mod scalar;
mod sizes;
mod variables;

pub(crate) use names::Names;
pub(crate) use paths::{folder, output_folder, path, paths};
pub(crate) use prefetch::{MIB, memory_bytes, prefetch_bytes};
pub(crate) use reader::{Block, Reader, Value};
pub(crate) use scalar::{Fractions, channel, count, fraction, integer, positive, positive_seed, truth};
pub(crate) use sizes::{
    Parity, even_overlaps, extent, is_square, no_overlaps, overlaps, patch_size, refuse_oblong, square_extent,
};
