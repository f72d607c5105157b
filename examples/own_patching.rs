//! A patching strategy of your own: patches centred on given points, moved a little in every epoch.
//!
//! A strategy knows shapes and indices, never pixels. Its randomness comes from the generator it is given,
//! which is keyed by seed, epoch and index, so the stream stays the same for any number of threads.
//! Run it with: cargo run --release --example own_patching
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::sync::Arc;

use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::geometry::{Coords, Extent, PatchSpec, RegionSpec};
use patchweave::loader::{Loader, LoaderOptions};
use patchweave::patching::{PatchIndices, PatchRng, Patching, PatchingError};
use patchweave::simulate::{Simulation, simulate};
use patchweave::stack::ArrayStack;
use rand::RngExt;

/// A point of interest, such as the centre of a cell.
#[derive(Debug, Clone, Copy)]
struct Point {
    data_idx: usize,
    y: i64,
    x: i64,
}

/// One patch around every point; points are sorted by image.
struct Centred {
    points: Vec<Point>,
    patch_size: Extent,
    jitter: i64,
}

impl Centred {
    fn point(&self, index: usize) -> Result<Point, PatchingError> {
        let n_patches = self.points.len();
        self.points.get(index).copied().ok_or(PatchingError::IndexOutOfRange { index, n_patches })
    }
}

impl Patching for Centred {
    fn n_patches(&self) -> usize {
        self.points.len()
    }

    fn spec(&self, index: usize, rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        let Point { data_idx, y, x } = self.point(index)?;
        let mut moved = |at: i64| at + rng.random_range(-self.jitter..=self.jitter);
        let centre = Coords::new(&[moved(y), moved(x)])?;
        let half = |axis: usize| i64::try_from(self.patch_size.as_slice()[axis] / 2).unwrap_or(i64::MAX);
        // A patch may stick out of the image; what is outside reads as zero.
        let coords = centre.map_indexed(|axis, at| at - half(axis));
        Ok(PatchSpec { data_idx, sample_idx: 0, coords, patch_size: self.patch_size }.into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.point(index).map(|_| self.patch_size)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        let start = self.points.partition_point(|point| point.data_idx < data_idx);
        let end = self.points.partition_point(|point| point.data_idx <= data_idx);
        PatchIndices::Range(start..end)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let set = simulate(&Simulation { extent: Extent::new(&[256, 256])?, ..Simulation::default() })?;
    let axes = "YX".parse()?;
    let mixed = ArrayStack::new(set.mixed, &axes)?;
    let nuclei = ArrayStack::new(set.structures[0].image.clone(), &axes)?;
    let input = PatchExtractor::new(vec![Arc::new(mixed), Arc::new(nuclei)])?;

    let points = vec![
        Point { data_idx: 0, y: 100, x: 80 },
        Point { data_idx: 0, y: 3, x: 200 },
        Point { data_idx: 1, y: 128, x: 128 },
    ];
    let patching = Centred { points: points.clone(), patch_size: Extent::new(&[48, 48])?, jitter: 4 };
    assert_eq!(patching.indices_of(0), PatchIndices::Range(0..2));

    let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None)?), 7);
    let loader = Loader::new(dataset, LoaderOptions { batch_size: 3, n_workers: 2, ..Default::default() })?;
    let mut places = Vec::new();
    for epoch in 0..2 {
        for batch in loader.epoch(epoch)? {
            let batch = batch?;
            for ((sample, spec), point) in batch.inputs().outer_iter().zip(batch.specs()).zip(&points) {
                let patch = spec.patch().ok_or("every spec is a patch")?;
                let start = [patch.coords[0], patch.coords[1]];
                println!("epoch {epoch}: image {}, patch at {start:?}", patch.data_idx);
                assert_eq!(patch.data_idx, point.data_idx);
                assert!((start[0] + 24 - point.y).abs() <= 4 && (start[1] + 24 - point.x).abs() <= 4);
                // The second point is so close to the border that its patch begins above the image.
                assert_eq!(start[0] < 0, point.y == 3);
                if start[0] < 0 {
                    assert_eq!(sample[[0, 0, 0, 24]], 0.0);
                }
                places.push(start);
            }
        }
    }
    let (first, second) = places.split_at(points.len());
    assert_ne!(first, second, "another epoch moves the patches elsewhere");
    Ok(())
}
