//! A model of your own, run over overlapping tiles; the result is written as TIFF and read back.
//!
//! Run it with: cargo run --release --example predict_tiles
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array5, ArrayView5, Axis};
use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{Extent, PerAxis, Region};
use patchweave::loader::{Loader, LoaderOptions};
use patchweave::patching::{Patching, TiledPatching, WholePatching};
use patchweave::pixel::PixelType;
use patchweave::predict::{Model, ModelError, Predictor, Progress};
use patchweave::simulate::{Simulation, simulate};
use patchweave::sink::{ImageSpec, create};
use patchweave::stack::{ArrayStack, ImageStackExt};

/// The steepness of every pixel along `X`: the absolute difference of its two neighbours.
struct Edges;

impl Model for Edges {
    fn name(&self) -> &'static str {
        "edges"
    }

    fn predict(&self, inputs: ArrayView5<'_, f32>) -> Result<Array5<f32>, ModelError> {
        let mut edges = Array5::zeros(inputs.raw_dim());
        for (mut row, pixels) in edges.lanes_mut(Axis(4)).into_iter().zip(inputs.lanes(Axis(4))) {
            for (at, three) in pixels.windows(3).into_iter().enumerate() {
                row[at + 1] = (three[2] - three[0]).abs();
            }
        }
        Ok(edges)
    }

    /// A pixel depends on its direct neighbours, so tiles have to overlap by 2 pixels.
    fn halo(&self) -> usize {
        1
    }
}

/// Predicts an image cut by `patching` and writes the result to `path`.
fn predict(
    input: PatchExtractor,
    patching: impl Patching + 'static,
    path: &Path,
) -> Result<(), Box<dyn Error>> {
    let layout = input.info(0).ok_or("there is an image")?.layout.clone();
    let constr = BasicPatchConstr::new(patching, input, None, None)?;
    let options = LoaderOptions { batch_size: 4, n_workers: 2, ..Default::default() };
    let loader = Loader::new(Dataset::new(Arc::new(constr), 0), options)?;
    let sinks = |_data_idx, _n_channels| {
        Ok(vec![create(path, "tiff", ImageSpec::new(layout.clone(), PixelType::F32))?])
    };
    let report = |progress: Progress| {
        println!("{} of {} tiles", progress.n_tiles, progress.n_total);
        true
    };
    assert_eq!(Predictor::new(&loader, &Edges).run(sinks, report)?[0].path(), Some(path));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let axes = "YX".parse()?;
    let image = simulate(&Simulation { extent: Extent::new(&[200, 300])?, ..Simulation::default() })?.mixed;
    let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image.clone(), &axes)?)])?;

    let folder = tempfile::tempdir()?;
    let tiled = folder.path().join("tiled.tiff");
    let whole = folder.path().join("whole.tiff");
    let overlaps = PerAxis::new(&[2 * Edges.halo(); 2])?;
    let tiles = TiledPatching::new(input.shapes(), Extent::new(&[64, 64])?, Some(overlaps))?;
    predict(input.clone(), tiles, &tiled)?;
    let samples = WholePatching::new(input.shapes())?;
    predict(input, samples, &whole)?;

    let read = |path: &Path| -> Result<_, Box<dyn Error>> {
        let stacks = open(path, FileFormat::Tiff, Some(&axes), &OpenOptions::default())?;
        let extent = stacks[0].info().shape().extent;
        Ok(stacks[0].read_patch(0, None, &Region::whole(extent))?)
    };
    let tiled = read(&tiled)?;
    let whole = read(&whole)?;
    let left = f32::from(image[[100, 149]]);
    let right = f32::from(image[[100, 151]]);
    assert_eq!(tiled[[0, 0, 100, 150]], (right - left).abs());
    assert_eq!(tiled, whole, "with enough overlap, tiles give what the whole image gives");
    println!("{} pixels, tile by tile the same as in one piece", tiled.len());
    Ok(())
}
