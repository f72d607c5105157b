//! Quilts larger than memory: patches accumulate in Zarr arrays on disk.
//!
//! A [`LargeQuilt`] takes patches in any order, also from several runs of a program or from several programs
//! whose quilts are [merged](LargeQuilt::merge) afterwards, and gives their weighted mean, with its standard
//! deviation if patches come with variances. Planes and volumes go the same way.
//!
//! # Files
//!
//! All stand beside each other and start with the base name. They are Zarr v3 arrays (little endian, zstd of
//! level 0, fill value 0) that any reader opens; chunks that no patch has touched are absent.
//!
//! | ending | type | shape | chunk | holds |
//! |---|---|---|---|---|
//! | `_mean_cache.zarr` | float64 | `N C (Z) Y X` | one window, all channels | sums of weighted patches |
//! | `_std_cache.zarr` | float64 | `N C (Z) Y X` | one window, all channels | sums of weighted variances |
//! | `_norma_cache.zarr` | float64 | `(Z) Y X` | one window | sums of the weights of image 0 |
//! | `_journal.zarr` | uint32 | `N (nZ) nY nX` | 1 image, at most 32 × 64 × 64 windows | how often each patch is in |
//! | `_mean.zarr` | float64 | `N C (Z) Y X` | see [`write_mean`](LargeQuilt::write_mean) | the mean |
//! | `_std.zarr` | float64 | `N C (Z) Y X` | as `_mean.zarr` | the standard deviation |
//!
//! The attribute `patchweave` of the journal says what the quilt is: `format` (1), `n_images`, `n_channels`,
//! `image`, `window`, `step`, `border` (null if there is none) and `border_weight`; sizes are `(Z)YX`. Patch
//! number `i` is entry `i` of the journal in C order.
//!
//! The reference implementation always stores mean and standard deviation as one chunk. Here they are one only
//! if they fit into half of the budget; larger ones have the chunks of `_mean_cache.zarr`, because one chunk
//! can only be written from memory.
//!
//! Mean and standard deviation divide by the weights of image 0, for all images. As long as image 0 is not
//! complete they are wrong, in other images as well, even where those are complete.
//!
//! Beside them are hidden files: `.<name>_lock`, which stays and whose lock a writer holds; `.<name>_staged`,
//! where changes are collected; `.<name>_pending`, changes that are decided and not yet all in place.
//!
//! # What survives
//!
//! Changes reach the arrays all together or not at all: what is collected in `_staged` counts once that folder
//! is renamed to `_pending`, and whoever opens the quilt next puts in place what the one before could not. So
//! after any end of the process the quilt holds exactly the patches that its journal counts, and
//! [`missing`](LargeQuilt::missing) says which ones to add. Other readers should look at the arrays while no
//! `_pending` stands beside them.
//!
//! For the same reason [`LargeQuilt::open`] needs the right to write, even in order to read: it may have to
//! finish what was decided, and it takes the lock, so that nobody else has the quilt open at the same time.
//!
//! A new quilt replaces an older one of its name with its first saving, all of it at once. Dropping a quilt
//! that was never saved does not. Chunks that the journal knows patches of are never taken for zeros when they
//! are gone, and hidden folders with files of others are not emptied. `_mean.zarr` and `_std.zarr` are made of
//! the rest and follow one after the other: after an end in between, `_std.zarr` is newer than `_mean.zarr`.
//!
//! # Memory
//!
//! Decoded chunks stay within [`LargeOptions::budget_bytes`], but for those that one patch touches. Besides,
//! there are 4 bytes for every patch, one patch, its weights, and one encoded chunk per thread. Nothing here
//! starts threads; work is shared among those of the caller's rayon pool.

mod arrays;
mod disk;
mod error;
mod faults;
mod iterate;
mod journal;
mod large_quilt;
mod lock;
mod merge;
mod names;
mod options;
mod read;
mod resident;
mod results;
mod spec;
mod stitch;
#[cfg(test)]
mod tests;
mod tiling;
mod transaction;

pub use error::LargeError;
pub use large_quilt::LargeQuilt;
pub use options::{LargeOptions, MeanOptions};
pub use patchweave_sink::Durability;
pub use spec::LargeSpec;
