//! The share of pixels among others.

use crate::moments::to_f64;

pub(super) fn share(n_pixels: usize, n_all: usize) -> f64 {
    to_f64(n_pixels as u64) / to_f64(n_all as u64)
}
