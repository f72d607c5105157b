//! A model of your own, run over overlapping tiles; the result is written as TIFF and read back.
//!
//! Run it with: cargo run --release --example predict_tiles
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayView5, ArrayViewMut5, Axis};
use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{Extent, PerAxis, Region};
use patchweave::model::{FnModel, InputInfo, Likeness, Model, ModelInfo, OutputInfo, Sides};
use patchweave::patching::{Patching, TiledPatching, WholePatching};
use patchweave::pixel::{PixelMap, PixelType};
use patchweave::predict::{OutputImage, PredictOptions, Predictor, Progress, Target, Tiling};
use patchweave::simulate::{Simulation, simulate};
use patchweave::sink::{ImageSpec, Job, SinkFormats};
use patchweave::stack::{ArrayStack, ImageStackExt};

/// The steepness of every pixel along `X`: the absolute difference of its two neighbours.
///
/// A pixel depends on its direct neighbours, so tiles have to overlap by 2 pixels.
fn edges() -> impl Model {
    let halo = [Sides::both(0), Sides::both(0), Sides::both(1)];
    let output = OutputInfo::new("edges").with_halo(halo).with_likeness(Likeness::Own);
    let info = ModelInfo::new("edges", InputInfo::planes(), vec![output]).parallel();
    FnModel::new(info, |inputs: ArrayView5<'_, f32>, outputs: &mut [ArrayViewMut5<'_, f32>]| {
        outputs[0].fill(0.0);
        for (mut row, pixels) in outputs[0].lanes_mut(Axis(4)).into_iter().zip(inputs.lanes(Axis(4))) {
            for (at, three) in pixels.windows(3).into_iter().enumerate() {
                row[at + 1] = (three[2] - three[0]).abs();
            }
        }
        Ok(())
    })
}

/// Predicts an image cut by `patching`, as `tiling` says, and writes the result to `path`.
fn predict(
    input: PatchExtractor,
    tiling: Tiling,
    patching: impl Patching + 'static,
    path: &Path,
) -> Result<(), Box<dyn Error>> {
    let layout = input.info(0).ok_or("there is an image")?.layout.clone();
    let constr = BasicPatchConstr::new(patching, input, None, None)?;
    let dataset = Dataset::new(Arc::new(constr), 0);
    let mut targets = |_: &OutputImage<'_>| {
        let spec = ImageSpec::new(layout.clone(), PixelType::F32);
        let job = Job::start(&SinkFormats::default(), path, Some("tiff"), spec)?;
        Ok(vec![Target::new(job, PixelMap::to(PixelType::F32))])
    };
    let report = |progress: Progress| {
        println!("{} of {} tiles", progress.n_tiles, progress.n_total);
        true
    };
    let edges = edges();
    let options = PredictOptions { batch_size: 4, n_workers: 2, ..PredictOptions::default() };
    let predictor = Predictor::new(&dataset, tiling, vec![&edges], options);
    let finished = predictor.run(&mut targets, report, |_| ())?;
    assert_eq!(finished[0].location.path(), Some(path));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let axes = "YX".parse()?;
    let image = simulate(&Simulation { extent: Extent::new(&[200, 300])?, ..Simulation::default() })?.mixed;
    let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image.clone(), &axes)?)])?;

    let folder = tempfile::tempdir()?;
    let tiled = folder.path().join("tiled.tiff");
    let whole = folder.path().join("whole.tiff");
    let size = Extent::new(&[64, 64])?;
    let overlaps = PerAxis::new(&[2, 2])?;
    let tiles = TiledPatching::new(input.shapes(), size, Some(overlaps))?;
    predict(input.clone(), Tiling::Tiles { size, overlaps }, tiles, &tiled)?;
    let samples = WholePatching::new(input.shapes())?;
    predict(input, Tiling::Whole, samples, &whole)?;

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
