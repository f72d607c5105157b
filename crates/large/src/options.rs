//! What a caller may choose: memory, how often to save, how to read the result.

use std::num::NonZeroUsize;

use patchweave_sink::Durability;

/// How a quilt on disk works; nothing here changes what is stored.
///
/// ```
/// use patchweave_large::{Durability, LargeOptions};
///
/// let options = LargeOptions { budget_bytes: 64 << 20, ..LargeOptions::default() };
/// assert!(options.checkpoint_every.is_none() && options.durability == Durability::Full);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LargeOptions {
    /// Bytes of decoded chunks that are kept, at least those of one patch; 256 MiB by default.
    pub budget_bytes: usize,
    /// Saves whenever so many patches were added since the last time; by default only when chunks that are
    /// not saved fill the budget, and when asked.
    pub checkpoint_every: Option<NonZeroUsize>,
    /// What is on the disk when something was saved. With [`Durability::Full`], which is the default, what was saved
    /// survives a loss of power; otherwise only the end of the process is survived, whatever its reason.
    pub durability: Durability,
}

impl Default for LargeOptions {
    fn default() -> Self {
        LargeOptions { budget_bytes: 256 << 20, checkpoint_every: None, durability: Durability::Full }
    }
}

/// How sums become means.
///
/// ```
/// use patchweave_large::MeanOptions;
///
/// let options = MeanOptions { normalize: true, ..MeanOptions::default() };
/// assert_eq!((options.eps, options.save), (1e-8, true));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanOptions {
    /// The least weight to divide by; 1e-8 by default.
    pub eps: f64,
    /// Divides mean and standard deviation by the sum of the mean over all channels of the pixel. `0 / 0`
    /// counts as 0, so that pixels that no patch covers stay 0.
    pub normalize: bool,
    /// Saves what is returned as `_mean.zarr` and `_std.zarr`, after everything it was made of; so by default.
    /// A mean alone takes away a `_std.zarr` that was saved with an older one.
    pub save: bool,
}

impl Default for MeanOptions {
    fn default() -> Self {
        MeanOptions { eps: 1e-8, normalize: false, save: true }
    }
}
