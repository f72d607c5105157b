//! What the tests of this crate share: shapes, draws and the chi-square test.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses a part of it, and a test that fails panics"
)]

use std::collections::BTreeMap;

use patchweave_geometry::{Extent, ImageShape, PatchSpec};
use patchweave_patching::{PatchRng, Patching, StratifiedPatching};

/// One image with one channel.
pub fn shape(n_samples: usize, size: &[usize]) -> ImageShape {
    ImageShape::from_slice(&[&[n_samples, 1], size].concat()).unwrap()
}

pub fn extent(size: &[usize]) -> Extent {
    Extent::new(size).unwrap()
}

pub fn stratified(shapes: &[ImageShape], patch: &[usize]) -> StratifiedPatching {
    StratifiedPatching::new(shapes, extent(patch)).unwrap()
}

/// The patch that an index gives in an epoch.
pub fn draw(patching: &dyn Patching, epoch: u64, index: usize) -> PatchSpec {
    *patching.spec(index, &mut PatchRng::for_patch(11, epoch, index)).unwrap().patch().unwrap()
}

/// How often each start of one sample is drawn in some epochs.
pub fn count_starts(patching: &dyn Patching, n_epochs: u64) -> BTreeMap<Vec<i64>, u32> {
    let mut counts = BTreeMap::new();
    for epoch in 0..n_epochs {
        for index in 0..patching.n_patches() {
            *counts.entry(draw(patching, epoch, index).coords.as_slice().to_vec()).or_insert(0) += 1;
        }
    }
    counts
}

/// All positions of a box that starts at 0, last axis fastest.
pub fn positions(size: &[usize]) -> Vec<Vec<usize>> {
    size.iter().fold(vec![Vec::new()], |positions, &n| {
        positions
            .iter()
            .flat_map(|before| (0..n).map(move |at| [before.as_slice(), &[at]].concat()))
            .collect()
    })
}

pub fn signed(position: &[usize]) -> Vec<i64> {
    position.iter().map(|&at| i64::try_from(at).unwrap()).collect()
}

/// Compares counts with their expectations by a chi-square test.
///
/// The threshold is exceeded with probability below 1e-6 if all expectations are above 20: it is the quantile of
/// 1e-7 by the approximation of Wilson and Hilferty. Draws that depend on each other less than those of a
/// multinomial law, such as one per bin, exceed it even more rarely.
///
/// # Panics
/// If the threshold is exceeded, or if something without expectation was counted.
pub fn assert_expected(counted: impl IntoIterator<Item = (u32, f64)>, n_fixed_sums: usize) {
    let mut statistic = 0.0;
    let mut n_values = 0;
    for (count, expected) in counted {
        if expected > 0.0 {
            assert!(expected > 20.0, "too few draws: {expected} expected");
            statistic += (f64::from(count) - expected).powi(2) / expected;
            n_values += 1;
        } else {
            assert_eq!(count, 0, "drawn without being expected");
        }
    }
    let degrees = f64::from(u32::try_from(n_values - n_fixed_sums).unwrap());
    if degrees == 0.0 {
        assert!(statistic < 1e-9, "chi-square {statistic} without freedom");
        return;
    }
    let spread = 2.0 / (9.0 * degrees);
    let threshold = degrees * (1.0 - spread + 5.199 * spread.sqrt()).powi(3);
    assert!(
        statistic < threshold,
        "chi-square {statistic} with {degrees} degrees of freedom, limit {threshold}"
    );
}
