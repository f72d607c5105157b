//! What suites of image sources read: parts in the image, around it and beside it.

use ndarray::{Array4, ArrayViewD, Axis};
use patchweave_geometry::{Coords, Extent, ImageShape, Region};
use patchweave_patching::PatchRng;
use rand::RngExt;

/// Random regions that are read.
const N_REGIONS: usize = 40;

/// What one read asks for.
#[derive(Debug)]
pub(crate) struct Window {
    pub sample_idx: usize,
    pub channels: Option<Vec<usize>>,
    pub region: Region,
}

impl Window {
    /// The expected pixels out of a whole image `SC(Z)YX`, one by one.
    pub fn cut<T: Copy + Default>(&self, whole: &ArrayViewD<'_, T>) -> Array4<T> {
        let sample = whole.index_axis(Axis(0), self.sample_idx);
        let channels = self.channels.clone().unwrap_or_else(|| (0..whole.shape()[1]).collect());
        let start = self.region.start.to_zyx(0);
        let [z, y, x] = self.region.size.to_zyx();
        let is_3d = whole.ndim() == 5;
        Array4::from_shape_fn([channels.len(), z, y, x], |(c, z, y, x)| {
            let at = |axis: usize, offset: usize| {
                usize::try_from(start[axis].saturating_add(i64::try_from(offset).ok()?)).ok()
            };
            let pixel = || {
                let z = at(0, z)?;
                let y = at(1, y)?;
                let x = at(2, x)?;
                let index = if is_3d { vec![channels[c], z, y, x] } else { vec![channels[c], y, x] };
                sample.get(index.as_slice()).copied()
            };
            pixel().unwrap_or_default()
        })
    }
}

/// Regions of any size around the image, every second one with a list of channels.
#[allow(clippy::unwrap_used, reason = "a suite fails by panicking")]
pub(crate) fn windows(shape: ImageShape) -> Vec<Window> {
    let ImageShape { n_samples, n_channels, extent } = shape;
    let mut rng = PatchRng::for_patch(2024, 0, 0);
    let mut window = |nth: usize| {
        let size: Vec<usize> = extent.iter().map(|n| rng.random_range(1..=(n + 3).min(96))).collect();
        let start: Vec<i64> = extent
            .iter()
            .zip(&size)
            .map(|(n, &size)| {
                let n = i64::try_from(n).unwrap();
                let size = i64::try_from(size).unwrap();
                rng.random_range(-size - 1..=n + 1)
            })
            .collect();
        let n_listed = rng.random_range(1..=n_channels + 2);
        let list = (0..n_listed).map(|_| rng.random_range(0..n_channels)).collect();
        Window {
            sample_idx: rng.random_range(0..n_samples),
            channels: (nth % 2 == 1).then_some(list),
            region: Region::new(Coords::new(&start).unwrap(), Extent::new(&size).unwrap()).unwrap(),
        }
    };
    (0..N_REGIONS).map(&mut window).collect()
}
