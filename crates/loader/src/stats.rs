//! What a run of batches has done so far.

use std::time::Duration;

/// What a run of batches has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct LoaderStats {
    /// Batches handed over.
    pub n_batches: usize,
    /// Patches in them.
    pub n_patches: usize,
    /// Bytes of inputs and targets in them.
    pub n_bytes: usize,
    /// Time since the run was started.
    pub elapsed: Duration,
    /// Time the consumer spent waiting for a batch.
    pub waited: Duration,
}

impl LoaderStats {
    /// The share of time that the consumer waited, from 0 to 1.
    pub fn waiting_share(&self) -> f64 {
        let elapsed = self.elapsed.as_secs_f64();
        if elapsed > 0.0 { (self.waited.as_secs_f64() / elapsed).min(1.0) } else { 0.0 }
    }
}

/// Joins runs that followed one another.
impl std::ops::AddAssign for LoaderStats {
    fn add_assign(&mut self, next: Self) {
        self.n_batches += next.n_batches;
        self.n_patches += next.n_patches;
        self.n_bytes += next.n_bytes;
        self.elapsed += next.elapsed;
        self.waited += next.waited;
    }
}
